/** When a channel is looked at again: with jitter, less often after misses, not while nobody sees the page. */

type Handle = Parameters<typeof clearTimeout>[0] & { unref?: () => void };

export class Timer {
  readonly #pollMs: number;
  readonly #random: () => number;
  readonly #work: () => Promise<void>;
  readonly #misses: () => number;
  readonly #visible = (): void => this.#seen();
  #handle: Handle | undefined;
  #stopped = false;
  /** It was time while the page was hidden. */
  #owed = false;

  constructor(host: { pollMs: number; random: () => number }, work: () => Promise<void>, misses: () => number) {
    this.#pollMs = host.pollMs;
    this.#random = host.random;
    this.#work = work;
    this.#misses = misses;
    documentOf()?.addEventListener("visibilitychange", this.#visible);
    this.#wait();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#handle);
    documentOf()?.removeEventListener("visibilitychange", this.#visible);
  }

  #wait(): void {
    if (this.#stopped) return;
    const ms = this.#pollMs * 2 ** Math.min(this.#misses(), 4) * (0.8 + 0.4 * this.#random());
    this.#handle = setTimeout(() => void this.#due(), ms) as unknown as Handle;
    // the timer alone must not keep a process
    (this.#handle as { unref?: () => void }).unref?.();
  }

  async #due(): Promise<void> {
    if (documentOf()?.visibilityState === "hidden") {
      this.#owed = true;
      return;
    }
    await this.#work();
    this.#wait();
  }

  #seen(): void {
    if (!this.#owed || documentOf()?.visibilityState === "hidden") return;
    this.#owed = false;
    void this.#due();
  }
}

function documentOf(): Document | undefined {
  return (globalThis as { document?: Document }).document;
}
