// What a gate has counted, by name.

import assert from "node:assert/strict";

/** The cells of a block, by name. */
export function cells(gate, kind, name = "") {
  const { layout, counts } = gate.summary();
  const block = layout.blocks.find((b) => b.kind === kind && b.name === name);
  assert.ok(block, `${kind} ${name}`);
  return Object.fromEntries(block.cells.map((cell, nth) => [cell, counts[block.at + nth]]));
}

/** Those that are not zero. */
export const full = (cells) => Object.fromEntries(Object.entries(cells).filter(([, n]) => n > 0));
export const total = (cells) => Object.values(cells).reduce((a, b) => a + b, 0);

/** Counts by what `of` says of each. */
export function tally(items, of) {
  const found = {};
  for (const item of items) for (const key of [of(item)].flat()) found[key] = (found[key] ?? 0) + 1;
  return found;
}
