// The collector's page while alerts fire and after versions were released: marks, badges, history.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, afterEach, before, describe, test } from "node:test";
import { launch } from "../lib/browser.mjs";
import { until } from "../lib/collector.mjs";
import { collect, feed } from "../lib/flown.mjs";
import { faults, shoot, watched } from "../lib/page.mjs";

/** What was posted as the channel went on. */
const STEPS = [
  ["2013-06-15T08:00:00Z", "release", 100],
  ["2013-09-02T08:00:00Z", "canary", 20],
  ["2013-10-01T08:00:00Z", "promote", 100],
];

let [browser, heard, served, identity, tab] = [];
before(async () => {
  browser = await launch();
  heard = await hook();
  served = await collect({ settings: settings(heard.url) });
  ({ identity } = await feed(served.origin, { every: 2 }));
  for (const [nth, [at, action, percent]] of STEPS.entries()) {
    const step = { at, action, percent, channel: "stable", sequence: nth + 1, identity, previous: null, by: "anna" };
    const answer = await fetch(`${served.origin}/v1/deployments`, {
      method: "POST",
      body: JSON.stringify({ ...step, reason: null }),
    });
    assert.equal(answer.status, 201, await answer.text());
  }
  await until(
    async () => {
      const { alerts } = await served.get("/v1/alerts");
      const firing = alerts.find(({ state }) => state === "firing");
      // the rules have seen the last of what came
      const seen = alerts.length === 2 && alerts.every(({ message }) => message.includes("to 2014-01-01"));
      return seen && firing?.deliveries.length === 2;
    },
    "an alert that fires and is told, and one that is pending",
    60_000,
  );
});
after(async () => {
  await browser.close();
  await served.stop();
  await heard.close();
});
afterEach(async () => {
  assert.deepEqual(tab.complaints, []);
  assert.deepEqual(tab.elsewhere, [], "requests to others");
  await tab.page.close();
});

/** Whoever is told: one takes it, one does not. */
async function hook() {
  const bodies = [];
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    bodies.push(JSON.parse(Buffer.concat(parts).toString("utf8")));
    response.writeHead(request.url === "/taken" ? 204 : 410).end();
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    bodies,
    close: () => new Promise((closed) => server.close(closed)),
  };
}

const settings = (url) => `
[alerts]
every_seconds = 1
[alerts.to.ops]
kind = "webhook"
url = "${url}/taken"
[alerts.to.gone]
kind = "webhook"
url = "${url}/gone"
[[alerts.rules]]
name = "December is not June"
what = "input_drift"
severity = "warning"
hours = 744
hold_minutes = 0
[[alerts.rules]]
name = "unsure"
what = "escalated"
threshold = 0.0001
severity = "info"
hours = 744
hold_minutes = 1440
`;

async function open(words = {}, options = {}) {
  tab = await watched(browser, served.origin, options);
  await tab.visit(`?${new URLSearchParams(words)}`);
  return tab.page;
}

describe("alerts", () => {
  test("the overview counts what fires, and leads to it", async () => {
    const page = await open();
    assert.match(await page.textContent(".lead"), /1 alert firing/);
    await page.click(`[data-focus="alerts-${identity}"]`);
    await page.waitForSelector("ul.alerts");
    const words = new URL(page.url()).searchParams;
    assert.deepEqual([words.get("view"), words.get("model")], ["alerts", identity]);
  });

  test("what fires comes first, with its figure, its history and whom it was told", async () => {
    const { alerts } = await served.get("/v1/alerts");
    const [firing] = alerts.filter(({ state }) => state === "firing");
    const page = await open({ view: "alerts" });
    const items = page.locator("ul.alerts > li");
    assert.equal(await items.count(), 2);
    const [first, second] = await items.allTextContents();
    assert.match(first, /firing.*warning.*December is not June/s);
    assert.ok(first.includes(firing.message), `${first} without ${firing.message}`);
    assert.match(first, /temp/);
    assert.match(first, /pending since.*fired/s);
    assert.doesNotMatch(first, /resolved/);
    assert.match(second, /pending.*info.*unsure/s);
    assert.doesNotMatch(second, /fired/);
    await page.click("ul.alerts > li:first-child summary");
    const told = await page.locator("ul.alerts > li:first-child tbody tr").allTextContents();
    assert.equal(told.length, 2);
    assert.ok(told.some((row) => /^ops.*taken$/.test(row)), told.join());
    assert.ok(told.some((row) => /^gone.*410/.test(row)), told.join());
    assert.ok(heard.bodies.every(({ rule, state }) => rule === "December is not June" && state === "firing"));
    await shoot(page, "alerts");
  });

  test("of one state are shown alone, and the address keeps it", async () => {
    const page = await open({ view: "alerts" });
    await page.selectOption("#alert-state", "pending");
    await page.waitForFunction(() => document.querySelectorAll("ul.alerts > li").length === 1);
    assert.match(await page.textContent("ul.alerts"), /unsure/);
    await page.reload();
    await page.waitForSelector("ul.alerts");
    assert.equal(await page.locator("ul.alerts > li").count(), 1);
    await page.selectOption("#alert-state", "resolved");
    await page.waitForSelector("text=Nothing that these choices show");
  });
});

describe("deployments", () => {
  test("stand as marks on every time line that they fall in", async () => {
    for (const view of ["inputs", "decisions", "performance", "operations"]) {
      const page = await open({ model: identity, grain: "week", view });
      const drawn = await page.locator("figure:has(svg)").evaluateAll((figures) =>
        figures
          .map((figure) => figure.querySelector("svg").textContent)
          .filter((text) => text.includes("time (UTC)"))
          .map((text) => ["release", "canary", "promote"].filter((action) => text.includes(`▼ ${action}`)).length),
      );
      assert.ok(drawn.length > 0, `${view} has no time line`);
      assert.ok(
        drawn.every((marks) => marks === STEPS.length),
        `${view}: ${drawn.join()} marks`,
      );
      await shoot(page, `deployed-${view}`);
      if (view !== "operations") await tab.page.close();
    }
  });

  test("outside of the range are not drawn", async () => {
    const page = await open({
      model: identity,
      view: "operations",
      grain: "day",
      range: "custom",
      from: "2013-09-15",
      to: "2013-10-15",
    });
    const text = await page.textContent("#records svg");
    assert.match(text, /▼ promote/);
    assert.doesNotMatch(text, /▼ (release|canary)/);
  });
});

test("axe-core finds no serious fault while alerts fire, light and dark, wide and narrow", async () => {
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 390]) {
      for (const words of [{}, { view: "alerts" }, { model: identity, grain: "week" }]) {
        const page = await open(words, { colorScheme, viewport: { width, height: 900 } });
        const place = `${words.view ?? (words.model ? "inputs" : "overview")}-${colorScheme}-${width}`;
        assert.deepEqual(await faults(page), [], place);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(over <= 0, `${place} is ${over} px too wide`);
        await shoot(page, `firing-${place}`);
        assert.deepEqual(tab.complaints, [], place);
        if (place !== "inputs-dark-390") await page.close();
      }
    }
  }
});
