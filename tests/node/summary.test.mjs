// Counts: equal to the decisions made, kept over a trap, bounded, and free of the records' text.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { cells, full, tally, total } from "../lib/counts.mjs";
import { flights, good, rows } from "../lib/flights.mjs";
import { exhaust, large, watch } from "../lib/traps.mjs";

const { DriftlineError, reporterOf } = flights;
const plain = flights.loadSync();
const { records } = rows(plain.info.inputs, "production.csv.gz");
const some = records.slice(0, 3000);

/** Bins of the checked-in baseline, counted in JavaScript. */
function expectedBins(block, inputs) {
  const edges = block.cells.flatMap((name) => {
    const [, low, high, end] = /^\[(.+), (.+)([\])])$/.exec(name) ?? [];
    return low === undefined ? [] : [{ name, low: Number(low), high: Number(high), last: end === "]" }];
  });
  return tally(inputs, (x) => {
    if (x === null || x === undefined) return "missing";
    if (x < edges[0].low) return "below";
    const bin = edges.find(({ low, high, last }) => x >= low && (x < high || (last && x === high)));
    return bin?.name ?? "above";
  });
}

describe("counts", () => {
  test("equal the decisions made on real rows, one by one and in batches", () => {
    const gate = flights.loadSync();
    const broken = some.slice(0, 50).map((record) => ({ ...record, distance: "far" }));
    const unknown = some.slice(50, 70).map((record) => ({ ...record, carrier: "XX" }));
    const decisions = [...some, ...broken, ...unknown].map((record) => gate.predict(record));
    decisions.push(...gate.predictMany(some));
    assert.equal(gate.summary().records, decisions.length);
    assert.deepEqual(full(cells(gate, "action")), tally(decisions, ({ action }) => action));
    assert.deepEqual(full(cells(gate, "reason")), tally(decisions, ({ reason }) => reason));
    assert.deepEqual(full(cells(gate, "label")), tally(decisions, ({ predicted }) => predicted ?? "none"));
    const violations = tally(decisions, (d) => d.violations.map(({ input, code }) => `${input}/${code}`));
    assert.deepEqual(full(cells(gate, "violation")), violations);
    assert.ok(violations["distance/wrong_type"] === 50 && violations["carrier/not_in_set"] === 20);
    for (const label of gate.info.labels) {
      const mine = decisions.filter(({ predicted }) => predicted === label);
      const bins = Object.values(cells(gate, "confidence", label));
      mine.forEach(({ confidence }) => (bins[Math.min(Math.floor(confidence * 20), 19)] -= 1));
      assert.deepEqual(new Set(bins), new Set([0]));
      const sum = mine.reduce((all, { confidence }) => all + Math.floor(confidence * 1e6 + 0.5), 0);
      assert.equal(cells(gate, "confidence_sum")[label], sum);
    }
    assert.ok(total(cells(gate, "latency")) >= Math.floor((some.length + 70) / 16));
  });

  test("of inputs are those of the baseline's bins", () => {
    const gate = flights.loadSync();
    gate.predictMany(some);
    const { blocks } = gate.info.summary;
    for (const block of blocks.filter(({ kind }) => kind === "input")) {
      const { name } = block;
      const found = full(cells(gate, "input", name));
      assert.equal(total(found), some.length, name);
      const values = some.map((record) => record[name]);
      if (name === "scheduled_departure") continue;
      const expected = ["carrier", "origin", "dest"].includes(name)
        ? tally(values, (value) => (block.cells.includes(value) ? value : "unseen"))
        : expectedBins(block, values);
      assert.deepEqual(found, expected, name);
    }
    // the hour on New York's clock, by another implementation
    const clock = new Intl.DateTimeFormat("en", { timeZone: "America/New_York", hour: "numeric", hourCycle: "h23" });
    const hours = tally(some, (record) => Number(clock.format(new Date(record.scheduled_departure))));
    const bins = full(cells(gate, "input", "scheduled_departure"));
    assert.deepEqual(
      Object.fromEntries(Object.entries(bins).map(([name, n]) => [Number(/\d+/.exec(name)[0]), n])),
      hours,
    );
  });

  test("go on while the kill switch is on, and not for what is no decision", () => {
    const gate = flights.loadSync();
    gate.validate(good());
    gate.scores(good());
    assert.equal(gate.summary().counts.some((n) => n > 0), false);
    gate.kill("a drill");
    gate.predictMany([good(), {}]);
    assert.deepEqual(full(cells(gate, "reason")), { killed: 2 });
    assert.equal(total(cells(gate, "input", "distance")), 2);
  });

  test("are not made where they are switched off", () => {
    const gate = flights.loadSync(undefined, { summary: false });
    gate.predictMany(some.slice(0, 20));
    for (let n = 0; n < 40; n += 1) gate.predict(good());
    assert.equal(gate.summary().counts.some((n) => n > 0), false);
  });
});

describe("a reporter", () => {
  test("takes, puts back, and adds what another gate of the bundle counted", () => {
    const [first, second] = [flights.loadSync(), flights.loadSync()];
    first.predictMany(some.slice(0, 100));
    second.predictMany(some.slice(100, 300));
    const whole = flights.loadSync();
    whole.predictMany(some.slice(0, 300));
    const reporter = reporterOf(first);
    const taken = reporter.take();
    assert.equal(taken[0], 100);
    assert.equal(reporter.peek()[0], 0);
    reporter.add(reporterOf(second).take());
    reporter.add(taken);
    assert.deepEqual(reporter.peek(), reporterOf(whole).peek());
    assert.equal(reporter.identity, first.identity);
    assert.equal(reporter.layout, first.info.summary);
    assert.equal(reporter.layout.cells, taken.length);
  });

  test("refuses what are no counts of this layout, and adds nothing", () => {
    const gate = flights.loadSync();
    gate.predict(good());
    const reporter = reporterOf(gate);
    const before = reporter.peek();
    const changed = (at, value) => Object.assign(before.slice(), { [at]: value });
    for (const [counts, code] of [
      [changed(7, 0.5), "summary_invalid"],
      [changed(7, -1), "summary_invalid"],
      [changed(7, Number.NaN), "summary_invalid"],
      [changed(7, 2 ** 53), "summary_invalid"],
      [changed(0, 2 ** 53 - 1), "summary_invalid"],
      [before.slice(1), "summary_mismatch"],
    ]) {
      assert.throws(() => reporter.add(counts), { code });
      // the refusal itself is counted as an error of a call
      const after = reporter.peek();
      const differs = [...after.keys()].filter((at) => after[at] !== before[at]);
      assert.equal(differs.length, 1);
      assert.throws(() => reporterOf({}), { code: "bad_usage" });
    }
    assert.deepEqual(full(cells(gate, "fault")), { error: 6 });
  });
});

describe("segments", () => {
  const segments = { country: ["US", "DE"], arm: ["a", "b"] };

  test("count apart what is declared, and together what is not", () => {
    const gate = flights.loadSync(undefined, { summary: { segments } });
    gate.segment({ country: "DE", arm: "a" });
    gate.predictMany(some.slice(0, 10));
    gate.segment({ country: "<script>" });
    gate.predictMany(some.slice(10, 15));
    const country = full(cells(gate, "segment", "country"));
    assert.equal(country["DE/records"], 10);
    assert.equal(country["(other)/records"], 5);
    assert.equal(country["US/records"], undefined);
    const arm = full(cells(gate, "segment", "arm"));
    assert.deepEqual([arm["a/records"], arm["(other)/records"]], [10, 5]);
    assert.notEqual(gate.info.summary.id, plain.info.summary.id);
    assert.throws(() => gate.segment({ city: "Rome" }), { code: "bad_usage" });
    assert.throws(() => plain.segment({ country: "US" }), { code: "bad_usage" });
  });

  test("are bounded", () => {
    const many = Array.from({ length: 33 }, (_, n) => `v${n}`);
    for (const [summary, code] of [
      [{ segments: { country: many } }, "input_too_large"],
      [{ segments: { a: [], b: [], c: [], d: [], e: [] } }, "input_too_large"],
      [{ metrics: many }, "input_too_large"],
      [{ metrics: ["revenue", "revenue"] }, "bad_usage"],
      [{ remember: 0 }, "bad_usage"],
      [{ timeout_minutes: Number.NaN }, "bad_usage"],
    ]) {
      assert.throws(() => flights.loadSync(undefined, { summary }), (raised) => {
        assert.ok(raised instanceof DriftlineError, String(raised));
        assert.equal(raised.code, code, JSON.stringify(summary));
        return true;
      });
    }
  });
});

describe("a trap", () => {
  let watched;
  before(() => (watched = watch()));
  after(() => watched.end());

  test("loses no counts, no segment and no decision that waits for its outcome", () => {
    const gate = flights.loadSync(undefined, { summary: { segments: { arm: ["a"] }, metrics: ["revenue"] } });
    gate.segment({ arm: "a" });
    const decisions = some.slice(0, 500).map((record) => gate.predict(record));
    const id = gate.track(decisions[0]);
    const before = gate.summary().counts;
    for (let traps = 1; traps <= 2; traps += 1) {
      exhaust(watched.instances.at(-1));
      assert.throws(() => gate.predictMany(large()), { code: "trap" });
      const expected = before.slice();
      const { at } = gate.info.summary.blocks.find(({ kind }) => kind === "fault");
      expected[at + 1] = traps;
      assert.deepEqual(gate.summary().counts, expected);
    }
    gate.predict(some[500]);
    assert.equal(gate.summary().records, 501);
    assert.equal(cells(gate, "segment", "arm")["a/records"], 501);
    gate.outcome(id, { label: "late", metrics: { revenue: 1 } });
    assert.equal(total(cells(gate, "outcome_truth")), 1);
    assert.equal(cells(gate, "outcome_metric", "revenue")[`sum/${decisions[0].action}`], 1_000_000);
  });

  test("a million predictions take no memory", () => {
    const gate = flights.loadSync();
    const { memory } = watched.instances.at(-1).exports;
    const mixed = [some[0], some[1], { ...good(), carrier: "XX" }, { ...good(), distance: -1 }];
    const run = (n) => {
      for (let at = 0; at < n; at += 1) gate.predict(mixed[at % mixed.length]);
    };
    run(20_000);
    const pages = memory.buffer.byteLength;
    const heap = used();
    run(1_000_000);
    assert.equal(memory.buffer.byteLength, pages, "pages of WebAssembly memory");
    const grown = used() - heap;
    assert.ok(grown < 200_000, `the JavaScript heap grew by ${grown} bytes`);
    assert.equal(gate.summary().records, 1_020_000);
  });
});

/** The heap after it was collected. */
function used() {
  for (let n = 0; n < 3; n += 1) globalThis.gc();
  return process.memoryUsage().heapUsed;
}
