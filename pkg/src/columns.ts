/** Columns to rows. */

import { fault, messageOf } from "./error.js";

/** Rows that are made and decided at a time: bounds the memory beside the columns. */
const CHUNK_ROWS = 1024;

type Row = Record<string, unknown>;

/**
 * Gives the rows of `columns`, in pieces.
 *
 * Values are handed on as they are: a typed array's NaN stays a number that is not finite, a
 * hole in an array is a missing value.
 */
export function* rowsOf(columns: object): Generator<Row[]> {
  const entries = readColumns(columns);
  const length = entries[0]?.[1].length ?? 0;
  for (let start = 0; start < length; start += CHUNK_ROWS) {
    const end = Math.min(start + CHUNK_ROWS, length);
    const rows: Row[] = [];
    for (let at = start; at < end; at += 1) {
      // no prototype: a column may be called `__proto__`
      const row: Row = Object.create(null) as Row;
      for (const [name, column] of entries) row[name] = column[at];
      rows.push(row);
    }
    yield rows;
  }
}

function readColumns(columns: object): [string, ArrayLike<unknown>][] {
  let entries: [string, unknown][];
  try {
    entries = Object.entries(columns);
  } catch (raised) {
    throw fault("bad_input", `the columns could not be read: ${messageOf(raised)}`, {
      help: "send an object with one array an input",
      cause: raised,
    });
  }
  if (entries.length === 0) {
    throw fault("bad_input", "there is no column, so that the number of rows is unknown", {
      help: "send an array of records, or an object with one array an input",
    });
  }
  const [firstName, first] = entries[0] as [string, unknown];
  for (const [name, column] of entries) {
    if (!isColumn(column)) {
      throw fault("bad_input", `the column \`${name}\` is no array`, {
        help: "send an array or a typed array; predict() takes a single record",
        place: { path: name },
      });
    }
    if (column.length !== (first as ArrayLike<unknown>).length) {
      throw fault(
        "bad_input",
        `the column \`${name}\` has ${column.length} rows, but \`${firstName}\` has ` +
          `${(first as ArrayLike<unknown>).length}`,
        { help: "send columns of equal length", place: { path: name } },
      );
    }
  }
  return entries as [string, ArrayLike<unknown>][];
}

function isColumn(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}
