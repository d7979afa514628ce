// Channels in Node: what is followed, what is refused, and that no prediction is lost on the way.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { activations, desk, host, keyPair, signed, target, withWrongGolden } from "../lib/channels.mjs";
import { collector, until } from "../lib/collector.mjs";
import { flights, good } from "../lib/flights.mjs";

const { folderStore, loadChannel, loadChannelSync, startBeacon } = flights;
const work = desk();
const [a, b, c] = [work.bundle("a", 0.61), work.bundle("b", 0.62), work.bundle("c", 0.63)];
const broken = work.put("broken", withWrongGolden(c.bytes));
let server;
let counts;
const open = [];

before(async () => {
  server = await host(work.folder);
  counts = await activations();
});
after(async () => {
  for (const gate of open) gate.dispose();
  await Promise.all([server.close(), counts.close()]);
  work.remove();
});
beforeEach(() => {
  server.state.down = false;
  server.state.requests.length = 0;
  server.state.replaced.clear();
  counts.heard.length = 0;
});

let nth = 0;
/** A channel of its own for each test: what it says, under an address. */
function channel() {
  const name = `${(nth += 1)}.json`;
  const made = {
    name,
    url: `${server.origin}/${name}`,
    says(statement, how) {
      server.state.replaced.set(name, Buffer.from(signed({ name: "stable", history: [], ...statement }, how?.key ?? work.key, how)));
    },
  };
  return made;
}

const to = (bundle, more = {}) => ({ ...target(bundle.bytes, `${bundle.name}.driftline`), ...more });
const options = (more = {}) => ({ publicKeys: [work.key.pub], pollMs: 0, ...more });
async function follow(url, more) {
  const gate = await loadChannel(url, options(more));
  open.push(gate);
  return gate;
}
const code = (work) =>
  work.then(
    () => "taken",
    (error) => {
      assert.equal(error.name, "DriftlineError", error.stack);
      return error.code;
    },
  );

describe("what is refused", () => {
  const expires = (ms) => new Date(Date.now() + ms).toISOString().replace(/\.\d+Z$/, "Z");
  const cases = {
    "a wrong key": [{}, { key: keyPair() }, "key_unknown"],
    "another key that claims to be ours": [{}, { key: keyPair(), claim: work.key }, "signature_invalid"],
    "a signature of another domain": [{}, { domain: "driftline.signature/1" }, "signature_invalid"],
    "an expired channel": [{ expires: expires(-2000) }, {}, "channel_expired"],
    "a later format": [{ format: "driftline.channel/2" }, {}, "format_version"],
    "a newer package": [{ minimum_runtime: "9.0.0" }, {}, "runtime_mismatch"],
    "a wrong length": [{ live: to(a, { bytes: a.bytes.length - 1 }) }, {}, "input_too_large"],
    "a shorter file": [{ live: to(a, { bytes: a.bytes.length + 1 }) }, {}, "bundle_truncated"],
    "a wrong digest": [{ live: to(a, { sha256: b.identity.slice(7) }) }, {}, "bundle_altered"],
    "another identity": [{ live: to(a, { identity: b.identity }) }, {}, "bundle_altered"],
    "no bundle at the address": [{ live: to(a, { url: "nowhere" }) }, {}, "io"],
    "no sequence": [{ sequence: undefined }, {}, "channel_invalid"],
    "a share of 100": [{ canary: { bundle: to(b), percent: 100 } }, {}, "channel_invalid"],
    "golden rows of another model": [{ live: to(broken) }, {}, "self_test_failed"],
  };
  for (const [name, [statement, how, expected]] of Object.entries(cases)) {
    test(name, async () => {
      const one = channel();
      one.says({ sequence: 1, live: to(a), ...statement }, how);
      assert.equal(await code(follow(one.url)), expected);
    });
  }

  test("a tampered statement, an empty file, a web page, a large file", async () => {
    const one = channel();
    one.says({ sequence: 1, live: to(a) });
    const text = server.state.replaced.get(one.name).toString("utf8");
    for (const [altered, expected] of [
      [text.replace("a.driftline", "b.driftline"), "signature_invalid"],
      [text.replace(/"signature":"./, '"signature":"g'), "channel_invalid"],
      ["", "channel_invalid"],
      ["<html>", "channel_invalid"],
      ["[]", "channel_invalid"],
      [" ".repeat(70_000), "input_too_large"],
    ]) {
      server.state.replaced.set(one.name, Buffer.from(altered));
      assert.equal(await code(follow(one.url)), expected, altered.slice(0, 40));
    }
  });

  test("no keys, bad keys, no address", async () => {
    for (const publicKeys of [[], undefined, ["nonsense"], ["ab".repeat(31)]]) {
      assert.equal(await code(loadChannel(server.url, { publicKeys })), "bad_usage");
    }
    assert.equal(await code(loadChannel("http://example.com/x", options())), "bad_usage");
    assert.equal(await code(loadChannel("stable.json", options())), "bad_usage");
  });

  test("a host without Ed25519 says so", async (context) => {
    const one = channel();
    one.says({ sequence: 1, live: to(a) });
    context.mock.method(crypto.subtle, "importKey", () => Promise.reject(new Error("unrecognized name")));
    assert.equal(await code(follow(one.url)), "signature_unsupported");
  });

  test("an older sequence, a second file of the same number, another name", async () => {
    const one = channel();
    one.says({ sequence: 5, live: to(a) });
    const gate = await follow(one.url);
    for (const [statement, expected] of [
      [{ sequence: 4, live: to(b) }, "downgrade"],
      [{ sequence: 5, live: to(b) }, "downgrade"],
      [{ sequence: 6, live: to(b), name: "beta" }, "channel_invalid"],
    ]) {
      one.says(statement);
      await gate.refresh();
      assert.deepEqual([gate.channel.error?.code, gate.identity], [expected, a.identity]);
    }
    one.says({ sequence: 6, live: to(b) });
    await gate.refresh();
    assert.deepEqual([gate.channel.error, gate.identity], [null, b.identity]);
  });

  test("the sequence is remembered over a restart", async () => {
    const [one, storage] = [channel(), folderStore(join(work.folder, "remembered"))];
    one.says({ sequence: 5, live: to(a) });
    (await follow(one.url, { storage })).dispose();
    one.says({ sequence: 4, live: to(b) });
    const gate = await follow(one.url, { storage });
    assert.deepEqual([gate.channel.error.code, gate.identity, gate.channel.arm], ["downgrade", a.identity, "live"]);
  });
});

test("a channel of the command: release, canary, promote, a broken one, rollback", async () => {
  const storage = folderStore(join(work.folder, "scenario"));
  const told = { collector: counts.url, key: "pk", consent: true };
  const more = { storage, activations: told, client: "a client in the first ten percent 5" };
  work.step("release", a);
  const gate = await follow(server.url, more);
  const events = [];
  gate.onChannel((event) => events.push(`${event.type} ${event.code ?? event.arm ?? ""}`.trim()));
  assert.deepEqual([gate.identity, gate.channel.arm, gate.channel.sequence], [a.identity, "live", 1]);
  assert.equal(gate.predict(good()).identity, a.identity);

  work.step("canary", b, "--percent", "99");
  await gate.refresh();
  assert.deepEqual([gate.identity, gate.channel.arm], [b.identity, "canary"]);
  work.step("promote", null);
  await gate.refresh();
  assert.deepEqual([gate.identity, gate.channel.arm, gate.channel.swaps], [b.identity, "live", 1]);

  work.step("release", broken);
  await gate.refresh();
  await gate.refresh();
  assert.deepEqual([gate.identity, gate.channel.arm], [b.identity, "kept"]);
  assert.deepEqual(gate.channel.failed, [{ identity: broken.identity, code: "self_test_failed" }]);
  assert.equal(server.state.requests.filter((name) => name === "broken.driftline").length, 1);
  // a client that comes now has nothing kept, and gets what was live before
  const late = await follow(server.url, { ...more, storage: null });
  assert.deepEqual([late.identity, late.channel.arm], [b.identity, "previous"]);

  work.step("rollback", null);
  await gate.refresh();
  assert.deepEqual([gate.identity, gate.channel.arm, gate.channel.sequence], [b.identity, "live", 5]);
  work.step("rollback", null);
  await gate.refresh();
  assert.deepEqual([gate.identity, gate.channel.arm, gate.channel.swaps], [a.identity, "live", 2]);

  // the first bundle is kept until the third takes over
  assert.deepEqual(events, ["activated canary", "failed self_test_failed", "retired", "activated live"]);
  const heard = counts.heard.map(({ url, key, channel, identity, outcome, code }) => {
    assert.deepEqual([url, key, channel], ["/v1/activations", "pk", "stable"]);
    return `${outcome} ${code ?? ""} ${[a, b, broken].find((one) => one.identity === identity).name}`;
  });
  assert.deepEqual(heard, [
    "activated  a",
    "activated  b",
    "failed self_test_failed broken",
    "failed self_test_failed broken",
    "activated  b",
    "activated  a",
  ]);
});

test("a start without a network: the last good one, its hash and signature checked again", async () => {
  const [one, storage] = [channel(), folderStore(join(work.folder, "offline"))];
  one.says({ sequence: 1, live: to(a), expires: "2099-01-01T00:00:00Z" });
  (await follow(one.url, { storage })).dispose();
  server.state.down = true;
  const gate = await follow(one.url, { storage });
  assert.deepEqual([gate.identity, gate.channel.error.code, gate.channel.checked], [a.identity, "io", null]);
  assert.equal(gate.predict(good()).identity, a.identity);
  // with a network again, it goes on
  server.state.down = false;
  one.says({ sequence: 2, live: to(b) });
  await gate.refresh();
  assert.deepEqual([gate.identity, gate.channel.error], [b.identity, null]);
  // past its expiry nobody begins with it
  server.state.down = true;
  const now = () => Date.parse("2100-01-01T00:00:00Z");
  one.says({ sequence: 3, live: to(b) });
  assert.equal(await code(follow(one.url, { storage: null })), "io");
  server.state.down = false;
  one.says({ sequence: 3, live: to(b), expires: "2099-01-01T00:00:00Z" });
  await gate.refresh();
  server.state.down = true;
  assert.equal(await code(follow(one.url, { storage, now })), "io");
});

test("a store whose bytes were exchanged gives nothing", async () => {
  const held = new Map();
  const storage = {
    get: async (name) => held.get(name) ?? null,
    put: async (name, bytes) => void held.set(name, bytes),
    delete: async (name) => void held.delete(name),
  };
  const one = channel();
  one.says({ sequence: 1, live: to(a) });
  (await follow(one.url, { storage })).dispose();
  const kept = [...held.keys()].find((name) => name.startsWith("bundle."));
  held.set(kept, b.bytes);
  server.state.down = true;
  assert.equal(await code(follow(one.url, { storage })), "io");
  // a store that always fails costs a download and nothing else
  server.state.down = false;
  const fails = () => Promise.reject(new Error("quota"));
  const gate = await follow(one.url, { storage: { get: fails, put: fails, delete: fails } });
  assert.equal(gate.identity, a.identity);
});

test("an unchanged channel costs an answer without a body", async () => {
  const one = channel();
  one.says({ sequence: 1, live: to(a) });
  const statuses = [];
  const gate = await follow(one.url, {
    fetch: async (...args) => {
      const answer = await fetch(...args);
      statuses.push(answer.status);
      return answer;
    },
  });
  await gate.refresh();
  await gate.refresh();
  assert.deepEqual(statuses, [200, 200, 304, 304]);
});

test("a share of the clients is stable, as large as it says, and grows by adding", async () => {
  const { inShare } = await import("../../pkg/dist/channel/client.js");
  const clients = Array.from({ length: 4_000 }, (_, at) => `client ${at}`);
  const at = async (name, percent) => {
    const found = await Promise.all(clients.map((client) => inShare(name, client, percent)));
    return new Set(clients.filter((_, nth) => found[nth]));
  };
  const [ten, again, fifty, other] = [await at("stable", 10), await at("stable", 10), await at("stable", 50), await at("beta", 10)];
  console.log(`# 10%: ${ten.size} of 4,000; 50%: ${fifty.size}; 10% of another channel: ${other.size}`);
  assert.deepEqual(ten, again);
  // five standard deviations
  assert.ok(Math.abs(ten.size - 400) < 5 * Math.sqrt(360), String(ten.size));
  assert.ok(Math.abs(fifty.size - 2_000) < 5 * Math.sqrt(1000), String(fifty.size));
  assert.ok([...ten].every((client) => fifty.has(client)));
  const both = [...ten].filter((client) => other.has(client)).length;
  assert.ok(Math.abs(both - 40) < 5 * Math.sqrt(40), String(both));
});

test("under constant load no prediction fails, none is of a half-loaded gate, and all are counted", async () => {
  const one = channel();
  one.says({ sequence: 1, live: to(a) });
  const beacons = await collector();
  const gate = await follow(one.url, { summary: {} });
  const beacon = startBeacon(gate, { endpoint: beacons.url, consent: true, mode: "pseudonymous", intervalMs: 100 });
  const made = new Map();
  let running = true;
  const load = (async () => {
    while (running) {
      for (let at = 0; at < 50; at += 1) {
        const { identity, action, scores } = gate.predict(good());
        assert.ok(scores !== null && action !== undefined);
        assert.ok([a.identity, b.identity, c.identity].includes(identity));
        made.set(identity, (made.get(identity) ?? 0) + 1);
      }
      await new Promise((next) => setImmediate(next));
    }
  })();
  for (let sequence = 2; sequence <= 20; sequence += 1) {
    const bundle = [a, b, c, broken][sequence % 4];
    one.says({ sequence, live: to(bundle), previous: to(a) });
    await gate.refresh();
  }
  running = false;
  await load;
  await beacon.stop();
  const counted = new Map();
  for (const { identity, cells } of beacons.beacons()) counted.set(identity, (counted.get(identity) ?? 0) + (cells?.[0] ?? 0));
  const total = [...made.values()].reduce((sum, n) => sum + n, 0);
  console.log(`# ${total} predictions over ${gate.channel.swaps} swaps; counted ${[...counted.values()].join(" + ")}`);
  assert.ok(gate.channel.swaps >= 12 && total > 500);
  assert.deepEqual(counted, made);
  await beacons.close();
});

test("outcomes find the bundle that decided, also by token, and switches follow", async () => {
  const one = channel();
  one.says({ sequence: 1, live: to(a) });
  const gate = await follow(one.url);
  const handled = [];
  gate.onOutcome(({ id }) => handled.push(id));
  const key = crypto.getRandomValues(new Uint8Array(32));
  const before = gate.predict(good());
  const id = gate.track(before);
  const token = await flights.signToken(gate, before, { key });
  const again = gate.predict(good());
  gate.kill("by hand");
  one.says({ sequence: 2, live: to(b) });
  await gate.refresh();
  assert.equal(gate.predict(good()).reason, "killed");
  gate.revive();
  const { decision, late } = gate.outcome(id, { label: "late" });
  assert.deepEqual([decision, late], [null, false]);
  gate.outcome(gate.track(again), { label: "late" });
  await flights.outcomeByToken(gate, token, { label: "on_time" }, { key });
  await assert.rejects(flights.outcomeByToken(gate, token, { label: "on_time" }, { key }), { code: "token_invalid" });
  assert.equal(handled.length, 2);
  // of the bundle that decides nothing was answered
  assert.equal(gate.summary().records, 1);
  const retired = [];
  gate.onChannel((event) => event.type === "retired" && retired.push(event));
  one.says({ sequence: 3, live: to(c) });
  await gate.refresh();
  assert.equal(retired.length, 1);
  const [{ identity, summary }] = retired;
  const block = summary.layout.blocks.find(({ kind }) => kind === "outcome_follow");
  const answered = summary.counts[block.at + block.cells.indexOf("answered")];
  assert.deepEqual([identity, summary.records, answered], [a.identity, 2, 3]);
});

test("the kill switch and the telemetry switch of the channel are obeyed", async () => {
  const one = channel();
  one.says({ sequence: 1, live: to(a) });
  const beacons = await collector();
  const gate = await follow(one.url);
  const beacon = startBeacon(gate, { endpoint: beacons.url, consent: true, mode: "pseudonymous" });
  one.says({ sequence: 2, live: to(a), killed: "wrong prices", telemetry: { off: true } });
  await gate.refresh();
  assert.deepEqual([gate.predict(good()).reason, gate.channel.killed], ["killed", "wrong prices"]);
  assert.equal(gate.status().killed, "wrong prices");
  await beacon.flush();
  assert.deepEqual([beacon.status().silent, beacons.requests.length], ["off", 0]);
  one.says({ sequence: 3, live: to(b) });
  await gate.refresh();
  assert.deepEqual([gate.identity, gate.predict(good()).reason, gate.channel.killed], [b.identity, "confident", null]);
  await beacon.stop();
  assert.equal(beacons.records(), 1);
  await beacons.close();
});

test("a fallback decides until the channel can, and loadChannelSync begins with it", async () => {
  const one = channel();
  server.state.down = true;
  const gate = await follow(one.url, { fallback: a.bytes });
  assert.deepEqual([gate.identity, gate.channel.arm, gate.channel.name], [a.identity, "fallback", null]);
  server.state.down = false;
  one.says({ sequence: 1, live: to(b) });
  await gate.refresh();
  assert.deepEqual([gate.identity, gate.channel.arm], [b.identity, "live"]);
  const pinned = loadChannelSync(one.url, options());
  open.push(pinned);
  assert.equal(pinned.channel.arm, "fallback");
  const waited = [];
  const ctx = { waitUntil: (promise) => waited.push(promise) };
  const pinning = loadChannelSync(one.url, options({ pollMs: 60_000 }));
  open.push(pinning);
  // only one of the requests looks
  for (let request = 0; request < 5; request += 1) pinning.keepFresh(ctx);
  assert.equal(waited.length, 1);
  await Promise.all(waited);
  pinning.keepFresh(ctx);
  assert.deepEqual([waited.length, pinning.identity], [1, b.identity]);
});

test("polling finds a release by itself, with jitter", async () => {
  const one = channel();
  one.says({ sequence: 1, live: to(a) });
  const gate = await follow(one.url, { pollMs: 100 });
  one.says({ sequence: 2, live: to(b) });
  await until(() => gate.identity === b.identity, "the release");
  gate.dispose();
  const asked = server.state.requests.length;
  await new Promise((next) => setTimeout(next, 300));
  assert.ok(server.state.requests.length <= asked + 1);
});
