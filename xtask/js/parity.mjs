// Compares what three hosts made of all checked-in rows with each other and with Python.
//
//     node xtask/js/parity.mjs FOLDER
//
// The folder has node.txt and chromium.txt, as tests/parity/ prints them (the bits of each score),
// and FILE.jsonl of each file of rows, as `driftline predict` writes them (decisions).

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { readCells, recordOf } from "../../examples/flights/rows.mjs";
import { line } from "../../tests/parity/print.mjs";
import { table } from "./table.mjs";

/** Largest difference to Python's probabilities; its trees sum in binary64, ONNX in binary32. */
const TOLERANCE = 1e-6;

const [folder, packageDir] = process.argv.slice(2).map((path) => resolve(path));
const data = (name) => new URL(`../../examples/flights/${name}`, import.meta.url);
const { load } = await import(pathToFileURL(join(packageDir, "node.js")).href);
const gate = await load();
const { inputs, labels } = gate.info;

/** Rows and what Python said of them: `p_LABEL` in a column of theirs or of another file. */
const FILES = [
  ["golden.csv", "golden_expected.csv"],
  ["production.csv.gz", "production.csv.gz"],
  ["calibration.csv.gz", "calibration.csv.gz"],
];

const printed = Object.fromEntries(
  ["node", "chromium"].map((host) => [host, linesByRow(join(folder, `${host}.txt`))]),
);
const results = FILES.map(([file, expected]) => compare(file, readCells(data(expected))));
gate.dispose();

console.log(
  table(
    ["", "rows", "native = Node.js", "Chromium = Node.js", "decisions", "Python ≤ 1e-6", "largest"],
    results.map(({ file, rows, native, chromium, decisions, python, gap }) => [
      file, rows, native, chromium, decisions, python, gap.toExponential(2),
    ]),
  ),
);
// a kind of comparison holds for a file if it holds for every row
const KINDS = ["native", "chromium", "decisions", "python"];
const held = results.flatMap((result) => KINDS.map((kind) => result[kind] === result.rows));
const passed = held.filter(Boolean).length;
const failed = held.length - passed;
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function compare(file, expected) {
  const cells = readCells(data(file));
  const native = readFileSync(join(folder, `${file}.jsonl`), "utf8").trimEnd().split("\n");
  if (native.length !== cells.length || expected.length !== cells.length) {
    throw new Error(`${file}: ${cells.length} rows, ${native.length} native, ${expected.length} Python`);
  }
  const sum = { file, rows: cells.length, native: 0, chromium: 0, decisions: 0, python: 0, gap: 0 };
  cells.forEach((row, at) => {
    const decision = JSON.parse(native[at]);
    const scores = decision.scores && labels.map((label) => decision.scores[label]);
    const key = `${file} ${at}`;
    const bits = printed.node.get(key);
    sum.native += Number(line(file, at, scores) === bits);
    sum.chromium += Number(bits !== undefined && printed.chromium.get(key) === bits);
    sum.decisions += Number(same(decision, gate.predict(recordOf(inputs, row))));
    const gaps = labels
      .filter((label) => expected[at][`p_${label}`] !== undefined)
      .map((label) => Math.abs((decision.scores?.[label] ?? NaN) - Number(expected[at][`p_${label}`])));
    const gap = gaps.length === 0 ? NaN : Math.max(...gaps);
    sum.python += Number(gap <= TOLERANCE);
    sum.gap = Math.max(sum.gap, gap);
  });
  return sum;
}

/** As JSON tells them; a key that is absent there is null or absent here. */
function same(native, here) {
  return isDeepStrictEqual(native, JSON.parse(JSON.stringify(here)));
}

function linesByRow(file) {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  return new Map(lines.map((text) => [text.split(" ", 2).join(" "), text]));
}
