/**
 * Shadow: a candidate decides a share of the records beside the bundle that is live, without effect.
 * What is kept are counts, never a record; docs/channels.md has their form.
 */

import type { Gate } from "./api.js";
import { shadowed } from "./shadow/gate.js";
import { reporter } from "./shadow/report.js";
import { verdict } from "./shadow/verdict.js";

/** What was counted. All arrays are whole numbers in fixed cells. */
export interface ShadowCounts {
  readonly format: "driftline.shadow/1";
  /** Identities. */
  readonly live: string;
  readonly candidate: string;
  /** Records that both decided. */
  readonly records: number;
  /** Records that the candidate raised an error on. */
  readonly failed: number;
  /** The live bundle's labels; numbers have one, named `""`. */
  readonly labels: readonly string[];
  /** By the live bundle's label: ten bins of its confidence in [0, 1], each `[other, same]` answer of the candidate. */
  readonly agreement: readonly (readonly number[])[];
  /** Records on which one of the two was not asked for an answer. */
  readonly unanswered: number;
  /** `accept`, `default`, `escalate`, `reject` of the live bundle, each by the candidate's. */
  readonly actions: readonly (readonly number[])[];
  /** The candidate's score of the live bundle's label minus that one's, by {@link SHADOW_EDGES}. */
  readonly differences: readonly number[];
  /** Time of a prediction by powers of two of microseconds, 1 to 2^19; where there is a clock. */
  readonly micros: { readonly live: readonly number[]; readonly candidate: readonly number[] };
  /** Of the records whose truth came back: right by both, live alone, candidate alone, neither. */
  readonly truth: { readonly both: number; readonly live: number; readonly candidate: number; readonly neither: number };
}

/** Upper ends of the bins of differences; the last bin is above all of them. */
export const SHADOW_EDGES: readonly number[] = [-0.5, -0.2, -0.1, -0.05, -0.02, -0.01, -0.001, 0, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];

/** How records are drawn. */
export interface ShadowShare {
  /** Share of the records that the candidate decides too, in (0, 1]. */
  readonly share: number;
  /** In place of the host's: a number in `[0, 1)`. */
  readonly random?: () => number;
  /** In place of the host's clock, in milliseconds; `null`: no time is taken. */
  readonly clock?: (() => number) | null;
}

/** A comparison that runs. */
export interface Shadow {
  counts(): ShadowCounts;
  /** The same; counting begins anew. */
  take(): ShadowCounts;
  /** Whether the candidate may be promoted, by what was counted so far. It may be asked at any time. */
  verdict(options?: VerdictOptions): Verdict;
}

/** What is asked of a candidate. */
export interface VerdictOptions {
  /**
   * `agreement`: it gives the live bundle's answer, which needs no truth. `accuracy`: it is as often right,
   * by the truth that came back. Choose before you look.
   */
  readonly by?: "agreement" | "accuracy";
  /** By agreement: the share of equal answers that has to be exceeded, in (0, 1). 0.95 without it. */
  readonly least?: number;
  /** By accuracy: by how much it may be right less often, in (0, 1). 0.01 without it. */
  readonly margin?: number;
  /** The chance α of promoting one that should not be, over all looks together. 0.05 without it. */
  readonly level?: number;
}

/** What counts say of a candidate. */
export interface Verdict {
  /** `yes`: proven to be good enough; `no`: proven not to be; `wait`: neither yet. */
  readonly promote: "yes" | "no" | "wait";
  readonly by: "agreement" | "accuracy";
  /** What was found: the share of equal answers, or the difference of accuracies, candidate minus live; `null` without any. */
  readonly estimate: number | null;
  /** Records that it rests on. */
  readonly records: number;
  /** E-value against "not good enough"; `yes` from 1/α. */
  readonly evidence: number;
  /** E-value against "good enough"; `no` from 1/α. */
  readonly against: number;
}

/**
 * A gate that decides as `live` and has `candidate` decide a share of the records too, one at a time and
 * after the answer is made; `predictMany` is not compared. Truth that comes through `outcome` is counted
 * for both. The candidate's own summary counts what it decided.
 *
 * @throws DriftlineError `bad_usage` for a share that is none
 */
export const shadow: <Row extends object, Label extends string, G extends Gate<Row, Label>>(
  live: G,
  candidate: Gate<Row, Label>,
  share: ShadowShare,
) => G & { readonly shadow: Shadow } = shadowed;

/**
 * Whether a candidate may be promoted, from counts, also of several clients added up.
 *
 * @throws DriftlineError `bad_usage` for options that do not fit
 */
export const shadowVerdict: (counts: ShadowCounts, options?: VerdictOptions) => Verdict = verdict;

/** Where a comparison's counts go. */
export interface ShadowReportOptions {
  /** The collector's address. */
  readonly collector: string | URL;
  /** An app's write key, if the collector wants one. */
  readonly key?: string;
  /** Name of the channel whose canary decides beside. */
  readonly channel: string;
  /** In place of the host's. */
  readonly fetch?: typeof fetch;
}

/** Counts on their way. */
export interface ShadowReport {
  /** Adds counts that are at hand, as those of the event `shadow`. */
  add(counts: ShadowCounts): void;
  /** Takes what was counted since and sends it; whether nothing waits any more. What waits is sent with the next call. */
  send(): Promise<boolean>;
  /** Batches that wait. */
  readonly waiting: number;
  /** Batches that the collector refused, or that made room for later ones. */
  readonly lost: number;
}

/**
 * Sends a comparison's counts to a collector, which adds up those of a fleet, once each, and has the verdict
 * on all of them. They are plain counts: for servers and Workers, and other hosts that may send such.
 * `from`: the comparison, such as `() => gate.shadow`; the batch is taken from it.
 *
 * @throws DriftlineError `bad_usage` for an address, a key or a name that is none
 */
export const shadowReporter: (from: () => Pick<Shadow, "take"> | null, options: ShadowReportOptions) => ShadowReport =
  reporter;
