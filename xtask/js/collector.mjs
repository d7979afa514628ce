// Sends a gate's counts to a collector, a day at a time, and asks it what it made of a month.

import { randomUUID } from "node:crypto";

const DAY_MS = 86_400_000;

/** Verdicts, the gravest first. */
const VERDICTS = ["drifted", "slight", "stable", "too_few"];

/** What a gate of this package counted, under the name that all copies of the package share. */
const reporterOf = (gate) => gate[Symbol.for("driftline.reporter")];

const fill = (bytes) => crypto.getRandomValues(new Uint8Array(bytes));

/**
 * Predicts the rows in the order of their days, tells the gate what became of each, and sends each
 * day's counts as one beacon in mode `pseudonymous`.
 *
 * @param {object} gate
 * @param {{ record: { scheduled_departure: string }, late: boolean }[]} rows
 * @param {string} url the collector's
 * @returns {Promise<number>} beacons that the collector counted
 */
export async function replay(gate, rows, url) {
  const reporter = reporterOf(gate);
  const days = new Map();
  for (const row of rows) {
    const day = Math.floor(Date.parse(row.record.scheduled_departure) / DAY_MS);
    days.set(day, [...(days.get(day) ?? []), row]);
  }
  const instance = randomUUID();
  let seq = 0;
  reporter.take();
  for (const day of [...days.keys()].sort((a, b) => a - b)) {
    for (const { record, late } of days.get(day)) {
      const id = gate.track(gate.predict(record));
      gate.outcome(id, { label: late ? "late" : "on_time" });
    }
    const header = {
      id: randomUUID(),
      mode: "pseudonymous",
      start_ms: day * DAY_MS,
      end_ms: (day + 1) * DAY_MS,
      host: "node",
      sdk: "0.1.0",
      instance,
      seq,
      users: null,
      rate: 1,
      feature: null,
      key: null,
    };
    await post(url, reporter.encode(reporter.take(), header, fill));
    seq += 1;
  }
  return seq;
}

async function post(url, body) {
  const response = await fetch(new URL("/v1/beacons", url), {
    method: "POST",
    body,
    headers: { "content-type": "text/plain;charset=UTF-8" },
  });
  if (response.status !== 204) throw new Error(`the collector answers ${response.status}: ${await response.text()}`);
}

async function get(url, path) {
  const response = await fetch(new URL(path, url));
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

/**
 * What the collector says of a span of time: its inputs, the gravest first, and the accuracy as it
 * is estimated from confidence and as outcomes realised it.
 *
 * @param {string} url
 * @param {string} identity
 * @param {string} from RFC 3339, and before `to`
 * @param {string} to
 */
export async function ask(url, identity, from, to) {
  const model = `/v1/models/${encodeURIComponent(identity)}`;
  const span = `from=${from}&to=${to}`;
  const [{ layouts }, { registrations }, { counts }] = await Promise.all([
    get(url, `${model}/drift?${span}`),
    get(url, model),
    get(url, `${model}/counts?${span}`),
  ]);
  const inputs = layouts[0].groups[0].inputs.toSorted(
    (a, b) => VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict) || b.effect - a.effect,
  );
  const blocks = registrations[0].summary.blocks;
  const sum = (kind) => {
    const at = blocks.findIndex((block) => block.kind === kind);
    const rows = counts.filter(({ block }) => block === at);
    return blocks[at].cells.map((_, cell) => rows.reduce((all, { cells }) => all + cells[cell], 0));
  };
  const total = (cells) => cells.reduce((all, count) => all + count, 0);
  // the last cell of labels is that of records without an answer
  const answers = total(sum("label").slice(0, -1));
  // confidence is summed in millionths
  const estimated = total(sum("confidence_sum")) / 1e6 / answers;
  // wrong and right alternate by bin of the confidence, 20 bins, then by action
  const [wrong, right] = [0, 1].map((odd) =>
    total(sum("outcome_correct").filter((_, at) => at < 40 && at % 2 === odd)),
  );
  return { inputs, estimated, realised: right / (right + wrong) };
}
