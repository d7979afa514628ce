/**
 * driftline with the WebAssembly file inside the script, for hosts that cannot serve a file.
 *
 * @packageDocumentation
 */

import type { Load, LoadSync } from "./api.js";
import type { LoadChannel, LoadChannelSync } from "./channel.js";
import { channels } from "./channel/start.js";
import { loaders } from "./loader.js";
import { WASM_BASE64 } from "./wasm-base64.js";

export * from "./api.js";
export * from "./beacon.js";
export * from "./channel.js";
export * from "./outcomes.js";
export * from "./report.js";
export * from "./routes.js";
export * from "./shadow.js";
export * from "./status.js";
export { outcomeByToken, signToken, type TokenOptions } from "./token.js";

function decode(): Uint8Array<ArrayBuffer> {
  const text = atob(WASM_BASE64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}

const host = { beside: decode };
const made = /* @__PURE__ */ loaders(host);
const followed = /* @__PURE__ */ channels(host);

/** Loads a bundle: from `source`, or the one inside this script. */
export const load: Load = made.load;

/** Loads a bundle at once: from a module or bytes, or the one inside this script. */
export const loadSync: LoadSync = made.loadSync;

/** Follows a channel; resolves when a bundle decides. */
export const loadChannel: LoadChannel = followed.loadChannel;

/** Follows a channel from a bundle at hand, or the one beside this script: for Workers. */
export const loadChannelSync: LoadChannelSync = followed.loadChannelSync;
