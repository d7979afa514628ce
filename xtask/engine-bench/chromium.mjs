// The same measurement in a page of headless Chromium.
//
//     CHROMIUM=/usr/bin/chromium node chromium.mjs PLAN ROUNDS

import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { readNpz, take } from "./npz.mjs";
import { latencyTable } from "./tables.mjs";

const [plan, rounds] = process.argv.slice(2);
const { models, runtimes } = JSON.parse(readFileSync(plan, "utf8"));
const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const TYPES = { ".mjs": "text/javascript", ".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html" };

const FILES = new Map([["/", "<!doctype html><title>bench</title>"]]);
const route = (url) => {
  if (url === "/") return FILES.get("/");
  const [, kind, ...rest] = url.split("/");
  const path = rest.join("/");
  if (path.includes("..")) return undefined;
  if (kind === "ort") return readFileSync(here(`node_modules/onnxruntime-web/dist/${path}`));
  if (kind === "code") return readFileSync(here(path));
  if (kind === "runtime") return readFileSync(`${runtimes[rest[0]]}/${rest.slice(1).join("/")}`);
  const model = models[Number(rest[0])];
  if (kind === "onnx") return readFileSync(model.onnx);
  if (kind === "compiled") return readFileSync(model.compiled[rest[1]]);
  if (kind === "input") {
    const arrays = readNpz(model.inputs);
    return Buffer.from(take(arrays[model.names[Number(rest[1])]], Number(rest[2])).data.buffer);
  }
  return undefined;
};
const server = createServer((request, response) => {
  try {
    const body = route(new URL(request.url, "http://localhost").pathname);
    if (body === undefined) throw new Error("no such file");
    const type = TYPES[extname(request.url)] ?? (request.url === "/" ? "text/html" : "application/octet-stream");
    response.writeHead(200, { "content-type": type }).end(body);
  } catch (error) {
    response.writeHead(404).end(String(error));
  }
}).listen(0, "127.0.0.1");
await new Promise((done) => server.once("listening", done));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
});
try {
  const page = await browser.newPage();
  page.on("console", (message) => console.error(message.text()));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const described = models.map((model) => {
    const arrays = readNpz(model.inputs);
    return {
      name: model.name,
      compiled: Object.keys(model.compiled),
      inputs: model.names.map((n) => ({ type: arrays[n].type, shape: arrays[n].shape })),
    };
  });
  const results = await page.evaluate(
    async ({ described, runtimes, rounds }) => {
      const ort = await import("/ort/ort.wasm.min.mjs");
      const { measure, difference } = await import("/code/measure.mjs");
      const { driftline, onnxruntime, WEB } = await import("/code/engines.mjs");
      ort.env.wasm.numThreads = 1;
      ort.env.wasm.wasmPaths = "/ort/";
      const bytes = async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer());
      const bindings = {};
      for (const name of runtimes) {
        bindings[name] = await import(`/runtime/${name}/driftline.js`);
        await bindings[name].default({ module_or_path: await bytes(`/runtime/${name}/driftline_bg.wasm`) });
      }
      const typed = { float32: Float32Array, float64: Float64Array, int64: BigInt64Array, int32: Int32Array };
      const results = [];
      for (const [at, model] of described.entries()) {
        for (const batch of [1, 1000]) {
          const inputs = [];
          for (const [i, { type, shape }] of model.inputs.entries()) {
            const raw = await bytes(`/input/${at}/${i}/${batch}`);
            inputs.push({ type, shape: [batch, ...shape.slice(1)], data: new typed[type](raw.buffer) });
          }
          const contenders = {
            "onnxruntime-web": await onnxruntime(ort, await bytes(`/onnx/${at}`), inputs, WEB),
          };
          for (const name of model.compiled) {
            const compiled = await bytes(`/compiled/${at}/${name}`);
            contenders[`driftline ${name}`] = driftline(bindings[name], compiled, inputs, batch);
          }
          const expected = await contenders["onnxruntime-web"]();
          const worst = {};
          for (const name of Object.keys(contenders)) {
            worst[name] = difference([...(await contenders[name]())], expected);
          }
          results.push({ model: model.name, batch, times: await measure(contenders, rounds), worst });
        }
      }
      return results;
    },
    { described, runtimes: Object.keys(runtimes), rounds: Number(rounds) },
  );
  console.log(`Chromium ${browser.version()}, ${rounds} rounds\n`);
  console.log(latencyTable(results));
} finally {
  await browser.close();
  server.close();
}
