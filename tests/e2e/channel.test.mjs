// Channels in Chromium: release, canary, promote, a bundle whose self-test fails, rollback, under load;
// and a reload without any network.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, serve } from "../lib/browser.mjs";
import { desk, host, withWrongGolden } from "../lib/channels.mjs";
import { collect } from "../lib/collect.mjs";
import { until } from "../lib/collector.mjs";
import { good, packageDir } from "../lib/flights.mjs";

const CLIENTS = 40;

const HTML = `<!doctype html><meta charset="utf-8"><title>channel</title><script type="module">
  import { loadChannel } from "/package/index.js";
  if (location.pathname === "/offline") {
    await navigator.serviceWorker.register("/sw.js");
    await navigator.serviceWorker.ready;
  }
  const options = JSON.parse(decodeURIComponent(location.hash.slice(1)));
  const runtime = await WebAssembly.compile(await (await fetch("/package/driftline_bg.wasm")).arrayBuffer());
  globalThis.follow = (client) =>
    loadChannel(options.channel, {
      publicKeys: [options.key], runtime, client, pollMs: 200,
      // each client has a memory of its own, as if it were a browser of its own
      ...(client === undefined ? {} : { storage: null }),
      activations: { collector: options.collector, consent: true },
    });
  globalThis.record = ${JSON.stringify(good())};
  globalThis.gates = [];
  globalThis.made = {};
  globalThis.faults = [];
  globalThis.run = () => {
    for (const gate of gates) {
      try {
        const { identity, scores } = gate.predict(record);
        if (scores === null) throw new Error("no scores");
        made[identity] = (made[identity] ?? 0) + 1;
      } catch (error) {
        faults.push(String(error));
      }
    }
    if (!globalThis.stopped) setTimeout(run, 0);
  };
  document.title = "ready";
</script>`;

/** Keeps the page and the package, so that a reload needs no network. */
const SERVICE = `
  const kept = ["/offline", "/package/index.js", "/package/driftline_bg.wasm"];
  addEventListener("install", (event) => event.waitUntil(caches.open("page").then((cache) => cache.addAll(kept))));
  addEventListener("activate", (event) => event.waitUntil(clients.claim()));
  addEventListener("fetch", (event) => {
    const { origin, pathname } = new URL(event.request.url);
    if (origin === location.origin) event.respondWith(caches.match(pathname).then((found) => found ?? fetch(event.request)));
  });`;

const work = desk();
const [a, b, c] = [work.bundle("a", 0.61), work.bundle("b", 0.62), work.bundle("c", 0.63)];
const broken = work.put("broken", withWrongGolden(c.bytes));
let browser;
let site;
let models;
let collector;

before(async () => {
  [browser, site, models, collector] = await Promise.all([
    launch(),
    serve({ "/package/": packageDir }, { "/": { html: HTML }, "/offline": { html: HTML }, "/sw.js": { html: SERVICE, type: "text/javascript" } }),
    host(work.folder),
    collect(),
  ]);
});
after(async () => {
  await browser.close();
  await Promise.all([site.close(), models.close(), collector.close()]);
  work.remove();
});

async function visit(context, path) {
  const page = await context.newPage();
  const options = { channel: models.url, key: work.key.hex, collector: collector.url };
  await page.goto(`${site.origin}${path}#${encodeURIComponent(JSON.stringify(options))}`);
  await page.waitForFunction(() => document.title === "ready");
  return page;
}

test(`${CLIENTS} clients follow a channel under load: none is lost, none is answered by half a gate`, async () => {
  const told = ["--collector", collector.url];
  work.step("release", a, ...told);
  const context = await browser.newContext();
  const page = await visit(context, "/");
  await page.evaluate(async (clients) => {
    globalThis.gates = await Promise.all(Array.from({ length: clients }, (_, nth) => follow(`client ${nth}`)));
    run();
  }, CLIENTS);
  const now = () => page.evaluate(() => gates.map((gate) => ({ identity: gate.identity, ...gate.channel })));
  const of = (all, bundle) => all.filter(({ identity }) => identity === bundle.identity).length;
  const settled = (sequence, fits) =>
    until(async () => {
      const all = await now();
      return all.every((one) => one.sequence === sequence) && fits(all) && all;
    }, `sequence ${sequence}`, 60_000);
  assert.equal(of(await now(), a), CLIENTS);

  work.step("canary", b, "--percent", "10", ...told);
  const tried = await settled(2, (all) => of(all, b) > 0);
  const share = of(tried, b);
  assert.equal(of(tried, a) + share, CLIENTS);
  assert.ok(tried.every(({ identity, arm }) => (arm === "canary") === (identity === b.identity)));
  // 4 expected; no more than five standard deviations
  assert.ok(share >= 1 && share <= 4 + 5 * Math.sqrt(3.6), String(share));

  work.step("promote", null, ...told);
  await settled(3, (all) => of(all, b) === CLIENTS);
  work.step("release", broken, ...told);
  const failed = await settled(4, (all) => all.every((one) => one.failed.length === 1 && one.arm === "kept"));
  assert.equal(of(failed, b), CLIENTS);
  assert.ok(failed.every(({ failed: [{ code }] }) => code === "self_test_failed"));
  const heard = await until(async () => {
    const found = await collector.activations([a, b, broken]);
    return found.broken?.self_test_failed === CLIENTS && found;
  }, "the collector to hear of every failure", 30_000);
  work.step("rollback", null, ...told);
  await settled(5, (all) => all.every(({ arm }) => arm === "live"));
  const { faults, made } = await page.evaluate(() => {
    globalThis.stopped = true;
    return { faults, made };
  });
  const total = Object.values(made).reduce((x, y) => x + y, 0);
  console.log(`# ${share} of ${CLIENTS} clients in the canary of 10%; ${total} predictions by ${Object.keys(made).length} bundles, ${faults.length} failed; collector: ${JSON.stringify(heard)}`);
  assert.deepEqual(faults, []);
  assert.deepEqual(Object.keys(made).sort(), [a.identity, b.identity].sort());
  assert.deepEqual(heard, { a: { activated: CLIENTS }, b: { activated: CLIENTS }, broken: { activated: 0, self_test_failed: CLIENTS } });
  const { live } = await collector.get("/v1/deployments?at=2100-01-01T00:00:00Z");
  assert.deepEqual([live[0].channel, live[0].identity, live[0].canary], ["stable", b.identity, null]);
  await context.close();
});

test("a reload without a network decides by the last good bundle, and goes on when the network is back", async () => {
  const context = await browser.newContext();
  const page = await visit(context, "/offline");
  const look = () =>
    page.evaluate(async () => {
      const gate = await follow();
      const { identity } = gate.predict(record);
      const { arm, error } = gate.channel;
      gate.dispose();
      return { identity, arm, error: error?.code ?? null };
    });
  assert.deepEqual(await look(), { identity: b.identity, arm: "live", error: null });
  models.state.down = true;
  await context.setOffline(true);
  await page.reload();
  await page.waitForFunction(() => document.title === "ready");
  assert.deepEqual(await look(), { identity: b.identity, arm: "live", error: "io" });
  models.state.down = false;
  await context.setOffline(false);
  work.step("release", a);
  assert.deepEqual(await look(), { identity: a.identity, arm: "live", error: null });
  await context.close();
});
