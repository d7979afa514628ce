/** The generated binding, wrapped so that each call gives a binding with an instance of its own. */

import type { Decision, GateInfo, Violation } from "./api.js";

/** The gate as the generated binding has it. */
export interface RawGate {
  readonly identity: string;
  predict(record: unknown): Decision;
  predictMany(records: unknown): Decision[];
  validate(record: unknown): Violation[];
  scores(record: unknown): Float64Array | undefined;
  info(): GateInfo;
  free(): void;
  /** Unregisters from the garbage collector without calling into the instance. */
  __destroy_into_raw(): number;
}

export interface Glue {
  /** Instantiates asynchronously. */
  default(options: { module_or_path: WebAssembly.Module }): Promise<unknown>;
  /** Instantiates at once. */
  initSync(options: { module: WebAssembly.Module }): unknown;
  WasmGate: new (bundle: Uint8Array) => RawGate;
}

export function createGlue(): Glue;
