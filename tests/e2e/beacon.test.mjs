// The beacon in Chromium: pages that go, hide, lose the network or meet a collector that fails.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { launch, serve } from "../lib/browser.mjs";
import { collector, until } from "../lib/collector.mjs";
import { good, packageDir } from "../lib/flights.mjs";

const HTML = `<!doctype html><meta charset="utf-8"><title>beacon</title><script type="module">
  import { load, startBeacon } from "/package/index.js";
  const options = { consent: true, mode: "pseudonymous", intervalMs: 300, random: () => 0.02, ...JSON.parse(decodeURIComponent(location.hash.slice(1))) };
  const gate = await load(undefined, { summary: { segments: { country: ["PL"] }, metrics: ["revenue"] } });
  const beacon = startBeacon(gate, options);
  globalThis.beacon = beacon;
  globalThis.predict = (times, record = ${JSON.stringify(good())}) => {
    for (let nth = 0; nth < times; nth += 1) gate.predict(record);
  };
  globalThis.outcome = (text) => {
    gate.segment({ country: text });
    const id = gate.track(gate.predict(${JSON.stringify(good())}));
    // its sum is a count like others, and leaves as such where counts are plain
    gate.outcome(id, { label: "late", metrics: { revenue: 12.5 } });
    for (const answer of [{ label: text }, { metrics: { [text]: 1 } }]) {
      try {
        gate.outcome(text, answer);
      } catch {
        // refused, which must leave no trace
      }
    }
  };
  document.title = "ready";
</script>`;

const WORKER = `
  import { load, startBeacon } from "/package/index.js";
  onmessage = async ({ data }) => {
    const gate = await load();
    const beacon = startBeacon(gate, { consent: true, mode: "pseudonymous", ...data.options });
    for (let nth = 0; nth < data.times; nth += 1) gate.predict(data.record);
    await beacon.flush();
    postMessage({ beacon: typeof navigator.sendBeacon, status: beacon.status() });
  };`;

let browser;
let site;
let context;
const open = [];
const said = [];

before(async () => {
  const page = { html: HTML };
  const pages = { "/": page, "/other": page, "/empty": { html: "<!doctype html><title>empty</title>" } };
  [browser, site] = await Promise.all([launch(), serve({ "/package/": packageDir }, pages)]);
});
after(async () => {
  await browser.close();
  await site.close();
});
afterEach(async () => {
  await context?.close();
  context = undefined;
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function collecting(answer) {
  const server = await collector(answer);
  open.push(server);
  return server;
}

/** A page of the one browser profile of a test. */
async function visit(server, options = {}, path = "/") {
  context ??= await browser.newContext();
  const page = await context.newPage();
  said.length = 0;
  // what the browser itself says of a failed request no page can stop
  page.on("console", (message) => message.location().url.includes("/package/") && said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  await go(page, server, options, path);
  return page;
}

async function go(page, server, options = {}, path = "/") {
  const all = { endpoint: server.url, ...options };
  await page.goto(`${site.origin}${path}#${encodeURIComponent(JSON.stringify(all))}`);
  await page.waitForFunction(() => document.title === "ready");
}

const predict = (page, times, record) =>
  page.evaluate(([n, r]) => (r ? globalThis.predict(n, r) : globalThis.predict(n)), [times, record]);
const stored = (page) => page.evaluate(() => Object.entries(localStorage).flat());
const status = (page) => page.evaluate(() => globalThis.beacon.status());
const payloads = async (page) => (await stored(page)).filter((text) => text.includes(".payload.")).length;
const hide = (page, hidden) =>
  page.evaluate((is) => {
    Object.defineProperty(document, "visibilityState", { value: is ? "hidden" : "visible", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
/** Never by the timer: what arrives then was sent as the page went. */
const LATE = { intervalMs: 3_600_000 };

test("navigation: the counts of each page arrive, once by id", async () => {
  const server = await collecting();
  const page = await visit(server, LATE);
  for (let nth = 0; nth < 5; nth += 1) {
    await predict(page, 3 + nth);
    await go(page, server, LATE, nth % 2 ? "/" : "/other");
  }
  await page.goto(`${site.origin}/empty`);
  await until(() => server.records() === 3 + 4 + 5 + 6 + 7, "25 records");
  const { length } = server.requests;
  assert.equal(server.taken.size, 5);
  assert.ok(length <= 10, "more than the sending and its confirmation");
  assert.deepEqual(said, []);
});

test("a closed tab", async () => {
  const server = await collecting();
  const page = await visit(server, LATE);
  await predict(page, 11);
  await page.close({ runBeforeUnload: true });
  await until(() => server.records() === 11, "11 records");
});

test("pagehide and visibilitychange together send once", async () => {
  const server = await collecting();
  const page = await visit(server, LATE);
  await predict(page, 4);
  await hide(page, true);
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pagehide")));
  await until(() => server.records() === 4);
  assert.equal(server.requests.length, 1);
  await predict(page, 5);
  await hide(page, true);
  await hide(page, false);
  await until(() => server.records() === 9);
  assert.equal(server.taken.size, 2);
});

test("offline: payloads wait in localStorage, encoded, and go when the network is back", async () => {
  const server = await collecting();
  const page = await visit(server, LATE);
  await context.setOffline(true);
  await predict(page, 6);
  await page.evaluate(() => globalThis.beacon.flush());
  await predict(page, 2);
  await page.evaluate(() => globalThis.beacon.flush());
  assert.equal(await payloads(page), 2);
  assert.equal(server.requests.length, 0);
  await new Promise((next) => setTimeout(next, 100));
  await context.setOffline(false);
  await until(() => server.records() === 8, "8 records");
  await until(async () => (await payloads(page)) === 0);
});

test("offline until the page is gone: the next visit sends it", async () => {
  const server = await collecting(() => ({ cut: true }));
  const page = await visit(server, LATE);
  await predict(page, 6);
  await page.evaluate(() => globalThis.beacon.flush());
  await page.close();
  server.state.answer = () => ({});
  const next = await visit(server, { intervalMs: 300 });
  await until(() => server.records() === 6, "6 records", 20_000);
  await until(async () => (await payloads(next)) === 0, "an empty queue", 20_000);
});

test("503 with Retry-After: not before, and then", async () => {
  const server = await collecting((nth) => (nth === 1 ? { status: 503, headers: { "retry-after": "2" } } : {}));
  const page = await visit(server);
  await predict(page, 7);
  await until(() => server.records() === 7, "7 records");
  const [first, second] = server.requests;
  assert.ok(second.at - first.at >= 1_950, `${second.at - first.at} ms`);
  assert.equal(first.body, second.body);
  assert.equal(server.requests.length, 2);
});

test("503 for what sendBeacon sent: the next page sends it again under the same id", async () => {
  const server = await collecting((nth) => (nth === 1 ? { status: 503 } : {}));
  const page = await visit(server, LATE);
  await predict(page, 8);
  await go(page, server, { intervalMs: 500 }, "/other");
  await until(() => server.records() === 8, "8 records", 20_000);
  assert.equal(new Set(server.requests.map(({ body }) => body)).size, 1);
});

test("a blocked endpoint: predictions go on, the queue is bounded, nothing of ours on the console", async () => {
  const server = await collecting();
  const page = await visit(server, { capacity: 3, intervalMs: 100 });
  await page.route(server.url, (route) => route.abort("blockedbyclient"));
  for (let nth = 0; nth < 6; nth += 1) {
    await predict(page, 2);
    await page.evaluate(() => globalThis.beacon.flush());
  }
  const { waiting, dropped } = await status(page);
  assert.deepEqual([waiting, dropped, server.requests.length, said], [3, 3, 0, []]);
  assert.equal(await payloads(page), 3);
});

test("randomized: one answer a client and day over pages and tabs, unchanged when it is sent again", async () => {
  const server = await collecting((nth) => (nth <= 2 ? { status: 503 } : {}));
  const options = { mode: "randomized", intervalMs: 200 };
  const page = await visit(server, options);
  await predict(page, 5);
  await until(() => server.taken.size === 1, "the answer", 20_000);
  for (let nth = 0; nth < 3; nth += 1) {
    await go(page, server, options, "/other");
    await predict(page, 5);
    await page.evaluate(() => globalThis.beacon.flush());
  }
  const tab = await visit(server, options);
  await predict(tab, 5);
  await tab.evaluate(() => globalThis.beacon.flush());
  await tab.close();
  assert.equal(server.taken.size, 1);
  assert.equal(new Set(server.requests.map(({ body }) => body)).size, 1);
  const [beacon] = server.beacons();
  assert.deepEqual([beacon.mode, beacon.instance, beacon.seq, beacon.hours], ["randomized", undefined, undefined, 24]);
});

test("aggregated: a page is one client, so that nothing leaves it and nothing is stored", async () => {
  const server = await collecting();
  const page = await visit(server, { mode: "aggregated", intervalMs: 100 });
  await predict(page, 300);
  await page.evaluate(() => globalThis.beacon.flush());
  assert.deepEqual([await stored(page), server.requests.length], [[], 0]);
  await page.goto(`${site.origin}/empty`);
  assert.equal(server.requests.length, 0);
});

test("no consent, or Global Privacy Control: nothing stored, nothing sent", async () => {
  const server = await collecting();
  const page = await visit(server, { consent: false, intervalMs: 100 });
  await predict(page, 3);
  await page.evaluate(() => globalThis.beacon.flush());
  assert.deepEqual([await stored(page), (await status(page)).silent], [[], "no_consent"]);
  await context.addInitScript(() => Object.defineProperty(navigator, "globalPrivacyControl", { value: true }));
  const other = await visit(server, { intervalMs: 100 });
  await predict(other, 3);
  await other.evaluate(() => globalThis.beacon.flush());
  assert.deepEqual([await stored(other), (await status(other)).silent], [[], "opt_out"]);
  await other.goto(`${site.origin}/empty`);
  assert.equal(server.requests.length, 0);
});

test("a web worker, which has no sendBeacon", async () => {
  const server = await collecting();
  const page = await visit(server, LATE);
  const done = await page.evaluate(
    ([source, data]) =>
      new Promise((resolve, reject) => {
        // an import in a blob's script has the page's origin for its base
        const text = source.replaceAll('"/package/', `"${location.origin}/package/`);
        const worker = new Worker(URL.createObjectURL(new Blob([text], { type: "text/javascript" })), { type: "module" });
        worker.onerror = (event) => reject(new Error(event.message));
        worker.onmessage = (event) => resolve(event.data);
        worker.postMessage(data);
      }),
    [WORKER, { times: 9, record: good(), options: { endpoint: server.url } }],
  );
  assert.deepEqual([done.beacon, done.status.taken], ["undefined", 1]);
  assert.equal(server.records(), 9);
  assert.equal(server.beacons()[0].host, "worker");
});

test("nothing of a record, a segment or an error is in what is sent or stored", async () => {
  const secrets = ["anna.example@mail.test", "Żaneta Kowalska-Müller", "4929123456781234", "8675309.0421"];
  for (const mode of ["pseudonymous", "randomized"]) {
    const server = await collecting(() => ({ status: 503 }));
    const page = await visit(server, { mode, intervalMs: 100 });
    for (const secret of secrets) {
      for (const field of ["carrier", "dest", "distance", "scheduled_departure", secret]) {
        await predict(page, 1, { ...good(), [field]: secret });
      }
    }
    await predict(page, 1, { ...good(), distance: 8675309.0421 });
    await page.evaluate((texts) => texts.forEach((text) => globalThis.outcome(text)), secrets);
    await page.evaluate(() => globalThis.beacon.flush());
    const waiting = await stored(page);
    assert.ok(waiting.some((text) => text.includes("driftline.beacon/1")), "nothing was stored");
    server.state.answer = () => ({});
    await until(() => server.taken.size > 0);
    const bytes = [...waiting, ...server.requests.map(({ headers, url, body }) => JSON.stringify(headers) + url + body)];
    for (const secret of [...secrets, "8675309"]) {
      for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64").slice(0, -4)]) {
        for (const text of bytes) assert.ok(!text.includes(form), `\`${secret}\` left`);
      }
    }
    await context.close();
    context = undefined;
  }
});
