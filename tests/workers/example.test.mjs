// examples/cloudflare-worker in workerd: answers, problems, the queue, and counts in both places.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { collector, until } from "../lib/collector.mjs";
import { flights, good, packageFile, rows } from "../lib/flights.mjs";

const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const { build } = createRequire(at("pkg/package.json"))("esbuild");

/** The script as wrangler makes it: TypeScript bundled, the WebAssembly file as a module. */
async function script() {
  const { outputFiles } = await build({
    entryPoints: [at("examples/cloudflare-worker/src/index.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker"],
    alias: { "flights-delay": packageFile("workerd.js") },
    external: ["*.wasm"],
  });
  return outputFiles[0].text;
}

const code = await script();
const gate = flights.loadSync();
const open = [];
after(() => Promise.all(open.map((close) => close())));

async function worker(countsIn, url, scripts = code) {
  const made = new Miniflare({
    compatibilityDate: "2026-01-01",
    modules: [
      { type: "ESModule", path: "index.js", contents: scripts },
      { type: "CompiledWasm", path: "driftline_bg.wasm", contents: readFileSync(packageFile("driftline_bg.wasm")) },
    ],
    bindings: { COLLECTOR: url, WRITE_KEY: "pk_flights", COUNTS_IN: countsIn },
    durableObjects: { COUNTS: { className: "FlightCounts", useSQLite: true } },
    queueProducers: { REVIEW: "flights-review" },
  });
  await made.ready;
  open.push(() => made.dispose());
  const ask = (body, headers = {}, path = "/predict") =>
    made.dispatchFetch(`http://worker${path}`, { method: "POST", body, headers });
  return { made, ask };
}

test("decisions are Node's; a record that breaks the contract is an answer", async () => {
  const { ask } = await worker("isolate", "http://127.0.0.1:9/");
  const { records } = rows(gate.info.inputs, "golden.csv");
  for (const record of [...records.slice(0, 40), { ...good(), distance: "far" }, {}, []]) {
    const answer = await ask(JSON.stringify(record));
    assert.equal(answer.status, 200);
    const { id: _, ...decision } = await answer.json();
    assert.deepEqual(decision, JSON.parse(JSON.stringify(gate.predict(JSON.parse(JSON.stringify(record))))));
  }
});

const wrong = {
  "no JSON": ["{", 400, "bad_input"],
  "nothing": ["", 400, "bad_input"],
  "no UTF-8": [Uint8Array.of(0xff, 0xfe, 0x22), 400, "bad_input"],
  "too large": [`"${"x".repeat(20_000)}"`, 400, "bad_input"],
};
for (const [name, [body, status, expected]] of Object.entries(wrong)) {
  test(`a problem: ${name}`, async () => {
    const { ask } = await worker("isolate", "http://127.0.0.1:9/");
    const answer = await ask(body);
    assert.equal(answer.headers.get("content-type"), "application/problem+json");
    const problem = await answer.json();
    assert.deepEqual([answer.status, problem.status, problem.code], [status, status, expected]);
    assert.ok(!problem.detail.includes("xxx"));
  });
}

for (const place of ["isolate", "durable"]) {
  test(`120 clients are counted in the ${place}, and leave with noise`, async () => {
    const server = await collector();
    open.push(() => server.close());
    // the example's window is a minute; a test does not wait as long for the object's alarm
    const quick = code.replace(/intervalMs = (6e4|60_?000)/, "intervalMs = 12000");
    assert.notEqual(quick, code);
    const { made, ask } = await worker(place, server.url, quick);
    for (let nth = 0; nth < 120; nth += 1) {
      await (await ask(JSON.stringify(good()), { "cf-connecting-ip": `192.0.2.${nth}` })).arrayBuffer();
      // the address is nobody's: a repetition is decided, and not counted
      await (await ask(JSON.stringify(good()), { "cf-connecting-ip": `192.0.2.${nth % 7}` })).arrayBuffer();
    }
    await (await made.getWorker()).scheduled({ cron: "*/5 * * * *" });
    const [beacon] = await until(() => server.taken.size > 0 && server.beacons(), "a beacon", 60_000);
    assert.deepEqual([beacon.mode, beacon.key, beacon.epsilon, beacon.host], ["aggregated", "pk_flights", 1000, "workerd"]);
    assert.ok(!JSON.stringify(beacon).includes("192.0.2"));
  });
}
