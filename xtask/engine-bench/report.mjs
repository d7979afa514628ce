// Runs the measurements and prints them as Markdown tables.
//
//     node report.mjs PLAN ROUNDS

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { latencyTable, markdown } from "./tables.mjs";

const [plan, rounds] = process.argv.slice(2);
const { models, runtimes, flights } = JSON.parse(readFileSync(plan, "utf8"));
const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const node = (...args) =>
  JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8", maxBuffer: 1 << 26 }));

console.log(`Node.js ${process.version}, ${cpus()[0].model}, ${cpus().length} CPUs, ${rounds} rounds\n`);
console.log("Latency of one call in µs, minimum / median; ratio of minima to onnxruntime-web.\n");
console.log(latencyTable(node(here("node.mjs"), plan, rounds)));

console.log("\nCold start: fresh process, bytes in memory to the first result, minimum / median in ms; wasm memory.\n");
const starts = {};
for (let round = 0; round < Math.min(Number(rounds), 9); round += 1) {
  for (const model of models) {
    const common = [model.inputs, model.names.join(",")];
    const engines = { "onnxruntime-web": [here("cold.mjs"), "ort", model.onnx, ...common] };
    for (const [name, file] of Object.entries(model.compiled)) {
      engines[`driftline ${name}`] = [here("cold.mjs"), "driftline", file, ...common, runtimes[name]];
    }
    for (const [engine, args] of Object.entries(engines)) {
      const key = `${model.name}\t${engine}`;
      (starts[key] ??= []).push(node(...args));
    }
  }
  const gate = [here("cold.mjs"), "package", flights.package, "-", ""];
  (starts["flights package, to a decision\tdriftline plan"] ??= []).push(node(...gate));
}
const sorted = (values) => [...values].sort((a, b) => a - b);
console.log(
  markdown(
    ["model", "engine", "min", "median", "memory"],
    Object.entries(starts).map(([key, runs]) => {
      const times = sorted(runs.map((run) => run.ms));
      const memory = runs[0].memory;
      return [
        ...key.split("\t"),
        times[0].toFixed(1),
        times[times.length >> 1].toFixed(1),
        memory ? `${(memory / 2 ** 20).toFixed(1)} MiB` : "–",
      ];
    }),
  ),
);

console.log("\nBytes that a page loads: engine, and model beside its ONNX file.\n");
const sizes = (bytes) =>
  [bytes.length, gzipSync(bytes, { level: 9 }).length, brotliCompressSync(bytes).length].map((n) =>
    n.toLocaleString("en-US"),
  );
const read = (path) => readFileSync(path);
const ort = here("node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm");
console.log(
  markdown(
    ["", "raw", "gzip -9", "brotli -11"],
    [
      ["onnxruntime-web wasm", ...sizes(read(ort))],
      ...Object.entries(runtimes).map(([name, folder]) => [
        `driftline ${name}, bare models`,
        ...sizes(read(`${folder}/driftline_bg.wasm`)),
      ]),
      ["driftline gate with flights", ...sizes(read(`${flights.package}/driftline_bg.wasm`))],
      ...models.flatMap((model) => [
        [`${model.name} onnx`, ...sizes(read(model.onnx))],
        ...Object.entries(model.compiled).map(([name, file]) => [`${model.name} ${name}`, ...sizes(read(file))]),
      ]),
    ],
  ),
);
