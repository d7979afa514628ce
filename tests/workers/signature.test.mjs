// Signed bundles and channels against pinned keys, by workerd's own Ed25519.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { Miniflare } from "miniflare";
import { packageFile } from "../lib/flights.mjs";
import { channels, file, loads, publicKeys } from "../lib/signed.mjs";

const files = new Map([["/flights.driftline", file], ...channels]);
const server = createServer(({ url }, response) => {
  const body = files.get(url);
  response.writeHead(body === undefined ? 404 : 200).end(body);
});
let made;

before(async () => {
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const module = (type, path, contents) => ({ type, path, contents });
  made = new Miniflare({
    compatibilityDate: "2026-01-01",
    modules: [
      module("ESModule", "signature-worker.mjs", readFileSync(new URL("signature-worker.mjs", import.meta.url), "utf8")),
      module("ESModule", "workerd.js", readFileSync(packageFile("workerd.js"), "utf8")),
      module("CompiledWasm", "driftline_bg.wasm", readFileSync(packageFile("driftline_bg.wasm"))),
    ],
  });
  await made.ready;
});
after(async () => {
  await made?.dispose();
  server.close();
});

async function answer(asked) {
  const response = await made.dispatchFetch("http://worker/", { method: "POST", body: JSON.stringify(asked) });
  return response.json();
}

for (const [what, asked, expected] of loads) {
  test(`load: ${what}`, async () => assert.deepEqual(await answer(asked), expected));
}

for (const [path, , expected] of channels) {
  test(`channel: ${path}`, async () => {
    const channel = `http://127.0.0.1:${server.address().port}${path}`;
    assert.deepEqual(await answer({ channel, publicKeys }), expected);
  });
}
