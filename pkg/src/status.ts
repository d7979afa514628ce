/**
 * Asks the collector whether an alert suspends a gate's model, and tells the gate. Nothing here
 * throws into a prediction: what goes wrong leaves the gate as it is.
 */

import type { Gate } from "./api.js";
import { fault } from "./error.js";
import { retryAfter } from "./outbox.js";

/** What is asked, and how often. */
export interface WatchOptions {
  /** Of the collector, without a path: `https:`, or `http:` on this machine. */
  readonly endpoint: string | URL;
  /** The app's write key. */
  readonly key?: string;
  /** Milliseconds between two questions, a minute without it, at least 1,000; each time by a fifth more or less. */
  readonly every?: number;
  /** In place of the host's. */
  readonly fetch?: typeof fetch;
  /** For the jitter: a number in `[0, 1)`. */
  readonly random?: () => number;
}

/** A watch that runs. */
export interface StatusWatch {
  /** Asks now. Resolves when the gate was told, or could not be. */
  look(): Promise<void>;
  /** Whether this watch holds the gate suspended, and how the last question went. */
  status(): { readonly suspended: boolean; readonly problem: string | null };
  /** Asks no more. A suspension that this watch has set stands: nobody says that it is over. */
  stop(): void;
}

const MINUTE = 60_000;
const LEAST = 1_000;
const TIMEOUT_MS = 10_000;
/** A longer answer is none of a collector's. */
const MAX_CHARACTERS = 10_000;
const MAX_PAUSE_MS = 3_600_000;

/** The gate's switch, and which model it is about. */
type Switched = Pick<Gate, "identity" | "suspend" | "resume" | "status">;

/**
 * Has a gate suspended while the collector says so.
 *
 * @throws DriftlineError `bad_usage` for options that cannot be meant.
 */
export function watchStatus(gate: Switched, options: WatchOptions): StatusWatch {
  const { key, every = MINUTE, fetch: send = fetch, random = Math.random } = options;
  if (!(every >= LEAST && every <= MAX_PAUSE_MS)) {
    throw fault("bad_usage", `\`every\` is \`${every}\`; it is at least 1,000 and at most 3,600,000 ms`);
  }
  const address = addressOf(options.endpoint, key);
  const watch = { ours: null as string | null, problem: null as string | null, pause: 0, asked: 0, heard: 0, stopped: false };
  let timer: ReturnType<typeof setTimeout> | undefined;

  const tell = (reason: string | null): void => {
    // a gate that changed its bundle, or that the app itself suspended, is not ours to change
    const stands = gate.status().suspended;
    if (reason !== null && (stands === null || stands === watch.ours)) {
      if (stands !== reason) gate.suspend(reason);
      watch.ours = reason;
    } else if (reason === null && watch.ours !== null) {
      if (stands === watch.ours) gate.resume();
      watch.ours = null;
    }
  };

  const look = async (): Promise<void> => {
    watch.pause = 0;
    const turn = ++watch.asked;
    try {
      address.searchParams.set("identity", gate.identity);
      const answer = await send(address, { redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (!answer.ok) {
        watch.pause = Math.min(retryAfter(answer.headers.get("retry-after")) ?? 0, MAX_PAUSE_MS);
        await answer.body?.cancel();
        watch.problem = `status ${answer.status}`;
        return;
      }
      const told = read(await answer.text(), gate.identity);
      // an answer that a newer one overtook is old news
      if (watch.stopped || turn < watch.heard) return;
      watch.heard = turn;
      tell(told);
      watch.problem = null;
    } catch (raised) {
      watch.problem = raised instanceof Error ? raised.message : String(raised);
    }
  };

  const wait = (ms: number): void => {
    if (watch.stopped) return;
    timer = setTimeout(() => void look().then(() => wait(Math.max(every * (0.8 + 0.4 * random()), watch.pause))), ms);
    // the timer alone must not keep a process
    (timer as { unref?: () => void }).unref?.();
  };
  wait(0);

  return {
    look,
    status: () => ({ suspended: watch.ours !== null, problem: watch.problem }),
    stop() {
      watch.stopped = true;
      clearTimeout(timer);
    },
  };
}

function addressOf(endpoint: string | URL, key: string | undefined): URL {
  let address: URL;
  try {
    address = new URL("/v1/status", endpoint);
  } catch (cause) {
    throw fault("bad_usage", `\`${endpoint}\` is no address`, { cause });
  }
  const { protocol, hostname } = address;
  const local = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  if (protocol !== "https:" && !(protocol === "http:" && local)) {
    throw fault("bad_usage", `\`${endpoint}\` is neither https nor this machine`);
  }
  if (key !== undefined) address.searchParams.set("key", key);
  return address;
}

/** Why the model is suspended, or `null`; what is no status of it is an error. */
function read(text: string, identity: string): string | null {
  const told: unknown = text.length > MAX_CHARACTERS ? null : JSON.parse(text);
  const status = (typeof told === "object" && told !== null ? told : {}) as Record<string, unknown>;
  if (status.identity !== identity || typeof status.suspended !== "boolean") {
    throw fault("bad_input", "the answer is no status of this model");
  }
  if (!status.suspended) return null;
  return typeof status.reason === "string" && status.reason !== "" ? status.reason : "alert";
}
