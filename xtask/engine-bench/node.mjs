// Engines side by side in one Node.js process.
//
//     node node.mjs PLAN FOLDER ROUNDS     PLAN: models.json that the task wrote
//
// Prints JSON: for each model and batch, minimum and median in µs of each engine.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import * as native from "onnxruntime-node";
import * as web from "onnxruntime-web";
import { NATIVE, WEB, driftline, onnxruntime } from "./engines.mjs";
import { difference, measure } from "./measure.mjs";
import { readNpz, take } from "./npz.mjs";

const [plan, rounds] = process.argv.slice(2);
const { models, runtimes, flights } = JSON.parse(readFileSync(plan, "utf8"));
web.env.wasm.numThreads = 1;

async function binding(folder) {
  const loaded = await import(pathToFileURL(`${folder}/driftline.js`).href);
  await loaded.default({ module_or_path: readFileSync(`${folder}/driftline_bg.wasm`) });
  return loaded;
}

const bindings = {};
for (const [name, folder] of Object.entries(runtimes)) bindings[name] = await binding(folder);

const results = [];
for (const model of models) {
  const arrays = readNpz(model.inputs);
  const onnx = readFileSync(model.onnx);
  for (const batch of [1, 1000]) {
    const inputs = model.names.map((name) => take(arrays[name], batch));
    const contenders = {
      "onnxruntime-web": await onnxruntime(web, onnx, inputs, WEB),
      "onnxruntime native": await onnxruntime(native, onnx, inputs, NATIVE),
    };
    for (const [runtime, file] of Object.entries(model.compiled)) {
      const bytes = readFileSync(file);
      contenders[`driftline ${runtime}`] = driftline(bindings[runtime], bytes, inputs, batch);
    }
    const expected = await contenders["onnxruntime-web"]();
    const worst = {};
    for (const name of Object.keys(contenders)) {
      worst[name] = difference([...(await contenders[name]())], expected);
    }
    const times = await measure(contenders, Number(rounds));
    results.push({ model: model.name, batch, times, worst });
  }
}

if (flights) {
  const { load } = await import(pathToFileURL(`${flights.package}/node.js`).href);
  const { readCells, recordOf } = await import(pathToFileURL(flights.rows).href);
  const gate = await load();
  const records = readCells(pathToFileURL(flights.data))
    .slice(0, 512)
    .map((cells) => recordOf(gate.info.inputs, cells));
  const width = flights.features;
  const inputs = [{ type: "float32", shape: [1, width], data: new Float32Array(width) }];
  let next = 0;
  const times = await measure(
    {
      "onnxruntime-web": await onnxruntime(web, readFileSync(flights.onnx), inputs, WEB),
      "driftline model alone": driftline(bindings.plan, readFileSync(flights.compiled), inputs, 1),
      "driftline gate": () => gate.predict(records[(next += 1) % records.length]),
      "driftline validate": () => gate.validate(records[(next += 1) % records.length]),
    },
    Number(rounds),
  );
  results.push({ model: "flights, whole gate", batch: 1, times, worst: {} });
}
console.log(JSON.stringify(results));
