// What a gate answers: golden rows, rows and columns alike, instants, its own description.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { readCells } from "../../examples/flights/rows.mjs";
import { data, flights, good, packageFile, rows } from "../lib/flights.mjs";

const gate = flights.loadSync();
const { inputs } = gate.info;

test("golden rows have the training pipeline's probabilities within 1e-6", () => {
  const { records } = rows(inputs, "golden.csv");
  const expected = readCells(data("golden_expected.csv"));
  assert.equal(records.length, expected.length);
  records.forEach((record, at) => {
    const { scores } = gate.predict(record);
    for (const label of gate.info.labels) {
      const gap = Math.abs(scores[label] - Number(expected[at][`p_${label}`]));
      assert.ok(gap <= 1e-6, `row ${at}, ${label}: ${gap}`);
    }
  });
});

describe("rows and columns", () => {
  const { records } = rows(inputs, "production.csv.gz");
  const one = records.map((record) => gate.predict(record));

  test("many records at once are decided as one by one", () => {
    assert.deepEqual(gate.predictMany(records), one);
  });

  test("columns are decided as rows", () => {
    const columns = Object.fromEntries(
      inputs.map(({ name }) => [name, records.map((record) => record[name])]),
    );
    columns.distance = Float64Array.from(columns.distance);
    assert.deepEqual(gate.predictMany(columns), one);
  });

  test("no rows, no decisions", () => {
    assert.deepEqual(gate.predictMany([]), []);
    assert.deepEqual(gate.predictMany({ distance: [] }), []);
  });

  test("NaN in a typed column is no missing value", () => {
    const columns = Object.fromEntries(Object.entries(good()).map(([name, v]) => [name, [v, v]]));
    columns.temp = Float64Array.of(75.2, Number.NaN);
    const [first, second] = gate.predictMany(columns);
    assert.deepEqual(first, gate.predict(good()));
    assert.equal(second.action, "reject");
    assert.deepEqual(second.violations.map(({ code }) => code), ["not_finite"]);
  });

  test("bad columns are errors that name the column", () => {
    const cases = [
      [{ distance: [1, 2], temp: [1] }, "temp"],
      [{ distance: [1], temp: "7" }, "temp"],
      [{ distance: 1069 }, "distance"],
      [{ distance: new DataView(new ArrayBuffer(8)) }, "distance"],
    ];
    for (const [columns, path] of cases) {
      assert.throws(() => gate.predictMany(columns), { code: "bad_input", place: { path } });
    }
    for (const columns of [{}, null, undefined, 7, "rows"]) {
      assert.throws(() => gate.predictMany(columns), { code: "bad_input" });
    }
  });
});

describe("instants", () => {
  const at = (scheduled_departure) => gate.predict({ ...good(), scheduled_departure });
  const same = {
    "a summer day": ["2013-07-01T21:30:00Z", "2013-07-01T17:30:00-04:00"],
    "the last minute before the gap in March": ["2013-03-10T06:59:00Z", "2013-03-10T01:59:00-05:00"],
    "the first minute after the gap": ["2013-03-10T07:00:00Z", "2013-03-10T03:00:00-04:00"],
    "01:30 in November, the first time": ["2013-11-03T05:30:00Z", "2013-11-03T01:30:00-04:00"],
    "01:30 in November, the second time": ["2013-11-03T06:30:00Z", "2013-11-03T01:30:00-05:00"],
  };
  for (const [name, [utc, local]] of Object.entries(same)) {
    test(`${name} is the same in UTC, in New York time and as a Date`, () => {
      const decision = at(utc);
      assert.notEqual(decision.scores, null);
      assert.deepEqual(at(local), decision);
      assert.deepEqual(at(new Date(utc)), decision);
    });
  }

  test("an hour that is read in the wrong zone would change the answer", () => {
    assert.notDeepEqual(at("2013-07-01T21:30:00Z").scores, at("2013-07-01T17:30:00Z").scores);
  });

  test("without an offset the record is refused", () => {
    const { action, reason, violations } = at("2013-07-01T17:30:00");
    assert.deepEqual([action, reason], ["reject", "violation"]);
    assert.equal(violations[0].code, "missing_offset");
    assert.equal(violations[0].input, "scheduled_departure");
  });
});

describe("the gate itself", () => {
  test("says what it is", () => {
    assert.match(gate.identity, /^sha256:[0-9a-f]{64}$/);
    assert.equal(gate.info.identity, gate.identity);
    assert.equal(gate.predict(good()).identity, gate.identity);
    assert.deepEqual(gate.info.labels, ["on_time", "late"]);
    assert.equal(gate.info.runtime, "plan");
    assert.equal(gate.info.default_label, "on_time");
    assert.ok(gate.info.thresholds.late.threshold > 0.5);
    const distance = inputs.find(({ name }) => name === "distance");
    assert.deepEqual(
      [distance.type, distance.unit, distance.minimum, distance.maximum, distance.exclusive_minimum],
      ["number", "mi", 0, 5500, true],
    );
  });

  test("validates without deciding", () => {
    assert.deepEqual(gate.validate(good()), []);
    assert.deepEqual(
      gate.validate({ ...good(), distance: "12" }).map(({ code, input }) => [code, input]),
      [["wrong_type", "distance"]],
    );
  });

  test("gives raw scores that the decision repeats", () => {
    assert.deepEqual([...gate.scores(good())], Object.values(gate.predict(good()).scores));
    assert.equal(gate.scores({ ...good(), distance: null }), null);
  });

  test("is of no use after it was disposed of", () => {
    const other = flights.loadSync();
    other.dispose();
    other.dispose();
    for (const call of [
      () => other.predict(good()),
      () => other.predictMany([good()]),
      () => other.validate(good()),
      () => other.scores(good()),
    ]) {
      assert.throws(call, { code: "disposed" });
    }
    assert.equal(other.identity, gate.identity);
  });

  test("can be disposed of by `using`", () => {
    const dispose = Symbol.dispose ?? Symbol.for("Symbol.dispose");
    const other = flights.loadSync();
    other[dispose]();
    assert.throws(() => other.predict(good()), { code: "disposed" });
  });

  test("the package needs no other", () => {
    const manifest = JSON.parse(readFileSync(packageFile("package.json"), "utf8"));
    assert.equal(manifest.dependencies, undefined);
    assert.equal(manifest.type, "module");
  });
});
