/**
 * driftline in browsers and bundlers: the WebAssembly file lies beside this script.
 *
 * @packageDocumentation
 */

import type { Load, LoadSync } from "./api.js";
import { loaders } from "./loader.js";

export * from "./api.js";
export * from "./beacon.js";
export * from "./outcomes.js";
export * from "./report.js";
export * from "./routes.js";
export { outcomeByToken, signToken, type TokenOptions } from "./token.js";

const made = /* @__PURE__ */ loaders({
  beside: () => new URL("./driftline_bg.wasm", import.meta.url),
});

/** Loads a bundle: from `source`, or the one in the WebAssembly file beside this script. */
export const load: Load = made.load;

/** Loads a bundle from a module or bytes at hand. */
export const loadSync: LoadSync = made.loadSync;
