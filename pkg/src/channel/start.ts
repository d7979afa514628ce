/** `loadChannel` and `loadChannelSync`, tied to a host. */

import type { Gate, LoadOptions, Source } from "../api.js";
import type { ChannelGate, ChannelOptions, ChannelStatus, LoadChannel, LoadChannelSync } from "../channel.js";
import type { Shadow } from "../shadow.js";
import { fault } from "../error.js";
import { loaders } from "../loader.js";
import type { Host } from "../source.js";
import { Client } from "./client.js";
import { Keeper } from "./keeper.js";
import { shadowOf } from "../shadow/gate.js";
import { LiveGate } from "./live.js";
import { asker } from "./request.js";
import { memoryStore, ownStore } from "./store.js";
import { teller } from "./tell.js";
import { Timer } from "./timer.js";

const POLL_MS = 300_000;
const KEEP_MS = 3_600_000;

/** A gate with the keeper of its channel. */
class FollowingGate<Row extends object, Label extends string>
  extends LiveGate<Row, Label>
  implements ChannelGate<Row, Label>
{
  readonly #keeper: Keeper;
  readonly #now: () => number;
  readonly #pollMs: number;
  timer: Timer | null = null;

  constructor(gate: Gate<Row, Label>, keeper: Keeper, options: Checked) {
    super(gate, options.now, options.keepMs);
    this.#keeper = keeper;
    this.#now = options.now;
    this.#pollMs = options.pollMs;
  }

  get channel(): ChannelStatus {
    const { statement, arm, checked, error, failed } = this.#keeper;
    return {
      name: statement?.name ?? null,
      sequence: statement?.sequence ?? null,
      identity: this.identity,
      arm,
      checked,
      expired: statement !== null && statement.expires <= this.#now(),
      killed: statement?.killed ?? null,
      error,
      failed,
      swaps: this.swaps,
    };
  }

  get shadow(): Shadow | null {
    const { observed } = this;
    return observed === null ? null : shadowOf(observed.comparison);
  }

  async refresh(): Promise<void> {
    await this.#keeper.look();
  }

  keepFresh(ctx: { waitUntil(promise: Promise<unknown>): void }): void {
    const { checked, busy, misses } = this.#keeper;
    if (busy) return;
    const waits = this.#pollMs * 2 ** Math.min(misses, 4);
    if (checked !== null && this.#now() - checked < waits) return;
    ctx.waitUntil(this.#keeper.look());
  }

  override dispose(): void {
    this.timer?.stop();
    super.dispose();
  }
}

interface Checked {
  readonly now: () => number;
  readonly random: () => number;
  readonly pollMs: number;
  readonly keepMs: number;
}

function checked(options: ChannelOptions): Checked {
  const { now = Date.now, random = Math.random, pollMs = POLL_MS, keepMs = KEEP_MS } = options;
  if (!(pollMs === 0 || (pollMs >= 100 && pollMs <= 7 * 86_400_000))) {
    throw fault("bad_usage", "`pollMs` is neither 0 nor from 100 to a week");
  }
  const share = options.shadow?.share;
  if (share !== undefined && !(share > 0 && share <= 1)) throw fault("bad_usage", "`shadow.share` is no number in (0, 1]");
  if (!(keepMs >= 0)) throw fault("bad_usage", "`keepMs` is negative");
  return { now, random, pollMs, keepMs };
}

/** Followers of channels on a host. */
export function channels(host: Host): { loadChannel: LoadChannel; loadChannelSync: LoadChannelSync } {
  const { load, loadSync } = loaders(host);

  function keeperOf(channel: string | URL, options: ChannelOptions, known: Checked): Keeper {
    const address = addressOf(channel);
    const send = options.fetch ?? ((...args: Parameters<typeof fetch>) => fetch(...args));
    const store = options.storage === undefined ? ownStore() : (options.storage ?? memoryStore());
    const rest = loadOptions(options);
    const keeper: Keeper = new Keeper({
      address,
      options,
      client: new Client(store, address),
      ask: asker(send),
      tell: teller(options.activations, send),
      now: known.now,
      load: (bundle) => load(bundle, rest) as Promise<Gate>,
      begin: (gate) => new FollowingGate(gate as never, keeper, known),
    });
    return keeper;
  }

  return {
    async loadChannel<Row extends object, Label extends string>(
      channel: string | URL,
      options: ChannelOptions,
    ): Promise<ChannelGate<Row, Label>> {
      const known = checked(options);
      const keeper = keeperOf(channel, options, known);
      await keeper.look();
      if (keeper.live === null) await keeper.offline();
      if (keeper.live === null && options.fallback !== undefined) {
        keeper.live = new FollowingGate((await load(options.fallback, loadOptions(options))) as never, keeper, known);
      }
      if (keeper.live === null) throw keeper.fault;
      const gate = keeper.live as unknown as FollowingGate<Row, Label>;
      if (known.pollMs > 0) gate.timer = new Timer(known, () => keeper.look(), () => keeper.misses);
      return gate;
    },
    loadChannelSync<Row extends object, Label extends string>(
      channel: string | URL,
      options: ChannelOptions,
    ): ChannelGate<Row, Label> {
      const known = checked(options);
      const keeper = keeperOf(channel, options, known);
      const gate = loadSync(options.fallback as ArrayBuffer | undefined, loadOptions(options)) as Gate<Row, Label>;
      const following = new FollowingGate<Row, Label>(gate, keeper, known);
      keeper.live = following as unknown as LiveGate<object, string>;
      return following;
    },
  };
}

function loadOptions({ runtime, summary }: ChannelOptions): LoadOptions {
  return { ...(runtime !== undefined && { runtime: runtime as Source }), ...(summary !== undefined && { summary }) };
}

function addressOf(channel: string | URL): string {
  let url: URL;
  try {
    url = new URL(String(channel), (globalThis as { location?: Location }).location?.href);
  } catch {
    throw fault("bad_usage", "the channel has no address", { help: "pass its URL" });
  }
  const here = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url.protocol === "https:" || (url.protocol === "http:" && here)) return url.href;
  throw fault("bad_usage", "the channel is neither `https:` nor on this machine");
}
