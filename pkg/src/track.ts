/**
 * Decisions that wait for their outcome: not the record, and not the decision, but the cells that it
 * fell in.
 */

import type { Answer, Decision, GateInfo } from "./api.js";
import { fault } from "./error.js";
import type { SummaryOptions } from "./report.js";

/** Decisions that are remembered, unless the host says otherwise; the oldest make room. */
const REMEMBERED = 10_000;
const MAX_REMEMBERED = 1_000_000;
const TIMEOUT_MINUTES = 1440;
const MAX_NONCES = 10_000;
const CONFIDENCE_BINS = 20;
/** In place of a bin: there was no prediction. */
export const NO_BIN = 255;

/** As `Follow` in src/summary/layout.rs. */
const FOLLOW = ["answered", "late", "unknown", "timed_out", "forgotten"] as const;
type Follow = (typeof FOLLOW)[number];

/** The cells of a decision. */
export interface Place {
  /** Places of the predicted labels. */
  readonly labels: readonly number[];
  /** Bin of the confidence, or {@link NO_BIN}. */
  readonly confidence: number;
  readonly action: number;
  /** The place of each segment's value. */
  readonly segments: readonly number[];
}

interface Slot {
  readonly seq: number;
  readonly place: Place;
  /** Milliseconds since 1970. */
  readonly due: number;
  timedOut: boolean;
}

/** What was found under an id. */
export interface Found {
  readonly place: Place;
  readonly late: boolean;
}

/** A bounded ring of decisions, and the counters of what became of them. */
export class Tracker {
  readonly #info: GateInfo;
  readonly #metrics: readonly string[];
  readonly #capacity: number;
  readonly #timeout: number;
  readonly #ring: (Slot | undefined)[] = [];
  readonly #nonces = new Set<string>();
  /** Counts since they were last handed over. */
  readonly #follow = new Map<Follow, number>();
  #name: string | null = null;
  #next = 0;
  /** The oldest one whose time-out was not looked at yet. */
  #tail = 0;
  /** The values of the segments that hold now. */
  segments: readonly number[] = [];

  constructor(info: GateInfo, options: SummaryOptions | false | undefined) {
    const { metrics = [], segments = {}, remember = REMEMBERED, timeout_minutes = TIMEOUT_MINUTES } =
      options === false ? {} : (options ?? {});
    if (!(Number.isInteger(remember) && remember >= 1 && remember <= MAX_REMEMBERED)) {
      throw fault("bad_usage", "`remember` is no whole number from 1 to 1,000,000");
    }
    if (!(timeout_minutes > 0)) throw fault("bad_usage", "`timeout_minutes` is no positive number");
    this.#info = info;
    this.#metrics = metrics;
    this.#capacity = remember;
    this.#timeout = timeout_minutes * 60_000;
    this.segments = Object.values(segments).map((values) => values.length);
  }

  /** The cells of a decision; the same arithmetic as in `Window::observe`. */
  place(decision: Decision): Place {
    const { labels: known, kind } = this.#info;
    const { predicted, scores, confidence } = decision;
    const labels: number[] = [];
    if (kind === "multilabel") {
      known.forEach((label, at) => {
        if ((scores?.[label] ?? 0) >= 0.5) labels.push(at);
      });
    } else if (predicted !== null) {
      labels.push(known.indexOf(predicted));
    }
    return {
      labels,
      confidence:
        confidence === null
          ? NO_BIN
          : Math.min(Math.floor(confidence * CONFIDENCE_BINS), CONFIDENCE_BINS - 1),
      action: ["accept", "default", "escalate", "reject"].indexOf(decision.action),
      segments: this.segments,
    };
  }

  /** Remembers a decision under an id of its own. */
  track(decision: Decision, now: number): string {
    if (decision.identity !== this.#info.identity) {
      throw fault("bad_usage", "the decision is of another bundle", {
        help: "track it with the gate that decided",
      });
    }
    this.#name ??= random();
    this.sweep(now);
    const seq = this.#next;
    this.#next += 1;
    const at = seq % this.#capacity;
    const old = this.#ring[at];
    if (old !== undefined && !old.timedOut) this.note("forgotten");
    this.#ring[at] = { seq, place: this.place(decision), due: now + this.#timeout, timedOut: false };
    return `${this.#name}-${seq.toString(36)}`;
  }

  find(id: string, now: number): Found | undefined {
    const slot = this.#slot(id);
    return slot && { place: slot.place, late: now > slot.due };
  }

  /** Forgets an answered decision. */
  settle(id: string): void {
    const slot = this.#slot(id);
    if (slot !== undefined) this.#ring[slot.seq % this.#capacity] = undefined;
  }

  /** Counts those whose time-out has passed. They stay, for a late answer, until others come. */
  sweep(now: number): void {
    this.#tail = Math.max(this.#tail, this.#next - this.#capacity);
    for (; this.#tail < this.#next; this.#tail += 1) {
      const slot = this.#ring[this.#tail % this.#capacity];
      if (slot?.seq !== this.#tail) continue;
      if (slot.due > now) return;
      slot.timedOut = true;
      this.note("timed_out");
    }
  }

  note(what: Follow): void {
    this.#follow.set(what, (this.#follow.get(what) ?? 0) + 1);
  }

  /** Hands the counters over. */
  drain(take: (what: number, by: number) => void): void {
    for (const [what, by] of this.#follow) take(FOLLOW.indexOf(what), by);
    this.#follow.clear();
  }

  /** Whether a token comes for the first time, as far as this gate remembers. */
  once(nonce: string): boolean {
    if (this.#nonces.has(nonce)) return false;
    if (this.#nonces.size >= MAX_NONCES) {
      for (const oldest of this.#nonces) {
        this.#nonces.delete(oldest);
        break;
      }
    }
    this.#nonces.add(nonce);
    return true;
  }

  /** An answer's metrics in the declared order, NaN for what did not come. */
  metricsOf({ metrics = {} }: Answer): Float64Array {
    for (const [name, value] of Object.entries(metrics)) {
      if (!this.#metrics.includes(name)) {
        throw fault("bad_usage", `the metric \`${name}\` was not declared`, {
          help: "declare it when loading: `load(source, { summary: { metrics: [ … ] } })`",
        });
      }
      if (!Number.isFinite(value)) {
        throw fault("bad_usage", `the metric \`${name}\` is no finite number`, {
          help: "send a number from 0 to 1,000,000",
        });
      }
    }
    return Float64Array.from(this.#metrics, (name) => metrics[name] ?? Number.NaN);
  }

  /** The places of a true answer's labels. */
  truthOf({ label, labels }: Answer): Uint32Array | undefined {
    const named = label === undefined ? labels : [label];
    return named && Uint32Array.from(named, (name) => this.#info.labels.indexOf(name));
  }

  #slot(id: string): Slot | undefined {
    const cut = id.lastIndexOf("-");
    if (this.#name === null || id.slice(0, cut) !== this.#name) return undefined;
    const seq = Number.parseInt(id.slice(cut + 1), 36);
    const slot = this.#ring[seq % this.#capacity];
    return slot?.seq === seq && seq.toString(36) === id.slice(cut + 1) ? slot : undefined;
  }
}

/** A name of this gate, so that the ids of others are unknown and no one's. */
function random(): string {
  let bytes: Uint8Array;
  try {
    bytes = crypto.getRandomValues(new Uint8Array(8));
  } catch (raised) {
    throw fault("bad_usage", "there is no randomness here", {
      help: "in a Worker, track decisions while a request is handled",
      cause: raised,
    });
  }
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
