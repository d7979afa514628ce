// Prints the sizes of what ships.
//
//     node xtask/js/sizes.mjs target/flights

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { table } from "./table.mjs";

const folder = resolve(process.argv[2]);
const FILES = [
  ["runtime `tabular`, no bundle", "pkg/dist-tabular/driftline_bg.wasm"],
  ["runtime `plan`, no bundle", "pkg/dist/driftline_bg.wasm"],
  ["runtime + flights bundle", `${folder}/package/driftline_bg.wasm`],
  ["flights bundle alone", `${folder}/flights-delay.driftline`],
  ["flights model.onnx", "examples/flights/model.onnx"],
  ["glue for browsers", `${folder}/package/index.js`],
  ["glue as a plain script", `${folder}/package/driftline.global.js`],
];

const kb = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
console.log(
  table(
    ["", "raw", "gzip -9", "brotli -11"],
    FILES.map(([name, file]) => {
      const bytes = readFileSync(file);
      const brotli = brotliCompressSync(bytes, {
        params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
      });
      return [name, ...[bytes, gzipSync(bytes, { level: 9 }), brotli].map((b) => kb(b.length))];
    }),
  ),
);
