// A real trap in the real instance: its memory is exhausted until the allocator gives up.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { bundle, flights, good, wasm } from "../lib/flights.mjs";
import { exhaust, Instance, large, watch } from "../lib/traps.mjs";

let watched;
before(() => (watched = watch()));
after(() => watched.end());

const exhaustNewest = () => exhaust(watched.instances.at(-1));

const cases = {
  "loaded by load()": () => flights.load(),
  "loaded by loadSync()": async () => flights.loadSync(),
  "loaded from a module": () => flights.load(new WebAssembly.Module(wasm())),
  "loaded from a bundle": () => flights.load(bundle()),
};
for (const [name, open] of Object.entries(cases)) {
  test(`${name}: the trap is an error, and the next call answers from a new instance`, async () => {
    const gate = await open();
    const reference = gate.predict(good());
    const before = watched.instances.length;
    exhaustNewest();
    assert.throws(() => gate.predictMany(large()), (raised) => {
      assert.ok(raised instanceof flights.DriftlineError, String(raised));
      assert.equal(raised.code, "trap");
      assert.ok(raised.cause instanceof WebAssembly.RuntimeError, String(raised.cause));
      return true;
    });
    assert.equal(watched.instances.length, before + 1);
    assert.deepEqual(gate.predict(good()), reference);
    // and again
    exhaustNewest();
    assert.throws(() => gate.predictMany(large()), { code: "trap" });
    assert.deepEqual(gate.predictMany([good()]), [reference]);
    gate.dispose();
    assert.throws(() => gate.predict(good()), { code: "disposed" });
  });
}

test("a trap in one gate leaves another alone", async () => {
  const first = await flights.load();
  const second = await flights.load();
  const reference = first.predict(good());
  const count = watched.instances.length;
  exhaustNewest();
  assert.throws(() => second.predictMany(large()), { code: "trap" });
  assert.equal(watched.instances.length, count + 1);
  assert.deepEqual(first.predict(good()), reference);
  assert.deepEqual(second.predict(good()), reference);
});

test("a new instance does not need the caller's buffer", async () => {
  const bytes = bundle();
  const gate = await flights.load(bytes);
  const reference = gate.predict(good());
  bytes.fill(0);
  exhaustNewest();
  assert.throws(() => gate.predictMany(large()), { code: "trap" });
  assert.deepEqual(gate.predict(good()), reference);
});

test("where instantiating at once is refused, calls fail until the new instance is there", async () => {
  const gate = await flights.load();
  const reference = gate.predict(good());
  exhaustNewest();
  const watching = WebAssembly.Instance;
  // as browsers do on the main thread above 8 MB
  WebAssembly.Instance = new Proxy(Instance, {
    construct() {
      throw new RangeError("WebAssembly.Instance is disallowed on the main thread");
    },
  });
  try {
    assert.throws(() => gate.predictMany(large()), { code: "trap" });
    assert.throws(() => gate.predict(good()), { code: "trap" });
  } finally {
    WebAssembly.Instance = watching;
  }
  await new Promise((later) => setTimeout(later, 200));
  assert.deepEqual(gate.predict(good()), reference);
});
