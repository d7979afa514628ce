/** The generated binding, wrapped so that each call gives a binding with an instance of its own. */

import type { Decision, GateInfo, Violation } from "./api.js";
import type { SummaryLayout } from "./report.js";

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
  /** Segments and metrics as JSON; the counts begin anew. */
  declareSummary(declaration: string): void;
  summaryLayout(): SummaryLayout;
  /** Where the counts lie, 64 bits each, and how many there are. */
  summaryAddress(): Uint32Array;
  peekSummary(): Float64Array;
  takeSummary(): Float64Array;
  addSummary(counts: Float64Array): void;
  setSummaryOff(off: boolean): void;
  /** The place of each segment's value; past the last one for all others. */
  setSegments(values: Uint32Array): void;
  /** Microseconds. */
  noteTime(us: number): void;
  noteFault(trap: boolean): void;
  /** A place in `FOLLOW`. */
  noteFollow(what: number, by: number): void;
  noteOutcome(
    labels: Uint32Array,
    confidence: number,
    action: number,
    segments: Uint32Array,
    truth: Uint32Array | undefined,
    value: number | undefined,
    metrics: Float64Array,
  ): void;
  encodeBeacon(
    counts: Float64Array,
    header: string,
    fill: (bytes: number) => Uint8Array,
  ): string | undefined;
  pickFeature(fill: (bytes: number) => Uint8Array): number;
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
