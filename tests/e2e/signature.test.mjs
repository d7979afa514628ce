// Signed bundles and channels against pinned keys, by Chromium's own Ed25519.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, serve } from "../lib/browser.mjs";
import { packageDir } from "../lib/flights.mjs";
import { channels, file, loads, publicKeys } from "../lib/signed.mjs";

const pages = {
  "/": { html: '<!doctype html><script type="module">globalThis.driftline = await import("./package/index.js");</script>' },
  "/flights.driftline": { html: file },
};
for (const [path, html] of channels) pages[path] = { html };
let browser;
let server;
let page;

before(async () => {
  server = await serve({ "/package/": packageDir }, pages);
  browser = await launch();
  page = await browser.newPage();
  await page.goto(`${server.origin}/`);
  await page.waitForFunction(() => globalThis.driftline !== undefined);
});
after(async () => {
  await browser?.close();
  await server?.close();
});

const answer = (asked) =>
  page.evaluate(async ({ bundle, channel, ...options }) => {
    const bytes = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    try {
      const { load, loadChannel } = globalThis.driftline;
      const signature = options.signature === undefined ? undefined : bytes(options.signature);
      const gate = await (channel === undefined
        ? load(bytes(bundle), { ...options, signature })
        : loadChannel(channel, { ...options, client: "page" }));
      const { identity } = gate;
      gate.dispose();
      return { identity };
    } catch (error) {
      return { code: error.code ?? String(error) };
    }
  }, asked);

for (const [what, asked, expected] of loads) {
  test(`load: ${what}`, async () => assert.deepEqual(await answer(asked), expected));
}

for (const [path, , expected] of channels) {
  test(`channel: ${path}`, async () => {
    assert.deepEqual(await answer({ channel: server.origin + path, publicKeys }), expected);
  });
}
