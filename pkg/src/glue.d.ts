/** The generated binding, wrapped so that each call gives a binding with an instance of its own. */

import type { Decision, GateInfo, Violation } from "./api.js";

/** The gate as the generated binding has it. */
export interface RawGate {
  readonly identity: string;
  /** `now` in milliseconds since 1970, where the policy needs the time. */
  predict(record: unknown, now: number): Decision;
  predictMany(records: unknown, now: number): Decision[];
  validate(record: unknown): Violation[];
  scores(record: unknown): Float64Array | undefined;
  info(): GateInfo;
  /** Addresses of kinds, words, text and answer, and the bytes of text. */
  flatAddresses(): Uint32Array;
  /** Actions, reasons and labels in the order of their places. */
  flatWords(): [string[], string[], string[]];
  flatPredict(now: number): boolean;
  flatViolations(): Violation[];
  flatWhole(): unknown;
  /** 32 random bytes. */
  setKey(key: Uint8Array): void;
  setSwitches(killed: boolean, suspended: boolean): void;
  /** The budget's day and its escalations; then checked and broken of each assertion. */
  state(): Float64Array;
  restore(day: number, escalated: number): void;
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
