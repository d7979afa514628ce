// Measures the flights gate in the WebAssembly that ships.
//
//     node xtask/js/bench.mjs target/flights ROUNDS
//
// Each figure is the minimum and the median over the rounds, which are interleaved, so that what
// else the machine does falls on all of them alike.

import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { readCells, recordOf } from "../../examples/flights/rows.mjs";
import { table } from "./table.mjs";

const [folder, rounds, only] = process.argv.slice(2);
const packageUrl = pathToFileURL(`${resolve(folder)}/package/node.js`).href;
const rowsUrl = new URL("../../examples/flights/production.csv.gz", import.meta.url);

if (only === "cold") {
  const start = performance.now();
  const { load } = await import(packageUrl);
  const gate = await load();
  gate.predict({});
  console.log(performance.now() - start);
  process.exit(0);
}

const { load } = await import(packageUrl);
const gate = await load();
const silent = await load(undefined, { summary: false });
const records = readCells(rowsUrl)
  .slice(0, 2000)
  .map((cells) => recordOf(gate.info.inputs, cells));
const broken = records.map((record) => ({ ...record, distance: String(record.distance) }));

/** Name, what is done, and how many records that is. */
const CASES = [
  ["predict, one call a record", () => records.forEach((record) => gate.predict(record))],
  ["predict, counting switched off", () => records.forEach((record) => silent.predict(record))],
  ["predictMany, 2 000 records", () => gate.predictMany(records)],
  ["predictMany, counting switched off", () => silent.predictMany(records)],
  ["validate", () => records.forEach((record) => gate.validate(record))],
  ["predict, record refused", () => broken.forEach((record) => gate.predict(record))],
];

CASES.forEach(([, run]) => run());
const times = CASES.map(() => []);
const cold = [];
for (let round = 0; round < Number(rounds); round += 1) {
  // there and back, so that none always comes after the same other
  const order = [...CASES.keys()];
  for (const at of round % 2 === 0 ? order : order.reverse()) {
    const [, run] = CASES[at];
    const start = performance.now();
    run();
    times[at].push((1000 * (performance.now() - start)) / records.length);
  }
  const args = [fileURLToPath(import.meta.url), folder, rounds, "cold"];
  cold.push(Number(execFileSync(process.execPath, args, { encoding: "utf8" })));
}

const row = (name, values, unit) => {
  const sorted = [...values].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  return [name, `${sorted[0].toFixed(2)} ${unit}`, `${median.toFixed(2)} ${unit}`];
};
console.log(
  table(
    [`Node.js ${process.version}`, "minimum", "median"],
    [
      ...CASES.map(([name], at) => row(`${name}, per record`, times[at], "µs")),
      row("fresh process: import, load, first decision", cold, "ms"),
    ],
  ),
);
// round by round, since the two follow each other at once
const added = (on, off) => {
  const shares = times[on].map((time, round) => 100 * (time / times[off][round] - 1));
  return `${shares.sort((a, b) => a - b)[Math.floor(shares.length / 2)].toFixed(1)} %`;
};
console.log(`\ncounting adds, median over rounds: ${added(0, 1)} to predict, ${added(2, 3)} to predictMany\n`);
