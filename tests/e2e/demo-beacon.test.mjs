// The demo's panel: what it shows is what is sent, and nothing is before somebody agrees.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launch, serve } from "../lib/browser.mjs";
import { collector, until } from "../lib/collector.mjs";

const site = fileURLToPath(new URL("../../www/dist/demo", import.meta.url));
let [browser, server, page, taken] = [];
before(async () => {
  [browser, server] = await Promise.all([launch(), serve({ "/": site })]);
});
after(async () => {
  await browser.close();
  await server.close();
});
beforeEach(async () => {
  taken = await collector();
  page = await browser.newPage();
  await page.goto(`${server.origin}/?collector=${encodeURIComponent(taken.url)}`);
  await page.waitForSelector("#beacon:not([hidden]) #beacon-words:not(:empty)");
});
afterEach(async () => {
  await page.close();
  await taken.close();
});

const bytes = () => page.textContent("#beacon-bytes");
const words = () => page.textContent("#beacon-words");
const choose = async (mode) => {
  await page.locator(`#modes input[value=${mode}]`).focus();
  await page.keyboard.press("Space");
};

for (const mode of ["randomized", "pseudonymous"]) {
  test(`${mode}: the shown bytes are the sent ones, after the switch and not before`, async () => {
    await choose(mode);
    const shown = await bytes();
    assert.equal(JSON.parse(shown).mode, mode);
    assert.match(await page.textContent("#beacon-where"), /not agreed/);
    assert.deepEqual([taken.requests.length, await page.evaluate(() => localStorage.length)], [0, 0]);
    await page.locator("#consent").focus();
    await page.keyboard.press("Space");
    await until(() => taken.requests.length > 0);
    assert.equal(taken.requests[0].body, shown);
    await page.click("#next");
    if (mode === "randomized") assert.match(await words(), /Nothing more today/);
  });
}

test("aggregated: it says why nothing leaves", async () => {
  await choose("aggregated");
  assert.match(await words(), /fewer than 100/);
  assert.ok(await page.locator("#beacon-bytes").isHidden());
  await page.locator("#consent").check();
  await page.click("#next");
  assert.equal(taken.requests.length, 0);
});

test("without a collector nothing is sent, whoever agrees", async () => {
  const asked = [];
  page.on("request", (request) => request.method() === "POST" && asked.push(request.url()));
  await page.goto(server.origin);
  await page.waitForSelector("#beacon:not([hidden]) #beacon-words:not(:empty)");
  await page.locator("#consent").check();
  await page.click("#next");
  assert.match(await page.textContent("#beacon-where"), /knows no collector/);
  await page.goto("about:blank");
  assert.deepEqual(asked, []);
});

test("decisions that are made to measure the time are not counted", async () => {
  await choose("pseudonymous");
  await page.waitForTimeout(2500);
  await page.click("#next");
  assert.match(await words(), /in 2 decisions/);
});
