// Drives the built demo page as a person would.

import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launch, serve } from "../lib/browser.mjs";

const site = fileURLToPath(new URL("../../www/dist/demo", import.meta.url));
if (!existsSync(join(site, "index.html"))) {
  throw new Error(`${site} is not built; \`cargo xtask test\` builds it`);
}
/** Folder for screenshots; none are written without it. */
const shots = process.env.DRIFTLINE_SHOTS;
if (shots) mkdirSync(shots, { recursive: true });

let browser;
let server;
let page;
let complaints;

before(async () => {
  server = await serve({ "/": site });
  browser = await launch();
});
after(async () => {
  await browser.close();
  await server.close();
});

async function open(options = {}, prepare = async () => {}) {
  page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await prepare(page);
  await page.goto(server.origin);
  await page.waitForSelector("main:not([aria-busy])");
}

async function shoot(name) {
  if (!shots) return;
  await page.waitForTimeout(400);
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
}

const headline = () => page.textContent(".headline");
const action = () => page.getAttribute("#decision", "data-action");
const field = (name) => page.locator(`#field-${name}`);
const codes = () => page.locator(".violations p:first-child code").allTextContents();

describe("the page", () => {
  beforeEach(() => open());
  afterEach(async () => {
    assert.deepEqual(complaints, []);
    await page.close();
  });

  test("shows a real flight, what the gate decides and what happened", async () => {
    assert.match(await headline(), /Expected|Not sure|A person should decide/);
    assert.match(await page.textContent("#outcome"), /What happened: it arrived/);
    assert.match(await page.textContent("#identity"), /^sha256:[0-9a-f]{64}$/);
    assert.ok((await page.locator("#flight option").count()) >= 20);
    await page.waitForFunction(() => /µs/.test(document.querySelector("#speed").textContent));
  });

  test("offers flights of every kind of answer", async () => {
    const seen = new Set();
    const count = await page.locator("#flight option").count();
    for (let nth = 0; nth < count; nth += 1) {
      seen.add(await action());
      await page.click("#next");
    }
    assert.deepEqual([...seen].sort(), ["accept", "default", "escalate"]);
  });

  test("an edit changes the decision as it is typed, and can be undone", async () => {
    const before = await page.textContent("#details");
    await field("wind_speed").fill("120");
    await field("precip").fill("5");
    await field("visib").fill("0.5");
    assert.notEqual(await page.textContent("#details"), before);
    assert.match(await page.textContent("#outcome"), /Edited in 3 places/);
    await page.click("#reset");
    assert.equal(await page.textContent("#details"), before);
    assert.match(await page.textContent("#outcome"), /What happened/);
  });

  test("a slider moves the value", async () => {
    await page.locator("input[type=range][aria-label^=Wind]").focus();
    const before = await field("wind_speed").inputValue();
    await page.keyboard.press("PageUp");
    assert.notEqual(await field("wind_speed").inputValue(), before);
    assert.match(await page.textContent("#outcome"), /Edited in one place/);
  });

  test("the same instant in another notation gives the same decision", async () => {
    const before = await page.textContent("#details");
    await page.click("text=New York time");
    assert.match(await field("scheduled_departure").inputValue(), /T\d\d:\d\d:\d\d-0[45]:00$/);
    assert.equal(await page.textContent("#details"), before);
  });

  test("a timestamp without offset is refused, and says so at the field", async () => {
    await page.click("text=without offset");
    assert.equal(await headline(), "✕Refused");
    assert.deepEqual(await codes(), ["missing_offset"]);
    assert.match(await page.textContent("#field-scheduled_departure-problem"), /offset/);
    assert.equal(await field("scheduled_departure").getAttribute("aria-invalid"), "true");
    await shoot("refused-wide-light");
    await page.click(".violations button");
    assert.equal(await page.evaluate(() => document.activeElement.id), "field-scheduled_departure");
    await page.click(".notations >> text=UTC");
    assert.notEqual(await action(), "reject");
  });

  test("an unknown airline goes to a person", async () => {
    await field("carrier").fill("ZZ");
    assert.equal(await action(), "escalate");
    assert.deepEqual(await codes(), ["not_in_set"]);
    await shoot("escalated-wide-light");
  });

  test("text in a number field stays text", async () => {
    await field("distance").fill("far");
    assert.deepEqual(await codes(), ["wrong_type"]);
    await field("distance").fill("");
    assert.deepEqual(await codes(), ["missing_value"]);
  });

  const tricks = {
    "timestamp without offset": ["missing_offset"],
    "“12” for a number": ["wrong_type"],
    "unknown airline": ["not_in_set"],
    NaN: ["not_finite"],
    Infinity: ["not_finite"],
    "out of range": ["out_of_range"],
    "half a seat": ["not_integer"],
    "empty text": ["empty_text"],
    "null where needed": ["missing_value"],
    __proto__: ["unknown_field"],
    "a list": ["not_a_record"],
    "nothing at all": ["not_a_record"],
    "same instant, New York time": [],
    "weather not known": [],
  };
  test("no trick of the raw tab fools it", async () => {
    await page.click("#tab-raw");
    for (const [title, expected] of Object.entries(tricks)) {
      await page.click(`#tricks >> text="${title}"`);
      assert.deepEqual(await codes(), expected, title);
    }
    await page.click('#tricks >> text="misspelt field"');
    assert.deepEqual((await codes()).sort(), ["missing_value", "unknown_field"]);
    await shoot("raw-wide-light");
  });

  test("the raw tab and the form show the same record", async () => {
    await page.click("#tab-raw");
    const text = await page.inputValue("#raw");
    await page.fill("#raw", text.replace(/"temp": [-\d.]+/, '"temp": 99.5'));
    await page.click("#tab-form");
    assert.equal(await field("temp").inputValue(), "99.5");
    await page.click("#tab-raw");
    await page.fill("#raw", '{"temp": ');
    assert.match(await page.textContent("#raw-problem"), /line 1, column/);
    assert.equal(await action(), "error");
  });

  test("can be used with the keyboard alone", async () => {
    await page.focus("#flight");
    const before = await page.inputValue("#flight");
    await page.keyboard.press("ArrowDown");
    assert.notEqual(await page.inputValue("#flight"), before);
    await page.focus("#tab-form");
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.evaluate(() => document.activeElement.id), "tab-raw");
    assert.equal(await page.isVisible("#panel-raw"), true);
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.id), "field-scheduled_departure");
    await page.keyboard.press("End");
    await page.keyboard.press("Backspace");
    assert.equal(await action(), "reject");
    const unnamed = await page.evaluate(() =>
      [...document.querySelectorAll("input, select, textarea, button")]
        .filter((e) => !(e.labels?.length || e.textContent.trim() || e.ariaLabel))
        .map((e) => e.outerHTML));
    assert.deepEqual(unnamed, []);
  });
});

describe("the page elsewhere", () => {
  afterEach(async () => {
    await page.close();
  });
  const overflow = () =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

  test("light and dark differ, wide", async () => {
    await open({ colorScheme: "light" });
    const light = await background();
    await shoot("wide-light");
    await page.close();
    await open({ colorScheme: "dark" });
    assert.notEqual(await background(), light);
    await shoot("wide-dark");
    assert.deepEqual(complaints, []);
  });

  for (const colorScheme of ["light", "dark"]) {
    test(`narrow, ${colorScheme}: nothing is cut off`, async () => {
      await open({ viewport: { width: 360, height: 740 }, colorScheme });
      assert.equal(await overflow(), 0);
      await shoot(`narrow-${colorScheme}`);
      await page.click("text=without offset");
      await page.waitForSelector("#mini:not([hidden])");
      assert.equal(await page.textContent("#mini"), "Refused");
      assert.equal(await overflow(), 0);
      await page.click("#tab-raw");
      assert.equal(await overflow(), 0);
      await shoot(`narrow-raw-${colorScheme}`);
      assert.deepEqual(complaints, []);
    });
  }

  test("a missing model is said in words", async () => {
    await open({}, (fresh) => fresh.route("**/*.wasm", (route) => route.fulfill({ status: 404, body: "no" })));
    assert.match(await headline(), /could not be loaded/);
    assert.match(await page.textContent("#verdict"), /404[\s\S]*code: io/);
    await shoot("error-missing");
  });

  test("an altered model is refused", async () => {
    await open({}, (fresh) =>
      fresh.route("**/*.wasm", async (route) => {
        const response = await route.fetch();
        const body = await response.body();
        body[body.length - 1] ^= 1;
        await route.fulfill({ response, body });
      }));
    assert.match(await page.textContent("#verdict"), /bundle_altered/);
  });
});
