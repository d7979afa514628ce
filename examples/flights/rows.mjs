// Reads the rows of this folder as the records that a caller would send.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/**
 * Splits a CSV file of this folder into objects of text cells. None of its cells is quoted, and
 * one that were would be refused.
 *
 * @param {string | URL} file plain or `.gz`
 * @returns {Record<string, string>[]}
 */
export function readCells(file) {
  const bytes = readFileSync(file);
  const text = (String(file).endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  if (text.includes('"')) throw new Error(`${file}: quoted cells are not expected`);
  const [header, ...lines] = text.trimEnd().split(/\r?\n/).map((line) => line.split(","));
  return lines.map((cells, at) => {
    if (cells.length !== header.length) throw new Error(`${file}: row ${at + 2} is not complete`);
    return Object.fromEntries(header.map((name, column) => [name, cells[column]]));
  });
}

/**
 * A record out of a row: an empty cell is a missing value, numbers are read by the declared type,
 * and columns that are no input, such as the outcome, stay behind.
 *
 * @param {readonly { name: string, type: string }[]} inputs `gate.info.inputs`
 * @param {Record<string, string>} cells
 * @returns {Record<string, unknown>}
 */
export function recordOf(inputs, cells) {
  return Object.fromEntries(
    inputs
      .filter(({ name }) => name in cells)
      .map(({ name, type }) => [name, valueOf(type, cells[name])]),
  );
}

function valueOf(type, cell) {
  if (cell === "") return null;
  if (type === "number" || type === "integer") return Number(cell);
  if (type === "boolean") return cell === "true";
  return cell;
}
