/** What two bundles answer to the same records, in counts. Nothing of it reaches a prediction. */

import type { Answer, Decision, Gate } from "../api.js";
import { fault } from "../error.js";
import { SHADOW_EDGES, type ShadowCounts, type ShadowShare } from "../shadow.js";
import { timer } from "../summary.js";

const ACTIONS = ["accept", "default", "escalate", "reject"];
const CONFIDENCE_BINS = 10;
const TIME_BINS = 20;
/** Decisions that wait for their truth; the oldest make room. */
const REMEMBERED = 10_000;
/** Numbers are the same if they are as close, relative beyond ±1. */
const CLOSE = 1e-6;

/** What a comparison is to those who read it. */
export type Compared = Pick<Comparison, "counts" | "take">;

/** What each of the two answered. */
type Pair = readonly [live: Decision, candidate: Decision];

export class Comparison {
  readonly #candidate: Gate;
  readonly #identity: string;
  readonly #labels: readonly string[];
  readonly #share: number;
  readonly #random: () => number;
  readonly #clock: (() => number) | null;
  #counts: Mutable;
  readonly #made = new WeakMap<object, Pair>();
  readonly #waiting = new Map<string, Pair>();

  constructor(live: Gate, candidate: Gate, { share, random = Math.random, clock }: ShadowShare) {
    if (!(share > 0 && share <= 1)) throw fault("bad_usage", "`share` is no number in (0, 1]");
    this.#candidate = candidate;
    this.#identity = live.identity;
    this.#labels = live.info.labels.length > 0 ? live.info.labels : [""];
    this.#share = share;
    this.#random = random;
    this.#clock = clock === undefined ? (timer() ?? null) : clock;
    this.#counts = this.#fresh();
  }

  start(): number | null {
    return this.#clock?.() ?? null;
  }

  /** Has the candidate decide too, if the record is drawn. */
  observe(record: object, live: Decision, start: number | null): void {
    const took = start === null ? null : (this.#clock?.() ?? start) - start;
    if (live.identity !== this.#identity || this.#random() >= this.#share) return;
    const counts = this.#counts;
    let candidate: Decision;
    try {
      const begun = this.start();
      candidate = this.#candidate.predict(record as never);
      const needed = begun === null ? null : (this.#clock?.() ?? begun) - begun;
      if (took !== null && needed !== null) {
        counts.micros.live[timeBin(took)]! += 1;
        counts.micros.candidate[timeBin(needed)]! += 1;
      }
    } catch {
      counts.failed += 1;
      return;
    }
    counts.records += 1;
    counts.actions[ACTIONS.indexOf(live.action)]![ACTIONS.indexOf(candidate.action)]! += 1;
    this.#compare(live, candidate);
    this.#made.set(live, [live, candidate]);
    if (live.id !== undefined) this.#remember(live.id, [live, candidate]);
  }

  tracked(id: string, decision: Decision): void {
    const pair = this.#made.get(decision);
    if (pair !== undefined) this.#remember(id, pair);
  }

  answered(id: string, answer: Answer): void {
    const pair = this.#waiting.get(id);
    if (pair === undefined || (answer.label === undefined && answer.labels === undefined && answer.value === undefined)) return;
    this.#waiting.delete(id);
    const [live, candidate] = pair.map((decision) => right(decision, answer));
    const { truth } = this.#counts;
    truth[live ? (candidate ? "both" : "live") : candidate ? "candidate" : "neither"] += 1;
  }

  counts(): ShadowCounts {
    return structuredClone(this.#counts);
  }

  take(): ShadowCounts {
    const counts = this.#counts;
    this.#counts = this.#fresh();
    return counts;
  }

  #compare(live: Decision, candidate: Decision): void {
    const counts = this.#counts;
    const [mine, other] = [answerOf(live), answerOf(candidate)];
    if (mine === null || other === null) return void (counts.unanswered += 1);
    const label = live.predicted ?? "";
    const row = counts.agreement[this.#labels.indexOf(label)] ?? counts.agreement[0]!;
    const bin = Math.min(CONFIDENCE_BINS - 1, Math.floor((live.confidence ?? 0) * CONFIDENCE_BINS));
    row[2 * bin + (same(mine, other) ? 1 : 0)]! += 1;
    const [before, after] = [live.scores?.[label], candidate.scores?.[label]];
    if (before === undefined || after === undefined) return;
    const at = SHADOW_EDGES.findIndex((edge) => after - before <= edge);
    counts.differences[at < 0 ? SHADOW_EDGES.length : at]! += 1;
  }

  #remember(id: string, pair: Pair): void {
    this.#waiting.set(id, pair);
    if (this.#waiting.size > REMEMBERED) this.#waiting.delete(this.#waiting.keys().next().value as string);
  }

  #fresh(): Mutable {
    const zeros = (length: number): number[] => new Array<number>(length).fill(0);
    return {
      format: "driftline.shadow/1",
      live: this.#identity,
      candidate: this.#candidate.identity,
      records: 0,
      failed: 0,
      labels: this.#labels,
      agreement: this.#labels.map(() => zeros(2 * CONFIDENCE_BINS)),
      unanswered: 0,
      actions: ACTIONS.map(() => zeros(ACTIONS.length)),
      differences: zeros(SHADOW_EDGES.length + 1),
      micros: { live: zeros(TIME_BINS), candidate: zeros(TIME_BINS) },
      truth: { both: 0, live: 0, candidate: 0, neither: 0 },
    };
  }
}

type Mutable = {
  -readonly [Name in keyof ShadowCounts]: ShadowCounts[Name] extends number ? number : Loose<ShadowCounts[Name]>;
};
type Loose<T> = T extends readonly (infer Item)[]
  ? Item extends string
    ? T
    : Loose<Item>[]
  : T extends object
    ? { -readonly [Name in keyof T]: Loose<T[Name]> }
    : T;

/** A label, labels as one text, or a number. */
function answerOf({ predicted, predicted_value, scores }: Decision): string | number | null {
  if (predicted !== null) return predicted;
  if (predicted_value !== undefined) return predicted_value;
  if (scores === null) return null;
  return JSON.stringify(Object.entries(scores).filter(([, score]) => score >= 0.5).map(([label]) => label));
}

function same(a: string | number, b: string | number): boolean {
  if (typeof a === "number" && typeof b === "number") return Math.abs(a - b) <= CLOSE * Math.max(1, Math.abs(a));
  return a === b;
}

function right(decision: Decision, { label, labels, value }: Answer): boolean {
  const found = answerOf(decision);
  if (found === null) return false;
  if (label !== undefined) return found === label;
  if (labels !== undefined) return found === JSON.stringify(Object.keys(decision.scores ?? {}).filter((one) => labels.includes(one)));
  return same(found, value as number);
}

function timeBin(ms: number): number {
  return Math.max(0, Math.min(TIME_BINS - 1, Math.floor(Math.log2(Math.max(1, 1000 * ms)))));
}
