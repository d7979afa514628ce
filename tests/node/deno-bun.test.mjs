// The package in Deno and Bun, as they resolve it by its name: the same decisions to the bit.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { desk, host, keyPair, signed, target } from "../lib/channels.mjs";
import { collector, numbers } from "../lib/collector.mjs";
import { flights, packageDir, rows } from "../lib/flights.mjs";

const here = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const COMMANDS = {
  node: [process.execPath],
  deno: [here("node_modules/.bin/deno"), "run", "--allow-all"],
  bun: [here("node_modules/.bin/bun")],
};

const folder = mkdtempSync(join(tmpdir(), "driftline-elsewhere-"));
const work = desk();
const { records } = rows(flights.loadSync().info.inputs, "golden.csv");
let server;
let told;

before(async () => {
  mkdirSync(join(folder, "node_modules"));
  cpSync(packageDir, join(folder, "node_modules/flights-delay"), { recursive: true });
  // Deno takes from node_modules what this names
  writeFileSync(join(folder, "package.json"), JSON.stringify({ dependencies: { "flights-delay": "1.0.0" } }));
  copyFileSync(here("lib/elsewhere.mjs"), join(folder, "elsewhere.mjs"));
  const bundle = work.bundle("a", 0.61);
  server = await host(work.folder);
  const statement = { name: "stable", sequence: 1, live: target(bundle.bytes, "a.driftline"), history: [] };
  writeFileSync(work.channel, signed(statement, work.key));
  told = { live: bundle.identity };
});
after(async () => {
  await server.close();
  work.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** What the package answers in one of the runtimes, and what its beacon sent. */
async function ask(name) {
  const counts = await collector();
  const task = {
    records,
    channel: `${server.origin}/stable.json`,
    publicKey: work.key.pub,
    foreign: keyPair().pub,
    folder: join(folder, `store-${name}`),
    endpoint: counts.url,
  };
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(task));
  const [command, ...args] = COMMANDS[name];
  try {
    const { stdout } = await promisify(execFile)(command, [...args, "elsewhere.mjs", `${name}.json`], {
      cwd: folder,
      // nobody is called, nothing is left in the home folder
      env: { ...process.env, DENO_NO_UPDATE_CHECK: "1", DENO_DIR: join(folder, "deno"), DO_NOT_TRACK: "1" },
      maxBuffer: 2 ** 26,
    });
    return { ...JSON.parse(stdout), beacons: counts.requests.map(({ body }) => JSON.parse(body)) };
  } finally {
    await counts.close();
  }
}

let ours;
for (const name of Object.keys(COMMANDS)) {
  test(`${name}: decides, sends, follows a channel and refuses`, async () => {
    const { beacons, ...found } = await ask(name);
    ours ??= found;
    assert.deepEqual(found, ours);
    assert.equal(found.answers.length, records.length);
    assert.equal(found.live, told.live);
    assert.deepEqual(found.refused, ["DriftlineError bundle_syntax", "DriftlineError key_unknown"]);
    assert.deepEqual(beacons.map((beacon) => beacon.host), [name]);
    assert.equal(numbers(beacons[0].counts)[0], records.length);
  });
}
