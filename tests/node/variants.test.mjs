// The two runtimes of plans: which package carries which, and what the smaller one refuses.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { arraysDir } from "../lib/arrays.mjs";
import { distFile, good, rows, wasm } from "../lib/flights.mjs";

const inTabular = (name) => distFile(`../dist-tabular/${name}`);
const module = "driftline_bg.wasm";
const starts = (whole, part) => Buffer.compare(whole.subarray(0, part.length), part) === 0;

test("trees travel with the small runtime, arrays with the whole one", () => {
  const [tabular, plan] = [readFileSync(inTabular(module)), readFileSync(distFile(module))];
  assert.ok(tabular.length < 0.8 * plan.length, `${tabular.length} of ${plan.length} bytes`);
  assert.ok(starts(Buffer.from(wasm()), tabular));
  assert.ok(starts(readFileSync(resolve(arraysDir, module)), plan));
});

test("a bundle that needs more is refused by the small runtime, and what is missing is named", async () => {
  const { loadSync } = await import(inTabular("node.js"));
  const bundle = readFileSync(resolve(arraysDir, "../arrays.driftline"));
  assert.throws(
    () => loadSync(bundle),
    ({ code, message, help }) => {
      assert.equal(code, "runtime_mismatch");
      assert.match(message, /arrays/);
      assert.match(help, /full runtime/);
      return true;
    },
  );
});

test("both runtimes decide the same records alike, to the bit", async () => {
  const bundle = readFileSync(resolve(arraysDir, "../../flights/flights-delay.driftline"));
  const [small, whole] = await Promise.all(
    [inTabular("node.js"), distFile("node.js")].map(async (file) => (await import(file)).loadSync(bundle)),
  );
  const { records } = rows(whole.info.inputs, "golden.csv");
  assert.ok(records.length > 100);
  for (const record of [good(), {}, { ...good(), distance: "x" }, ...records]) {
    assert.deepEqual(small.predict(record), whole.predict(record));
    assert.deepEqual(small.scores(record), whole.scores(record));
  }
});
