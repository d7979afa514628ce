/** A gate whose inside is exchanged between two predictions. */

import type {
  Answer,
  Columns,
  Decision,
  EscalationHandler,
  Gate,
  GateInfo,
  GateStatus,
  Outcome,
  Overdue,
  Violation,
} from "../api.js";
import type { ChannelEvent } from "../channel.js";
import type { Comparison } from "../shadow/compare.js";
import { REPORTER, type Reporter, reporterOf, type Summary } from "../report.js";
import { FOLLOWER, type Follower, followerOf } from "../token.js";

const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for("Symbol.dispose");

/** A bundle that was replaced: outcomes of its decisions may still come. */
interface Retired {
  readonly gate: Gate;
  readonly until: number;
}

/** A candidate that decides records too, and what came of it. */
export interface Observed {
  readonly comparison: Comparison;
  readonly candidate: Gate;
  /** Identity of what was live when it began. */
  readonly live: string;
}

/** What a beacon is told by the channel. */
export interface Limits {
  readonly off: boolean;
  /** Largest share of the windows, in (0, 1]. */
  readonly rate: number;
}

export class LiveGate<Row extends object, Label extends string> implements Gate<Row, Label> {
  #gate: Gate<Row, Label>;
  #retired: Retired[] = [];
  readonly #now: () => number;
  readonly #keepMs: number;
  readonly #events = new Set<(event: ChannelEvent) => unknown>();
  readonly #drains = new Set<() => void>();
  /** Handlers of the user, with what takes each off the gate that decides. */
  readonly #handlers = new Map<object, { add: (gate: Gate<Row, Label>) => () => void; off: (() => void)[] }>();
  #segments: Readonly<Record<string, string>> | null = null;
  #killed: string | null = null;
  #suspended: string | null = null;
  #limits: Limits = { off: false, rate: 1 };
  #channelKilled: string | null = null;
  /** The gate that beacons read: the one that decides, but while another is drained. */
  #reported: Gate<Row, Label> | null = null;
  #observed: Observed | null = null;
  swaps = 0;
  readonly [REPORTER]: Reporter;
  readonly [FOLLOWER]: Follower;

  constructor(gate: Gate<Row, Label>, now: () => number, keepMs: number) {
    this.#gate = gate;
    this.#now = now;
    this.#keepMs = keepMs;
    this[REPORTER] = this.#reporter();
    this[FOLLOWER] = this.#follower();
  }

  get identity(): string {
    return this.#gate.identity;
  }

  get info(): GateInfo {
    return this.#gate.info;
  }

  predict(record: Row): Decision<Label> {
    const gate = this.#gate;
    const comparison = this.#observed?.comparison;
    if (comparison === undefined) return gate.predict(record);
    const start = comparison.start();
    const decision = gate.predict(record);
    comparison.observe(record, decision, start);
    return decision;
  }

  predictMany(rows: readonly Row[] | Columns<Row>): Decision<Label>[] {
    return this.#gate.predictMany(rows);
  }

  validate(record: Row): Violation[] {
    return this.#gate.validate(record);
  }

  scores(record: Row): Float64Array | null {
    return this.#gate.scores(record);
  }

  onEscalate(handler: EscalationHandler<Row, Label>): () => void {
    return this.#handle((gate) => gate.onEscalate(handler));
  }

  onOutcome(handler: (outcome: Outcome<Row, Label>) => unknown): () => void {
    return this.#handle((gate) => gate.onOutcome(handler));
  }

  track(decision: Decision<Label>): string {
    const id = this.#of(({ identity }) => identity === decision.identity).track(decision);
    this.#observed?.comparison.tracked(id, decision);
    return id;
  }

  outcome(id: string, answer: Answer<Label>): Outcome<Row, Label> {
    const outcome = this.#of((gate) => followerOf(gate).knows(id)).outcome(id, answer);
    this.#observed?.comparison.answered(id, answer);
    return outcome;
  }

  overdue(now: number = this.#now()): Overdue<Row, Label>[] {
    return this.#all().flatMap((gate) => gate.overdue(now));
  }

  kill(why: string): void {
    this.#killed = why;
    this.#switch();
  }

  revive(): void {
    this.#killed = null;
    this.#switch();
  }

  suspend(why: string): void {
    this.#suspended = why;
    this.#switch();
  }

  resume(): void {
    this.#suspended = null;
    this.#switch();
  }

  status(): GateStatus {
    return this.#gate.status();
  }

  summary(): Summary {
    return this.#gate.summary();
  }

  segment(values: Readonly<Record<string, string>>): void {
    this.#gate.segment(values);
    this.#segments = values;
  }

  dispose(): void {
    this.observe(null);
    for (const { gate } of this.#retired.splice(0)) gate.dispose();
    this.#gate.dispose();
  }

  [DISPOSE](): void {
    this.dispose();
  }

  onChannel(handler: (event: ChannelEvent) => unknown): () => void {
    const own = (event: ChannelEvent): unknown => handler(event);
    this.#events.add(own);
    return () => void this.#events.delete(own);
  }

  tell(event: ChannelEvent): void {
    for (const handler of this.#events) {
      try {
        const result = handler(event);
        if (result instanceof Promise) result.catch(() => undefined);
      } catch {
        // a handler's own trouble
      }
    }
  }

  /** Has a whole gate decide from the next prediction on. The one before is drained of its counts. */
  replace(next: Gate<Row, Label>): void {
    const before = this.#gate;
    this.#ready(next);
    this.#gate = next;
    this.swaps += 1;
    this.#retired.push({ gate: before as unknown as Gate, until: this.#now() + this.#keepMs });
    this.sweep();
  }

  get observed(): Observed | null {
    return this.#observed;
  }

  /** Has a candidate decide too; the one before is told of, and ends. */
  observe(next: Observed | null): void {
    const before = this.#observed;
    this.#observed = next;
    if (before === null) return;
    this.tell({ type: "shadow", counts: before.comparison.counts() });
    before.candidate.dispose();
  }

  /** What the channel says beside what is live. */
  obey(killed: string | null, limits: Limits): void {
    this.#limits = limits;
    if (killed === this.#channelKilled) return;
    this.#channelKilled = killed;
    this.#switch();
  }

  /** Hands over what replaced bundles have counted since, and ends those whose time is up. */
  sweep(): void {
    const now = this.#now();
    // one is kept in any case, as long as its time lasts
    const ends = this.#retired.filter(({ until }, at) => until <= now || at < this.#retired.length - 1);
    for (const { gate } of this.#retired) this.#drain(gate);
    this.#retired = this.#retired.filter((one) => !ends.includes(one));
    for (const { gate } of ends) {
      try {
        const summary = gate.summary();
        this.tell({ type: "retired", identity: gate.identity, summary });
        gate.dispose();
      } catch {
        // it trapped, and has no counts to tell
      }
    }
  }

  #drain(gate: Gate): void {
    this.#reported = gate as unknown as Gate<Row, Label>;
    try {
      // records, or outcomes that came after them
      if (reporterOf(gate).peek().some((count) => count > 0)) for (const work of this.#drains) work();
    } catch {
      // an instance that is being replaced: at the next sweep
    } finally {
      this.#reported = null;
    }
  }

  /** Brings a gate to where the one before is. */
  #ready(next: Gate<Row, Label>): void {
    if (this.#segments !== null) next.segment(this.#segments);
    for (const handler of this.#handlers.values()) handler.off.push(handler.add(next));
    this.#switch(next);
  }

  #switch(gate: Gate<Row, Label> = this.#gate): void {
    const killed = this.#killed ?? this.#channelKilled;
    if (killed === null) gate.revive();
    else gate.kill(killed);
    if (this.#suspended === null) gate.resume();
    else gate.suspend(this.#suspended);
  }

  #handle(add: (gate: Gate<Row, Label>) => () => void): () => void {
    const name = {};
    this.#handlers.set(name, { add, off: this.#all().map(add) });
    return () => {
      for (const off of this.#handlers.get(name)?.off ?? []) off();
      this.#handlers.delete(name);
    };
  }

  /** The gate that decides, then those before it, the newest first. */
  #all(): Gate<Row, Label>[] {
    const before = this.#retired.map(({ gate }) => gate as unknown as Gate<Row, Label>);
    return [this.#gate, ...before.reverse()];
  }

  #of(fits: (gate: Gate<Row, Label>) => boolean): Gate<Row, Label> {
    return this.#all().find(fits) ?? this.#gate;
  }

  #reporter(): Reporter {
    const now = (): Reporter => reporterOf(this.#reported ?? this.#gate);
    return {
      get identity() {
        return now().identity;
      },
      get layout() {
        return now().layout;
      },
      peek: () => now().peek(),
      take: () => now().take(),
      add: (counts) => now().add(counts),
      encode: (counts, header, fill) => now().encode(counts, header, fill),
      pickFeature: (fill) => now().pickFeature(fill),
      limits: () => this.#limits,
      onDrain: (work) => {
        this.#drains.add(work);
        return () => void this.#drains.delete(work);
      },
    };
  }

  #follower(): Follower {
    const all = (): Follower[] => this.#all().map(followerOf);
    const now = (): Follower => followerOf(this.#gate);
    return {
      get identity() {
        return now().identity;
      },
      get layoutId() {
        return now().layoutId;
      },
      place: (decision) => now().place(decision),
      count: (place, answer) => now().count(place, answer),
      once: (nonce) => now().once(nonce),
      knows: (id) => all().some((one) => one.knows(id)),
      every: all,
    };
  }
}
