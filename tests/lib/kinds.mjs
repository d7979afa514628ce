// The packages of tests/kinds: a regression, a ranking and several labels at once, each with the
// policy that `driftline calibrate` certified.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const lines = (file) => readFileSync(resolve(root, file), "utf8").trim().split("\n");

export const KINDS = ["regression", "ranking", "multilabel"];

/** Folder of the built package; `cargo xtask` builds it. */
export const packageOf = (kind) => resolve(root, `target/kinds/${kind}/package`);

/** The certified policy in the bundle. */
export const policyOf = (kind) =>
  JSON.parse(readFileSync(resolve(root, `target/kinds/${kind}/policy.json`), "utf8"));

/** Records of the checked-in rows. */
export const recordsOf = (kind) => {
  const [names, ...rows] = lines(`tests/kinds/${kind}/rows.csv`).map((line) => line.split(","));
  return rows.map((row) => Object.fromEntries(names.map((name, at) => [name, Number(row[at])])));
};

/** What onnxruntime answers: the scores of each record. */
export const expectedOf = (kind) =>
  lines(`tests/kinds/${kind}/expected.csv`).map((line) => line.split(",").map(Number));

/** What the native command decides, a decision a record. */
export const nativeOf = (kind) =>
  lines(`target/kinds/${kind}/native.jsonl`).map((line) => JSON.parse(line));
