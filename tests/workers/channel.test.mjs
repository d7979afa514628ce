// Channels in workerd: release, canary, promote, a bundle whose self-test fails, rollback, under load.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { Miniflare } from "miniflare";
import { desk, host, identityOf, withWrongGolden } from "../lib/channels.mjs";
import { collect } from "../lib/collect.mjs";
import { until } from "../lib/collector.mjs";
import { bundle, good, packageFile } from "../lib/flights.mjs";

const work = desk();
const [a, b, c] = [work.bundle("a", 0.61), work.bundle("b", 0.62), work.bundle("c", 0.63)];
const broken = work.put("broken", withWrongGolden(c.bytes));
const pinned = identityOf(bundle());
const running = [() => work.remove()];
after(async () => {
  for (const close of running.reverse()) await close();
});

async function isolate(models, collector) {
  const module = (type, path, contents) => ({ type, path, contents });
  const config = { CHANNEL: models.url, COLLECTOR: collector.url, KEY: work.key.pub };
  const text = Object.entries(config).map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};`).join("\n");
  const made = new Miniflare({
    compatibilityDate: "2026-01-01",
    modules: [
      module("ESModule", "channel-worker.mjs", readFileSync(new URL("channel-worker.mjs", import.meta.url), "utf8")),
      module("ESModule", "config.mjs", text),
      module("ESModule", "workerd.js", readFileSync(packageFile("workerd.js"), "utf8")),
      module("CompiledWasm", "driftline_bg.wasm", readFileSync(packageFile("driftline_bg.wasm"))),
    ],
  });
  await made.ready;
  running.push(() => made.dispose());
  const json = async (path, init) => (await made.dispatchFetch(`http://worker${path}`, init)).json();
  return {
    channel: () => json("/channel"),
    refresh: () => json("/refresh"),
    predict: () => json("/", { method: "POST", body: JSON.stringify(good()) }),
  };
}

test("a channel is followed under constant load, and no prediction is lost or of a half-loaded gate", async () => {
  const [models, collector] = [await host(work.folder), await collect()];
  running.push(() => models.close(), () => collector.close());
  const told = ["--collector", collector.url];
  work.step("release", a, ...told);
  const worker = await isolate(models, collector);
  // the first request is answered by the bundle that was deployed with the Worker
  assert.equal((await worker.predict()).identity, pinned);

  const known = new Set([pinned, a.identity, b.identity]);
  const made = new Map();
  let stopped = false;
  const load = Array.from({ length: 4 }, async () => {
    while (!stopped) {
      const { identity, action, scores } = await worker.predict();
      assert.ok(known.has(identity), identity);
      assert.ok(action !== undefined && scores !== null);
      made.set(identity, (made.get(identity) ?? 0) + 1);
    }
  });
  const at = (bundle, what) =>
    until(async () => (await worker.channel()).identity === bundle.identity, what, 30_000);
  await at(a, "the release");
  work.step("canary", b, "--percent", "99", ...told);
  await at(b, "the canary");
  work.step("promote", null, ...told);
  await until(async () => (await worker.channel()).arm === "live", "the promotion", 30_000);
  work.step("release", broken, ...told);
  await until(async () => (await worker.channel()).failed.length > 0, "the failure", 30_000);
  const after = await worker.channel();
  assert.deepEqual([after.identity, after.arm], [b.identity, "kept"]);
  assert.deepEqual(after.failed, [{ identity: broken.identity, code: "self_test_failed" }]);
  await until(async () => (await collector.activations([a, b, broken])).broken, "the collector to hear of it");
  work.step("rollback", null, "--reason", "its self-test fails", ...told);
  await until(async () => (await worker.channel()).sequence === 5, "the rollback", 30_000);
  assert.deepEqual([(await worker.channel()).identity, (await worker.channel()).arm], [b.identity, "live"]);
  work.step("rollback", null, ...told);
  await at(a, "the second rollback");
  stopped = true;
  await Promise.all(load);

  const counts = [...made].map(([identity, n]) => `${[a, b].find((one) => one.identity === identity)?.name ?? "pinned"} ${n}`);
  console.log(`# ${[...made.values()].reduce((x, y) => x + y, 0)} predictions, none failed: ${counts.join(", ")}`);
  assert.deepEqual(await collector.activations([a, b, broken]), {
    a: { activated: 2 },
    b: { activated: 1 },
    broken: { activated: 0, self_test_failed: 1 },
  });
  const { deployments } = await collector.get("/v1/deployments?channel=stable");
  assert.deepEqual(deployments.map(({ action }) => action), ["release", "canary", "promote", "release", "rollback", "rollback"]);
  const { live } = await collector.get(`/v1/deployments?at=${deployments[3].at}`);
  assert.equal(live[0].channel, "stable");
});

test("a tampered channel, an older one and one that has expired change nothing", async () => {
  const [models, collector] = [await host(work.folder), await collect()];
  running.push(() => models.close(), () => collector.close());
  const worker = await isolate(models, collector);
  const before = await worker.refresh();
  const good = readFileSync(work.channel);
  const code = async (bytes) => {
    models.state.replaced.set("stable.json", bytes);
    const { identity, error } = await worker.refresh();
    assert.equal(identity, before.identity);
    return error?.code;
  };
  assert.equal(await code(Buffer.from(String(good).replace("a.driftline", "b.driftline"))), "signature_invalid");
  assert.equal(await code(Buffer.from("{}")), "channel_invalid");
  work.step("renew", null, "--expires", new Date(Date.now() + 2000).toISOString().replace(/\.\d+Z$/, "Z"));
  await new Promise((next) => setTimeout(next, 2500));
  assert.equal(await code(readFileSync(work.channel)), "channel_expired");
  work.step("renew", null, "--expires", "never");
  assert.equal(await code(readFileSync(work.channel)), undefined);
  assert.equal(await code(good), "downgrade");
});
