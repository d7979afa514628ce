/** Reads a channel, decides what this client runs, and brings it there. */

import { DriftlineError, type ErrorCode, type Gate } from "../api.js";
import type { Arm, ChannelOptions, ChannelStatus } from "../channel.js";
import { type PublicKey, sha256 } from "../ed25519.js";
import { fault, messageOf } from "../error.js";
import { SDK } from "../beacon/window.js";
import { Comparison } from "../shadow/compare.js";
import { type Client, inShare } from "./client.js";
import type { LiveGate } from "./live.js";
import { bounded, type Ask } from "./request.js";
import { selfTest } from "./self-test.js";
import { atLeast, keysOf, MAX_CHANNEL_BYTES, open, type Statement, type Target } from "./statement.js";
import type { Tell } from "./tell.js";

/** Longer than a look takes. A Worker's context that ends early runs no `finally`: the time frees it. */
const LEASE_MS = 30_000;

/** What a keeper needs of its host. */
export interface KeeperHost {
  readonly address: string;
  readonly options: ChannelOptions;
  readonly client: Client;
  readonly ask: Ask;
  readonly tell: Tell;
  now(): number;
  /** Loads a stand-alone bundle. */
  load(bundle: Uint8Array<ArrayBuffer>): Promise<Gate>;
  /** Takes the first gate, which makes what is exchanged from then on. */
  begin(gate: Gate): LiveGate<object, string>;
}

interface Choice {
  readonly target: Target;
  readonly arm: Arm;
}

export class Keeper {
  live: LiveGate<object, string> | null = null;
  error: ChannelStatus["error"] = null;
  checked: number | null = null;
  /** Looks in a row that came to nothing. */
  misses = 0;
  arm: Arm = "fallback";
  statement: Statement | null = null;
  /** The first thing that went wrong, for who waits for a first gate. */
  fault: unknown = null;
  readonly #host: KeeperHost;
  #keys: Promise<readonly PublicKey[]> | undefined;
  #ready: Promise<void> | undefined;
  #leased = 0;
  /** Failed on the way here: tried again at the next look. */
  #failed: { identity: string; code: ErrorCode }[] = [];

  constructor(host: KeeperHost) {
    this.#host = host;
  }

  get failed(): readonly { readonly identity: string; readonly code: ErrorCode }[] {
    const lasting = this.#host.client.memory.failed.map(({ identity, code }) => ({ identity, code }));
    return [...lasting, ...this.#failed];
  }

  get busy(): boolean {
    return this.#host.now() < this.#leased;
  }

  /** Looks once. Never rejects. */
  async look(): Promise<void> {
    if (this.busy) return;
    this.#leased = this.#host.now() + LEASE_MS;
    this.#failed = [];
    try {
      await this.#look();
      this.misses = 0;
    } catch (raised) {
      const wrong = this.#wrong(raised);
      this.live?.tell({ type: "refused", ...wrong });
      this.misses += 1;
    } finally {
      this.#leased = 0;
    }
    try {
      this.live?.sweep();
    } catch {
      // at the next look
    }
  }

  /** Begins with what is kept, for a start without a network. Never rejects. */
  async offline(): Promise<void> {
    const { client } = this.#host;
    try {
      const { file } = client.memory;
      if (file === null) return;
      await this.#obey(await this.#held(file), false);
    } catch (raised) {
      this.fault ??= raised;
    }
  }

  async #look(): Promise<void> {
    const { client, ask, address, options } = this.#host;
    // bad keys are told before anything is asked for
    const keys = await (this.#keys ??= keysOf(options.publicKeys));
    await (this.#ready ??= client.load());
    const answer = await ask(address, client.memory.file === null ? null : client.memory.etag);
    let file = client.memory.file;
    if (answer.status !== 304 || file === null) {
      file = new TextDecoder().decode(await bounded(answer, address, MAX_CHANNEL_BYTES));
    }
    const statement = await this.#held(file, keys);
    await client.save({
      file,
      etag: answer.headers.get("etag") ?? (answer.status === 304 ? client.memory.etag : null),
      name: statement.name,
      sequence: statement.sequence,
    });
    this.error = null;
    await this.#obey(statement, true);
    await this.#shadow(statement);
    this.checked = this.#host.now();
  }

  /** What a file says, if it may be followed. */
  async #held(file: string, known?: readonly PublicKey[]): Promise<Statement> {
    const { client, options, now } = this.#host;
    const keys = known ?? (await (this.#keys ??= keysOf(options.publicKeys)));
    const statement = await open(file, keys);
    const { name, sequence } = client.memory;
    const expected = options.name ?? name ?? statement.name;
    if (statement.name !== expected) {
      throw fault("channel_invalid", `the channel's name is \`${statement.name}\`, not \`${expected}\``);
    }
    // the texts tell a replay from a second file of the same number
    const seen = this.statement ?? (client.memory.file === null ? null : await this.#seen(client.memory.file, keys));
    if (statement.sequence < sequence || (seen?.sequence === statement.sequence && seen.text !== statement.text)) {
      throw fault("downgrade", `the channel's sequence is ${statement.sequence}, and ${sequence} was seen here`, {
        help: "publish the channel's newest file; sequences only rise",
      });
    }
    if (statement.expires <= now()) {
      throw fault("channel_expired", `the channel was good until ${new Date(statement.expires).toISOString()}`);
    }
    if (statement.minimumRuntime !== null && !atLeast(SDK, statement.minimumRuntime)) {
      throw fault("runtime_mismatch", `the channel needs driftline ${statement.minimumRuntime}, this is ${SDK}`, {
        help: "update the package",
      });
    }
    return statement;
  }

  async #seen(file: string, keys: readonly PublicKey[]): Promise<Statement | null> {
    try {
      return await open(file, keys);
    } catch {
      return null;
    }
  }

  /** Brings this client to what a channel says. */
  async #obey(statement: Statement, online: boolean): Promise<void> {
    this.statement = statement;
    this.live?.obey(statement.killed, statement.telemetry);
    for (const { target, arm } of await this.#choices(statement)) {
      if (this.live?.identity === target.identity) {
        this.arm = arm;
        return;
      }
      if (await this.#activate(target, arm, statement, online)) return;
    }
    if (this.live === null) throw this.fault ?? fault("io", "no bundle of the channel can be had");
  }

  /** Has the canary decide a share of the records beside what is live, where the host asks for it. */
  async #shadow(statement: Statement): Promise<void> {
    const { options, client, load } = this.#host;
    const { live } = this;
    if (options.shadow === undefined || live === null) return;
    const canary = this.arm === "live" ? statement.canary : null;
    const observed = live.observed;
    if (observed !== null && observed.candidate.identity === canary?.identity && observed.live === live.identity) return;
    live.observe(null);
    if (canary === null || client.memory.failed.some(({ identity }) => identity === canary.identity)) return;
    let candidate: Gate | null = null;
    try {
      const bytes = await this.#download(canary, true);
      candidate = await load(bytes);
      if (candidate.identity !== canary.identity) throw fault("bundle_altered", "the canary is another bundle");
      await selfTest(candidate, bytes);
      const comparison = new Comparison(live as unknown as Gate, candidate, options.shadow);
      live.observe({ comparison, candidate, live: live.identity });
    } catch (raised) {
      candidate?.dispose();
      const { code, message } = this.#wrong(raised);
      live.tell({ type: "failed", identity: canary.identity, code, message });
      await this.#told({ channel: statement.name, identity: canary.identity, outcome: "failed", code }, statement);
    }
  }

  /** What this client may run, the best first. */
  async #choices(statement: Statement): Promise<Choice[]> {
    const { client, options } = this.#host;
    const { canary, live, previous, name } = statement;
    const choices: Choice[] = [];
    if (canary !== null && (await inShare(name, await client.name(options.client), canary.percent))) {
      choices.push({ target: canary, arm: "canary" });
    }
    choices.push({ target: live, arm: "live" });
    const { good } = client.memory;
    // what is live here already stays rather than what everybody had before
    const current = this.live === null || this.arm === "fallback" ? null : this.live.identity;
    const kept = good !== null && (current === null || current === good.identity) ? good : null;
    if (kept !== null) choices.push({ target: kept, arm: "kept" });
    if (previous !== null) choices.push({ target: previous, arm: "previous" });
    return choices.filter(({ target }, at) => choices.findIndex((one) => one.target.identity === target.identity) === at);
  }

  /** Whether a bundle decides now. */
  async #activate(target: Target, arm: Arm, statement: Statement, online: boolean): Promise<boolean> {
    const { client, load } = this.#host;
    const { identity } = target;
    if (client.memory.failed.some((one) => one.identity === identity && one.sdk === SDK)) return false;
    let gate: Gate | null = null;
    let whole = false;
    try {
      const bytes = (await client.bundle(target)) ?? (await this.#download(target, online));
      // from here on it is the bundle itself that fails, here and now and later
      whole = true;
      gate = await load(bytes);
      if (gate.identity !== identity) {
        throw fault("bundle_altered", `the bundle is \`${gate.identity}\`, and the channel says \`${identity}\``);
      }
      await selfTest(gate, bytes);
      await client.keep(target, bytes);
      this.#take(gate, statement);
    } catch (raised) {
      gate?.dispose();
      const { code, message } = this.#wrong(raised);
      if (whole) await client.save({ failed: [...client.memory.failed, { identity, code, sdk: SDK }] });
      else this.#failed.push({ identity, code });
      this.live?.tell({ type: "failed", identity, code, message });
      await this.#told({ channel: statement.name, identity, outcome: "failed", code }, statement);
      return false;
    }
    this.arm = arm;
    this.live?.tell({ type: "activated", identity, arm });
    await this.#told({ channel: statement.name, identity, outcome: "activated" }, statement);
    return true;
  }

  #take(gate: Gate, { killed, telemetry }: Statement): void {
    if (this.live === null) this.live = this.#host.begin(gate);
    else this.live.replace(gate);
    this.live.obey(killed, telemetry);
  }

  async #download(target: Target, online: boolean): Promise<Uint8Array<ArrayBuffer>> {
    const { ask, address } = this.#host;
    if (!online) throw fault("io", `\`${target.url}\` is not kept here`);
    const url = new URL(target.url, address).href;
    const bytes = await bounded(await ask(url, null), url, target.bytes);
    if (bytes.length !== target.bytes) {
      throw fault("bundle_truncated", `\`${url}\` has ${bytes.length} bytes, and the channel says ${target.bytes}`);
    }
    if ((await sha256(bytes)) !== target.sha256) {
      throw fault("bundle_altered", `\`${url}\` has another hash than the channel says`, { place: { file: url } });
    }
    return bytes;
  }

  /** Tells each outcome once, as far as the client remembers. */
  async #told(activation: Parameters<Tell>[0], { telemetry, sequence }: Statement): Promise<void> {
    const { client, tell } = this.#host;
    const { identity, outcome, code } = activation;
    const name = `${sequence} ${identity} ${outcome} ${code ?? ""}`;
    if (telemetry.off || client.memory.told.includes(name)) return;
    if (await tell(activation).catch(() => false)) await client.save({ told: [...client.memory.told, name] });
  }

  #wrong(raised: unknown): { code: ErrorCode; message: string } {
    const code = raised instanceof DriftlineError ? raised.code : "internal";
    this.error = { code, message: messageOf(raised) };
    this.fault ??= raised;
    return this.error;
  }
}
