/** driftline for `<script src>`: `driftline.load()` finds the WebAssembly file beside the script. */

import type { Load, LoadSync } from "./api.js";
import { fault } from "./error.js";
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

// only while the script runs for the first time is it known which one it is
const script =
  typeof document === "undefined"
    ? undefined
    : (document.currentScript as HTMLScriptElement | null)?.src;

const host = {
  beside() {
    if (!script) {
      throw fault("bad_usage", "the script's own address is not known", {
        help: "pass the address of the .wasm to load(); only <script src> tells where it is",
      });
    }
    return new URL("./driftline_bg.wasm", script);
  },
};
const made = /* @__PURE__ */ loaders(host);
const followed = /* @__PURE__ */ channels(host);

export const load: Load = made.load;
export const loadSync: LoadSync = made.loadSync;

/** Follows a channel; resolves when a bundle decides. */
export const loadChannel: LoadChannel = followed.loadChannel;

/** Follows a channel from a bundle at hand, or the one beside this script: for Workers. */
export const loadChannelSync: LoadChannelSync = followed.loadChannelSync;
