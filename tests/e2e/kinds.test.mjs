// A regression, a ranking and several labels at once in Chromium.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, serve } from "../lib/browser.mjs";
import { KINDS, nativeOf, packageOf, recordsOf } from "../lib/kinds.mjs";

let browser;
let server;
before(async () => {
  const folders = Object.fromEntries(KINDS.map((kind) => [`/${kind}/`, packageOf(kind)]));
  const html = (kind) => `<!doctype html><script src="${kind}/driftline.global.js"></script>`;
  const pages = Object.fromEntries(KINDS.map((kind) => [`/${kind}`, { html: html(kind) }]));
  server = await serve(folders, pages);
  browser = await launch();
});
after(async () => {
  await browser.close();
  await server.close();
});

for (const kind of KINDS) {
  test(`${kind}: decisions are those of the command to the bit`, async () => {
    const page = await browser.newPage();
    await page.goto(`${server.origin}/${kind}`);
    const found = await page.evaluate(async (records) => {
      const gate = await globalThis.driftline.load();
      return JSON.stringify(records.map((record) => gate.predict(record)));
    }, recordsOf(kind));
    assert.deepEqual(JSON.parse(found), nativeOf(kind));
    await page.close();
  });
}
