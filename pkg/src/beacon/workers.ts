/**
 * The beacon of a Cloudflare Worker. An isolate has no timer and may be evicted at any time: counts
 * lie in its memory, and the request that finds the window old or full sends them after its answer.
 */

import type { WorkerBeaconOptions, WorkerContext, WorkerHandler, WorkerWithBeacon } from "../beacon.js";
import { fault } from "../error.js";
import { type Reporter, reporterOf } from "../report.js";
import { type Client, Clients } from "./clients.js";
import { post } from "./post.js";
import { memoryStore } from "./queue.js";
import { Sender, type Sent } from "./sender.js";
import { endpointOf, keyOf, plainOf, type Switches, switched, whole } from "./switches.js";
import { viewOf } from "./view.js";
import { Window } from "./window.js";

/** Longer than a delivery takes. A context that ends early runs no `finally`: the time frees it. */
const LEASE_MS = 20_000;
const MAX_BOUND = 1_000;

/** Options that every part of a Worker reads alike. */
export function workerOptions<Env>(options: WorkerBeaconOptions<Env>) {
  const { bound = 1, maxRecords = 1_000, endpoint, key } = options;
  if (typeof endpoint !== "function") endpointOf(endpoint);
  return {
    ...plainOf(options),
    bound: whole("bound", bound, 1, MAX_BOUND),
    maxRecords: whole("maxRecords", maxRecords, 1, 10_000_000),
    now: options.now ?? Date.now,
    random: options.random ?? Math.random,
    switches: worker(switched({ mode: "aggregated", rate: 1, off: false }, options)),
    endpointOf: (env: Env) => endpointOf(typeof endpoint === "function" ? endpoint(env) : endpoint),
    keyOf: (env: Env) => keyOf(typeof key === "function" ? key(env) : key),
  };
}

/** Sends a payload to the queue if there is one, else to the collector. */
export async function sendBy<Env>(options: WorkerBeaconOptions<Env>, env: Env, endpoint: string, body: string): Promise<Sent> {
  const queue = options.queue?.(env);
  if (queue === undefined) {
    return post(options.fetch ?? ((...args: Parameters<typeof fetch>) => fetch(...args)), endpoint, body, false);
  }
  await queue.send(body, { contentType: "text" });
  return { kind: "taken" };
}

export function withBeacon<Env, G extends object>(
  handler: WorkerHandler<Env, G>,
  gate: G,
  options: WorkerBeaconOptions<Env>,
): WorkerWithBeacon<Env> {
  const reporter = reporterOf(gate);
  const known = workerOptions(options);
  const owed: Float64Array[] = [];
  let switches = known.switches;
  // made by the first request: the global scope has neither clock nor randomness
  let isolate: Isolate<Env> | undefined;
  const limited = (): Switches => {
    const { off, rate } = reporter.limits?.() ?? { off: false, rate: 1 };
    return { ...switches, off: switches.off || off, rate: Math.min(switches.rate, rate) };
  };
  // a Worker lives as long as its gate: there is nothing that would end this
  reporter.onDrain?.(() => isolate?.drain(limited()));
  const here = (env: Env): Isolate<Env> => (isolate ??= new Isolate(reporter, options, known, env));

  async function clientOf(request: Request, env: Env): Promise<Client | "nobody" | "refused"> {
    // Global Privacy Control, as browsers tell servers
    if (request.headers.get("sec-gpc") === "1") return "refused";
    if (options.consent?.(request, env) === false) return "refused";
    if (switches.mode !== "aggregated") return "nobody";
    const ask = options.client ?? ((asked) => asked.headers.get("cf-connecting-ip"));
    const name = ask(request, env);
    return name == null || name === "" ? "refused" : here(env).clients.client(name);
  }

  function flush(env: Env, ctx: WorkerContext, force = false): void {
    try {
      // counts that a trap kept from being put back
      for (; owed.length > 0; owed.pop()) reporter.add(owed.at(-1) as Float64Array);
      const work = here(env).due(limited(), force);
      if (work) ctx.waitUntil(here(env).run(env, limited(), force));
    } catch {
      // such as an instance that is being replaced: the next request looks again
    }
  }

  return {
    async fetch(request, env, ctx) {
      const client = await clientOf(request, env).catch(() => "refused" as const);
      const view = viewOf(gate, reporter, owed, (what, wanted) => {
        if (switches.off || client === "refused") return 0;
        const state = here(env);
        const taken = client === "nobody" ? wanted : state.clients.take(client, what, wanted, known.bound);
        if (what === "record") state.records += taken;
        return taken;
      });
      try {
        return await handler.fetch(request, env, ctx, view);
      } finally {
        flush(env, ctx);
      }
    },
    async scheduled(event, env, ctx) {
      try {
        await handler.scheduled?.(event, env, ctx, gate);
      } finally {
        flush(env, ctx, true);
      }
    },
    beacon: {
      flush: (env, ctx) => flush(env, ctx, true),
      configure(change) {
        const next = worker(switched(switches, change));
        // nothing may leave by another mode than the one that it was counted under
        if (next.mode !== switches.mode || next.off !== switches.off) isolate?.drop();
        switches = next;
      },
      status: () => {
        const sender = isolate?.sender;
        const counts = sender?.counts ?? { taken: 0, handed: 0, retried: 0, dropped: 0 };
        const silent = switches.off ? "off" : sender?.stopped ? "stopped" : null;
        return { waiting: sender?.waiting ?? 0, ...counts, silent };
      },
    },
  };
}

function worker(switches: Switches): Switches {
  if (switches.mode === "randomized") {
    throw fault("bad_usage", "a Worker is no client: mode `randomized` is for pages", {
      help: "use `aggregated`, or `pseudonymous` for an app of your own",
    });
  }
  return switches;
}

/** What one isolate has in its memory. */
class Isolate<Env> {
  readonly clients = new Clients();
  readonly sender: Sender;
  /** Counted since the window began, so that counts need not be read after each request. */
  records = 0;
  readonly #reporter: Reporter;
  readonly #options: WorkerBeaconOptions<Env>;
  readonly #known: ReturnType<typeof workerOptions<Env>>;
  readonly #window: Window;
  /** The last request's: bindings outlive it, its streams would not. */
  #env: Env;
  #leased = 0;

  constructor(reporter: Reporter, options: WorkerBeaconOptions<Env>, known: ReturnType<typeof workerOptions<Env>>, env: Env) {
    this.#reporter = reporter;
    this.#options = options;
    this.#known = known;
    this.#env = env;
    const { now, random, capacity, epsilon } = known;
    const store = memoryStore();
    this.sender = new Sender({ store, capacity, now, random, post: (body) => this.#post(body) });
    this.#window = new Window(reporter, { name: "workerd", key: known.keyOf(env), epsilon, store, now, random });
  }

  /** Whether something has to be done, and nobody does it. */
  due(switches: Switches, force: boolean): boolean {
    const now = this.#known.now();
    if (switches.off || now < this.#leased) return false;
    return force || this.#full(now) || (this.sender.due() ?? Number.POSITIVE_INFINITY) <= now;
  }

  /** Ends the window, and sends what is due. Never rejects. */
  async run(env: Env, switches: Switches, force: boolean): Promise<void> {
    const now = this.#known.now();
    this.#leased = now + LEASE_MS;
    this.#env = env;
    try {
      if (force || this.#full(now)) this.#end(env, switches);
      await this.sender.deliver();
    } catch {
      // the counts are where they were
    }
    this.#leased = 0;
  }

  /** Ends the window of a bundle that was replaced; what that made is sent with the next. */
  drain(switches: Switches): void {
    if (switches.off) this.drop();
    else this.#end(this.#env, switches);
  }

  drop(): void {
    try {
      this.#window.drop();
    } catch {
      // no instance, no counts
    }
    this.#anew();
  }

  #full(now: number): boolean {
    const { intervalMs, maxRecords } = this.#known;
    return this.records >= maxRecords || (this.records > 0 && now - this.#window.start >= intervalMs);
  }

  #end(env: Env, switches: Switches): void {
    const { clients, sender } = this;
    const crowd = { users: clients.users, bound: this.#known.bound };
    if (this.#options.durable?.(env) !== undefined) {
      const counts = this.#reporter.peek();
      if (!((counts[0] ?? 0) > 0)) return;
      const { identity, layout } = this.#reporter;
      const part = { id: crypto.randomUUID(), identity, layout: layout.id, ...switches, ...crowd, counts: [...counts] };
      this.#window.drop();
      sender.add(part.id, JSON.stringify(part));
      return this.#anew();
    }
    const { mode } = switches;
    const made = this.#window.end(switches, mode === "aggregated" ? crowd : { ...crowd, users: null });
    if (made !== undefined) sender.add(made.id, made.body);
    // the window goes on until there are enough clients in it
    if ((this.#reporter.peek()[0] ?? 0) === 0) this.#anew();
  }

  #anew(): void {
    this.clients.clear();
    this.records = 0;
  }

  async #post(body: string): Promise<Sent> {
    const env = this.#env;
    const namespace = this.#options.durable?.(env);
    if (namespace === undefined) return sendBy(this.#options, env, this.#known.endpointOf(env), body);
    // one object a bundle: counts of different bundles are never added
    const id = namespace.idFromName(this.#reporter.identity) as never;
    const answer = await namespace.get(id).fetch("https://counts/", { method: "POST", body });
    await answer.body?.cancel();
    return answer.ok ? { kind: "taken" } : { kind: answer.status < 500 ? "refused" : "later" };
  }
}
