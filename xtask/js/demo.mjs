// Runs the package that `driftline build` wrote over the checked-in production rows, in the
// WebAssembly that ships, and prints what the gate did in each month. With a collector's address the
// rows are replayed into it day by day, with their outcomes, and it is asked what it makes of them.
//
//     node xtask/js/demo.mjs target/flights [http://127.0.0.1:8787]

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { readCells, recordOf } from "../../examples/flights/rows.mjs";
import { ask, replay } from "./collector.mjs";
import { table } from "./table.mjs";

const [, , built, url] = process.argv;
const folder = pathToFileURL(`${resolve(built)}/`);
const { load } = await import(new URL("package/node.js", folder).href);

const ACTIONS = ["accept", "default", "escalate", "reject"];
const gate = await load();
const cells = readCells(new URL("../../examples/flights/production.csv.gz", import.meta.url));
const rows = cells.map((row) => ({ record: recordOf(gate.info.inputs, row), late: row.late === "1" }));

const months = new Map();
for (const row of rows) {
  const name = monthOf(row.record.scheduled_departure);
  months.set(name, [...(months.get(name) ?? []), row]);
}

// the engine compiles hot code while it runs; what it costs at first is not what is measured
rows.slice(0, 500).forEach(({ record }) => gate.predict(record));

const lines = [...months].map(([name, rows]) => [name, measure(rows)]);
console.log(`bundle ${gate.identity}`);
console.log(`${rows.length} rows of examples/flights/production.csv.gz, one call of predict() each\n`);
console.log(
  table(
    ["month", "rows", ...ACTIONS, "accurate", "violations", "rows/s"],
    [...lines.map(([name, result]) => format(name, result)), format("all", total(lines))],
  ),
);
console.log("\naccurate: share of the accepted rows whose label came true");
if (url !== undefined) await monitored();
gate.dispose();

/** Replays the rows into the collector and prints what it says of each month of UTC. */
async function monitored() {
  const start = performance.now();
  const sent = await replay(gate, rows, url);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`\n${sent} beacons, one a day in mode pseudonymous, counted by ${url} in ${seconds} s\n`);
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  const lines = [];
  for (let month = 6; month <= 12; month += 1) {
    const [from, to] = [month, month + 1].map((m) => new Date(Date.UTC(2013, m - 1)).toISOString());
    const { inputs, estimated, realised } = await ask(url, gate.identity, from, to);
    const drifted = inputs.filter(({ verdict }) => verdict === "drifted");
    const worst = inputs.slice(0, 3).map(({ name, verdict, effect }) => `${name} ${verdict} ${effect.toFixed(3)}`);
    const name = from.slice(0, 7);
    lines.push([name, `${drifted.length} of ${inputs.length}`, percent(estimated), percent(realised), worst.join(", ")]);
  }
  console.log(table(["month", "drifted", "estimated", "realised", "farthest from the training data"], lines));
  console.log(
    "\ndrifted: inputs beyond chance and by more than 0.025 in Hellinger's distance" +
      "\nestimated, realised: accuracy of all answers, from confidence alone and by outcomes",
  );
}

/** The month at New York, where the flights leave. */
function monthOf(instant) {
  return new Intl.DateTimeFormat("en-US", {
    timeZone: "America/New_York",
    year: "numeric",
    month: "2-digit",
  })
    .format(new Date(instant))
    .replace(/(\d+)\/(\d+)/, "$2-$1");
}

function measure(rows) {
  const start = performance.now();
  const decisions = rows.map(({ record }) => gate.predict(record));
  const ms = performance.now() - start;
  const count = (wanted) => decisions.filter(wanted).length;
  return {
    rows: rows.length,
    ms,
    actions: ACTIONS.map((action) => count((decision) => decision.action === action)),
    accepted: count(({ action }) => action === "accept"),
    right: decisions.filter(
      ({ action, label }, at) => action === "accept" && (label === "late") === rows[at].late,
    ).length,
    violations: decisions.reduce((sum, { violations }) => sum + violations.length, 0),
  };
}

function total(lines) {
  const results = lines.map(([, result]) => result);
  const sum = (key) => results.reduce((sum, result) => sum + result[key], 0);
  return {
    rows: sum("rows"),
    ms: sum("ms"),
    actions: ACTIONS.map((_, at) => results.reduce((sum, { actions }) => sum + actions[at], 0)),
    accepted: sum("accepted"),
    right: sum("right"),
    violations: sum("violations"),
  };
}

function format(name, { rows, ms, actions, accepted, right, violations }) {
  return [
    name,
    rows,
    ...actions,
    accepted === 0 ? "–" : `${((100 * right) / accepted).toFixed(1)} %`,
    violations,
    Math.round((1000 * rows) / ms),
  ];
}
