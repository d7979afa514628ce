// The engines as functions from typed arrays to typed arrays.

/** driftline's bare model; `binding` is what wasm-bindgen wrote, with feature `raw`. */
export function driftline(binding, model, inputs, rows) {
  const loaded = new binding.WasmModel(model);
  const data = inputs.map((input) => input.data);
  return () => loaded.run(rows, data);
}

/** ONNX Runtime, for the web or native: the same interface. */
export async function onnxruntime(ort, onnx, inputs, options) {
  const session = await ort.InferenceSession.create(onnx, options);
  const feeds = {};
  session.inputNames.forEach((name, i) => {
    const { type, shape, data } = inputs[i];
    feeds[name] = new ort.Tensor(type, data, shape);
  });
  // `label` of a classifier is an int64 or string tensor; maps are not among the models
  return async () => {
    const outputs = await session.run(feeds);
    return session.outputNames.map((name) => outputs[name].data);
  };
}

export const WEB = { executionProviders: ["wasm"], graphOptimizationLevel: "all" };
export const NATIVE = { intraOpNumThreads: 1, interOpNumThreads: 1, graphOptimizationLevel: "all" };
