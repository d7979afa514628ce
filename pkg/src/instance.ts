/** One WebAssembly instance for each gate, so that a trap in one leaves the others alone. */

import { DriftlineError } from "./api.js";
import { fault, fromCore, messageOf } from "./error.js";
import { type Short, short } from "./flat.js";
import { createGlue, type Exports, type Glue, type RawGate } from "./glue.js";

/** What a gate is made from, and made again after a trap. */
export interface Parts {
  readonly module: WebAssembly.Module;
  readonly bundle: Uint8Array;
}

/** A gate on an instance, with its short way. */
export interface Live {
  readonly raw: RawGate;
  readonly short: Short;
}

/** Instantiates at once. Browsers refuse more than 8 MB this way on the main thread. */
export function startSync(parts: Parts): Live {
  const glue = createGlue();
  let exports: Exports;
  try {
    exports = glue.initSync({ module: parts.module });
  } catch (raised) {
    throw instantiationFault(raised);
  }
  return open(glue, exports, parts.bundle);
}

/** Instantiates without holding up the page. */
export async function start(parts: Parts): Promise<Live> {
  const glue = createGlue();
  let exports: Exports;
  try {
    exports = await glue.default({ module_or_path: parts.module });
  } catch (raised) {
    throw instantiationFault(raised);
  }
  return open(glue, exports, parts.bundle);
}

function open(glue: Glue, exports: Exports, bundle: Uint8Array): Live {
  try {
    const raw = new glue.WasmGate(bundle);
    const names = raw.info().inputs.map((input) => input.name);
    return { raw, short: short(raw, exports.memory, names) };
  } catch (raised) {
    throw fromCore(raised) ?? trapped(raised);
  }
}

/** The error for a call that left the instance unusable. */
export function trapped(raised: unknown): DriftlineError {
  return fault("trap", `the WebAssembly instance trapped: ${messageOf(raised)}`, { cause: raised });
}

function instantiationFault(raised: unknown): unknown {
  if (raised instanceof WebAssembly.LinkError || raised instanceof TypeError) {
    return fault("runtime_mismatch", `the runtime is not this package's: ${messageOf(raised)}`, {
      cause: raised,
    });
  }
  return raised;
}
