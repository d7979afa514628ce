/** A channel's file: the form, the signature, what it says. */

import type { DriftlineError } from "../api.js";
import { keyOf, MAX_KEYS, type PublicKey } from "../ed25519.js";
import { fault } from "../error.js";
import { isTime, type Said, signedList, trusted, vouched } from "../signed.js";

const FORMAT = "driftline.channel/1";
/** As `MAX_CHANNEL_BYTES` of the core. */
export const MAX_CHANNEL_BYTES = 65_536;
const MAX_BUNDLE_BYTES = 512 * 2 ** 20;

/** A bundle and where it lies. */
export interface Target {
  readonly identity: string;
  readonly url: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What a channel says, as far as a gate asks. Members that this version does not know are left alone. */
export interface Statement {
  readonly name: string;
  readonly sequence: number;
  /** Milliseconds since 1970, or infinity. */
  readonly expires: number;
  readonly live: Target;
  readonly canary: (Target & { readonly percent: number }) | null;
  readonly previous: Target | null;
  readonly minimumRuntime: string | null;
  readonly telemetry: { readonly off: boolean; readonly rate: number };
  readonly killed: string | null;
  /** The text that was signed. */
  readonly text: string;
}

/**
 * Reads the keys that a host names.
 *
 * @throws DriftlineError `bad_usage`
 */
export async function keysOf(texts: readonly string[]): Promise<readonly PublicKey[]> {
  if (!Array.isArray(texts) || texts.length === 0 || texts.length > MAX_KEYS) {
    throw fault("bad_usage", `\`publicKeys\` names 1 to ${MAX_KEYS} keys`, { help: "name the key that signs the channel" });
  }
  return Promise.all(texts.map(keyOf));
}

/**
 * The statement of a file, if one of the keys, or a key that the file has one of them name, signed it. Its
 * expiry is not looked at.
 *
 * @throws DriftlineError `channel_invalid`, `key_unknown`, `signature_invalid`, `signature_unsupported`,
 * `format_version`
 */
export async function open(file: string, keys: readonly PublicKey[]): Promise<Statement> {
  const signed = objectOf(file);
  const { statement: text, signature, rotations = [] } = signed;
  if (typeof text !== "string" || typeof signature !== "string" || !/^[0-9a-f]{128}$/.test(signature)) {
    throw invalid("the file has no `statement` with a `signature`");
  }
  const said = objectOf(text);
  if (said.format !== FORMAT) {
    throw fault("format_version", `the channel's format is not \`${FORMAT}\``);
  }
  await vouched({ statement: text, signature }, FORMAT, await trusted(signedList(rotations), keys), said.key);
  return read(said, text);
}

function read(said: Said, text: string): Statement {
  const { name, sequence, canary, previous, telemetry = {}, expires, minimum_runtime, killed } = said;
  if (typeof name !== "string" || name === "") throw invalid("it has no name");
  if (!(Number.isSafeInteger(sequence) && (sequence as number) > 0)) throw invalid("it has no sequence");
  const { off = false, rate_milli = 1000 } = telemetry as { off?: unknown; rate_milli?: unknown };
  if (typeof off !== "boolean" || !((rate_milli as number) >= 1 && (rate_milli as number) <= 1000)) {
    throw invalid("its telemetry is none");
  }
  return {
    name,
    sequence: sequence as number,
    expires: expires === undefined ? Number.POSITIVE_INFINITY : instant(expires),
    live: target(said.live),
    canary: canary === undefined ? null : canaryOf(canary),
    previous: previous === undefined ? null : target(previous),
    minimumRuntime: minimum_runtime === undefined ? null : word(minimum_runtime),
    telemetry: { off, rate: (rate_milli as number) / 1000 },
    killed: killed === undefined ? null : word(killed),
    text,
  };
}

function canaryOf(value: unknown): Target & { percent: number } {
  const { bundle, percent } = (value ?? {}) as { bundle?: unknown; percent?: unknown };
  if (!(Number.isInteger(percent) && (percent as number) >= 1 && (percent as number) <= 99)) {
    throw invalid("its canary has no share");
  }
  return { ...target(bundle), percent: percent as number };
}

function target(value: unknown): Target {
  const { identity, url, bytes, sha256 } = (value ?? {}) as Said;
  const whole =
    /^sha256:[0-9a-f]{64}$/.test(String(identity)) &&
    /^[0-9a-f]{64}$/.test(String(sha256)) &&
    typeof url === "string" &&
    Number.isInteger(bytes) &&
    (bytes as number) > 0 &&
    (bytes as number) <= MAX_BUNDLE_BYTES;
  if (!whole) throw invalid("one of its bundles is none");
  return { identity: identity as string, url: url as string, bytes: bytes as number, sha256: sha256 as string };
}

function instant(value: unknown): number {
  if (!isTime(value)) throw invalid("a time is not as 2013-06-03T00:00:00Z");
  return Date.parse(value);
}

function word(value: unknown): string {
  if (typeof value !== "string") throw invalid("one of its members is no text");
  return value;
}

function objectOf(text: string): Said {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Said;
  } catch {
    // as below
  }
  throw invalid("it is no JSON object");
}

function invalid(why: string): DriftlineError {
  return fault("channel_invalid", `the channel is refused: ${why}`);
}

/**
 * Whether a version as `1.2.3` is at least another one; no if one is none.
 */
export function atLeast(version: string, least: string): boolean {
  const [have, want] = [version, least].map((text) => /^(\d+)\.(\d+)\.(\d+)$/.exec(text)?.slice(1).map(Number));
  if (have === undefined || want === undefined) return false;
  const differs = have.findIndex((number, at) => number !== want[at]);
  return differs < 0 || (have[differs] as number) > (want[differs] as number);
}
