/** Picks real flights of June to December 2013 that show every kind of answer. */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { readCells, recordOf } from "../../examples/flights/rows.mjs";
import type { Sample } from "./src/sample.ts";

/** How many flights of each kind of answer. */
const WANTED: Record<string, number> = {
  "accept on_time": 10,
  "accept late": 8,
  "default on_time": 6,
  "escalate": 6,
};

/** Reads the checked-in rows in `flights` and asks the model in `model`. */
export async function pickSamples(flights: string, model: string): Promise<Sample[]> {
  const { loadSync } = (await import(pathToFileURL(resolve(model, "node.js")).href)) as {
    loadSync: typeof import("flights-delay").loadSync;
  };
  const gate = loadSync();
  const rows = readCells(resolve(flights, "production.csv.gz"));
  const records = rows.map((cells) => recordOf(gate.info.inputs, cells));
  const kinds = new Map<string, number[]>();
  gate.predictMany(records).forEach(({ action, label }, at) => {
    const kind = action === "escalate" ? action : `${action} ${label}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), at]);
  });
  gate.dispose();
  return Object.entries(WANTED)
    .flatMap(([kind, wanted]) => spread(kinds.get(kind) ?? [], wanted))
    .sort((a, b) => a - b)
    .map((at) => ({
      id: rows[at]?.["row_id"] ?? String(at),
      record: records[at] ?? {},
      late: rows[at]?.["late"] === "1",
    }));
}

/** At most `wanted` of the items, from all over the list. */
function spread(items: number[], wanted: number): number[] {
  const count = Math.min(wanted, items.length);
  return Array.from({ length: count }, (_, nth) => items[Math.floor(((nth + 0.5) * items.length) / count)] ?? 0);
}
