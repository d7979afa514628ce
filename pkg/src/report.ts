/** A gate's counts, and the seam between the gate and whoever sends them. */

import { fault } from "./error.js";

/** What is counted beyond what the bundle says. */
export interface SummaryOptions {
  /**
   * Keys by which records are counted apart, such as country, app version or A/B arm, each with the
   * values that have cells of their own; all others share one. At most 4 keys of 32 values.
   */
  readonly segments?: Readonly<Record<string, readonly string[]>>;
  /** Names of the metrics that outcomes may bring, such as `conversion` or `revenue`; at most 8. */
  readonly metrics?: readonly string[];
  /** Decisions that are remembered for their outcome; 10,000 without it. */
  readonly remember?: number;
  /** After how long they count as timed out; a day without it. */
  readonly timeout_minutes?: number;
}

/** The cells of a summary, in one fixed order. */
export interface SummaryLayout {
  /** Of equal layouts, 16 hexadecimal digits. */
  readonly id: string;
  /** How many there are. */
  readonly cells: number;
  /** Cells that belong together. */
  readonly blocks: readonly {
    /** What they count: `records`, `input`, `label`, … ; see docs/summaries.md. */
    readonly kind: string;
    /** Of an input, label, metric or segment its name; else empty. */
    readonly name: string;
    /** Place of the first cell among all. */
    readonly at: number;
    /** What each cell counts, for people. */
    readonly cells: readonly string[];
  }[];
}

/** What a gate has counted since the window began. */
export interface Summary {
  /** Identity of the bundle that decided. */
  readonly identity: string;
  /** Decisions. */
  readonly records: number;
  /** What each count is. */
  readonly layout: SummaryLayout;
  /** Whole numbers, in the order of the layout. */
  readonly counts: Float64Array;
}

/** What the transport says of a beacon beside its counts. */
export interface BeaconHeader {
  /** A UUID, by which the collector tells a repetition. */
  readonly id: string;
  readonly mode: "randomized" | "aggregated" | "pseudonymous";
  /** Milliseconds since 1970. */
  readonly start_ms: number;
  readonly end_ms: number;
  readonly host: "browser" | "workerd" | "node" | "deno" | "bun" | "worker";
  /** Version of this package. */
  readonly sdk: string;
  readonly instance: string | null;
  readonly seq: number;
  /** Distinct contributors, in mode `aggregated`. */
  readonly users: number | null;
  /** Share of the windows that are sent, in (0, 1]. */
  readonly rate: number;
  /** The feature of the day, in mode `randomized`. */
  readonly feature: number | null;
  /** The collector's public write key. */
  readonly key: string | null;
  /** ε: of a client and day in `randomized` mode, of the window in `aggregated` mode. */
  readonly epsilon?: number;
  /** Records that one client may contribute, in mode `aggregated`; the transport sees to it. */
  readonly bound?: number;
}

/** Gives so many random bytes. */
export type Fill = (bytes: number) => Uint8Array;

/** The counts of one gate. A new instance after a trap goes on with them. */
export interface Reporter {
  readonly identity: string;
  readonly layout: SummaryLayout;
  /** All cells in the order of the layout; element 0 is the number of records. */
  peek(): Float64Array;
  /** The same; the window begins anew. */
  take(): Float64Array;
  /**
   * Puts counts back, or adds those of another window, or nothing at all.
   *
   * @throws DriftlineError `summary_invalid`, `summary_mismatch`
   */
  add(counts: Float64Array): void;
  /** The beacon's text, or `undefined` where its mode lets nothing out yet. */
  encode(counts: Float64Array, header: BeaconHeader, fill: Fill): string | undefined;
  /** Draws the feature that a client reports today, in mode `randomized`. */
  pickFeature(fill: Fill): number;
  /** What a channel allows, where the gate follows one. */
  limits?(): { readonly off: boolean; readonly rate: number };
  /**
   * Has a function called whenever counts have to leave now, since the bundle that made them was
   * replaced: `identity`, `layout` and counts are that one's during the call. The answer ends it.
   */
  onDrain?(work: () => void): () => void;
}

/** Under this name a gate has its reporter, whichever copy of this package made it. */
export const REPORTER: unique symbol = Symbol.for("driftline.reporter");

/**
 * The reporter of a gate.
 *
 * @throws DriftlineError `bad_usage` for what is no gate
 */
export function reporterOf(gate: object): Reporter {
  const reporter = (gate as { [REPORTER]?: Reporter })[REPORTER];
  if (reporter === undefined) {
    throw fault("bad_usage", "this is no gate", { help: "pass what `load` resolved to" });
  }
  return reporter;
}
