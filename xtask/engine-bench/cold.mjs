// One cold start in a fresh process: bytes in memory to the first result, in ms, and the wasm memory.
//
//     node cold.mjs ENGINE MODEL INPUTS NAMES RUNTIME

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { WEB, driftline, onnxruntime } from "./engines.mjs";
import { readNpz, take } from "./npz.mjs";

const [engine, model, npz, names, runtime] = process.argv.slice(2);
const arrays = npz === "-" ? {} : readNpz(npz);
const inputs = names.split(",").filter((n) => n in arrays).map((name) => take(arrays[name], 1));

let ms;
let memory;
if (engine === "package") {
  // the model's own package, from its files to a decision
  const { load } = await import(pathToFileURL(`${model}/index.js`).href);
  const bytes = readFileSync(`${model}/driftline_bg.wasm`);
  const start = performance.now();
  const gate = await load(bytes);
  gate.predict({});
  ms = performance.now() - start;
} else if (engine === "driftline") {
  const binding = await import(pathToFileURL(`${runtime}/driftline.js`).href);
  const wasm = readFileSync(`${runtime}/driftline_bg.wasm`);
  const bytes = readFileSync(model);
  const start = performance.now();
  const exports = await binding.default({ module_or_path: wasm });
  driftline(binding, bytes, inputs, 1)();
  ms = performance.now() - start;
  memory = exports.memory.buffer.byteLength;
} else {
  const ort = await import("onnxruntime-web");
  ort.env.wasm.numThreads = 1;
  const create = WebAssembly.Memory;
  const made = [];
  // the only way to see its memory: it keeps the instance to itself
  WebAssembly.Memory = function (...args) {
    const memory = new create(...args);
    made.push(memory);
    return memory;
  };
  const bytes = readFileSync(model);
  const start = performance.now();
  const run = await onnxruntime(ort, bytes, inputs, WEB);
  await run();
  ms = performance.now() - start;
  memory = made[0]?.buffer.byteLength;
}
console.log(JSON.stringify({ ms, memory }));
process.exit(0);
