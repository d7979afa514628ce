// Reads the arrays that the engine's test data is made of.

import { readFileSync } from "node:fs";
import { unzipSync } from "fflate";

const TYPES = {
  "<f4": ["float32", Float32Array],
  "<f8": ["float64", Float64Array],
  "<i8": ["int64", BigInt64Array],
  "<i4": ["int32", Int32Array],
};

/** Arrays by name: `{ type, shape, data }`. */
export function readNpz(path) {
  const files = unzipSync(new Uint8Array(readFileSync(path)));
  return Object.fromEntries(
    Object.entries(files).map(([name, bytes]) => [name.replace(/\.npy$/, ""), readNpy(name, bytes)]),
  );
}

function readNpy(name, bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[6] > 1;
  const start = wide ? 12 : 10;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  const header = new TextDecoder().decode(bytes.subarray(start, start + length));
  const descr = /'descr': '([^']+)'/.exec(header)[1];
  const shape = /'shape': \(([^)]*)\)/.exec(header)[1].split(",").filter((n) => n.trim()).map(Number);
  const known = TYPES[descr];
  if (!known) throw new Error(`${name}: ${header}`);
  const [type, Typed] = known;
  const data = new Typed(bytes.slice(start + length).buffer);
  const columnMajor = header.includes("'fortran_order': True");
  if (columnMajor && shape.length !== 2) throw new Error(`${name}: ${header}`);
  return { type, shape, data: columnMajor ? rowMajor(data, shape) : data };
}

function rowMajor(data, [rows, columns]) {
  const out = new data.constructor(data.length);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      out[row * columns + column] = data[column * rows + row];
    }
  }
  return out;
}

/** The first `rows` rows, repeated if there are fewer. */
export function take({ type, shape, data }, rows) {
  const width = shape.slice(1).reduce((n, d) => n * d, 1);
  const out = new data.constructor(rows * width);
  for (let i = 0; i < rows; i += 1) {
    const from = (i % shape[0]) * width;
    out.set(data.subarray(from, from + width), i * width);
  }
  return { type, shape: [rows, ...shape.slice(1)], data: out };
}
