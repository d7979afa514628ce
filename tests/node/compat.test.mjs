// Bundles of every format version so far give the decisions of their time in WebAssembly too.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { distFile } from "../lib/flights.mjs";

const { load } = await import(pathToFileURL(distFile("node.js")).href);
const lines = (text) => text.trim().split("\n").map((line) => JSON.parse(line));

for (const version of ["1"]) {
  const kept = (name) => readFileSync(new URL(`../compat/${version}/${name}`, import.meta.url));
  test(`version ${version}`, async () => {
    const gate = await load(new Uint8Array(kept("bundle.driftline")));
    const decisions = lines(String(kept("decisions.jsonl")));
    const rows = lines(String(kept("rows.jsonl")));
    assert.ok(rows.length >= 12);
    rows.forEach((row, at) => {
      assert.deepEqual(JSON.parse(JSON.stringify(gate.predict(row))), decisions[at], `row ${at + 1}`);
    });
    gate.dispose();
  });
}
