/**
 * Ready routes for escalated records: an HTTP webhook and a Cloudflare Queue.
 *
 * Both are bounded, retry with jittered back-off, and carry the escalation's id, by which the other
 * side tells a repetition from a second record. A route that is down never touches a prediction.
 */

import type { Route, RouteStatus } from "./api.js";
import { toJson } from "./json.js";
import { type Attempt, Outbox, type Pace, retryAfter } from "./outbox.js";

/** How a route tries. */
export interface RouteOptions {
  /** Escalations that may wait; further ones are dropped. 100 without it, at most 10,000. */
  readonly capacity?: number;
  /** Attempts for each, the first included. 8 without it. */
  readonly attempts?: number;
  /** The first back-off is at most this long, each further one at most twice the one before. */
  readonly firstDelayMs?: number;
  /** No back-off is longer. */
  readonly maxDelayMs?: number;
  /** An attempt that takes longer counts as failed. 10 seconds without it. */
  readonly timeoutMs?: number;
  /** `false`: nothing is sent but by `flush`, as in Workers: `ctx.waitUntil(route.flush())`. */
  readonly auto?: boolean;
  /** For the jitter: a number in `[0, 1)`. */
  readonly random?: () => number;
  /** An escalation was given up. */
  readonly onDrop?: (id: string, why: string) => void;
}

/** A webhook. */
export interface WebhookOptions extends RouteOptions {
  /** Where escalations are posted. Redirects are not followed. */
  readonly url: string | URL;
  /** Shared with the server: text, `whsec_` and base64 as Standard Webhooks writes it, or bytes. */
  readonly secret: string | Uint8Array;
  /** Further headers, such as an authorization. */
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of the host's. */
  readonly fetch?: typeof fetch;
}

/** A Cloudflare Queue as a Worker's `env` has it. */
export interface QueueProducer {
  send(body: unknown, options?: { contentType?: "json" }): Promise<unknown>;
}

/** A record that is larger as JSON is dropped: the limit of most receivers. */
const MAX_BODY_BYTES = 1 << 20;

/** A message of a Cloudflare Queue has at most 128 KB, its attributes included. */
const MAX_MESSAGE_BYTES = 127_000;

const MAX_CAPACITY = 10_000;

function paceOf(options: RouteOptions): Pace {
  return {
    capacity: Math.min(MAX_CAPACITY, options.capacity ?? 100),
    attempts: options.attempts ?? 8,
    firstDelayMs: options.firstDelayMs ?? 500,
    maxDelayMs: options.maxDelayMs ?? 60_000,
    timeoutMs: options.timeoutMs ?? 10_000,
    auto: options.auto ?? true,
    random: options.random ?? Math.random,
    onDrop: options.onDrop,
  };
}

function routeOf(
  pace: Pace,
  limit: number,
  attempt: (id: string, body: string) => Promise<Attempt>,
): Route {
  const outbox = new Outbox<string>(attempt, pace);
  return {
    // it is written at once, since the caller may change the record
    send(escalation) {
      const body = toJson(escalation);
      if (new TextEncoder().encode(body).length > limit) {
        outbox.drop(escalation.id, "the record is too large");
      } else {
        outbox.push(escalation.id, body);
      }
    },
    flush: () => outbox.flush(),
    close: () => outbox.close(),
    get status(): RouteStatus {
      return { queued: outbox.queued, ...outbox.counts };
    },
  };
}

/**
 * Posts escalations as JSON, signed as Standard Webhooks says: `webhook-id`, `webhook-timestamp`
 * and `webhook-signature`, which is `v1,` and the base64 of HMAC-SHA-256 over
 * `id.timestamp.body`. The id is also the `idempotency-key`. 2xx is an answer; 408, 409, 425, 429,
 * 5xx and no answer are tried again, not before `Retry-After`; everything else is a refusal.
 */
export function webhook(options: WebhookOptions): Route {
  const pace = paceOf(options);
  const send = options.fetch ?? fetch;
  let key: Promise<CryptoKey> | undefined;
  return routeOf(pace, MAX_BODY_BYTES, async (id, body) => {
    key ??= hmacKey(options.secret);
    const timestamp = String(Math.floor(Date.now() / 1000));
    const response = await send(String(options.url), {
      method: "POST",
      redirect: "manual",
      signal: AbortSignal.timeout(pace.timeoutMs),
      body,
      headers: {
        ...options.headers,
        "content-type": "application/json",
        "idempotency-key": id,
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": await sign(await key, `${id}.${timestamp}.${body}`),
      },
    });
    // an answer that nobody reads holds its connection
    await response.body?.cancel();
    const { status } = response;
    if (status >= 200 && status < 300) return { kind: "delivered" };
    const why = `the server answered ${status}`;
    if (status < 500 && ![408, 409, 425, 429].includes(status)) return { kind: "refused", why };
    const afterMs = retryAfter(response.headers.get("retry-after"));
    return afterMs === undefined ? { kind: "retry", why } : { kind: "retry", why, afterMs };
  });
}

/** Sends escalations to a Cloudflare Queue. Queues deliver at least once: tell by the `id`. */
export function queue(producer: QueueProducer, options: RouteOptions = {}): Route {
  return routeOf(paceOf(options), MAX_MESSAGE_BYTES, async (_, body) => {
    await producer.send(JSON.parse(body), { contentType: "json" });
    return { kind: "delivered" };
  });
}

/** One route for each name of the policy's `routes`; `*` takes what has no other. */
export function routes(named: Readonly<Record<string, Route>>): Route {
  const all = [...new Set(Object.values(named))];
  const of = (name: string | null): Route | undefined =>
    (name !== null && Object.hasOwn(named, name) ? named[name] : undefined) ?? named["*"];
  let unrouted = 0;
  return {
    send(escalation) {
      const route = of(escalation.route);
      if (route === undefined) unrouted += 1;
      else route.send(escalation);
    },
    async flush() {
      await Promise.all(all.map((route) => route.flush()));
    },
    close() {
      for (const route of all) route.close();
    },
    get status(): RouteStatus {
      const sum = { queued: 0, delivered: 0, retried: 0, dropped: unrouted };
      for (const { status } of all) {
        sum.queued += status.queued;
        sum.delivered += status.delivered;
        sum.retried += status.retried;
        sum.dropped += status.dropped;
      }
      return sum;
    },
  };
}

function hmacKey(secret: string | Uint8Array): Promise<CryptoKey> {
  const bytes = typeof secret === "string" ? secretBytes(secret) : Uint8Array.from(secret);
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}

function secretBytes(secret: string): Uint8Array<ArrayBuffer> {
  if (!secret.startsWith("whsec_")) return new TextEncoder().encode(secret);
  return Uint8Array.from(atob(secret.slice("whsec_".length)), (c) => c.charCodeAt(0));
}

async function sign(key: CryptoKey, text: string): Promise<string> {
  const mac = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text));
  return `v1,${btoa(String.fromCharCode(...new Uint8Array(mac)))}`;
}
