/** `load` and `loadSync`, tied to a host. */

import type { Gate, Load, LoadOptions, LoadSync, Source } from "./api.js";
import { LoadedGate } from "./gate.js";
import { start, startSync } from "./instance.js";
import { type Host, partsOf, partsOfSync } from "./source.js";

/** The loaders of a host. */
export function loaders(host: Host): { load: Load; loadSync: LoadSync } {
  return {
    async load<Row extends object, Label extends string>(
      source?: Source,
      options: LoadOptions = {},
    ): Promise<Gate<Row, Label>> {
      const parts = { ...(await partsOf(host, source, options)), summary: options.summary };
      return new LoadedGate<Row, Label>(parts, await start(parts));
    },
    loadSync<Row extends object, Label extends string>(
      source?: WebAssembly.Module | ArrayBuffer | ArrayBufferView,
      options: LoadOptions = {},
    ): Gate<Row, Label> {
      const parts = { ...partsOfSync(host, source, options), summary: options.summary };
      return new LoadedGate<Row, Label>(parts, startSync(parts));
    },
  };
}
