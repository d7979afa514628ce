// A gate that asks whether an alert suspends its model. The collector is a stand-in on loopback that
// answers as `GET /v1/status` does; crates/collector/tests/alerts has the real one.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { afterEach, describe, test } from "node:test";
import { until } from "../lib/collector.mjs";
import { flights, good } from "../lib/flights.mjs";

const open = [];

/** A server whose answers are `say(request)`: a status and a body, `null` for none at all. */
async function collector(say) {
  const asked = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://x");
    asked.push(url);
    const answer = say(url);
    if (answer === null) return;
    const [status, body, headers = {}] = answer;
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  open.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { asked, endpoint: `http://127.0.0.1:${server.address().port}` };
}

function watched(endpoint, more = {}) {
  const gate = flights.loadSync();
  const watch = flights.watchStatus(gate, { endpoint, key: "pk_shop", every: 1_000, ...more });
  open.push(() => {
    watch.stop();
    gate.dispose();
  });
  return { gate, watch };
}

const told = (gate, reason) => ({
  identity: gate.identity, suspended: reason !== null, reason, since: null, channel: null,
});

afterEach(() => {
  for (const close of open.splice(0)) close();
});

describe("watchStatus", () => {
  test("a gate is suspended while the collector says so, and its accepts are withheld", async () => {
    let reason = null;
    let it;
    const { asked, endpoint } = await collector(() => [200, told(it.gate, reason)]);
    it = watched(endpoint);
    const { gate, watch } = it;
    await watch.look();
    const before = gate.predict(good());
    assert.equal(gate.status().suspended, null);
    assert.equal(asked[0].pathname, "/v1/status");
    assert.equal(asked[0].searchParams.get("identity"), gate.identity);
    assert.equal(asked[0].searchParams.get("key"), "pk_shop");

    reason = "drift alarm";
    await watch.look();
    assert.equal(gate.status().suspended, "drift alarm");
    assert.deepEqual(watch.status(), { suspended: true, problem: null });
    const held = gate.predict(good());
    if (before.action === "accept") assert.equal(held.reason, "suspended");
    else assert.equal(held.action, before.action);

    reason = null;
    await watch.look();
    assert.equal(gate.status().suspended, null);
    assert.equal(gate.predict(good()).action, before.action);
  });

  test("it asks again by itself, at jittered times", async () => {
    let it;
    const { asked, endpoint } = await collector(() => [200, told(it.gate, "drift alarm")]);
    it = watched(endpoint, { random: () => 0 });
    await until(() => asked.length >= 3, "a third question");
    assert.equal(it.gate.status().suspended, "drift alarm");
    it.watch.stop();
    const now = asked.length;
    await new Promise((next) => setTimeout(next, 1_200));
    assert.equal(asked.length, now);
  });

  test("what the app itself suspended is not resumed, nor what it says overwritten", async () => {
    let reason = "drift alarm";
    let it;
    const { endpoint } = await collector(() => [200, told(it.gate, reason)]);
    it = watched(endpoint, { every: 3_600_000 });
    it.gate.suspend("by hand");
    await it.watch.look();
    assert.equal(it.gate.status().suspended, "by hand");
    reason = null;
    await it.watch.look();
    assert.equal(it.gate.status().suspended, "by hand");
    assert.equal(it.watch.status().suspended, false);
  });

  test("a suspension stands while the collector cannot be asked or answers nonsense", async () => {
    const answers = [];
    let it;
    const { asked, endpoint } = await collector(() => answers.shift() ?? [200, told(it.gate, "drift alarm")]);
    it = watched(endpoint, { every: 3_600_000 });
    // its own first question comes at once
    await until(() => asked.length === 1 && it.watch.status().suspended, "the first question");
    for (const [name, answer] of [
      ["a fault", [500, ""]],
      ["a busy one", [429, "", { "retry-after": "1" }]],
      ["an unknown identity", [404, { code: "unknown_identity" }]],
      ["a redirect", [302, "", { location: "/elsewhere" }]],
      ["no JSON", [200, "suspended"]],
      ["null", [200, "null"]],
      ["another model's", [200, { ...told(it.gate, null), identity: "sha256:0" }]],
      ["no flag", [200, { identity: it.gate.identity }]],
      ["too long", [200, JSON.stringify({ ...told(it.gate, null), more: "x".repeat(20_000) })]],
    ]) {
      answers.push(answer);
      await it.watch.look();
      assert.equal(it.gate.status().suspended, "drift alarm", name);
      assert.notEqual(it.watch.status().problem, null, name);
    }
    await it.watch.look();
    assert.equal(it.watch.status().problem, null);
  });

  test("a collector that is gone throws nothing", async () => {
    const { gate, watch } = watched("http://127.0.0.1:9", { every: 3_600_000 });
    await watch.look();
    assert.notEqual(watch.status().problem, null);
    assert.equal(gate.status().suspended, null);
    assert.ok(gate.predict(good()).action);
    gate.dispose();
    await watch.look();
  });

  test("what cannot be meant is refused at once", () => {
    const gate = flights.loadSync();
    for (const options of [
      { endpoint: "http://collector.example" },
      { endpoint: "ftp://127.0.0.1" },
      { endpoint: "nowhere" },
      { endpoint: "https://collector.example", every: 10 },
      { endpoint: "https://collector.example", every: Number.NaN },
    ]) {
      assert.throws(() => flights.watchStatus(gate, options), { code: "bad_usage" });
    }
    gate.dispose();
  });
});
