/** One payload over HTTP. */

import { retryAfter } from "../outbox.js";
import type { Sent } from "./sender.js";

const TIMEOUT_MS = 10_000;
/** Browsers let 65,536 bytes be under way by `sendBeacon` and `keepalive`; others use them too. */
const QUOTA_BYTES = 60_000;
/** How long a handed payload counts as under way. */
const UNDER_WAY_MS = 10_000;

let underWay = 0;

/** Reserves room among what is under way; the answer gives it back. */
function reserve(bytes: number): (() => void) | null {
  if (underWay + bytes > QUOTA_BYTES) return null;
  underWay += bytes;
  return () => void (underWay -= bytes);
}

const bytesOf = (body: string): number => new TextEncoder().encode(body).length;

/** Posts as text, which needs no preflight; without cookies, referrer or redirects. */
export async function post(
  send: typeof fetch,
  endpoint: string,
  body: string,
  browser: boolean,
): Promise<Sent> {
  // without keepalive it still arrives if the page stays
  const release = browser ? reserve(bytesOf(body)) : null;
  try {
    const response = await send(endpoint, {
      method: "POST",
      body,
      headers: { "content-type": "text/plain;charset=UTF-8" },
      redirect: browser ? "error" : "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(browser && ({ credentials: "omit", referrerPolicy: "no-referrer", cache: "no-store" } as const)),
      ...(release !== null && { keepalive: true }),
    });
    // an answer that nobody reads holds its connection
    await response.body?.cancel();
    return meaning(response);
  } catch {
    // offline, blocked, timed out: the console has nothing of ours to say
    return { kind: "later" };
  } finally {
    release?.();
  }
}

/** Gives a payload to a browser whose page goes. */
export function give(endpoint: string, body: string, send: typeof fetch): boolean {
  const release = reserve(bytesOf(body));
  if (release === null) return false;
  setTimeout(release, UNDER_WAY_MS);
  try {
    if (navigator.sendBeacon?.(endpoint, body)) return true;
  } catch {
    // some blockers throw
  }
  try {
    const init = { method: "POST", body, keepalive: true, credentials: "omit", redirect: "error" } as const;
    send(endpoint, { ...init, referrerPolicy: "no-referrer" }).catch(() => undefined);
    return true;
  } catch {
    return false;
  }
}

function meaning({ status, headers }: Response): Sent {
  if (status >= 200 && status < 300) return { kind: "taken" };
  if (status === 410) return { kind: "gone" };
  if (status < 500 && ![408, 425, 429].includes(status)) return { kind: "refused" };
  const afterMs = retryAfter(headers.get("retry-after"));
  return afterMs === undefined ? { kind: "later" } : { kind: "later", afterMs };
}
