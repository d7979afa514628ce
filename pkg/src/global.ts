/** driftline for `<script src>`: `driftline.load()` finds the WebAssembly file beside the script. */

import type { Load, LoadSync } from "./api.js";
import { fault } from "./error.js";
import { loaders } from "./loader.js";

export * from "./api.js";
export * from "./beacon.js";
export * from "./outcomes.js";
export * from "./report.js";
export * from "./routes.js";
export { outcomeByToken, signToken, type TokenOptions } from "./token.js";

// only while the script runs for the first time is it known which one it is
const script =
  typeof document === "undefined"
    ? undefined
    : (document.currentScript as HTMLScriptElement | null)?.src;

const made = /* @__PURE__ */ loaders({
  beside() {
    if (!script) {
      throw fault("bad_usage", "the script's own address is not known", {
        help: "pass the address of the .wasm to load(); only <script src> tells where it is",
      });
    }
    return new URL("./driftline_bg.wasm", script);
  },
});

export const load: Load = made.load;
export const loadSync: LoadSync = made.loadSync;
