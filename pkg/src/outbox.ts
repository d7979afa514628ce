/**
 * A bounded queue that delivers each item at least once or says that it gave up. It never throws
 * into its caller.
 *
 * No promise is shared between calls: a Worker may not wait for another request's. Who delivers an
 * item has a lease on it, which runs out if that request has ended.
 */

/** What came of one attempt. */
export type Attempt =
  | { readonly kind: "delivered" }
  /** To be tried again, not before `afterMs` if that is known. */
  | { readonly kind: "retry"; readonly afterMs?: number; readonly why: string }
  /** Trying again would not help. */
  | { readonly kind: "refused"; readonly why: string };

/** How often and how fast to try. */
export interface Pace {
  readonly capacity: number;
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** An attempt that takes longer counts as failed. */
  readonly timeoutMs: number;
  readonly auto: boolean;
  readonly random: () => number;
  readonly onDrop: ((id: string, why: string) => void) | undefined;
}

interface Item<T> {
  readonly id: string;
  readonly what: T;
  tried: number;
  /** Not to be tried before. */
  next: number;
  /** Somebody else's until then. */
  leased: number;
}

/** No server may stop the queue for longer, whatever its `Retry-After`: one hour. */
const MAX_PAUSE_MS = 3_600_000;

/** How long a delivery that another call has begun is looked at again. */
const LOOK_AGAIN_MS = 50;

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

export class Outbox<T> {
  readonly counts = { delivered: 0, retried: 0, dropped: 0 };
  readonly #items: Item<T>[] = [];
  readonly #attempt: (id: string, what: T) => Promise<Attempt>;
  readonly #pace: Pace;
  #pausedUntil = 0;
  #running = 0;
  #closed = false;

  constructor(attempt: (id: string, what: T) => Promise<Attempt>, pace: Pace) {
    this.#attempt = attempt;
    this.#pace = pace;
  }

  get queued(): number {
    return this.#items.length;
  }

  /** Takes an item; of a full queue the new one is dropped, since the others wait longer. */
  push(id: string, what: T): void {
    if (this.#closed) return this.drop(id, "the route is closed");
    if (this.#items.length >= this.#pace.capacity) return this.drop(id, "the queue is full");
    this.#items.push({ id, what, tried: 0, next: 0, leased: 0 });
    if (this.#pace.auto && this.#running === 0) void this.flush();
  }

  /** Counts an item as given up. */
  drop(id: string, why: string): void {
    this.counts.dropped += 1;
    try {
      this.#pace.onDrop?.(id, why);
    } catch {
      // the host's own; a route must not fail for it
    }
  }

  /** Resolves when nothing waits any more. Never rejects. */
  async flush(): Promise<void> {
    this.#running += 1;
    try {
      while (this.#items.length > 0) {
        const now = Date.now();
        const item = this.#due(now);
        if (item === undefined) await sleep(this.#pause(now));
        else await this.#deliver(item, now);
      }
    } finally {
      this.#running -= 1;
    }
  }

  /** Drops what waits, and takes nothing more. */
  close(): void {
    this.#closed = true;
    for (const { id } of this.#items.splice(0)) this.drop(id, "the route was closed");
  }

  #due(now: number): Item<T> | undefined {
    if (now < this.#pausedUntil) return undefined;
    return this.#items.find(({ next, leased }) => next <= now && leased <= now);
  }

  #pause(now: number): number {
    const ready = this.#items.map(({ next, leased }) =>
      leased > now ? now + LOOK_AGAIN_MS : Math.max(next, this.#pausedUntil),
    );
    return Math.max(1, Math.min(...ready) - now);
  }

  async #deliver(item: Item<T>, now: number): Promise<void> {
    item.leased = now + this.#pace.timeoutMs + 1000;
    item.tried += 1;
    let result: Attempt;
    try {
      result = await this.#attempt(item.id, item.what);
    } catch (raised) {
      result = { kind: "retry", why: raised instanceof Error ? raised.message : String(raised) };
    }
    // it may have been closed meanwhile
    if (!this.#items.includes(item)) return;
    if (result.kind === "delivered") {
      this.#remove(item);
      this.counts.delivered += 1;
    } else if (result.kind === "refused" || item.tried >= this.#pace.attempts) {
      this.#remove(item);
      this.drop(item.id, result.why);
    } else {
      this.counts.retried += 1;
      const { firstDelayMs, maxDelayMs, random } = this.#pace;
      const limit = Math.min(maxDelayMs, firstDelayMs * 2 ** (item.tried - 1));
      // full jitter, so that many gates do not come back at once
      const delay = limit * random();
      const then = Date.now();
      if (result.afterMs !== undefined) {
        this.#pausedUntil = then + Math.min(MAX_PAUSE_MS, result.afterMs);
      }
      item.next = then + delay;
      item.leased = 0;
    }
  }

  #remove(item: Item<T>): void {
    const at = this.#items.indexOf(item);
    if (at >= 0) this.#items.splice(at, 1);
  }
}

/** Milliseconds from `Retry-After`: seconds or a date. */
export function retryAfter(value: string | null): number | undefined {
  if (value === null) return undefined;
  const ms = /^\s*\d+\s*$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}
