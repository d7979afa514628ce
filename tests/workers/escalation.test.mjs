// The flights package in workerd: decisions, the queue, the signed webhook.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { Miniflare } from "miniflare";
import { flights, packageFile, rows } from "../lib/flights.mjs";

const SECRET = "a secret of the desk";
const gate = flights.loadSync();
const { records } = rows(gate.info.inputs, "golden.csv");
const asked = records.filter((record) => gate.predict(record).action === "escalate").slice(0, 20);

const posted = [];
const desk = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    posted.push({ headers: request.headers, body: Buffer.concat(parts).toString("utf8") });
    // busy at first
    response.writeHead(posted.length === 1 ? 503 : 204).end();
  });
});
let worker;

before(async () => {
  await new Promise((done) => desk.listen(0, "127.0.0.1", done));
  const module = (type, path, contents) => ({ type, path, contents });
  worker = new Miniflare({
    compatibilityDate: "2026-01-01",
    modules: [
      module("ESModule", "worker.mjs", readFileSync(new URL("worker.mjs", import.meta.url), "utf8")),
      module("ESModule", "workerd.js", readFileSync(packageFile("workerd.js"), "utf8")),
      module("CompiledWasm", "driftline_bg.wasm", readFileSync(packageFile("driftline_bg.wasm"))),
    ],
    bindings: { DESK: `http://127.0.0.1:${desk.address().port}/`, SECRET },
    queueProducers: { REVIEW: "review" },
    queueConsumers: { review: { maxBatchSize: 10, maxBatchTimeout: 0 } },
  });
  await worker.ready;
});
after(async () => {
  await worker.dispose();
  desk.close();
});

const call = async (path, body) =>
  (await worker.dispatchFetch(`http://worker${path}`, body && { method: "POST", body: JSON.stringify(body) })).json();

async function until(done) {
  for (let tries = 0; tries < 200; tries += 1) {
    const found = await done();
    if (found) return found;
    await new Promise((next) => setTimeout(next, 25));
  }
  throw new Error("it did not come");
}

test("decisions are those of Node, and escalations arrive by queue and webhook", async () => {
  assert.ok(asked.length > 3);
  // at once, so that requests share the routes and flush for one another
  const decisions = await Promise.all(asked.map((record) => call("/predict", record)));
  decisions.forEach(({ id: _, ...decision }, at) => {
    assert.deepEqual(decision, JSON.parse(JSON.stringify(gate.predict(asked[at]))));
  });
  const ids = decisions.map(({ id }) => id).sort();
  assert.equal(new Set(ids).size, asked.length);
  const received = await until(async () => {
    const all = await call("/received");
    return all.length >= asked.length && all;
  });
  assert.deepEqual([...new Set(received.map(({ id }) => id))].sort(), ids);
  const unique = () => [...new Set(posted.map(({ headers }) => headers["webhook-id"]))].sort();
  await until(() => posted.length > asked.length);
  assert.deepEqual(unique(), ids);
  for (const { headers, body } of posted) {
    const text = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
    const mac = createHmac("sha256", SECRET).update(text).digest("base64");
    assert.equal(headers["webhook-signature"], `v1,${mac}`);
  }
  const { gate: counts, routes } = await until(async () => {
    const status = await call("/status");
    return status.routes.every(({ queued }) => queued === 0) && status;
  });
  assert.equal(counts.escalations.sent, asked.length);
  assert.deepEqual(routes.map(({ delivered }) => delivered), [asked.length, asked.length]);
  assert.equal(routes[1].retried, 1);
});
