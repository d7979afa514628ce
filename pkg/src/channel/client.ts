/** What a client remembers of a channel, and which share of the clients it is in. */

import type { ErrorCode } from "../api.js";
import type { ChannelStore } from "../channel.js";
import { sha256 } from "../ed25519.js";
import type { Target } from "./statement.js";

/** Kept under the channel's address. None of it is believed without its signature or hash. */
export interface Memory {
  /** The file as it came, for a start without a network. */
  file: string | null;
  etag: string | null;
  name: string | null;
  sequence: number;
  /** The last that went well here. */
  good: Target | null;
  /** What did not, under which version of this package. */
  failed: { readonly identity: string; readonly code: ErrorCode; readonly sdk: string }[];
  /** Activations that were told, so that each is told once. */
  told: string[];
  client: string | null;
}

const MAX_LISTED = 16;
const EMPTY: Memory = {
  file: null,
  etag: null,
  name: null,
  sequence: 0,
  good: null,
  failed: [],
  told: [],
  client: null,
};

const text = new TextEncoder();

/** The client's memory in a store. A store that fails is as good as none. */
export class Client {
  memory: Memory = { ...EMPTY };
  readonly #store: ChannelStore;
  readonly #name: string;

  constructor(store: ChannelStore, address: string) {
    this.#store = store;
    this.#name = `channel.${encodeURIComponent(address)}`;
  }

  async load(): Promise<void> {
    try {
      const bytes = await this.#store.get(this.#name);
      if (bytes === null) return;
      const kept = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Memory>;
      this.memory = { ...EMPTY, ...kept };
      const { failed, told, sequence } = this.memory;
      if (!Array.isArray(failed) || !Array.isArray(told) || !Number.isSafeInteger(sequence)) this.memory = { ...EMPTY };
    } catch {
      this.memory = { ...EMPTY };
    }
  }

  async save(change: Partial<Memory>): Promise<void> {
    this.memory = { ...this.memory, ...change };
    this.memory.failed = this.memory.failed.slice(-MAX_LISTED);
    this.memory.told = this.memory.told.slice(-MAX_LISTED);
    await quiet(this.#store.put(this.#name, text.encode(JSON.stringify(this.memory))));
  }

  /** A bundle that is kept, if its hash is right. */
  async bundle({ sha256: hash }: Target): Promise<Uint8Array<ArrayBuffer> | null> {
    const bytes = (await quiet(this.#store.get(`bundle.${hash}`))) ?? null;
    return bytes !== null && (await sha256(bytes)) === hash ? bytes : null;
  }

  /** Keeps a bundle that went well, and forgets the one before. */
  async keep(target: Target, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const before = this.memory.good;
    await quiet(this.#store.put(`bundle.${target.sha256}`, bytes));
    await this.save({ good: target });
    if (before !== null && before.sha256 !== target.sha256) await quiet(this.#store.delete(`bundle.${before.sha256}`));
  }

  /** A name that stays, for shares. */
  async name(given: string | undefined): Promise<string> {
    if (given !== undefined) return given;
    if (this.memory.client === null) await this.save({ client: crypto.randomUUID() });
    return this.memory.client as string;
  }
}

/**
 * Whether a client is in a share: its hash under the channel's name lies below it. A larger share holds
 * all clients of a smaller one.
 */
export async function inShare(channel: string, client: string, percent: number): Promise<boolean> {
  const hash = await sha256(text.encode(`driftline.share/1\n${channel}\n${client}`));
  return Number.parseInt(hash.slice(0, 8), 16) / 2 ** 32 < percent / 100;
}

async function quiet<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch {
    return undefined;
  }
}
