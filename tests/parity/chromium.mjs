// Prints the raw scores of all checked-in rows from the gate in Chromium, on a page with a plain
// script element.

import { flights, packageDir, rows } from "../lib/flights.mjs";
import { launch, serve } from "../lib/browser.mjs";
import { line } from "./print.mjs";

const { inputs } = flights.loadSync().info;
const server = await serve(
  { "/package/": packageDir },
  { "/": { html: '<!doctype html><script src="package/driftline.global.js"></script>' } },
);
const browser = await launch();
try {
  const page = await browser.newPage();
  await page.goto(server.origin);
  for (const file of ["golden.csv", "production.csv.gz", "calibration.csv.gz"]) {
    const { records } = rows(inputs, file);
    // numbers leave the page as bits: a transport of numbers need not keep them
    const all = await page.evaluate(async (given) => {
      const gate = await globalThis.driftline.load();
      return given.map((record) => {
        const scores = gate.scores(record);
        return scores && Array.from(new BigUint64Array(scores.buffer), String);
      });
    }, records);
    const lines = all.map((bits, row) =>
      line(file, row, bits && new Float64Array(BigUint64Array.from(bits, BigInt).buffer)));
    process.stdout.write(`${lines.join("\n")}\n`);
  }
} finally {
  await browser.close();
  await server.close();
}
