/** Delivers payloads at least once, or says that it gave up. Never throws into its caller. */

import type { Pending, Store } from "./queue.js";

/** What came of one sending. */
export type Sent =
  | { readonly kind: "taken" }
  /** Not now; not before `afterMs` if the collector said so. */
  | { readonly kind: "later"; readonly afterMs?: number }
  /** Sending it again would not help. */
  | { readonly kind: "refused" }
  /** The collector wants nothing more, ever. */
  | { readonly kind: "gone" };

/** What the sender needs of its host. */
export interface SenderHost {
  readonly store: Store;
  readonly capacity: number;
  now(): number;
  /** A number in `[0, 1)`. */
  random(): number;
  post(body: string): Promise<Sent>;
}

const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 300_000;
/** No server may silence a beacon for longer, whatever its `Retry-After`. */
const MAX_PAUSE_MS = 86_400_000;
/** Longer than a request may take. */
const LEASE_MS = 15_000;
/** What is older tells nothing any more. */
const MAX_AGE_MS = 7 * 86_400_000;
/** How long a browser has for what it was handed, before it is sent once more. */
const CONFIRM_MS = 5_000;

export class Sender {
  readonly counts = { taken: 0, handed: 0, retried: 0, dropped: 0 };
  readonly #host: SenderHost;
  #pausedUntil = 0;
  #stopped: boolean;

  constructor(host: SenderHost) {
    this.#host = host;
    this.#stopped = host.store.get("stopped") === "1";
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  get waiting(): number {
    return this.#host.store.list().length;
  }

  /** When something is due again; `undefined` if nothing waits. */
  due(): number | undefined {
    const items = this.#host.store.list();
    if (items.length === 0 || this.#stopped) return undefined;
    return Math.max(this.#pausedUntil, Math.min(...items.map(({ next, leased }) => Math.max(next, leased))));
  }

  add(id: string, body: string): void {
    if (this.#stopped) return void (this.counts.dropped += 1);
    const { store, capacity } = this.#host;
    const waiting = store.list();
    for (const old of waiting.slice(0, Math.max(0, waiting.length + 1 - capacity))) this.#drop(old);
    const made = this.#host.now();
    store.put({ id, body, made, tried: 0, next: made, leased: 0, handed: false });
  }

  /** Sends what is due, one after the other; the answer is whether anything still waits. */
  async deliver(): Promise<void> {
    for (const item of this.#host.store.list()) {
      const now = this.#host.now();
      if (this.#stopped || now < this.#pausedUntil) return;
      if (now - item.made > MAX_AGE_MS) this.#drop(item);
      else if (item.next <= now && item.leased <= now) await this.#deliver(item, now);
    }
  }

  /** Gives what is due to a browser whose page goes: at once, for there is no later. */
  hand(give: (body: string) => boolean): void {
    const { store } = this.#host;
    const now = this.#host.now();
    if (this.#stopped || now < this.#pausedUntil) return;
    for (const item of store.list()) {
      if (item.handed || item.tried > 0 || item.leased > now) continue;
      if (!give(item.body)) return;
      this.counts.handed += 1;
      store.put({ ...item, handed: true, next: now + CONFIRM_MS });
    }
  }

  /** Forgets all that waits. */
  clear(): void {
    for (const item of this.#host.store.list()) this.#drop(item);
  }

  async #deliver(item: Pending, now: number): Promise<void> {
    const { store, post, random } = this.#host;
    const leased = { ...item, tried: item.tried + 1, leased: now + LEASE_MS };
    store.put(leased);
    let sent: Sent;
    try {
      sent = await post(item.body);
    } catch {
      sent = { kind: "later" };
    }
    if (sent.kind === "taken") {
      store.remove(item.id);
      this.counts.taken += 1;
    } else if (sent.kind === "refused") {
      this.#drop(item);
    } else if (sent.kind === "gone") {
      this.#stopped = true;
      store.set("stopped", "1");
      this.clear();
    } else {
      this.counts.retried += 1;
      const then = this.#host.now();
      // full jitter, so that many clients do not come back at once
      const limit = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(item.tried, 20));
      const pause = Math.min(MAX_PAUSE_MS, sent.afterMs ?? 0);
      if (pause > 0) this.#pausedUntil = then + pause;
      // the pause is stored with the payload too: the next page has to keep it
      const next = then + pause + limit * random();
      // consent may have been withdrawn meanwhile
      if (store.list().some(({ id }) => id === item.id)) store.put({ ...leased, leased: 0, next });
    }
  }

  #drop({ id }: Pending): void {
    this.#host.store.remove(id);
    this.counts.dropped += 1;
  }
}
