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
  /** Addresses of kinds, words, text and answer, and the bytes of text. */
  flatAddresses(): Uint32Array;
  /** Actions, reasons and labels in the order of their places. */
  flatWords(): [string[], string[], string[]];
  flatPredict(): boolean;
  flatViolations(): Violation[];
  flatWhole(): unknown;
  free(): void;
  /** Unregisters from the garbage collector without calling into the instance. */
  __destroy_into_raw(): number;
}

export interface Exports {
  readonly memory: WebAssembly.Memory;
}

export interface Glue {
  /** Instantiates asynchronously. */
  default(options: { module_or_path: WebAssembly.Module }): Promise<Exports>;
  /** Instantiates at once. */
  initSync(options: { module: WebAssembly.Module }): Exports;
  WasmGate: new (bundle: Uint8Array) => RawGate;
}

export function createGlue(): Glue;
