/**
 * driftline in Cloudflare Workers, which compile WebAssembly when they are deployed: the file is
 * imported as a module. Call {@link loadSync} in global scope.
 *
 * @packageDocumentation
 */

import runtime from "./driftline_bg.wasm";
import type { Load, LoadSync } from "./api.js";
import type { LoadChannel, LoadChannelSync } from "./channel.js";
import { channels } from "./channel/start.js";
import { loaders } from "./loader.js";

export * from "./api.js";
export * from "./beacon.js";
export * from "./channel.js";
export * from "./outcomes.js";
export * from "./report.js";
export * from "./routes.js";
export * from "./shadow.js";
export * from "./status.js";
export { outcomeByToken, signToken, type TokenOptions } from "./token.js";

const host = { beside: () => runtime };
const made = /* @__PURE__ */ loaders(host);
const followed = /* @__PURE__ */ channels(host);

/** Loads a bundle: from `source`, or the one in the imported WebAssembly file. */
export const load: Load = made.load;

/** Loads a bundle at once: from a module or bytes, or the one in the imported file. */
export const loadSync: LoadSync = made.loadSync;

/** Follows a channel; resolves when a bundle decides. */
export const loadChannel: LoadChannel = followed.loadChannel;

/** Follows a channel from a bundle at hand, or the one beside this script: for Workers. */
export const loadChannelSync: LoadChannelSync = followed.loadChannelSync;
