// Measures validation of the flights record: the gate in WebAssembly, and ajv with the JSON Schema
// that `driftline export` writes of the same contract.
//
//     node xtask/js/bench-contract.mjs target/flights ROUNDS
//
// Rounds are interleaved; minimum and median are printed.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { readCells, recordOf } from "../../examples/flights/rows.mjs";
import { table } from "./table.mjs";

const [folder, rounds] = process.argv.slice(2);
const { load } = await import(pathToFileURL(`${resolve(folder)}/package/node.js`).href);
const gate = await load();
const rowsUrl = new URL("../../examples/flights/production.csv.gz", import.meta.url);
const records = readCells(rowsUrl)
  .slice(0, 2000)
  .map((cells) => recordOf(gate.info.inputs, cells));
const texts = records.map((record) => JSON.stringify(record));

const ajv = new Ajv({ allErrors: true, strict: false });
addFormats(ajv);
const check = ajv.compile(JSON.parse(readFileSync(`${folder}/record.schema.json`, "utf8")));
const { version } = createRequire(import.meta.url)("ajv/package.json");

const rejects = (record) => gate.validate(record).some((v) => v.severity === "reject");
const differ = records.filter((record) => check(record) === rejects(record)).length;
if (differ > 0) throw new Error(`${differ} records are judged differently`);

/** Name, and what is done with all records. */
const CASES = [
  ["gate.validate in WebAssembly, an object", () => records.forEach((r) => gate.validate(r))],
  [`ajv ${version}, an object`, () => records.forEach((r) => check(r))],
  ["JSON.parse and gate.validate", () => texts.forEach((t) => gate.validate(JSON.parse(t)))],
  [`JSON.parse and ajv ${version}`, () => texts.forEach((t) => check(JSON.parse(t)))],
];

CASES.forEach(([, run]) => run());
const times = CASES.map(() => []);
for (let round = 0; round < Number(rounds); round += 1) {
  CASES.forEach(([, run], at) => {
    const start = performance.now();
    run();
    times[at].push((1000 * (performance.now() - start)) / records.length);
  });
}
const row = (name, values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  return [name, `${sorted[0].toFixed(2)} µs`, `${median.toFixed(2)} µs`];
};
console.log(
  table(
    [`Node.js ${process.version}, per record`, "minimum", "median"],
    CASES.map(([name], at) => row(name, times[at])),
  ),
);
