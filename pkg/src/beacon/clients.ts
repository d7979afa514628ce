/**
 * Who is in a window: how many clients, and how much each contributed. Held are hashes under a salt
 * that is thrown away with the window, in memory alone.
 */

/** Clients of a window that are told apart; records of further ones are not counted. */
const MAX_CLIENTS = 10_000;

/** A client of the window that runs, as a hash that means nothing outside it. */
export interface Client {
  readonly window: number;
  readonly hash: string;
}

/** What is bounded, each apart. */
export type Contribution = "record" | "outcome";

export class Clients {
  #window = 0;
  #salt: Promise<CryptoKey> | undefined;
  readonly #used = new Map<string, Record<Contribution, number>>();

  get users(): number {
    return this.#used.size;
  }

  async client(name: string): Promise<Client> {
    const window = this.#window;
    const salt = await (this.#salt ??= newSalt());
    const mac = await crypto.subtle.sign("HMAC", salt, new TextEncoder().encode(name));
    return { window, hash: String.fromCharCode(...new Uint8Array(mac, 0, 12)) };
  }

  /** Takes from what a client may still contribute: how many of so many are counted. */
  take({ window, hash }: Client, what: Contribution, wanted: number, bound: number): number {
    // its hash is of a window that ended while its request was answered
    if (window !== this.#window) return 0;
    let used = this.#used.get(hash);
    if (used === undefined) {
      if (this.#used.size >= MAX_CLIENTS) return 0;
      used = { record: 0, outcome: 0 };
      this.#used.set(hash, used);
    }
    const taken = Math.min(wanted, Math.max(0, bound - used[what]));
    used[what] += taken;
    return taken;
  }

  /** A new window, of which nobody can tell who was in the one before. */
  clear(): void {
    this.#window += 1;
    this.#salt = undefined;
    this.#used.clear();
  }
}

function newSalt(): Promise<CryptoKey> {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}
