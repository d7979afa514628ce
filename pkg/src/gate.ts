/** The gate: a live instance, and what it takes to replace it. */

import type { Columns, Decision, Gate, GateInfo, Violation } from "./api.js";
import { piecesOf } from "./rows.js";
import { fault, fromCore } from "./error.js";
import type { RawGate } from "./glue.js";
import { type Live, type Parts, start, startSync, trapped } from "./instance.js";

// engines without explicit resource management have no such symbol yet
const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for("Symbol.dispose");

/** A gate on one instance. */
export class LoadedGate<Row extends object, Label extends string> implements Gate<Row, Label> {
  readonly identity: string;
  readonly info: GateInfo;
  #parts: Parts | null;
  #live: Live | null;
  #calling = false;

  constructor(parts: Parts, live: Live) {
    this.#parts = parts;
    this.#live = live;
    this.identity = live.raw.identity;
    this.info = live.raw.info();
  }

  predict(record: Row): Decision<Label> {
    return this.#call((raw, live) => live.short(record) ?? raw.predict(record)) as Decision<Label>;
  }

  predictMany(rows: readonly Row[] | Columns<Row>): Decision<Label>[] {
    const decisions: Decision[] = [];
    for (const piece of piecesOf(rows)) {
      for (const decision of this.#call((raw) => raw.predictMany(piece))) decisions.push(decision);
    }
    return decisions as Decision<Label>[];
  }

  validate(record: Row): Violation[] {
    return this.#call((raw) => raw.validate(record));
  }

  scores(record: Row): Float64Array | null {
    return this.#call((raw) => raw.scores(record)) ?? null;
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
      if (error !== null) throw error;
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
    this.#live?.raw.__destroy_into_raw();
    this.#live = null;
    if (parts === null) return;
    try {
      this.#live = startSync(parts);
    } catch {
      // too large to be instantiated at once on this thread; calls are refused until it is there
      void start(parts).then(
        (live) => {
          if (this.#parts === null) live.raw.free();
          else this.#live = live;
        },
        () => undefined,
      );
    }
  }
}
