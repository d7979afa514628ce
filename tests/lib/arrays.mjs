// The package of the network over an image and an embedding in tests/arrays, and rows for it.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Folder of the built package; `cargo xtask` says where it is. */
export const arraysDir = resolve(
  process.env.DRIFTLINE_ARRAYS_PACKAGE ?? resolve(root, "target/arrays/package"),
);

const lines = (file) => readFileSync(resolve(root, file), "utf8").trim().split("\n");

/** Records with nested arrays, as JSON has them. */
export const records = lines("tests/arrays/rows.jsonl").map((line) => JSON.parse(line));

/** What onnxruntime answers after Pillow: the scores of each record by label. */
export const expected = (() => {
  const [head, ...rows] = lines("tests/arrays/expected.csv").map((line) => line.split(","));
  const labels = head.map((name) => name.slice("p_".length));
  return rows.map((row) => Object.fromEntries(labels.map((label, at) => [label, Number(row[at])])));
})();

/** What the native command answers, a decision a record. */
export const native = () => lines("target/arrays/native.jsonl").map((line) => JSON.parse(line));

/** The record's image as a canvas gives it: its shape, and the bytes in one array. */
export const pixels = ({ photo }) => ({
  shape: [photo.length, photo[0].length, photo[0][0].length],
  data: photo.flat(2),
});
