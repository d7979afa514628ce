/** The beacon of a page, a web worker, Node, Deno or Bun. */

import type { Beacon, BeaconMode, BeaconStatus, BeaconSwitches, StartOptions } from "../beacon.js";
import { fault } from "../error.js";
import { type BeaconHeader, reporterOf } from "../report.js";
import { give, post } from "./post.js";
import { listen } from "./page.js";
import { localStore, memoryStore, type Store } from "./queue.js";
import { Sender } from "./sender.js";
import { endpointOf, keyOf, plainOf, type Switches, switched } from "./switches.js";
import { type Crowd, Window } from "./window.js";

type Timer = Parameters<typeof clearInterval>[0] & { unref?: () => void };

/** A page or a process is one client, so that mode `aggregated` lets nothing out of it. */
const ALONE: Crowd = { users: 1, bound: 1 };

export function startBeacon(gate: object, options: StartOptions): Beacon {
  const reporter = reporterOf(gate);
  const limits = (): { off: boolean; rate: number } => reporter.limits?.() ?? { off: false, rate: 1 };
  const endpoint = endpointOf(options.endpoint);
  const plain = plainOf(options);
  const { consent } = options;
  if (typeof consent !== "boolean" && typeof consent !== "function") {
    throw fault("bad_usage", "`consent` is missing", { help: "say `true` where nobody has to be asked" });
  }
  let switches: Switches = switched({ mode: "randomized", rate: 1, off: false }, options);
  const name = hostName();
  const browser = name === "browser" || name === "worker";
  const store = storeOf(options, browser, endpoint);
  const now = options.now ?? Date.now;
  const random = options.random ?? Math.random;
  const send = options.fetch ?? ((...args: Parameters<typeof fetch>) => fetch(...args));
  const host = { name, key: keyOf(options.key), epsilon: plain.epsilon, store, now, random };
  const window = new Window(reporter, host);
  const sender = new Sender({
    store,
    capacity: plain.capacity,
    now,
    random,
    post: (body) => post(send, endpoint, body, browser),
  });
  let ended = false;

  const silent = (): BeaconStatus["silent"] => {
    if (ended || sender.stopped) return "stopped";
    if (switches.off || limits().off) return "off";
    if (optedOut()) return "opt_out";
    if (!agreed(consent)) return "no_consent";
    // without a store the next page would answer a second time on the same day
    return browser && switches.mode === "randomized" && !store.lasting ? "no_storage" : null;
  };
  const quiet = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch {
      // such as a gate that was disposed of; predictions must not see it
      return undefined;
    }
  };
  /** Ends the window, as far as anything may leave; whether payloads may. */
  const cut = (): boolean => {
    const why = silent();
    quiet(() => {
      if (why === "off") window.drop();
      else if (why === "no_consent" || why === "opt_out") sender.clear();
      else if (why === null) {
        const made = window.end({ ...switches, rate: Math.min(switches.rate, limits().rate) }, ALONE);
        if (made !== undefined) sender.add(made.id, made.body);
      }
    });
    return why === null || why === "no_storage";
  };
  const flush = async (): Promise<void> => {
    if (cut()) await sender.deliver().catch(() => undefined);
  };
  const timer = setInterval(() => void flush(), plain.intervalMs) as unknown as Timer;
  // the timer alone must not keep a process
  timer.unref?.();
  const unlisten = listen({
    leave: () => {
      if (cut()) quiet(() => sender.hand((body) => give(endpoint, body, send)));
    },
    flush: () => void flush(),
  });
  const undrain = reporter.onDrain?.(() => void cut());
  // what an earlier page or visit left
  if (browser) queueMicrotask(() => void (silent() === null && sender.deliver().catch(() => undefined)));

  return {
    flush,
    configure(change: BeaconSwitches) {
      const next = switched(switches, change);
      // counts go out by the mode that they were made under
      if (next.mode !== switches.mode) cut();
      if (next.off !== switches.off) quiet(() => window.drop());
      switches = next;
    },
    preview: (mode: BeaconMode = switches.mode) =>
      quiet(() => window.look(mode, switches.rate, ALONE)?.body),
    status: () => ({ waiting: sender.waiting, ...sender.counts, silent: silent() }),
    async stop() {
      if (ended) return;
      clearInterval(timer);
      unlisten();
      undrain?.();
      await flush();
      ended = true;
    },
  };
}

function agreed(consent: StartOptions["consent"]): boolean {
  try {
    return (typeof consent === "function" ? consent() : consent) === true;
  } catch {
    return false;
  }
}

/** Global Privacy Control, as browsers tell pages. */
function optedOut(): boolean {
  const { navigator } = globalThis as { navigator?: { globalPrivacyControl?: unknown } };
  return navigator?.globalPrivacyControl === true;
}

function hostName(): BeaconHeader["host"] {
  const scope = globalThis as { Deno?: unknown; Bun?: unknown; process?: { versions?: { node?: string } }; document?: unknown };
  if (scope.Deno !== undefined) return "deno";
  if (scope.Bun !== undefined) return "bun";
  if (scope.process?.versions?.node !== undefined) return "node";
  return scope.document === undefined ? "worker" : "browser";
}

/** Payloads of one collector are not sent to another one. */
function storeOf(options: StartOptions, browser: boolean, endpoint: string): Store {
  const given = options.storage;
  if (given === null) return memoryStore();
  try {
    const storage = given ?? (browser ? (globalThis as { localStorage?: Storage }).localStorage : undefined);
    if (storage !== undefined) return localStore(storage, short(endpoint)) ?? memoryStore();
  } catch {
    // a page in a sandbox may not even look
  }
  return memoryStore();
}

/** FNV-1a: a short name, no secret. */
function short(text: string): string {
  let hash = 0x811c9dc5;
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 0).toString(36);
}
