/**
 * Outcomes over sessions: a signed token that carries the cells of a decision, and nothing of the
 * record, for hosts that learn the outcome in another process or weeks later.
 *
 * Payload: version, 8 bytes of the bundle's identity and 8 of the layout's id, the hour of the expiry, a
 * random number that makes it good for one use, action, confidence's bin, segments' places, labels'
 * places. Signed by HMAC-SHA-256 (RFC 2104) with a key that only the host has.
 */

import type { Answer, Decision, DriftlineError } from "./api.js";
import { fault } from "./error.js";
import type { Place } from "./track.js";

/** Under this name a gate has what tokens need, whichever copy of this package made it. */
export const FOLLOWER: unique symbol = Symbol.for("driftline.follower");

/** A gate's side of tokens. */
export interface Follower {
  readonly identity: string;
  readonly layoutId: string;
  place(decision: Decision): Place;
  /** Counts an outcome; refused like {@link Gate.outcome}'s. */
  count(place: Place, answer: Answer): void;
  /** Whether a token comes for the first time, as far as the gate remembers. */
  once(nonce: string): boolean;
  /** Whether it has a decision of this id, or an escalation. */
  knows(id: string): boolean;
  /** Those of all bundles, where a gate follows a channel: the one that decides first. */
  every?(): readonly Follower[];
}

/** How tokens are signed. */
export interface TokenOptions {
  /** Known to the host alone: at least 32 random bytes, or an HMAC key with SHA-256. */
  readonly key: Uint8Array<ArrayBuffer> | CryptoKey;
  /** How long a new token is good for, rounded up to whole hours of the clock; a week without it. */
  readonly hours?: number;
  /** Milliseconds since 1970, in place of the host's clock. */
  readonly now?: number;
}

const PREFIX = "dl1.";
const HOUR = 3_600_000;
const WEEK = 168;
const MAX_TOKEN = 2_048;
const HEAD = 31;
const HMAC = { name: "HMAC", hash: "SHA-256" } as const;
const HELP = "keep the decision's gate and its bundle; the key is at least 32 bytes";

/**
 * Signs a token for a decision of this gate.
 *
 * @throws DriftlineError `bad_usage` for a decision of another bundle, or a key that is too short
 */
export async function signToken(
  gate: object,
  decision: Decision,
  options: TokenOptions,
): Promise<string> {
  const every = everyOf(gate);
  const follower = every.find(({ identity }) => identity === decision.identity) ?? (every[0] as Follower);
  const { hours = WEEK, now = Date.now() } = options;
  if (decision.identity !== follower.identity || !(hours > 0)) {
    throw fault("bad_usage", "the decision is of another bundle, or `hours` is not positive", {
      help: HELP,
    });
  }
  const { action, confidence, segments, labels } = follower.place(decision);
  const payload = new Uint8Array(HEAD + 1 + segments.length + 1 + 2 * labels.length);
  const view = new DataView(payload.buffer);
  payload[0] = 1;
  payload.set(names(follower), 1);
  view.setUint32(17, Math.ceil((now + hours * HOUR) / HOUR));
  crypto.getRandomValues(payload.subarray(21, 29));
  payload.set([action, confidence, segments.length, ...segments, labels.length], 29);
  labels.forEach((label, nth) => view.setUint16(HEAD + 2 + segments.length + 2 * nth, label));
  const mac = await crypto.subtle.sign("HMAC", await keyOf(options.key), signed(payload));
  return `${PREFIX}${encode(payload)}.${encode(new Uint8Array(mac))}`;
}

/**
 * Counts the outcome of the decision that a token stands for.
 *
 * @throws DriftlineError `token_invalid` for one that is damaged, signed by another key, of another
 * bundle or layout, or used before; `token_expired`; and those of {@link Gate.outcome}
 */
export async function outcomeByToken(
  gate: object,
  token: string,
  answer: Answer,
  options: TokenOptions,
): Promise<void> {
  const [payload, mac] = take(token);
  const key = await keyOf(options.key);
  if (!(await crypto.subtle.verify("HMAC", key, mac, signed(payload)))) {
    throw invalid("its signature is not of this key");
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  if (payload.length < HEAD + 2 || payload[0] !== 1) throw invalid("its form is not known");
  const follower = everyOf(gate).find((one) => names(one).every((byte, nth) => byte === payload[1 + nth]));
  if (follower === undefined) throw invalid("it is of another bundle or layout");
  if ((options.now ?? Date.now()) >= view.getUint32(17) * HOUR) {
    throw fault("token_expired", "the token has expired");
  }
  const place = placeOf(payload, view);
  if (place === null) throw invalid("its form is not known");
  const nonce = encode(payload.subarray(21, 29));
  if (!follower.once(nonce)) throw invalid("it was used already");
  follower.count(place, answer);
}

function placeOf(payload: Uint8Array, view: DataView): Place | null {
  const segments = payload[HEAD] as number;
  const count = payload[HEAD + 1 + segments] ?? Number.NaN;
  if (payload.length !== HEAD + 2 + segments + 2 * count) return null;
  const first = HEAD + 2 + segments;
  return {
    action: payload[29] as number,
    confidence: payload[30] as number,
    segments: Array.from(payload.subarray(HEAD + 1, HEAD + 1 + segments)),
    labels: Array.from({ length: count }, (_, nth) => view.getUint16(first + 2 * nth)),
  };
}

/** First halves of identity and layout, which the token must share with the gate. */
function names({ identity, layoutId }: Follower): Uint8Array {
  const text = identity.slice(identity.indexOf(":") + 1).slice(0, 16) + layoutId;
  return Uint8Array.from({ length: 16 }, (_, nth) =>
    Number.parseInt(text.slice(2 * nth, 2 * nth + 2), 16),
  );
}

/** What is signed: no other use of the key signs the same bytes. */
function signed(payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const use = new TextEncoder().encode("driftline outcome token");
  const all = new Uint8Array(use.length + 1 + payload.length);
  all.set(use);
  all.set(payload, use.length + 1);
  return all;
}

function everyOf(gate: object): readonly Follower[] {
  const follower = followerOf(gate);
  return follower.every?.() ?? [follower];
}

export function followerOf(gate: object): Follower {
  const follower = (gate as { [FOLLOWER]?: Follower })[FOLLOWER];
  if (follower === undefined) {
    throw fault("bad_usage", "this is no gate", { help: "pass what `load` resolved to" });
  }
  return follower;
}

async function keyOf(key: TokenOptions["key"]): Promise<CryptoKey> {
  if (!(key instanceof Uint8Array)) return key;
  if (key.length < 32) throw fault("bad_usage", "the key is too short", { help: HELP });
  return crypto.subtle.importKey("raw", key, HMAC, false, ["sign", "verify"]);
}

function take(token: string): [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>] {
  const text = typeof token === "string" && token.length <= MAX_TOKEN ? token : "";
  const parts = text.startsWith(PREFIX) ? text.slice(PREFIX.length).split(".") : [];
  const [payload, mac, ...rest] = parts.map(decode);
  if (payload == null || mac == null || rest.length > 0) throw invalid("its form is not known");
  return [payload, mac];
}

function invalid(why: string): DriftlineError {
  return fault("token_invalid", `the outcome token is refused: ${why}`);
}

/** base64url of RFC 4648, without padding. */
function encode(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function decode(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[\w-]*$/.test(text)) return null;
  try {
    const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const found = Uint8Array.from(bytes, (char) => char.charCodeAt(0));
    // one text for each sequence of bytes, so that no token has a second spelling
    return encode(found) === text ? found : null;
  } catch {
    return null;
  }
}
