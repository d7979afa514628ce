// Drives the collector's page over the flights of June to December 2013.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, before, describe, test } from "node:test";
import { launch } from "../lib/browser.mjs";
import { another, collect, feed, register } from "../lib/flown.mjs";
import { faults, watched, shoot } from "../lib/page.mjs";

let [browser, served, identity, report, tab] = [];
before(async () => {
  [browser, served] = await Promise.all([launch(), collect({ registered: false })]);
  await register(served.origin);
  ({ identity } = await feed(served.origin));
  report = await served.get(`/v1/models/${identity}/report?grain=month`);
});
after(async () => {
  await browser.close();
  await served.stop();
});
afterEach(async () => {
  const { page, complaints, elsewhere } = tab;
  assert.deepEqual(complaints, []);
  assert.deepEqual(elsewhere, [], "requests to others");
  await page.close();
});

/** Opens an address, of the flights' months if nothing else is said. */
async function open(words = {}, options = {}) {
  tab = await watched(browser, served.origin, options);
  await tab.visit(`?${new URLSearchParams(words)}`);
  return tab.page;
}
const months = (words = {}) => open({ model: identity, grain: "month", ...words });
const group = () => report.groups[0];
const input = (window, name) => window.inputs.find((one) => one.name === name);
const cells = (page, selector) => page.locator(selector).allTextContents();

/** What the button of a chart saves. */
async function download(page, chart, kind) {
  const [saved] = await Promise.all([
    page.waitForEvent("download"),
    page.locator(`#${chart} button`, { hasText: kind }).click(),
  ]);
  return { name: saved.suggestedFilename(), bytes: readFileSync(await saved.path()) };
}

/** A CSV of plain cells, by column. */
function table(text) {
  const [head, ...lines] = text
    .trimEnd()
    .split("\r\n")
    .map((line) => line.split(","));
  return lines.map((line) => Object.fromEntries(head.map((name, at) => [name, line[at]])));
}

describe("what happened to the flights", () => {
  test("the overview has the version with its health", async () => {
    const page = await open();
    const row = page.locator("table.stack tbody tr");
    assert.equal(await row.count(), 1);
    const text = await row.textContent();
    assert.match(text, new RegExp(identity.slice(7, 15)));
    assert.match(text, /drifted|slight|stable|too few/);
    assert.match(text, /\d\.\d% ± \d/, "estimated accuracy with its error");
    assert.match(text, /13,995|14,000/, "records");
    assert.match(text, /days ago/, "the last beacon is of 2013");
    await shoot(page, "overview");
  });

  test("summer shows: the temperature drifted, and it is first in the list", async () => {
    const july = group().windows.find(({ start }) => start.startsWith("2013-07"));
    assert.equal(input(july, "temp").verdict, "drifted");
    const page = await months({ window: july.start });
    const first = page.locator("table.rows tbody tr").first();
    assert.match(await first.textContent(), /temp.*drifted/);
    assert.match(await page.textContent("#distribution figcaption"), /Distribution of temp/);
    assert.match(await page.textContent("#distribution .legend"), /July 2013/);
    const picture = await page.getAttribute("#effect svg", "aria-label");
    assert.match(picture, /Effect over time.*7 windows, highest .* on 2013-0[78]-01/);
    await shoot(page, "inputs");
  });

  test("December shows: more late flights than confidence says, in outcomes and in the gap", async () => {
    const of = (month) => group().windows.find(({ start }) => start.startsWith(`2013-${month}`));
    const late = (month) => {
      const { metrics } = of(month).outcomes;
      const all = metrics.filter(({ name }) => name === "late_flights");
      return all.reduce((sum, one) => sum + one.sum, 0) / all.reduce((sum, one) => sum + one.count, 0);
    };
    assert.ok(late("12") > late("09") + 0.1, `${late("12")} against ${late("09")}`);
    assert.ok(of("12").realised.accuracy.value < of("09").realised.accuracy.value - 0.05);
    const page = await months({ view: "performance" });
    assert.match(await page.textContent(".concept"), /concept drift/);
    const saved = table((await download(page, "accuracy", "CSV")).bytes.toString());
    const row = (month) => saved.find(({ start }) => start.startsWith(`2013-${month}`));
    assert.ok(Number(row("12").realised) < Number(row("09").realised) - 0.05);
    assert.equal(Number(row("12").estimated), of("12").estimated.accuracy.value);
    assert.match(await page.textContent("#calibration"), /Calibration gap/);
    await shoot(page, "performance");
  });

  test("decisions, reasons, violations and outcomes are the collector's counts", async () => {
    const page = await months({ view: "decisions" });
    await page.click("#decisions summary");
    const shown = await cells(page, "#decisions table tbody tr:first-child td");
    const [first] = group().windows;
    const all = first.actions.reduce((sum, { count }) => sum + count, 0);
    assert.deepEqual(
      shown.slice(2).map(Number),
      first.actions.map(({ count }) => count / all),
    );
    assert.equal(await page.locator("#confidence svg").count(), 1);
    await shoot(page, "decisions");
  });
});

describe("files", () => {
  test("the CSV of each chart of an input has the report's very numbers", async () => {
    const page = await months({ input: "temp" });
    const numbers = (name) => group().windows.map((window) => input(window, "temp")[name]);
    for (const [chart, column, name] of [
      ["effect", "effect", "effect"],
      ["psi", "PSI", "psi"],
      ["psi", "95% without drift", "psi_null_q95"],
      ["psi", "expected without drift", "psi_null_expectation"],
      ["detector", "detector", "detector"],
      ["rates", "missing", "missing"],
    ]) {
      const { name: file, bytes } = await download(page, chart, "CSV");
      assert.equal(file, `driftline-${chart}.csv`);
      const rows = table(bytes.toString());
      assert.deepEqual(
        rows.map((row) => (row[column] === "" ? null : Number(row[column]))),
        numbers(name),
        column,
      );
      assert.deepEqual(
        rows.map(({ start }) => start),
        group().windows.map(({ start }) => start),
      );
    }
    const shares = table((await download(page, "distribution", "CSV")).bytes.toString().replaceAll(/"[^"]*"/g, "bin"));
    const baseline = report.baseline.inputs.find(({ name }) => name === "temp");
    assert.deepEqual(
      shares.map((row) => Number(row["baseline share"])),
      baseline.shares,
    );
    assert.deepEqual(
      shares.map((row) => Number(row["current share"])),
      input(group().total, "temp").shares,
    );
  });

  test("the PNG is a picture of twice the chart's width", async () => {
    const page = await months({ input: "temp" });
    const { name, bytes } = await download(page, "effect", "PNG");
    assert.equal(name, "driftline-effect.png");
    assert.equal(bytes.subarray(1, 4).toString(), "PNG");
    const width = await page.locator("#effect svg").evaluate((svg) => svg.viewBox.baseVal.width);
    assert.equal(bytes.readUInt32BE(16), width * 2);
    assert.ok(bytes.length > 5_000, `${bytes.length} bytes`);
  });
});

describe("the address", () => {
  test("holds all that is chosen, and brings it back", async () => {
    const page = await open();
    await page.click(`[data-focus="open-${identity}"]`);
    await page.waitForSelector("#inputs-title");
    await page.selectOption("#grain", "month");
    await page.waitForFunction(() => location.search.includes("grain=month"));
    await page.selectOption("#segment", "origin:JFK");
    await page.waitForFunction(() => document.querySelector("#segment")?.value === "origin:JFK");
    await page.click("text=Decisions");
    await page.waitForSelector("#decisions svg");
    const words = new URLSearchParams(new URL(page.url()).search);
    assert.deepEqual(
      [words.get("model"), words.get("grain"), words.get("segment"), words.get("view")],
      [identity, "month", "origin:JFK", "decisions"],
    );
    const before = await page.getAttribute("#decisions svg", "aria-label");
    await page.reload();
    await page.waitForSelector("#decisions svg");
    assert.equal(await page.getAttribute("#decisions svg", "aria-label"), before);
    assert.deepEqual([await page.inputValue("#segment"), await page.inputValue("#grain")], ["origin:JFK", "month"]);
    await page.goBack();
    await page.waitForFunction(() => !location.search.includes("decisions"));
    await page.goBack();
    await page.waitForFunction(() => document.querySelector("#segment")?.value === "");
    await page.goForward();
    await page.waitForFunction(() => document.querySelector("#segment")?.value === "origin:JFK");
  });

  test("keeps a choice when a link is followed that was drawn before it", async () => {
    const page = await months();
    const held = [];
    let holding = true;
    await page.route(/\/report\?/, (route) => (holding ? held.push(route) : route.continue()));
    await page.selectOption("#segment", "origin:JFK");
    await page.waitForFunction(() => location.search.includes("segment="));
    await page.click("text=Decisions");
    await page.waitForFunction(() => location.search.includes("view=decisions"));
    holding = false;
    await Promise.all(held.map((route) => route.continue()));
    await page.waitForSelector("#decisions svg");
    assert.equal(new URL(page.url()).searchParams.get("segment"), "origin:JFK");
    assert.equal(await page.inputValue("#segment"), "origin:JFK");
  });

  test("of a custom range asks for just these days", async () => {
    const page = await months({ range: "custom", from: "2013-07-01", to: "2013-08-31", view: "operations" });
    await page.click("#records summary");
    assert.deepEqual(await cells(page, "#records tbody td:first-child"), [
      "2013-07-01T00:00:00Z",
      "2013-08-01T00:00:00Z",
    ]);
    assert.equal(await page.inputValue("#from"), "2013-07-01");
  });
});

describe("people", () => {
  test("who use the keyboard get everywhere, and see where they are", async () => {
    const page = await open();
    const focused = () => page.evaluate(() => document.activeElement.dataset.focus ?? document.activeElement.id ?? "");
    const walk = async (to, most = 60) => {
      for (let nth = 0; nth < most; nth += 1) {
        await page.keyboard.press("Tab");
        const width = await page.evaluate(() => getComputedStyle(document.activeElement).outlineWidth);
        assert.ok(parseFloat(width) >= 2, `no outline on ${await focused()}`);
        if ((await focused()).startsWith(to)) return;
      }
      assert.fail(`${to} was not reached`);
    };
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
    await walk(`open-${identity}`);
    await page.keyboard.press("Enter");
    await page.waitForSelector("#inputs-title");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main", "a new page begins at its content");
    await walk("tab-decisions");
    await walk("grain");
    await page.keyboard.press("m");
    await page.waitForFunction(() => location.search.includes("grain=month"));
    assert.equal(await focused(), "grain", "what is redrawn keeps the focus");
    await walk("input-carrier");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("#detail-title")?.textContent.startsWith("carrier"));
    assert.equal(await focused(), "input-carrier");
    await walk("effect-numbers");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#effect table");
  });

  test("who choose dark get it, and have it again", async () => {
    const page = await open();
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.selectOption("#theme", "dark");
    const dark = await ground();
    assert.notEqual(dark, light);
    await page.reload();
    await page.waitForSelector("table.stack");
    assert.equal(await ground(), dark);
  });
});

describe("another version", () => {
  let [second, other] = [];
  before(async () => {
    second = await another();
    await register(served.origin, second.bytes);
    ({ identity: other } = await feed(served.origin, { module: second.module, every: 3 }));
  });
  after(() => second.remove());

  test("is compared over the same time, and escalates nothing", async () => {
    const page = await open({ model: identity, view: "compare", range: "all" });
    await page.waitForSelector("#versions-title");
    assert.equal(await page.inputValue("#against"), other);
    const found = await served.get(`/v1/compare?a=${identity}&b=${other}`);
    const text = await page.textContent("main table");
    assert.match(
      text,
      new RegExp(`Records.*${found.a.records.toLocaleString("en")}.*${found.b.records.toLocaleString("en")}`),
    );
    const verdicts = await cells(page, "section:has(#apart-title) tbody td:nth-child(2)");
    assert.equal(verdicts.length, found.inputs.length);
    assert.ok(
      verdicts.every((verdict) => /stable|slight/.test(verdict)),
      "every third flight is as all are",
    );
    await shoot(page, "compare");
  });

  test("says which checks of its windows failed, and when", async () => {
    const found = await served.get(`/v1/models/${other}/report?grain=month`);
    const outcomes = found.groups[0].windows.map(({ window_checks }) => window_checks.map(({ outcome }) => outcome));
    assert.equal(outcomes.length, 7);
    assert.ok(outcomes.every(([rows]) => rows === "pass"), "more than 100 flights a month");
    assert.equal(outcomes[1][1], "fail", "July's mean is above 70 °F");
    assert.equal(outcomes[0][2], "undecided", "no month is before June");
    const page = await months({ model: other, view: "checks" });
    const rows = await cells(page, "section:has(#checks-title) tbody tr");
    assert.equal(rows.length, 3);
    assert.match(rows[0], /row count.*≥ 100.*pass.*none/s);
    assert.match(rows[1], /temp: mean.*≥ 30, ≤ 70.*of 7, last/s);
    assert.match(await page.getAttribute("#checks svg", "aria-label"), /7 windows\. Failed: 2 · temp: mean in \d/);
    const { bytes } = await download(page, "checks", "CSV");
    assert.deepEqual(table(bytes.toString("utf8")).map(({ outcome }) => outcome), outcomes.flat());
    await page.click("section:has(#checks-title) tbody a");
    await page.waitForSelector("#inputs-title");
    assert.match(await page.textContent("#distribution figcaption"), /Distribution of temp/);
    for (const [colorScheme, width] of [["light", 1280], ["dark", 390]]) {
      await tab.page.close();
      const seen = await open({ model: other, view: "checks", grain: "week" }, { colorScheme, viewport: { width, height: 900 } });
      assert.deepEqual(await faults(seen), [], colorScheme);
      const over = await seen.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(over <= 0, `${colorScheme} ${width} is ${over} px too wide`);
      await shoot(seen, `checks-of-flights-${colorScheme}`);
    }
    await tab.page.close();
    await open({ model: identity, view: "checks", grain: "month" });
    assert.match(await tab.page.textContent(".notice"), /No check of windows/);
  });
});
