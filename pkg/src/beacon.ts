/**
 * The beacon: sends a gate's counts, never a record, through what its mode does to them. Who wants
 * to know what leaves in which mode reads docs/beacon.md; what each host promises, and which tail
 * may be lost, stands in docs/beacon-hosts.md.
 */

import { durableCounts as durable } from "./beacon/durable.js";
import { startBeacon as start } from "./beacon/start.js";
import { withBeacon as wrap } from "./beacon/workers.js";

/** What is done to counts before they leave; see docs/beacon.md. */
export type BeaconMode = "randomized" | "aggregated" | "pseudonymous";

/** What may be changed while the beacon runs. */
export interface BeaconSwitches {
  /** `randomized` without it. */
  readonly mode?: BeaconMode;
  /** Share of the windows, or in mode `randomized` of the client-days, that are sent: in [0.001, 1]. */
  readonly rate?: number;
  /** Nothing is encoded or sent, and what is counted meanwhile is thrown away. */
  readonly off?: boolean;
}

/** What every host takes. */
export interface BeaconOptions extends BeaconSwitches {
  /** Of the collector: `https:`, or `http:` on this machine. */
  readonly endpoint: string | URL;
  /** The collector's public write key. */
  readonly key?: string;
  /** ε in thousandths' steps: of a client and day in `randomized`, of a window in `aggregated`. */
  readonly epsilon?: number;
  /** A window is sent when it is as old. A minute without it, at least 100 ms. */
  readonly intervalMs?: number;
  /** Encoded payloads that may wait for the collector; the oldest make room. 32 without it. */
  readonly capacity?: number;
  /** In place of the host's. */
  readonly fetch?: typeof fetch;
  /** In place of the host's clock: milliseconds since 1970. */
  readonly now?: () => number;
  /** For jitter and sampling: a number in `[0, 1)`. Noise comes from the host's crypto alone. */
  readonly random?: () => number;
}

/** The part of `localStorage` that is used. */
export interface BeaconStorage {
  readonly length: number;
  key(at: number): string | null;
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
  removeItem(name: string): void;
}

/** A beacon in a page, a web worker, Node, Deno or Bun. */
export interface StartOptions extends BeaconOptions {
  /**
   * Whether the person, or who answers for them, agreed. While it is false nothing is stored or sent,
   * and what waited is deleted. Asked before each sending.
   */
  readonly consent: boolean | (() => boolean);
  /** In place of `localStorage`; `null`: nothing is stored. */
  readonly storage?: BeaconStorage | null;
}

/** What became of the payloads. */
export interface BeaconStatus {
  /** Encoded and not yet taken. */
  readonly waiting: number;
  /** The collector answered that it has them. */
  readonly taken: number;
  /** Given to the browser as the page went; sent once more, under the same id, at the next chance. */
  readonly handed: number;
  readonly retried: number;
  /** Given up: the queue was full, they were too old, or the collector refused them. */
  readonly dropped: number;
  /** Why nothing is sent, if that is so. */
  readonly silent: "off" | "no_consent" | "opt_out" | "no_storage" | "stopped" | null;
}

/** A running beacon. None of its functions throws for what happens on the way. */
export interface Beacon {
  /** Ends the window, and sends what is due. Resolves when it was tried. */
  flush(): Promise<void>;
  /**
   * Switches mode, rate, off. The window of the old mode ends first.
   *
   * @throws DriftlineError `bad_usage`
   */
  configure(switches: BeaconSwitches): void;
  /** The very text that would be sent if the window ended now; `undefined` if nothing would. */
  preview(mode?: BeaconMode): string | undefined;
  status(): BeaconStatus;
  /** Sends what is left, and ends. */
  stop(): Promise<void>;
}

/** What is used of a Worker's context. */
export interface WorkerContext {
  waitUntil(promise: Promise<unknown>): void;
}

/** What is used of a Durable Object's namespace. */
export interface CountsNamespace {
  idFromName(name: string): unknown;
  // the runtime's own type for an id is opaque
  get(id: never): { fetch(address: string, init: { method: string; body: string }): Promise<Response> };
}

/** A beacon of a Worker. */
export interface WorkerBeaconOptions<Env = unknown> extends Omit<BeaconOptions, "endpoint" | "key" | "mode"> {
  /** `aggregated` without it. A Worker is no client, so that there is no `randomized`. */
  readonly mode?: Exclude<BeaconMode, "randomized">;
  /** Of the collector; a function if it stands in a variable. */
  readonly endpoint: string | URL | ((env: Env) => string | URL);
  /** The collector's write key. */
  readonly key?: string | ((env: Env) => string | undefined);
  /**
   * Who sent the request, for the number of distinct clients and for the bound. Only a hash of it,
   * salted anew for each window, is held in memory. `cf-connecting-ip` without it. In mode `aggregated`,
   * what has no client is not counted.
   */
  readonly client?: (request: Request, env: Env) => string | null | undefined;
  /** Records of one client that are counted in a window of mode `aggregated`: 1 without it, at most 1,000. */
  readonly bound?: number;
  /** Requests of those who did not agree are answered and not counted. */
  readonly consent?: (request: Request, env: Env) => boolean;
  /** A window is sent when it has as many records: 1,000 without it. */
  readonly maxRecords?: number;
  /** Has a Durable Object of {@link durableCounts} keep the counts; `undefined`: the isolate does. */
  readonly durable?: (env: Env) => CountsNamespace | undefined;
  /** Sends payloads, as text, to a Cloudflare Queue in place of the endpoint. */
  readonly queue?: (env: Env) => { send(body: unknown, options?: { contentType?: "text" }): Promise<unknown> } | undefined;
}

/** A Worker as it is written, with the gate of the request as one argument more. */
export interface WorkerHandler<Env = unknown, G = object> {
  fetch(request: Request, env: Env, ctx: WorkerContext, gate: G): Response | Promise<Response>;
  scheduled?(event: unknown, env: Env, ctx: WorkerContext, gate: G): void | Promise<void>;
}

/** A Worker as the runtime calls it. */
export interface WorkerWithBeacon<Env = unknown> {
  fetch(request: Request, env: Env, ctx: WorkerContext): Promise<Response>;
  scheduled(event: unknown, env: Env, ctx: WorkerContext): Promise<void>;
  /** The switches, and what became of this isolate's payloads. */
  readonly beacon: Pick<Beacon, "configure" | "status"> & {
    /** Sends what is due, within `ctx.waitUntil`. */
    flush(env: Env, ctx: WorkerContext): void;
  };
}

/** What is used of a Durable Object's state. */
export interface DurableState {
  readonly storage: {
    get<T>(name: string): Promise<T | undefined>;
    put(name: string, value: unknown): Promise<void>;
    delete(name: string): Promise<boolean>;
    list<T>(options: { prefix: string }): Promise<Map<string, T>>;
    setAlarm(at: number): Promise<void>;
    getAlarm(): Promise<number | null>;
  };
  blockConcurrencyWhile<T>(work: () => Promise<T>): Promise<T>;
}

/** A Durable Object that keeps counts and sends them from its alarm. */
export type DurableCounts<Env = unknown> = new (
  state: DurableState,
  env: Env,
) => { fetch(request: Request): Promise<Response>; alarm(): Promise<void> };

/**
 * Starts the beacon of a gate in a page, a web worker, Node, Deno or Bun. A failure of the beacon is
 * seen in its status and nowhere else: it never reaches a prediction.
 *
 * @throws DriftlineError `bad_usage` for options that do not fit
 */
export const startBeacon: (gate: object, options: StartOptions) => Beacon = start;

/**
 * Wraps a Worker: requests are counted as far as `client`, `bound`, `consent` and `Sec-GPC` allow, and
 * the request that finds the window old or full sends it within `waitUntil`.
 *
 * @throws DriftlineError `bad_usage` for options that do not fit
 */
export const withBeacon: <Env, G extends object>(
  handler: WorkerHandler<Env, G>,
  gate: G,
  options: WorkerBeaconOptions<Env>,
) => WorkerWithBeacon<Env> = wrap;

/**
 * The class of a Durable Object that keeps the counts of all isolates over evictions. Export a class
 * that extends it, bind it, and name it in `durable`.
 */
export const durableCounts: <Env>(
  gate: object,
  options: WorkerBeaconOptions<Env>,
) => DurableCounts<Env> = durable;
