/** One WebAssembly instance for each gate, so that a trap in one leaves the others alone. */

import { DriftlineError } from "./api.js";
import { fault, fromCore, messageOf } from "./error.js";
import { createGlue, type Glue, type RawGate } from "./glue.js";

/** What a gate is made from, and made again after a trap. */
export interface Parts {
  readonly module: WebAssembly.Module;
  readonly bundle: Uint8Array;
}

/** Instantiates at once. Browsers refuse more than 8 MB this way on the main thread. */
export function startSync(parts: Parts): RawGate {
  const glue = createGlue();
  try {
    glue.initSync({ module: parts.module });
  } catch (raised) {
    throw instantiationFault(raised);
  }
  return open(glue, parts.bundle);
}

/** Instantiates without holding up the page. */
export async function start(parts: Parts): Promise<RawGate> {
  const glue = createGlue();
  try {
    await glue.default({ module_or_path: parts.module });
  } catch (raised) {
    throw instantiationFault(raised);
  }
  return open(glue, parts.bundle);
}

function open(glue: Glue, bundle: Uint8Array): RawGate {
  try {
    return new glue.WasmGate(bundle);
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
