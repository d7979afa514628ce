/** From a gate's counts to payloads: one window after the other, through what the mode does to them. */

import type { BeaconMode } from "../beacon.js";
import type { BeaconHeader, Reporter } from "../report.js";
import type { Store } from "./queue.js";
import type { Switches } from "./switches.js";

/** Version of this package; a test compares it with package.json. */
export const SDK = "0.1.0";

const DAY_MS = 86_400_000;

/** An encoded window. */
export interface Payload {
  readonly id: string;
  readonly body: string;
}

/** What windows are made with. */
export interface WindowHost {
  readonly name: BeaconHeader["host"];
  readonly key: string | null;
  readonly epsilon: number | undefined;
  readonly store: Store;
  now(): number;
  /** A number in `[0, 1)`, for sampling. */
  random(): number;
  /** When the window began, where that is stored. */
  since?(): number;
}

/** Who is in a window of mode `aggregated`. */
export interface Crowd {
  readonly users: number | null;
  readonly bound: number;
}

/** What a client answers about on a day, and whether it did. */
interface Day {
  readonly day: number;
  readonly layout: string;
  readonly feature: number;
  readonly done: boolean;
}

/** Random bytes of the host; none in a Worker's global scope. */
export const fill = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes));

export class Window {
  readonly #reporter: Reporter;
  readonly #host: WindowHost;
  #start: number;
  #id: string | null = null;
  #instance: string | null = null;
  #seq = 0;
  /** The feature of the day, until it may be stored. */
  #picked: Day | null = null;
  /** The day's answer, from when it is drawn until it is sent: looking at it draws no other one. */
  #drawn: (Payload & { readonly day: number; readonly feature: number }) | null = null;

  constructor(reporter: Reporter, host: WindowHost) {
    this.#reporter = reporter;
    this.#host = host;
    this.#start = host.now();
  }

  get start(): number {
    return this.#start;
  }

  /** What would leave if the window ended now. Nothing is taken. */
  look(mode: BeaconMode, rate: number, crowd: Crowd, counts = this.#reporter.peek()): Payload | undefined {
    // plain counts may be outcomes alone: the records were of a window before
    const full = mode === "pseudonymous" ? counts.some((count) => count > 0) : (counts[0] ?? 0) > 0;
    if (!full) return undefined;
    if (mode === "randomized") {
      const day = this.#day();
      return day.done ? undefined : this.#draw(day, rate, counts);
    }
    const id = (this.#id ??= crypto.randomUUID());
    const body = this.#encode(counts, { id, mode, rate, ...crowd, feature: null });
    return body === undefined ? undefined : { id, body };
  }

  /** Ends the window if something leaves; else it goes on, and so do its counts. */
  end({ mode, rate }: Switches, crowd: Crowd): Payload | undefined {
    const counts = this.#reporter.peek();
    const randomized = mode === "randomized";
    if (randomized) {
      const day = this.#day();
      // a client that has answered today is asked no more
      if (day.done) return void this.drop();
      // only now: looking stores nothing
      this.#keep(day);
    }
    const made = this.look(mode, rate, crowd, counts);
    if (made === undefined) return undefined;
    if (randomized) this.#keep({ ...this.#day(), done: true });
    this.drop();
    this.#seq += 1;
    return this.#host.random() < rate ? made : undefined;
  }

  /** Throws the counts away. */
  drop(): void {
    this.#reporter.take();
    this.#id = null;
    this.#drawn = null;
    this.#start = this.#host.now();
  }

  #draw(day: Day, rate: number, counts: Float64Array): Payload | undefined {
    if (this.#drawn?.day === day.day && this.#drawn.feature === day.feature) return this.#drawn;
    const id = crypto.randomUUID();
    const crowd = { users: null, bound: 1 };
    const body = this.#encode(counts, { id, mode: "randomized", rate, ...crowd, feature: day.feature });
    this.#drawn = body === undefined ? null : { id, body, day: day.day, feature: day.feature };
    return this.#drawn ?? undefined;
  }

  #encode(
    counts: Float64Array,
    what: Pick<BeaconHeader, "id" | "mode" | "rate" | "users" | "feature"> & { bound: number },
  ): string | undefined {
    const { name, key, epsilon, now } = this.#host;
    const { bound, ...rest } = what;
    const end = now();
    // an answer is of the day on which it is given, whatever was counted before midnight
    const start = what.mode === "randomized" ? end : (this.#host.since?.() ?? this.#start);
    const header: BeaconHeader = {
      ...rest,
      start_ms: Math.min(start, end),
      end_ms: end,
      host: name,
      sdk: SDK,
      instance: (this.#instance ??= crypto.randomUUID()),
      seq: this.#seq,
      key,
      ...(epsilon !== undefined && { epsilon }),
      ...(what.mode === "aggregated" && { bound }),
    };
    return this.#reporter.encode(counts, header, fill);
  }

  #day(): Day {
    const day = Math.floor(this.#host.now() / DAY_MS);
    const layout = this.#reporter.layout.id;
    const kept = this.#kept() ?? this.#picked;
    // a clock that is set back gives no second answer either
    if (kept !== null && kept.day >= day && (kept.done || kept.layout === layout)) return kept;
    if (this.#picked?.day === day) return this.#picked;
    return (this.#picked = { day, layout, feature: this.#reporter.pickFeature(fill), done: false });
  }

  #kept(): Day | null {
    try {
      const kept = JSON.parse(this.#host.store.get("day") ?? "null") as Day | null;
      return typeof kept?.day === "number" && typeof kept.feature === "number" ? kept : null;
    } catch {
      return null;
    }
  }

  #keep(day: Day): void {
    this.#host.store.set("day", JSON.stringify(day));
  }
}
