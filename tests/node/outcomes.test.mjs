// Outcomes: truth and metrics come to the cells of their decision, by id or by token.

import assert from "node:assert/strict";
import { describe, mock, test } from "node:test";
import { cells, full, tally, total } from "../lib/counts.mjs";
import { flights, good, rows } from "../lib/flights.mjs";

const { outcomeByToken, signToken } = flights;
const plain = flights.loadSync();
const some = rows(plain.info.inputs, "production.csv.gz").records.slice(0, 3000);

describe("outcomes", () => {
  const summary = { metrics: ["revenue", "conversion"], remember: 100, timeout_minutes: 10 };
  const open = (more) => flights.loadSync(undefined, { summary: { ...summary, ...more } });

  test("come to the label, confidence and action of their decision", () => {
    const gate = open({ segments: { arm: ["a"] } });
    gate.segment({ arm: "a" });
    const decisions = some.slice(0, 60).map((record) => gate.predict(record));
    const ids = decisions.map((decision) => gate.track(decision));
    gate.segment({});
    decisions.forEach((decision, nth) => {
      const label = nth % 3 === 0 ? "late" : "on_time";
      const metrics = nth % 2 === 0 ? { metrics: { revenue: 1.25 } } : {};
      const outcome = gate.outcome(ids[nth], { label, ...metrics });
      assert.deepEqual([outcome.id, outcome.late, outcome.record], [ids[nth], false, null]);
    });
    const truth = tally(decisions.keys(), (nth) => {
      return `true ${nth % 3 === 0 ? "late" : "on_time"}/predicted ${decisions[nth].predicted}`;
    });
    assert.deepEqual(full(cells(gate, "outcome_truth")), truth);
    const correct = cells(gate, "outcome_correct");
    const right = decisions.filter(({ predicted }, n) => predicted === (n % 3 === 0 ? "late" : "on_time"));
    const counted = Object.entries(correct).filter(([name]) => name.startsWith("[") && name.endsWith("right"));
    assert.equal(total(Object.fromEntries(counted)), right.length);
    const revenue = full(cells(gate, "outcome_metric", "revenue"));
    const sums = tally(decisions.filter((_, nth) => nth % 2 === 0), ({ action }) => `count/${action}`);
    for (const [name, n] of Object.entries(sums)) {
      assert.equal(revenue[name], n);
      assert.equal(revenue[name.replace("count", "sum")], 1_250_000 * n);
    }
    assert.deepEqual(full(cells(gate, "outcome_metric", "conversion")), {});
    assert.deepEqual(full(cells(gate, "outcome_follow")), { answered: 60 });
    const arm = full(cells(gate, "segment", "arm"));
    assert.equal(arm["a/right"], right.length, "counted where the decision was made");
    assert.equal(arm["a/revenue/count"], 30);
  });

  test("of escalated decisions count too", () => {
    const gate = open();
    gate.onEscalate(() => {});
    const asked = some.map((record) => gate.predict(record)).find(({ action }) => action === "escalate");
    assert.equal(gate.track(asked), asked.id);
    gate.outcome(asked.id, { label: "late" });
    assert.deepEqual(full(cells(gate, "outcome_truth")), { [`true late/predicted ${asked.predicted}`]: 1 });
    assert.equal(cells(gate, "outcome_follow").answered, 1);
  });

  test("are remembered within bounds, each once, and until their time-out", () => {
    mock.timers.enable({ apis: ["Date"], now: 1e12 });
    try {
      const gate = open();
      const decision = gate.predict(good());
      const ids = Array.from({ length: 250 }, () => gate.track(decision));
      assert.equal(new Set(ids).size, 250);
      ids.slice(0, 150).forEach((id) => gate.outcome(id, { label: "late" }));
      assert.deepEqual(full(cells(gate, "outcome_follow")), { unknown: 150, forgotten: 150 });
      gate.outcome(ids[150], { label: "late" });
      gate.outcome(ids[150], { label: "late" });
      for (const id of ["", "x", `${ids[160]} `, ids[160].toUpperCase(), "-4g", ids[160].replace(/-.*/, "-")]) {
        gate.outcome(id, { label: "late" });
      }
      assert.deepEqual(full(cells(gate, "outcome_follow")), { answered: 1, unknown: 157, forgotten: 150 });
      mock.timers.tick(10 * 60_000 + 1);
      assert.equal(gate.outcome(ids[200], { label: "late" }).late, true);
      const follow = { answered: 2, late: 1, unknown: 157, forgotten: 150 };
      // the late one had timed out as the others did, but nobody had looked yet
      assert.deepEqual(full(cells(gate, "outcome_follow")), { ...follow, timed_out: 98 });
      assert.equal(cells(gate, "outcome_follow").timed_out, 98, "once");
      // what timed out is not forgotten a second time
      Array.from({ length: 100 }, () => gate.track(decision));
      assert.deepEqual(full(cells(gate, "outcome_follow")), { ...follow, timed_out: 98 });
    } finally {
      mock.timers.reset();
    }
  });

  test("that do not fit are refused, and can be sent again", () => {
    const gate = open();
    const id = gate.track(gate.predict(good()));
    for (const answer of [
      {},
      { metrics: {} },
      { label: "early" },
      { metrics: { profit: 1 } },
      { metrics: { revenue: Number.NaN } },
      { metrics: { revenue: "1" } },
      { metrics: { revenue: -1 } },
      { label: "late", metrics: { revenue: 1e7 } },
    ]) {
      assert.throws(() => gate.outcome(id, answer), { code: "bad_usage" }, JSON.stringify(answer));
    }
    assert.deepEqual(full(cells(gate, "outcome_truth")), {});
    assert.deepEqual(full(cells(gate, "outcome_follow")), {});
    gate.outcome(id, { metrics: { conversion: 1 } });
    assert.deepEqual(full(cells(gate, "outcome_follow")), { answered: 1 });
    const foreign = { ...gate.predict(good()), identity: "sha256:00" };
    assert.throws(() => gate.track(foreign), { code: "bad_usage" });
  });
});

describe("tokens", () => {
  const key = crypto.getRandomValues(new Uint8Array(32));
  const summary = { metrics: ["revenue"], segments: { arm: ["a", "b"] } };
  const open = () => flights.loadSync(undefined, { summary });
  const now = 1.7e12;
  const bytes = (part) => Buffer.from(part, "base64url");

  test("carry the cells of a decision to another process, and nothing of the record", async () => {
    const gate = open();
    gate.segment({ arm: "b" });
    const decision = gate.predict(good());
    const token = await signToken(gate, decision, { key, hours: 24, now });
    const payload = bytes(token.split(".")[1]);
    assert.equal(payload.length, 36);
    assert.equal(payload.subarray(1, 9).toString("hex"), gate.identity.slice(7, 23));
    assert.equal(payload.subarray(9, 17).toString("hex"), gate.info.summary.id);
    assert.equal(payload.readUInt32BE(17), Math.ceil(now / 3.6e6 + 24));
    const bin = Math.floor(decision.confidence * 20);
    const label = gate.info.labels.indexOf(decision.predicted);
    const action = ["accept", "default", "escalate", "reject"].indexOf(decision.action);
    assert.deepEqual([...payload.subarray(29)], [action, bin, 1, 1, 1, 0, label]);
    const other = await signToken(gate, decision, { key, hours: 24, now });
    assert.notEqual(other, token, "good for one use each");

    const later = open();
    await outcomeByToken(later, token, { label: "late", metrics: { revenue: 2 } }, { key, now });
    assert.deepEqual(full(cells(later, "outcome_truth")), { [`true late/predicted ${decision.predicted}`]: 1 });
    assert.equal(cells(later, "segment", "arm")["b/revenue/sum"], 2_000_000);
    await assert.rejects(outcomeByToken(later, token, { label: "late" }, { key, now }), { code: "token_invalid" });
    await outcomeByToken(later, other, { label: "late" }, { key, now });
    assert.equal(cells(later, "outcome_follow").answered, 2);
  });

  test("are refused once they are changed, of another key or bundle, or expired", async () => {
    const gate = open();
    const decision = gate.predict(good());
    const token = await signToken(gate, decision, { key, hours: 1, now });
    const refused = (what, code, more = {}) => {
      const { to = gate, key: with_ = key, at = now } = more;
      return assert.rejects(outcomeByToken(to, what, { label: "late" }, { key: with_, now: at }), { code });
    };
    const [version, payload, mac] = token.split(".");
    for (let at = 0; at < bytes(payload).length; at += 1) {
      const changed = bytes(payload);
      changed[at] ^= 1;
      await refused(`${version}.${changed.toString("base64url")}.${mac}`, "token_invalid");
    }
    const short = bytes(mac).subarray(0, 16).toString("base64url");
    for (const text of [
      `${version}.${payload}.${short}`,
      `${version}.${payload}.`,
      `${version}.${payload}`,
      `dl2.${payload}.${mac}`,
      `${token}.x`,
      `${token}=`,
      ` ${token}`,
      "",
      "dl1...",
      `dl1.${"A".repeat(5000)}.${mac}`,
      undefined,
      {},
    ]) {
      await refused(text, "token_invalid");
    }
    await refused(token, "token_invalid", { key: crypto.getRandomValues(new Uint8Array(32)) });
    await refused(token, "token_invalid", { to: plain });
    await refused(token, "token_expired", { at: now + 2 * 3.6e6 });
    assert.deepEqual(full(cells(gate, "outcome_follow")), {});
    const weak = { key: new Uint8Array(16), now };
    await assert.rejects(signToken(gate, decision, weak), { code: "bad_usage" });
    await outcomeByToken(gate, token, { label: "late" }, { key, now });
    assert.equal(cells(gate, "outcome_follow").answered, 1);
  });
});
