// The types that `driftline build` wrote let right calls through and stop wrong ones.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, mkdirSync, copyFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { packageDir } from "../lib/flights.mjs";

const compiler = fileURLToPath(new URL("../../pkg/node_modules/.bin/tsc", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "driftline-types-"));
after(() => rmSync(folder, { recursive: true }));

mkdirSync(join(folder, "node_modules"));
symlinkSync(packageDir, join(folder, "node_modules/flights-delay"));
copyFileSync(new URL("types/consumer.ts", import.meta.url), join(folder, "consumer.mts"));
const calls = 'const gate = loadSync();\nconst label: Label | null = gate.predict({} as never).label;\nconsole.log(label);\n';
writeFileSync(join(folder, "common.cts"), `import { type Label, loadSync } from "flights-delay";\n${calls}`);

function compile(file, ...options) {
  const args = [file, "--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022"];
  const libraries = ["--lib", "es2022,dom,esnext.disposable", "--types", ""];
  const done = spawnSync(compiler, [...args, ...libraries, ...options], { cwd: folder, encoding: "utf8" });
  return done.stdout + done.stderr;
}

test("an ES module in Node", () => {
  assert.equal(compile("consumer.mts", "--module", "nodenext"), "");
});
test("an ES module through a bundler", () => {
  assert.equal(compile("consumer.mts", "--module", "esnext", "--moduleResolution", "bundler"), "");
});
test("a CommonJS module in Node", () => {
  assert.equal(compile("common.cts", "--module", "nodenext"), "");
});
