// A network that the plan cannot take, from `driftline build` to decisions in Node.js.
//
//     DRIFTLINE=… NETS=… node --test tests/tract/tract.test.mjs

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";

const { DRIFTLINE, NETS } = process.env;
const folder = mkdtempSync(join(tmpdir(), "driftline-tract-"));
after(() => rmSync(folder, { recursive: true }));

const WIDTH = 12;
const names = Array.from({ length: WIDTH }, (_, i) => `s${i}`);
const contract = {
  format: "driftline.contract/1",
  name: "conv-classifier",
  inputs: names.map((name) => ({ name, type: "number", required: true, missing: "reject" })),
  features: names.map((name) => ({ name, from: name })),
  tensors: [{ name: "x", dtype: "float32", features: names }],
  outputs: { kind: "multiclass", labels: ["early", "late", "never"], scores: "scores" },
};
writeFileSync(join(folder, "contract.json"), JSON.stringify(contract));

const driftline = (...args) => execFileSync(DRIFTLINE, args, { encoding: "utf8" });
const report = JSON.parse(
  driftline(
    "--json",
    "build",
    join(NETS, "conv_classifier/model.onnx"),
    "--contract",
    join(folder, "contract.json"),
    "-o",
    folder,
  ),
);
const { load, loadSync } = await import(pathToFileURL(join(folder, "package/node.js")).href);

/** Seeded, so that every run sees the same records. */
function* numbers() {
  let state = 20131;
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield Math.fround(state / 2 ** 31 - 1);
  }
}
const stream = numbers();
const records = Array.from({ length: 200 }, () =>
  Object.fromEntries(names.map((name) => [name, stream.next().value])),
);

test("build says which runtime it took, and why", () => {
  assert.equal(report.runtime, "tract");
  assert.match(report.why, /Conv/);
});

test("Node.js and the command answer alike", () => {
  const rows = join(folder, "rows.jsonl");
  writeFileSync(rows, records.map((record) => JSON.stringify(record)).join("\n"));
  const native = driftline("predict", join(folder, "conv-classifier.driftline"), "--input", rows)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const gate = loadSync();
  assert.equal(gate.identity, native[0].identity);
  records.forEach((record, at) => {
    const decision = gate.predict(record);
    assert.equal(decision.action, native[at].action);
    for (const [label, score] of Object.entries(native[at].scores)) {
      assert.ok(Math.abs(decision.scores[label] - score) <= 1e-6, `row ${at}, ${label}`);
    }
  });
  assert.equal(new Set(native.map(({ scores }) => scores.late)).size, records.length);
});

test("one call and many answer alike, and a bad record leaves the rest alone", async () => {
  const gate = await load();
  const one = records.map((record) => gate.predict(record));
  assert.equal(gate.predict({ ...records[0], s3: "1" }).action, "reject");
  assert.deepEqual(gate.predictMany(records), one);
});

test("the runtime without tract refuses the bundle with a code", async () => {
  const plan = await import(pathToFileURL(join(process.cwd(), "../pkg/dist/node.js")).href);
  const bundle = readFileSync(join(folder, "conv-classifier.driftline"));
  await assert.rejects(plan.load(bundle), (error) => error.code === "runtime_mismatch");
});
