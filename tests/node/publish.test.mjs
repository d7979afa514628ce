// The package that `driftline build` wrote passes the checks of the package driftline.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { packageDir } from "../lib/flights.mjs";

test("publint and the types find nothing", () => {
  const check = fileURLToPath(new URL("../../pkg/scripts/check.mjs", import.meta.url));
  const done = spawnSync(process.execPath, [check, packageDir], { encoding: "utf8" });
  assert.equal(done.status, 0, done.stdout + done.stderr);
});
