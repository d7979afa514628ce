// The beacon with a clock, a network and chance of the test's own, and in a process that ends.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { collector, numbers } from "../lib/collector.mjs";
import { distFile, flights, good, packageFile } from "../lib/flights.mjs";

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 10, 12);

/** A gate with a beacon whose world is `world`: `now`, `answers`, `bodies`, `entries`. */
function world(options = {}) {
  const gate = flights.loadSync();
  const made = { gate, now: START, answers: [], bodies: [], entries: new Map(), chance: 0 };
  const entries = made.entries;
  made.storage = {
    get length() {
      return entries.size;
    },
    key: (at) => [...entries.keys()][at] ?? null,
    getItem: (name) => entries.get(name) ?? null,
    setItem: (name, value) => void entries.set(name, value),
    removeItem: (name) => void entries.delete(name),
  };
  made.options = {
    endpoint: "https://collector.example/beacon",
    consent: true,
    mode: "pseudonymous",
    intervalMs: DAY,
    storage: made.storage,
    now: () => made.now,
    random: () => made.chance,
    fetch: async (_, { body }) => {
      made.bodies.push(body);
      const answer = made.answers.shift() ?? 204;
      if (answer instanceof Error) throw answer;
      const [status, headers] = [answer].flat();
      return new Response(null, { status, headers });
    },
    ...options,
  };
  made.beacon = flights.startBeacon(gate, made.options);
  made.predict = (times, which = gate) => {
    for (let nth = 0; nth < times; nth += 1) which.predict(good());
  };
  made.sent = () => made.bodies.map((body) => JSON.parse(body));
  made.records = () => made.sent().reduce((sum, { counts }) => sum + numbers(counts)[0], 0);
  return made;
}

describe("modes", () => {
  test("pseudonymous: the counts that leave are the counts that were made", async () => {
    const { gate, beacon, predict, sent, records, bodies } = world({ key: "pk_1" });
    predict(3);
    const whole = [...gate.summary().counts];
    const shown = beacon.preview();
    await beacon.flush();
    assert.equal(bodies[0], shown, "what was shown is not what was sent");
    assert.deepEqual(numbers(sent()[0].counts), whole);
    assert.deepEqual([sent()[0].mode, sent()[0].key, sent()[0].host], ["pseudonymous", "pk_1", "node"]);
    predict(4);
    await beacon.flush();
    await beacon.flush();
    assert.equal(records(), 7);
    assert.deepEqual(sent().map(({ seq }) => seq), [0, 1]);
    assert.equal(gate.summary().records, 0);
    await beacon.stop();
  });

  test("randomized: one answer a client and day, whatever was counted, and again on the next day", async () => {
    const it = world({ mode: "randomized" });
    const { beacon, predict, sent } = it;
    predict(5);
    const shown = beacon.preview();
    assert.equal(beacon.preview(), shown, "looking drew another answer");
    assert.equal(it.entries.size, 0, "looking stored something");
    await beacon.flush();
    assert.equal(it.bodies[0], shown);
    for (let nth = 0; nth < 10; nth += 1) {
      predict(5);
      await beacon.flush();
    }
    assert.equal(it.bodies.length, 1);
    // another page of the same day
    const second = flights.startBeacon(it.gate, it.options);
    predict(5);
    await second.flush();
    // a clock that was set back
    it.now -= DAY;
    predict(1);
    await second.flush();
    assert.equal(it.bodies.length, 1);
    it.now += 2 * DAY;
    predict(1);
    await second.flush();
    assert.equal(it.bodies.length, 2);
    const [one, two] = sent();
    assert.equal(two.start - one.start, 24);
    for (const { instance, seq, hours, start } of [one, two]) {
      assert.deepEqual([instance, seq, hours, start % 24], [undefined, undefined, 24, 0]);
    }
    await Promise.all([beacon.stop(), second.stop()]);
  });

  test("aggregated: a process alone is one client, so that nothing leaves and the counts stay", async () => {
    const { gate, beacon, predict, bodies, entries } = world({ mode: "aggregated" });
    predict(500);
    assert.equal(beacon.preview(), undefined);
    await beacon.flush();
    assert.deepEqual([bodies.length, entries.size, gate.summary().records], [0, 0, 500]);
    await beacon.stop();
  });
});

describe("delivery", () => {
  test("a payload is sent until it is taken, and its bytes never change", async () => {
    for (const mode of ["pseudonymous", "randomized"]) {
      const it = world({ mode });
      it.answers.push(503, new TypeError("offline"), 429, 500, 204);
      it.predict(2);
      for (let nth = 0; nth < 8; nth += 1) {
        await it.beacon.flush();
        it.now += 1;
      }
      assert.equal(it.bodies.length, 5);
      assert.equal(new Set(it.bodies).size, 1);
      const { taken, retried, waiting, dropped } = it.beacon.status();
      assert.deepEqual({ taken, retried, waiting, dropped }, { taken: 1, retried: 4, waiting: 0, dropped: 0 });
      await it.beacon.stop();
    }
  });

  test("back-off is up to twice as long each time, over the whole of it", async () => {
    const it = world();
    it.chance = 0.999;
    it.answers.push(...new Array(20).fill(503));
    it.predict(1);
    const gaps = [];
    for (let nth = 0; nth < 9; nth += 1) {
      const before = it.now;
      await it.beacon.flush();
      for (const had = it.bodies.length; it.bodies.length === had && it.now < before + DAY; it.now += 500) {
        await it.beacon.flush();
      }
      gaps.push(it.now - before);
    }
    assert.ok(gaps[0] >= 1000 && gaps[0] <= 2000, String(gaps));
    assert.ok(gaps[3] >= 7000 && gaps[3] <= 10_000, String(gaps));
    assert.ok(gaps[8] >= 250_000 && gaps[8] <= 310_000, String(gaps));
    await it.beacon.stop();
  });

  test("`Retry-After` in seconds and as a date is kept, also by the next page", async () => {
    const it = world();
    it.answers.push([503, { "retry-after": "120" }]);
    it.predict(1);
    await it.beacon.flush();
    it.now += 119_000;
    await it.beacon.flush();
    const next = flights.startBeacon(it.gate, it.options);
    await next.flush();
    assert.equal(it.bodies.length, 1);
    it.now += 1_001;
    await next.flush();
    assert.deepEqual([it.bodies.length, next.status().waiting], [2, 0]);
    await Promise.all([it.beacon.stop(), next.stop()]);
  });

  test("what is refused is not sent again; after 410 nothing is", async () => {
    const it = world();
    it.answers.push(422, 409, 410);
    for (let nth = 0; nth < 6; nth += 1) {
      it.predict(1);
      await it.beacon.flush();
    }
    assert.equal(it.bodies.length, 3);
    assert.equal(it.beacon.status().silent, "stopped");
    const next = flights.startBeacon(it.gate, it.options);
    await next.flush();
    assert.equal(it.bodies.length, 3);
    assert.equal(next.status().silent, "stopped");
  });

  test("the queue is bounded: the oldest payloads make room, and are counted", async () => {
    const it = world({ capacity: 4 });
    it.chance = 0.999;
    it.answers.push(...new Array(50).fill(new TypeError("offline")));
    for (let nth = 0; nth < 10; nth += 1) {
      it.predict(1);
      await it.beacon.flush();
    }
    const { waiting, dropped } = it.beacon.status();
    assert.deepEqual([waiting, dropped], [4, 6]);
    it.answers.length = 0;
    it.bodies.length = 0;
    it.now += 3_600_000;
    await it.beacon.flush();
    assert.deepEqual(it.sent().map(({ seq }) => seq), [6, 7, 8, 9]);
    await it.beacon.stop();
  });

  test("two beacons on one store send each payload, and tell it by the same id", async () => {
    const it = world();
    const other = flights.startBeacon(it.gate, it.options);
    it.answers.push(503);
    it.predict(3);
    await it.beacon.flush();
    it.now += 2000;
    await Promise.all([it.beacon.flush(), other.flush()]);
    assert.equal(new Set(it.sent().map(({ id }) => id)).size, 1);
    assert.equal(it.beacon.status().waiting, 0);
    await Promise.all([it.beacon.stop(), other.stop()]);
  });
});

describe("switches", () => {
  test("without consent nothing is stored or sent; withdrawn, what waits is deleted", async () => {
    let agreed = false;
    const it = world({ consent: () => agreed });
    it.predict(2);
    await it.beacon.flush();
    assert.deepEqual([it.bodies.length, it.entries.size, it.beacon.status().silent], [0, 0, "no_consent"]);
    agreed = true;
    it.answers.push(503);
    await it.beacon.flush();
    assert.equal(it.beacon.status().waiting, 1);
    agreed = false;
    await it.beacon.flush();
    assert.equal([...it.entries.keys()].filter((name) => name.includes("payload")).length, 0);
    agreed = true;
    it.now += DAY;
    await it.beacon.flush();
    assert.equal(it.bodies.length, 1);
    await it.beacon.stop();
  });

  test("Global Privacy Control silences the beacon, whatever was agreed", async () => {
    const had = Object.getOwnPropertyDescriptor(globalThis, "navigator");
    Object.defineProperty(globalThis, "navigator", { value: { globalPrivacyControl: true }, configurable: true });
    try {
      const it = world();
      it.predict(2);
      await it.beacon.flush();
      assert.deepEqual([it.bodies.length, it.beacon.status().silent], [0, "opt_out"]);
    } finally {
      if (had) Object.defineProperty(globalThis, "navigator", had);
      else delete globalThis.navigator;
    }
  });

  test("off, on, and another mode, while it runs", async () => {
    const it = world();
    it.beacon.configure({ off: true });
    it.predict(5);
    await it.beacon.flush();
    it.beacon.configure({ off: false });
    it.predict(1);
    // the window of the old mode ends first
    it.beacon.configure({ mode: "randomized" });
    it.predict(7);
    await it.beacon.flush();
    assert.deepEqual(it.sent().map(({ mode }) => mode), ["pseudonymous", "randomized"]);
    assert.equal(numbers(it.sent()[0].counts)[0], 1);
    await it.beacon.stop();
  });

  test("a rate sends that share of the windows, and says so", async () => {
    const it = world({ rate: 0.25 });
    for (let nth = 0; nth < 100; nth += 1) {
      it.chance = nth / 100;
      it.predict(1);
      await it.beacon.flush();
    }
    assert.equal(it.bodies.length, 25);
    assert.equal(it.sent()[0].rate, 250);
    await it.beacon.stop();
  });

  const wrong = {
    "no address": { endpoint: "//" },
    "no encryption": { endpoint: "http://collector.example/" },
    "a password": { endpoint: "https://a:b@collector.example/" },
    "no mode": { mode: "public" },
    "rate 0": { rate: 0 },
    "rate NaN": { rate: Number.NaN },
    "no write key": { key: "name@example.org" },
    "no consent": { consent: undefined },
    "an interval of nothing": { intervalMs: 0 },
    "a queue without end": { capacity: 1e9 },
    "ε of nothing": { epsilon: 0 },
  };
  for (const [name, options] of Object.entries(wrong)) {
    test(`refused: ${name}`, () => {
      assert.throws(() => world(options), { name: "DriftlineError", code: "bad_usage" });
    });
  }
});

describe("failures stay the beacon's own", () => {
  test("storage that throws, randomness that is gone, a gate that was disposed of", async () => {
    const it = world();
    for (const name of ["setItem", "getItem", "removeItem", "key"]) {
      it.storage[name] = () => {
        throw new Error("the quota is used up");
      };
    }
    it.predict(2);
    await it.beacon.flush();
    assert.equal(it.records(), 2, "kept in memory, sent all the same");
    it.gate.dispose();
    await it.beacon.flush();
    assert.equal(it.beacon.preview(), undefined);
    await it.beacon.stop();
  });

  test("entries that somebody else stored are left alone", async () => {
    const it = world();
    for (const name of [...it.entries.keys()]) it.entries.delete(name);
    it.entries.set("theirs", "{");
    it.predict(1);
    it.answers.push(503);
    await it.beacon.flush();
    const [name] = [...it.entries.keys()].filter((key) => key.includes("payload"));
    for (const text of ["{", "null", "[]", '{"id":1}', '{"id":"a","body":"b","made":"x"}']) {
      it.entries.set(name, text);
      it.now += DAY;
      await it.beacon.flush();
    }
    assert.deepEqual([it.bodies.length, it.entries.get("theirs")], [1, "{"]);
    await it.beacon.stop();
  });
});

describe("a process", () => {
  const script = (url, rest) => `
    import { loadSync, startBeacon } from ${JSON.stringify(packageFile("node.js"))};
    const gate = loadSync();
    const beacon = startBeacon(gate, { endpoint: ${JSON.stringify(url)}, consent: true, mode: "pseudonymous", intervalMs: 200 });
    const predict = (times) => { for (let nth = 0; nth < times; nth += 1) gate.predict(${JSON.stringify(good())}); };
    ${rest}`;
  const run = (text) =>
    new Promise((done) => {
      const child = spawn(process.execPath, ["--input-type=module", "--eval", text], { stdio: ["ignore", "pipe", "pipe"] });
      let out = "";
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => (out += part));
      const started = Date.now();
      child.on("close", (code) => done({ code, out, ms: Date.now() - started }));
    });

  test("that ends by itself has sent everything, and the timer does not keep it", async () => {
    const server = await collector();
    const { code, out } = await run(script(server.url, "predict(25);"));
    assert.deepEqual([code, out], [0, ""]);
    assert.equal(server.records(), 25);
    await server.close();
  });

  test("that goes on sends by the timer", async () => {
    const server = await collector((nth) => (nth === 1 ? { status: 503 } : {}));
    const { code } = await run(script(server.url, "predict(5); setTimeout(() => predict(6), 500); setTimeout(() => undefined, 2600);"));
    assert.equal(code, 0);
    assert.equal(server.records(), 11);
    assert.ok(server.taken.size >= 2);
    await server.close();
  });

  test("whose collector is away ends in time, with nothing on the console", async () => {
    const { code, out, ms } = await run(script("http://127.0.0.1:9/", "predict(5);"));
    assert.deepEqual([code, out], [0, ""]);
    assert.ok(ms < 8000, `${ms} ms`);
  });

  test("by require, too", async () => {
    const server = await collector();
    const text = `const { loadSync, startBeacon } = require(${JSON.stringify(packageFile("index.cjs"))});
      const gate = loadSync();
      startBeacon(gate, { endpoint: ${JSON.stringify(server.url)}, consent: true, mode: "pseudonymous" });
      gate.predict(${JSON.stringify(good())});`;
    const child = spawn(process.execPath, ["--eval", text], { stdio: "ignore" });
    await new Promise((done) => child.on("close", done));
    assert.equal(server.records(), 1);
    await server.close();
  });
});

test("the version that beacons carry is the package's", () => {
  const { version } = JSON.parse(readFileSync(new URL("../../pkg/package.json", import.meta.url), "utf8"));
  assert.ok(readFileSync(distFile("beacon/window.js"), "utf8").includes(`"${version}"`));
});
