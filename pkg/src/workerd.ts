/**
 * driftline in Cloudflare Workers, which compile WebAssembly when they are deployed: the file is
 * imported as a module. Call {@link loadSync} in global scope.
 *
 * @packageDocumentation
 */

import runtime from "./driftline_bg.wasm";
import type { Load, LoadSync } from "./api.js";
import { loaders } from "./loader.js";

export * from "./api.js";
export * from "./beacon.js";
export * from "./outcomes.js";
export * from "./report.js";
export * from "./routes.js";
export { outcomeByToken, signToken, type TokenOptions } from "./token.js";

const made = /* @__PURE__ */ loaders({ beside: () => runtime });

/** Loads a bundle: from `source`, or the one in the imported WebAssembly file. */
export const load: Load = made.load;

/** Loads a bundle at once: from a module or bytes, or the one in the imported file. */
export const loadSync: LoadSync = made.loadSync;
