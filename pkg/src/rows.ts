/** Rows or columns to the arrays of records that the core takes. */

import { fault, messageOf } from "./error.js";

/** Rows that are made and decided at a time: bounds the memory beside the caller's. */
const PIECE_ROWS = 1024;

const HELP = "send an array of records, or an object with one array an input";

type Row = Record<string, unknown>;

/** Gives the records of an array or of columns, in pieces. */
export function* piecesOf(rows: unknown): Generator<unknown[]> {
  if (typeof rows !== "object" || rows === null) {
    throw fault("bad_input", "the rows are neither an array of records nor columns", { help: HELP });
  }
  const [length, row] = isArray(rows) ? rowAccess(rows) : columnAccess(rows);
  for (let start = 0; start < length; start += PIECE_ROWS) {
    const size = Math.min(PIECE_ROWS, length - start);
    yield Array.from({ length: size }, (_, nth) => row(start + nth));
  }
}

type Access = [length: number, row: (at: number) => unknown];

function rowAccess(rows: readonly unknown[]): Access {
  // a copy, since reading an exotic array may throw, and the core must not see it throw
  const copy = reading(() => Array.from(rows), "the array of records");
  return [copy.length, (at) => copy[at]];
}

/**
 * Values are handed on as they are: a typed array's NaN stays a number that is not finite, a
 * hole in an array is a missing value.
 */
function columnAccess(columns: object): Access {
  const entries = readColumns(columns);
  return [
    entries[0]?.[1].length ?? 0,
    (at) => {
      // no prototype: a column may be called `__proto__`
      const row: Row = Object.create(null) as Row;
      for (const [name, column] of entries) row[name] = column[at];
      return row;
    },
  ];
}

/** Reads what belongs to the caller, whose getters and proxies may throw. */
function reading<T>(read: () => T, what: string): T {
  try {
    return read();
  } catch (raised) {
    throw fault("bad_input", `${what} could not be read: ${messageOf(raised)}`, {
      help: HELP,
      cause: raised,
    });
  }
}

function isArray(value: object): value is readonly unknown[] {
  return reading(() => Array.isArray(value), "the rows");
}

function readColumns(columns: object): [string, ArrayLike<unknown>][] {
  const entries: [string, unknown][] = reading(() => Object.entries(columns), "the columns");
  if (entries.length === 0) {
    throw fault("bad_input", "there is no column, so that the number of rows is unknown", {
      help: HELP,
    });
  }
  const found = entries.map(([name, given]): [string, ArrayLike<unknown>] => {
    const column = reading(() => asColumn(given), `the column \`${name}\``);
    if (column !== null) return [name, column];
    throw fault("bad_input", `the column \`${name}\` is no array`, {
      help: "send an array or a typed array; predict() takes a single record",
      place: { path: name },
    });
  });
  const [firstName, first] = found[0] as [string, ArrayLike<unknown>];
  for (const [name, { length }] of found) {
    if (length === first.length) continue;
    throw fault(
      "bad_input",
      `the column \`${name}\` has ${length} rows, but \`${firstName}\` has ${first.length}`,
      { help: "send columns of equal length", place: { path: name } },
    );
  }
  return found;
}

/** A typed array is read in place; an ordinary one is copied, since it may have getters. */
function asColumn(value: unknown): ArrayLike<unknown> | null {
  if (Array.isArray(value)) return Array.from(value);
  return ArrayBuffer.isView(value) && !(value instanceof DataView)
    ? (value as unknown as ArrayLike<unknown>)
    : null;
}
