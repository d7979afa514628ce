/**
 * Counts of all isolates in a Durable Object, which an eviction does not lose. Stored are counts, ids
 * of parts, and encoded payloads; never a client, not even as a hash.
 */

import type { DurableCounts, DurableState, WorkerBeaconOptions } from "../beacon.js";
import { type Reporter, reporterOf } from "../report.js";
import { memoryStore, type Pending, type Store } from "./queue.js";
import { Sender } from "./sender.js";
import type { Switches } from "./switches.js";
import { Window } from "./window.js";
import { sendBy, workerOptions } from "./workers.js";

const STATE = "state";
const PAYLOAD = "payload.";
/** Parts by whose id a repetition is told. */
const MAX_PARTS = 1_000;
/** The noise of more would hide everything. */
const MAX_BOUND = 1_000;
/** A part is a few thousand numbers. */
const MAX_PART_CHARS = 1 << 20;

interface Part extends Switches {
  readonly id: string;
  readonly identity: string;
  readonly layout: string;
  readonly users: number;
  readonly bound: number;
  readonly counts: readonly number[];
}

interface State {
  identity: string;
  layout: string;
  switches: Switches;
  start: number;
  counts: number[];
  /** Of the largest part: clients of two parts may be the same ones. */
  users: number;
  /** Over all parts: a client may be in each. */
  bound: number;
  seen: string[];
}

export function durableCounts<Env>(gate: object, options: WorkerBeaconOptions<Env>): DurableCounts<Env> {
  const reporter = reporterOf(gate);
  const known = workerOptions(options);
  const { now, random, capacity, epsilon, intervalMs, maxRecords } = known;

  return class {
    readonly #storage: DurableState["storage"];
    readonly #store = memoryStore();
    readonly #sender: Sender;
    readonly #window: Window;
    #stored = new Map<string, string>();
    #state: State = this.#fresh();

    constructor(state: DurableState, env: Env) {
      this.#storage = state.storage;
      const store: Store = this.#store;
      const endpoint = known.endpointOf(env);
      this.#sender = new Sender({ store, capacity, now, random, post: (body) => sendBy(options, env, endpoint, body) });
      const counts: Reporter = {
        identity: reporter.identity,
        layout: reporter.layout,
        peek: () => Float64Array.from(this.#state.counts),
        take: () => this.#taken(),
        add: () => undefined,
        encode: (cells, header, fill) => reporter.encode(cells, header, fill),
        pickFeature: (fill) => reporter.pickFeature(fill),
      };
      const since = (): number => this.#state.start;
      this.#window = new Window(counts, { name: "workerd", key: known.keyOf(env), epsilon, store, now, random, since });
      void state.blockConcurrencyWhile(() => this.#load());
    }

    /** Takes a part of an isolate. */
    async fetch(request: Request): Promise<Response> {
      const part = partOf(await request.text());
      if (part === null) return new Response(null, { status: 400 });
      const { identity, layout } = reporter;
      if (part.identity !== identity || part.layout !== layout.id || part.counts.length !== layout.cells) {
        return new Response(null, { status: 409 });
      }
      const state = this.#state;
      if (!state.seen.includes(part.id)) {
        if (part.mode !== state.switches.mode) this.#window.drop();
        if (part.mode === "aggregated" && this.#state.bound + part.bound > MAX_BOUND) this.#window.drop();
        this.#merge(part);
      }
      // only what is stored is acknowledged
      await this.#save();
      if ((await this.#storage.getAlarm()) === null) await this.#storage.setAlarm(now() + intervalMs);
      return new Response(null, { status: 204 });
    }

    async alarm(): Promise<void> {
      const { counts, start, users, bound, switches } = this.#state;
      const records = counts[0] ?? 0;
      if (records > 0 && (now() - start >= intervalMs || records >= maxRecords)) {
        const crowd = { users: switches.mode === "aggregated" ? users : null, bound };
        const made = this.#window.end(switches, crowd);
        if (made !== undefined) this.#sender.add(made.id, made.body);
        await this.#save();
      }
      await this.#sender.deliver();
      await this.#save();
      const next = this.#sender.due();
      const waits = (this.#state.counts[0] ?? 0) > 0 ? now() + intervalMs : undefined;
      if (next !== undefined || waits !== undefined) {
        await this.#storage.setAlarm(Math.max(now() + 50, Math.min(next ?? Infinity, waits ?? Infinity)));
      }
    }

    #fresh(): State {
      const { identity, layout } = reporter;
      const { switches } = known;
      const counts = new Array<number>(layout.cells).fill(0);
      return { identity, layout: layout.id, switches, start: now(), counts, users: 0, bound: 0, seen: [] };
    }

    #taken(): Float64Array {
      const { counts, seen } = this.#state;
      this.#state = { ...this.#fresh(), seen };
      return Float64Array.from(counts);
    }

    #merge({ id, mode, rate, users, bound, counts }: Part): void {
      const state = this.#state;
      if ((state.counts[0] ?? 0) === 0) state.start = now();
      state.switches = { mode, rate, off: false };
      state.counts = state.counts.map((count, at) => count + (counts[at] ?? 0));
      state.users = Math.max(state.users, users);
      state.bound += bound;
      state.seen = [...state.seen, id].slice(-MAX_PARTS);
    }

    async #load(): Promise<void> {
      const state = await this.#storage.get<State>(STATE);
      // counts of another bundle have other cells; its payloads are sent all the same
      if (state?.identity === reporter.identity && state.layout === reporter.layout.id) this.#state = state;
      for (const [name, item] of await this.#storage.list<Pending>({ prefix: PAYLOAD })) {
        this.#store.put({ ...item, leased: 0 });
        this.#stored.set(name, JSON.stringify(item));
      }
    }

    /** Writes what differs from what is stored. */
    async #save(): Promise<void> {
      const waiting = new Map(this.#store.list().map((item) => [PAYLOAD + item.id, item]));
      const work = [this.#storage.put(STATE, this.#state)];
      for (const [name, item] of waiting) {
        const text = JSON.stringify(item);
        if (this.#stored.get(name) !== text) work.push(this.#storage.put(name, item));
        this.#stored.set(name, text);
      }
      for (const name of this.#stored.keys()) {
        if (waiting.has(name)) continue;
        this.#stored.delete(name);
        work.push(this.#storage.delete(name).then(() => undefined));
      }
      await Promise.all(work);
    }
  };
}

/** Another Worker that is bound to the object may send anything. */
function partOf(text: string): Part | null {
  if (text.length > MAX_PART_CHARS) return null;
  try {
    const part = JSON.parse(text) as Part;
    const count = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
    const fits =
      typeof part.id === "string" &&
      part.id.length === 36 &&
      ["aggregated", "pseudonymous"].includes(part.mode) &&
      part.rate > 0 &&
      part.rate <= 1 &&
      count(part.users) &&
      count(part.bound) &&
      Array.isArray(part.counts) &&
      part.counts.every(count);
    return fits ? part : null;
  } catch {
    return null;
  }
}
