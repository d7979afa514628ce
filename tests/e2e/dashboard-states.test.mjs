// The collector's page where there is nothing to show, where it may not ask, and for everybody.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { launch } from "../lib/browser.mjs";
import { collect, feed } from "../lib/flown.mjs";
import { faults, shoot, watched } from "../lib/page.mjs";

let [browser, tab] = [];
const started = [];
const start = async (options) => {
  const served = await collect(options);
  started.push(served);
  return served;
};
before(async () => {
  browser = await launch();
});
afterEach(async () => {
  assert.deepEqual(tab.complaints, []);
  await tab.page.close();
  await Promise.all(started.splice(0).map((served) => served.stop()));
});
after(() => browser.close());

test("without models it says how to register one", async () => {
  const served = await start({ registered: false });
  tab = await watched(browser, served.origin);
  await tab.visit();
  assert.match(await tab.page.textContent("main"), /No model is registered yet.*driftline collect --register/s);
  assert.deepEqual(await faults(tab.page), []);
});

test("without beacons, and with too few, it says so", async () => {
  const served = await start();
  tab = await watched(browser, served.origin);
  await tab.visit();
  assert.match(await tab.page.textContent("table.stack"), /too few reports.*no beacon yet/s);
  await tab.page.click("table.stack a");
  await tab.page.waitForSelector(".notice");
  assert.match(await tab.page.textContent(".notice"), /No beacon of this version has come yet/);
  const { identity } = await feed(served.origin, { every: 20, until: "2013-06-03" });
  await tab.page.click("#refresh");
  await tab.page.waitForSelector("text=Too few reports to tell");
  await tab.visit(`?model=${identity}&range=custom&from=2014-01-01&to=2014-02-01`);
  assert.match(await tab.page.textContent("main"), /Nothing was counted in this range.*newest counts are of/s);
  await tab.page.click("text=Show everything");
  await tab.page.waitForSelector("#inputs-title");
});

test("a version that nobody registered is told from one without counts", async () => {
  const served = await start();
  tab = await watched(browser, served.origin);
  await tab.visit(`?model=sha256:${"0".repeat(64)}`);
  assert.match(await tab.page.textContent("main"), /Nobody registered this identity/);
});

test("a collector with tokens is asked with one, which stays in the tab", async () => {
  const [read, admin] = ["r".repeat(20), "a".repeat(20)];
  const served = await start({ settings: `tokens = { read = "${read}", admin = "${admin}" }` });
  tab = await watched(browser, served.origin, { expected: /401/ });
  const { page } = tab;
  const asked = [];
  page.on("request", (request) => asked.push(request));
  await tab.visit();
  assert.match(await page.textContent("main"), /wants a token/);
  assert.deepEqual(await faults(page), []);
  await page.fill("#token", "no token of theirs");
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=does not know this token");
  assert.equal(await page.inputValue("#token"), "");
  await page.fill("#token", read);
  await page.click("text=Open");
  await page.waitForSelector("table.stack");
  await page.reload();
  await page.waitForSelector("table.stack");
  assert.equal(await page.evaluate(() => sessionStorage.getItem("driftline.token")), read);
  assert.equal(await page.evaluate(() => Object.values(localStorage).join()), "");
  assert.ok(
    asked.every((request) => !request.url().includes(read)),
    "in no address",
  );
});

test("a collector that is gone is told of, and is asked again", async () => {
  const served = await start();
  tab = await watched(browser, served.origin, { expected: /ERR_CONNECTION_REFUSED/ });
  await tab.visit();
  await started.pop().stop();
  await tab.page.click("#refresh");
  await tab.page.waitForSelector("text=The collector does not answer");
  assert.deepEqual(await faults(tab.page), []);
  await tab.page.click("text=Try again");
  await tab.settled();
  assert.match(await tab.page.textContent("[role=alert]"), /Is it running/);
});

describe("for everybody", () => {
  test("axe-core finds no serious fault, and nothing is cut off, light and dark, wide and narrow", async () => {
    const served = await start();
    const { identity } = await feed(served.origin, { every: 4 });
    const views = [
      "",
      "?view=alerts",
      ...["inputs", "decisions", "performance", "operations", "checks", "compare"].map(
        (view) => `?model=${identity}&grain=month&view=${view}`,
      ),
    ];
    for (const colorScheme of ["light", "dark"]) {
      for (const width of [1280, 390]) {
        tab = await watched(browser, served.origin, { colorScheme, viewport: { width, height: 900 } });
        for (const view of views) {
          const place = `${view || "overview"} ${colorScheme} ${width}`;
          await tab.visit(view);
          await tab.page.waitForTimeout(100);
          assert.deepEqual(await faults(tab.page), [], place);
          const over = await tab.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(over <= 0, `${place} is ${over} px too wide`);
          await shoot(tab.page, `${view.match(/view=(\w+)/)?.[1] ?? "overview"}-${colorScheme}-${width}`);
        }
        assert.deepEqual(tab.complaints, [], `${colorScheme} ${width}`);
        await tab.page.close();
      }
    }
  });
});
