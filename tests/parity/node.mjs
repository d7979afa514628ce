// Prints the raw scores of all checked-in rows from the gate in Node.

import { flights, rows } from "../lib/flights.mjs";
import { line } from "./print.mjs";

const gate = flights.loadSync();
for (const file of ["golden.csv", "production.csv.gz", "calibration.csv.gz"]) {
  const { records } = rows(gate.info.inputs, file);
  const lines = records.map((record, row) => line(file, row, gate.scores(record)));
  process.stdout.write(`${lines.join("\n")}\n`);
}
