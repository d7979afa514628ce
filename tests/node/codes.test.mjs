// The codes that the types name, and the advice that JavaScript repeats, are those of the core.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** Rows of the table in src/error.rs: code → { kind, help }. */
function table() {
  const row = /^ {4}\w+ (\w+) "(\w+)" "(?:[^"\\]|\\.)*" "((?:[^"\\]|\\.)*)";$/gm;
  const rows = [...read("src/error.rs").matchAll(row)];
  return new Map(rows.map(([, kind, code, help]) => [code, { kind, help: help.replaceAll('\\"', '"') }]));
}

const core = table();
const api = read("pkg/src/api.ts");

function union(name) {
  const [, body] = new RegExp(`export type ${name} =([\\s\\S]*?);`).exec(api);
  return [...body.matchAll(/^\s*\| "(\w+)"/gm)].map(([, code]) => code);
}

test("the violations that the types name are those of the core", () => {
  const expected = [...core].filter(([, { kind }]) => kind === "Violation").map(([code]) => code);
  assert.ok(expected.length >= 16);
  assert.deepEqual(union("ViolationCode"), expected);
});

test("every error code that the types name is one of the core", () => {
  for (const code of union("ErrorCode")) {
    assert.ok(core.has(code) && core.get(code).kind !== "Violation", code);
  }
});

test("advice that JavaScript gives is that of the core", () => {
  const source = read("pkg/src/error.ts");
  const own = [...source.matchAll(/^ {2}(\w+): "((?:[^"\\]|\\.)*)",$/gm)];
  assert.ok(own.length >= 8);
  for (const [, code, help] of own) assert.equal(help, core.get(code)?.help, code);
});

test("the reasons that the types name are those of the core", () => {
  const rows = read("src/decision/mod.rs").matchAll(/^ {4}\w+ "(\w+)" "[^"]*";$/gm);
  assert.deepEqual(union("Reason"), [...rows].map(([, reason]) => reason));
});
