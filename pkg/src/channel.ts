/**
 * Channels: a gate that follows a small signed file, which says what bundle is live. The format, the
 * steps and what each host promises stand in docs/channels.md.
 */

import type { ErrorCode, Gate, LoadOptions, Source } from "./api.js";
import { cacheStore as cache, folderStore as folder } from "./channel/store.js";
import type { Summary } from "./report.js";
import type { Shadow, ShadowCounts } from "./shadow.js";

/** Where a channel's client keeps what it needs to begin without a network. */
export interface ChannelStore {
  /** What was put under a name, or `null`. */
  get(name: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Puts bytes in the place of what was there: all of them or none. */
  put(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  delete(name: string): Promise<void>;
}

/** Whom activations are told. */
export interface ActivationOptions {
  /** The collector's address, such as `https://counts.example`: `/v1/activations` is appended. */
  readonly collector: string | URL;
  /** Its public write key. */
  readonly key?: string;
  /** Whether the person, or who answers for them, agreed. Asked before each sending. */
  readonly consent: boolean | (() => boolean);
}

/** A candidate beside what is live. */
export interface ShadowOptions {
  /** Share of the records that the channel's canary decides too, where this client runs what is live. */
  readonly share: number;
}

/** How to follow a channel. */
export interface ChannelOptions extends Pick<LoadOptions, "runtime" | "summary"> {
  /**
   * Keys that may have signed the channel: the text of the `.pub` files that `driftline keygen` wrote, or
   * 64 hexadecimal digits each. While a key is exchanged, name the old and the new one.
   */
  readonly publicKeys: readonly string[];
  /** Refuse a channel of another name. */
  readonly name?: string;
  /** In place of the host's own; `null`: nothing is kept. */
  readonly storage?: ChannelStore | null;
  /** The client's stable name, by a hash of which shares are drawn. A random one, which is kept, without it. */
  readonly client?: string;
  /** What decides while nothing else can: at first, offline, without a channel. */
  readonly fallback?: Source;
  /** After how long the channel is looked at again, ±20%: 5 minutes without it, at least 100 ms; 0: never. */
  readonly pollMs?: number;
  /** How long a replaced bundle still takes outcomes of its decisions: an hour without it. */
  readonly keepMs?: number;
  readonly activations?: ActivationOptions;
  /** Has the channel's canary decide a share of the records too, without effect. */
  readonly shadow?: ShadowOptions;
  /** In place of the host's. */
  readonly fetch?: typeof fetch;
  /** In place of the host's clock: milliseconds since 1970. */
  readonly now?: () => number;
  /** A number in `[0, 1)`, for jitter. */
  readonly random?: () => number;
}

/** Why a gate runs what it runs. */
export type Arm =
  /** What is live for all. */
  | "live"
  /** The canary: this client is in its share. */
  | "canary"
  /** What was live before: the channel's own choice failed here. */
  | "previous"
  /** The last that went well here: what the channel says is out of reach or failed. */
  | "kept"
  /** {@link ChannelOptions.fallback}. */
  | "fallback";

/** What a gate knows of its channel. */
export interface ChannelStatus {
  /** `null` until a channel was read. */
  readonly name: string | null;
  readonly sequence: number | null;
  /** Of what decides. */
  readonly identity: string;
  readonly arm: Arm;
  /** When the channel was last read and held, milliseconds since 1970. */
  readonly checked: number | null;
  /** Whether it has expired since: what decides stays, nothing new is taken. */
  readonly expired: boolean;
  /** Why the channel's kill switch is on. */
  readonly killed: string | null;
  /** What the last look came to, if it was no success. */
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
  /** Bundles that were tried here and not activated. */
  readonly failed: readonly { readonly identity: string; readonly code: ErrorCode }[];
  /** How often what decides was replaced. */
  readonly swaps: number;
}

/** What happens to a gate that follows a channel. */
export type ChannelEvent =
  | { readonly type: "activated"; readonly identity: string; readonly arm: Arm }
  | { readonly type: "failed"; readonly identity: string; readonly code: ErrorCode; readonly message: string }
  | { readonly type: "refused"; readonly code: ErrorCode; readonly message: string }
  /** A replaced bundle ends; with the counts that no beacon had taken. */
  | { readonly type: "retired"; readonly identity: string; readonly summary: Summary }
  /** A comparison ends. */
  | { readonly type: "shadow"; readonly counts: ShadowCounts };

/**
 * A gate whose bundle is exchanged between two predictions. Escalations and tracked decisions of the
 * bundle before are still known, for as long as it is kept.
 */
export interface ChannelGate<
  Row extends object = Record<string, unknown>,
  Label extends string = string,
> extends Gate<Row, Label> {
  readonly channel: ChannelStatus;
  /** Looks at the channel now. Never rejects: see {@link ChannelGate.channel}. */
  refresh(): Promise<void>;
  /** In a Worker: looks at the channel within `ctx.waitUntil` if it is time to, and nobody does. */
  keepFresh(ctx: { waitUntil(promise: Promise<unknown>): void }): void;
  /** The comparison with the channel's canary, if one runs. */
  readonly shadow: Shadow | null;
  /** Has a function told. What it throws goes no further. */
  onChannel(handler: (event: ChannelEvent) => unknown): () => void;
}

/** Follows a channel. */
export type LoadChannel = <
  Row extends object = Record<string, unknown>,
  Label extends string = string,
>(
  channel: string | URL,
  options: ChannelOptions,
) => Promise<ChannelGate<Row, Label>>;

/** Begins with a bundle at hand. */
export type LoadChannelSync = <
  Row extends object = Record<string, unknown>,
  Label extends string = string,
>(
  channel: string | URL,
  options: ChannelOptions,
) => ChannelGate<Row, Label>;

/** The part of a `Cache` that is used. */
export interface ChannelCache {
  match(address: string): Promise<Response | undefined>;
  put(address: string, response: Response): Promise<void>;
  delete(address: string): Promise<boolean>;
}

/** A store in the Cache API of pages, web workers and Cloudflare Workers. */
export const cacheStore: (open: () => Promise<ChannelCache>) => ChannelStore = cache;

/**
 * A store in a folder of Node, Deno or Bun.
 *
 * @throws DriftlineError `bad_usage` where there are no files
 */
export const folderStore: (folder: string) => ChannelStore = folder;
