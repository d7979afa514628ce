// The package that `driftline build` wrote for examples/flights, and rows to ask it about.

import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { readCells, recordOf } from "../../examples/flights/rows.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Folder of the built package; `cargo xtask` says where it is. */
export const packageDir = resolve(
  process.env.DRIFTLINE_FLIGHTS_PACKAGE ?? resolve(root, "target/flights/package"),
);
if (!existsSync(resolve(packageDir, "package.json"))) {
  throw new Error(`${packageDir} holds no package; \`cargo xtask test\` builds it`);
}

/** A file of the package. */
export const packageFile = (name) => resolve(packageDir, name);

/** The package as Node resolves it. */
export const flights = await import(pathToFileURL(packageFile("node.js")).href);

/** The WebAssembly file with the bundle. */
export const wasm = () => new Uint8Array(readFileSync(packageFile("driftline_bg.wasm")));

/** The npm package `driftline`, which has no bundle. */
export const distFile = (name) => resolve(root, "pkg/dist", name);

/** Folder of the checked-in rows. */
export const data = (name) => resolve(root, "examples/flights", name);

/** The rows of a checked-in file as records, and their cells. */
export function rows(inputs, name) {
  const cells = readCells(data(name));
  return { cells, records: cells.map((row) => recordOf(inputs, row)) };
}

/** A good record, fresh at each call. */
export const good = () => ({
  scheduled_departure: "2013-07-01T21:30:00Z",
  carrier: "B6",
  origin: "JFK",
  dest: "FLL",
  distance: 1069,
  plane_year: 2005,
  plane_seats: 200,
  temp: 75.2,
  humidity: 60.5,
  wind_speed: 10.4,
  precip: 0,
  pressure: 1012.5,
  visib: 10,
});

/** Splits a WebAssembly file into sections: `{ id, name, start, end, payload }`. */
export function sections(bytes) {
  const found = [];
  let at = 8;
  const leb = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const start = at;
    const id = bytes[at++];
    const size = leb();
    const end = at + size;
    let name = "";
    if (id === 0) {
      const length = leb();
      name = new TextDecoder().decode(bytes.subarray(at, at + length));
      at += length;
    }
    found.push({ id, name, start, end, payload: at });
    at = end;
  }
  return found;
}

/** The bundle's section in a file that has one. */
export function bundleSection(bytes) {
  return sections(bytes).find(({ name }) => name === "driftline.bundle");
}

/** The stand-alone bundle out of the package. */
export function bundle() {
  const bytes = wasm();
  const { payload, end } = bundleSection(bytes);
  return bytes.slice(payload, end);
}
