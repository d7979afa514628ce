/** One WebAssembly instance for each gate, so that a trap in one leaves the others alone. */

import { DriftlineError, type GateInfo } from "./api.js";
import { fault, fromCore, messageOf } from "./error.js";
import { type Short, short } from "./flat.js";
import { createGlue, type Exports, type Glue, type RawGate } from "./glue.js";
import type { SummaryOptions } from "./report.js";

/** What a gate is made from, and made again after a trap. */
export interface Parts {
  readonly module: WebAssembly.Module;
  readonly bundle: Uint8Array;
  readonly summary?: SummaryOptions | false | undefined;
}

/** A gate on an instance, with its short way. */
export interface Live {
  readonly raw: RawGate;
  readonly info: GateInfo;
  readonly short: Short;
  /** The counts as they lie in memory, which a trap leaves readable. */
  counts(): Float64Array;
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
  return open(glue, exports, parts);
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
  return open(glue, exports, parts);
}

function open(glue: Glue, { memory }: Exports, { bundle, summary }: Parts): Live {
  try {
    const raw = new glue.WasmGate(bundle);
    const info = raw.info();
    const names = info.inputs.map((input) => input.name);
    if (summary === false) {
      raw.setSummaryOff(true);
    } else if (summary?.segments !== undefined || summary?.metrics !== undefined) {
      const { segments = {}, metrics = [] } = summary;
      raw.declareSummary(JSON.stringify({ segments, metrics }));
    }
    const [at, cells] = raw.summaryAddress();
    const counts = (): Float64Array =>
      Float64Array.from(new BigUint64Array(memory.buffer, at, cells), Number);
    return { raw, info, short: short(raw, memory, names), counts };
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
