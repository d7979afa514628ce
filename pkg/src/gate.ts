/** The gate: a live instance, and what it takes to replace it. */

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
} from "./api.js";
import { Desk } from "./desk.js";
import { piecesOf } from "./rows.js";
import { fault, fromCore } from "./error.js";
import type { RawGate } from "./glue.js";
import { type Live, type Parts, start, startSync, trapped } from "./instance.js";
import { REPORTER, type Reporter, type Summary, type SummaryLayout } from "./report.js";
import { placesOf, timer } from "./summary.js";
import { FOLLOWER, type Follower } from "./token.js";
import { type Place, Tracker } from "./track.js";

// engines without explicit resource management have no such symbol yet
const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for("Symbol.dispose");

/** One of so many predictions is timed: reading the clock costs more than counting. */
const TIMED_EVERY = 16;

/** A gate on one instance. */
export class LoadedGate<Row extends object, Label extends string> implements Gate<Row, Label> {
  readonly identity: string;
  readonly info: GateInfo;
  #parts: Parts | null;
  #live: Live | null;
  #calling = false;
  readonly #desk: Desk;
  #killed: string | null = null;
  #suspended: string | null = null;
  #keyed = false;
  /** The budget as the instance had it last, for the one that may replace it. */
  #ledger: Float64Array | null = null;
  /** Counts of an instance that trapped, until the next one has them. */
  #kept: Float64Array | null = null;
  #segments: Uint32Array | null = null;
  readonly #timer: (() => number) | undefined;
  #turn = 0;
  readonly #tracker: Tracker;
  readonly [REPORTER]: Reporter;
  readonly [FOLLOWER]: Follower;

  constructor(parts: Parts, live: Live) {
    this.#parts = parts;
    this.#live = live;
    this.identity = live.raw.identity;
    this.info = live.info;
    this.#tracker = new Tracker(this.info, parts.summary);
    this.#desk = new Desk(this.info, this.#tracker);
    this.#timer = parts.summary === false ? undefined : timer();
    this[REPORTER] = this.#reporter();
    this[FOLLOWER] = this.#follower();
  }

  predict(record: Row): Decision<Label> {
    const clock = (this.#turn = (this.#turn + 1) % TIMED_EVERY) === 0 ? this.#timer : undefined;
    const decision = this.#call((raw, live) => {
      const now = this.#now(raw);
      const start = clock?.() ?? 0;
      const made = live.short(record, now) ?? raw.predict(record, now);
      if (clock !== undefined) raw.noteTime(1000 * (clock() - start));
      this.#note(raw, made);
      return made;
    });
    if (decision.action === "escalate") this.#desk.escalate(record, decision);
    return decision as Decision<Label>;
  }

  predictMany(rows: readonly Row[] | Columns<Row>): Decision<Label>[] {
    const decisions: Decision[] = [];
    for (const piece of piecesOf(rows)) {
      const made = this.#call((raw) => {
        const some = raw.predictMany(piece, this.#now(raw));
        for (const decision of some) this.#note(raw, decision);
        return some;
      });
      made.forEach((decision, at) => {
        if (decision.action === "escalate") this.#desk.escalate(piece[at], decision);
        decisions.push(decision);
      });
    }
    return decisions as Decision<Label>[];
  }

  validate(record: Row): Violation[] {
    return this.#call((raw) => raw.validate(record));
  }

  scores(record: Row): Float64Array | null {
    return this.#call((raw) => raw.scores(record)) ?? null;
  }

  onEscalate(handler: EscalationHandler<Row, Label>): () => void {
    return this.#desk.onEscalate(handler as EscalationHandler);
  }

  onOutcome(handler: (outcome: Outcome<Row, Label>) => unknown): () => void {
    return this.#desk.outcomes.add(handler as (outcome: Outcome) => unknown);
  }

  track(decision: Decision<Label>): string {
    return decision.id ?? this.#tracker.track(decision, Date.now());
  }

  outcome(id: string, answer: Answer<Label>): Outcome<Row, Label> {
    const now = Date.now();
    const [desk, tracker] = [this.#desk, this.#tracker];
    const found = desk.find(id, now) ?? tracker.find(id, now);
    this.#count(found?.place, answer);
    // only now: what is refused can be sent again
    tracker.settle(id);
    if (found?.late === true) tracker.note("late");
    return desk.outcome(id, answer, found?.late ?? false, now) as Outcome<Row, Label>;
  }

  overdue(now: number = Date.now()): Overdue<Row, Label>[] {
    return this.#desk.overdue(now) as Overdue<Row, Label>[];
  }

  kill(why: string): void {
    this.#switch(why, this.#suspended);
  }

  revive(): void {
    this.#switch(null, this.#suspended);
  }

  suspend(why: string): void {
    this.#switch(this.#killed, why);
  }

  resume(): void {
    this.#switch(this.#killed, null);
  }

  status(): GateStatus {
    const [, used = 0, ...counts] = this.#call((raw) => raw.state());
    const { assertions, budget } = this.info;
    const desk = this.#desk;
    return {
      killed: this.#killed,
      suspended: this.#suspended,
      budget: budget === null ? null : { per_day: budget.per_day, used },
      assertions: assertions.map((name, at) => ({
        name,
        checked: counts[2 * at] ?? 0,
        broken: counts[2 * at + 1] ?? 0,
      })),
      escalations: {
        sent: desk.sent,
        pending: desk.pending,
        forgotten: desk.forgotten,
        failed: desk.failed,
      },
    };
  }

  summary(): Summary {
    const counts = this[REPORTER].peek();
    const { identity, info } = this;
    return { identity, records: counts[0] ?? 0, layout: info.summary, counts };
  }

  segment(values: Readonly<Record<string, string>>): void {
    const places = placesOf(this.#parts?.summary, values);
    this.#call((raw) => raw.setSegments(places));
    this.#segments = places;
    this.#tracker.segments = Array.from(places);
  }

  dispose(): void {
    const raw = this.#live?.raw;
    this.#live = null;
    this.#parts = null;
    if (this.#calling) raw?.__destroy_into_raw();
    else raw?.free();
  }

  [DISPOSE](): void {
    this.dispose();
  }

  #reporter(): Reporter {
    let layout: SummaryLayout | undefined;
    const known = (): SummaryLayout => (layout ??= this.#call((raw) => raw.summaryLayout()));
    Object.defineProperty(this.info, "summary", { get: known });
    return {
      identity: this.identity,
      get layout() {
        return known();
      },
      peek: () => this.#call((raw) => this.#followed(raw).peekSummary()),
      take: () => this.#call((raw) => this.#followed(raw).takeSummary()),
      add: (counts) => this.#call((raw) => raw.addSummary(counts)),
      encode: (counts, header, fill) =>
        this.#call((raw) => raw.encodeBeacon(counts, JSON.stringify(header), fill)),
      pickFeature: (fill) => this.#call((raw) => raw.pickFeature(fill)),
    };
  }

  #follower(): Follower {
    const [reporter, tracker, desk] = [this[REPORTER], this.#tracker, this.#desk];
    return {
      identity: this.identity,
      get layoutId() {
        return reporter.layout.id;
      },
      place: (decision) => tracker.place(decision),
      count: (place, answer) => this.#count(place, answer),
      once: (nonce) => tracker.once(nonce),
      knows: (id) => desk.find(id, 0) !== undefined || tracker.find(id, 0) !== undefined,
    };
  }

  /** Counts an outcome, or nothing at all. */
  #count(place: Place | undefined, answer: Answer): void {
    const tracker = this.#tracker;
    this.#desk.check(answer);
    const metrics = tracker.metricsOf(answer);
    if (place !== undefined && this.#parts?.summary !== false) {
      const [labels, segments] = [Uint32Array.from(place.labels), Uint32Array.from(place.segments)];
      const [truth, value] = [tracker.truthOf(answer), answer.value];
      const { confidence, action } = place;
      this.#call((raw) => raw.noteOutcome(labels, confidence, action, segments, truth, value, metrics));
    }
    tracker.note(place === undefined ? "unknown" : "answered");
  }

  /** Hands over what became of decisions that are followed up. */
  #followed(raw: RawGate): RawGate {
    const now = Date.now();
    this.#desk.sweep(now);
    this.#tracker.sweep(now);
    this.#tracker.drain((what, by) => raw.noteFollow(what, by));
    return raw;
  }

  #switch(killed: string | null, suspended: string | null): void {
    this.#call((raw) => raw.setSwitches(killed !== null, suspended !== null));
    this.#killed = killed;
    this.#suspended = suspended;
  }

  /** The time, where decisions depend on it; and before the first of them, the key. */
  #now(raw: RawGate): number {
    if (this.info.needs_key && !this.#keyed) {
      try {
        raw.setKey(crypto.getRandomValues(new Uint8Array(32)));
        this.#keyed = true;
      } catch {
        // a Worker's global scope has no randomness: identifiers are not compared until it has
      }
    }
    return this.info.needs_clock ? Date.now() : 0;
  }

  /** Keeps the budget, which a replaced instance would forget. */
  #note(raw: RawGate, decision: Decision): void {
    if (this.info.budget !== null && decision.action === "escalate") this.#ledger = raw.state();
  }

  /** Tells a new instance what the one before was told. */
  #begin(live: Live): void {
    const [day = 0, used = 0] = this.#ledger ?? [];
    live.raw.restore(day, used);
    live.raw.setSwitches(this.#killed !== null, this.#suspended !== null);
    this.#keyed = false;
    this.#live = live;
    if (this.#segments !== null) live.raw.setSegments(this.#segments);
    try {
      if (this.#kept !== null) live.raw.addSummary(this.#kept);
    } catch {
      // the trap left no counts behind, but other bytes
    }
    this.#kept = null;
    live.raw.noteFault(true);
  }

  #call<T>(work: (raw: RawGate, live: Live) => T): T {
    if (this.#parts === null) throw fault("disposed", "the gate was disposed of");
    const live = this.#live;
    if (live === null) throw fault("trap", "the replaced instance is not ready yet");
    if (this.#calling) {
      throw fault("bad_usage", "the gate was called while it was reading a record", {
        help: "send plain data; a getter of a record must not call the gate",
      });
    }
    this.#calling = true;
    try {
      return work(live.raw, live);
    } catch (raised) {
      const error = fromCore(raised);
      if (error !== null) {
        live.raw.noteFault(false);
        throw error;
      }
      // whatever else comes out of WebAssembly has unwound past its frames
      this.#replace();
      throw trapped(raised);
    } finally {
      this.#calling = false;
    }
  }

  /** Puts a new instance in the place of a poisoned one. */
  #replace(): void {
    const parts = this.#parts;
    this.#kept = this.#live?.counts() ?? this.#kept;
    this.#live?.raw.__destroy_into_raw();
    this.#live = null;
    if (parts === null) return;
    try {
      this.#begin(startSync(parts));
    } catch {
      // too large to be instantiated at once on this thread; calls are refused until it is there
      void start(parts).then(
        (live) => {
          if (this.#parts === null) live.raw.free();
          else this.#begin(live);
        },
        () => undefined,
      );
    }
  }
}
