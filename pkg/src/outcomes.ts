/** Answers of reviewers as a labelled file, which `driftline calibrate --labelled` reads. */

import type { Outcome } from "./api.js";
import { fault } from "./error.js";
import { toJson } from "./json.js";

/** How the file is written. */
export interface LabelledOptions {
  /** `jsonl`: one JSON object a line; `csv` cannot hold arrays. */
  readonly format: "jsonl" | "csv";
  /** Name of the column with the answer; not that of an input. */
  readonly column: string;
}

/**
 * The records that people answered, each with its answer. Outcomes without a
 * record, or with metrics alone, are left out.
 *
 * These records were escalated, so that they are no sample of all records: thresholds certified on
 * them alone promise nothing for the rest. Mix in records that were drawn at random.
 *
 * @throws {@link DriftlineError} `bad_usage` if an input has the column's name, or a value that CSV
 * cannot hold.
 */
export function labelled(outcomes: Iterable<Outcome<object>>, options: LabelledOptions): string {
  const { column, format } = options;
  const rows: Record<string, unknown>[] = [];
  for (const { record, answer } of outcomes) {
    if (record === null) continue;
    // metrics alone are no answer
    if (answer.label === undefined && answer.labels === undefined && answer.value === undefined) continue;
    if (Object.hasOwn(record, column)) {
      throw fault("bad_usage", `the records have a field \`${column}\``, {
        help: "name a column that is no input",
      });
    }
    rows.push({ ...record, [column]: answer.label ?? answer.value ?? answer.labels ?? null });
  }
  if (format === "jsonl") return rows.map((row) => `${toJson(row)}\n`).join("");
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = rows.map((row) => columns.map((name) => cell(name, row[name])).join(","));
  return rows.length === 0 ? "" : [columns.map(quoted).join(","), ...lines, ""].join("\r\n");
}

function cell(name: string, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object") {
    throw fault("bad_usage", `the field \`${name}\` is no single value`, { help: "write jsonl" });
  }
  return quoted(String(value));
}

/** As RFC 4180 says. */
function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
