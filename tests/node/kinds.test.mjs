// Packages of models that answer a number, a rank or several labels, with certified policies.

import assert from "node:assert/strict";
import { resolve } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { KINDS, expectedOf, nativeOf, packageOf, policyOf, recordsOf } from "../lib/kinds.mjs";

const made = await Promise.all(
  KINDS.map(async (kind) => {
    const { loadSync } = await import(pathToFileURL(resolve(packageOf(kind), "node.js")).href);
    const [gate, records] = [loadSync(), recordsOf(kind)];
    return [kind, { loadSync, gate, records, decisions: records.map((record) => gate.predict(record)) }];
  }),
);
const of = Object.fromEntries(made);
const close = (found, theirs, what) =>
  assert.ok(Math.abs(found - theirs) <= 1e-5 * Math.max(1, Math.abs(theirs)), `${what}: ${found}, ${theirs}`);
const reasons = (decisions) => new Set(decisions.map(({ reason }) => reason));

for (const kind of KINDS) {
  describe(kind, () => {
    const { loadSync, gate, records, decisions } = of[kind];

    test("decisions are those of the command to the bit, one by one and many at once", () => {
      assert.equal(gate.info.kind, kind);
      assert.deepEqual(decisions, nativeOf(kind));
      assert.deepEqual(loadSync().predictMany(records), decisions);
    });

    test("scores are onnxruntime's", () => {
      expectedOf(kind).forEach((theirs, row) => {
        const found = Object.values(gate.scores(records[row]));
        assert.equal(found.length, theirs.length);
        theirs.forEach((score, at) => close(found[at], score, `row ${row}`));
      });
    });

    test("what is no record is refused, with neither number nor label", () => {
      const [record] = records;
      const [input] = Object.keys(record);
      for (const broken of [{}, { ...record, [input]: "1" }, { ...record, [input]: NaN }]) {
        const { action, value, labels, label, violations } = gate.predict(broken);
        assert.equal(action, "reject");
        assert.deepEqual([value, labels ?? null, label], [null, null, null]);
        assert.ok(violations.length > 0);
      }
    });
  });
}

test("a regression answers a number with its interval where that is narrow enough", () => {
  const { interval: policy } = policyOf("regression").value;
  const { decisions } = of.regression;
  assert.deepEqual(reasons(decisions), new Set(["within_bounds", "wide_interval"]));
  for (const { action, reason, value, predicted_value, interval, label, scores } of decisions) {
    const bin = policy.edges.filter((edge) => edge <= predicted_value).length;
    const half = policy.half_widths[bin];
    assert.deepEqual(interval, [predicted_value - half, predicted_value + half]);
    const narrow = half <= policy.tolerance;
    assert.equal(reason, narrow ? "within_bounds" : "wide_interval");
    assert.equal(action, narrow ? "accept" : "escalate");
    assert.equal(value, narrow ? predicted_value : null);
    assert.deepEqual([label, scores], [null, null]);
  }
});

test("a ranking is acted on from its certified score", () => {
  const { minimum } = policyOf("ranking").value;
  const { decisions } = of.ranking;
  assert.deepEqual(reasons(decisions), new Set(["within_bounds", "out_of_bounds"]));
  for (const { action, value, predicted_value } of decisions) {
    const reached = predicted_value >= minimum;
    assert.equal(action, reached ? "accept" : "escalate");
    assert.equal(value, reached ? predicted_value : null);
  }
});

test("several labels are answered where the least certain of them is certain enough", () => {
  const { labels } = policyOf("multilabel");
  const { decisions } = of.multilabel;
  assert.deepEqual(reasons(decisions), new Set(["confident", "low_confidence"]));
  for (const { action, confidence, scores, labels: found, uncertain = [] } of decisions) {
    const sure = Object.entries(scores).map(([label, p]) => [label, Math.max(p, 1 - p)]);
    assert.equal(confidence, Math.min(...sure.map(([, c]) => c)));
    const below = sure.filter(([label, c]) => c < labels[label].threshold).map(([label]) => label);
    assert.deepEqual(uncertain, below);
    assert.equal(action, below.length === 0 ? "accept" : "escalate");
    const held = Object.keys(scores).filter((label) => scores[label] >= 0.5);
    assert.deepEqual(found, below.length === 0 ? held : undefined);
  }
});

test("outcomes of numbers and of several labels are counted", () => {
  for (const [kind, right] of [
    ["regression", ({ predicted_value }) => ({ value: predicted_value + 3 })],
    ["multilabel", ({ scores }) => ({ labels: Object.keys(scores).filter((l) => scores[l] >= 0.5) })],
  ]) {
    const { loadSync, records } = of[kind];
    const gate = loadSync();
    const told = [];
    gate.onEscalate((escalation) => told.push(escalation));
    records.forEach((record) => gate.predict(record));
    assert.ok(told.length > 0, kind);
    for (const { id, decision } of told) {
      const answered = gate.outcome(id, right(decision));
      assert.ok(answered, `${kind} ${id}`);
    }
  }
});
