// A collector in a few lines: what it got, by id, and answers as a test wants them.

import assert from "node:assert/strict";
import { createServer } from "node:http";

/** The members of a beacon, as docs/beacon.md lists them. */
const MEMBERS = new Set([
  "format", "id", "identity", "layout", "mode", "start", "hours", "epsilon", "bound", "block", "cell",
  "counts", "rate", "host", "sdk", "instance", "seq", "key",
]);

/** Base64 VLQ of ECMA-426. */
export function numbers(text) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const found = [];
  let [value, scale] = [0, 1];
  for (const char of text) {
    const digit = alphabet.indexOf(char);
    assert.ok(digit >= 0, `${char} is no digit`);
    value += (digit & 31) * scale;
    scale *= 32;
    if (digit & 32) continue;
    found.push(value % 2 === 1 ? -(value - 1) / 2 : value / 2);
    [value, scale] = [0, 1];
  }
  return found;
}

/** Starts one on a free port of this machine. `answer(nth, body)` gives status and headers. */
export async function collector(answer = () => ({})) {
  /** Every request, also those that were refused. */
  const requests = [];
  /** What was taken, by id: a repetition is the same bytes. */
  const taken = new Map();
  const state = { answer, repeated: 0 };
  const server = createServer((request, response) => {
    const parts = [];
    request.on("error", () => undefined);
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts).toString("utf8");
      const headers = { "access-control-allow-origin": "*", "access-control-expose-headers": "retry-after" };
      if (request.method !== "POST") return response.writeHead(405, headers).end();
      requests.push({ headers: request.headers, url: request.url, body, at: Date.now() });
      const { status = 204, headers: more = {}, cut = false } = state.answer(requests.length, body) ?? {};
      if (cut) return request.socket.destroy();
      if (status < 300) {
        const { id } = JSON.parse(body);
        if (taken.has(id)) {
          state.repeated += 1;
          assert.equal(taken.get(id), body, "a repetition has other bytes");
        } else taken.set(id, body);
      }
      response.writeHead(status, { ...headers, ...more }).end();
    });
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    url: `http://127.0.0.1:${server.address().port}/beacon`,
    requests,
    taken,
    state,
    /** What was taken, checked and parsed. */
    beacons: () =>
      [...taken.values()].map((body) => {
        const beacon = JSON.parse(body);
        for (const name of Object.keys(beacon)) assert.ok(MEMBERS.has(name), `${name} is no member`);
        assert.equal(beacon.format, "driftline.beacon/1");
        return { ...beacon, cells: beacon.counts === undefined ? null : numbers(beacon.counts) };
      }),
    /** Records over all plain beacons. */
    records() {
      return this.beacons().reduce((sum, { cells }) => sum + (cells?.[0] ?? 0), 0);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** Waits until `done` answers something true. */
export async function until(done, what = "it", ms = 10_000) {
  const end = Date.now() + ms;
  for (;;) {
    const found = await done();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what} did not come`);
    await new Promise((next) => setTimeout(next, 20));
  }
}
