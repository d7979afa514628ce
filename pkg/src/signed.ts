/**
 * Statements with their signatures, and keys that name their successors: what signature files and channels
 * share. docs/identity.md has the format.
 */

import type { DriftlineError } from "./api.js";
import { fromHex, holds, keyOf, type PublicKey } from "./ed25519.js";
import { fault } from "./error.js";

const ROTATION = "driftline.rotation/1";

/** Most entries of a list of signatures or rotations, as the limit of the core. */
const MAX_SIGNATURES = 8;

/** A statement and its signature, as they stand in a file. */
export interface Signed {
  readonly statement: string;
  readonly signature: string;
}

/** What a statement says, by its members. */
export type Said = Record<string, unknown>;

/**
 * The entries of a list of signatures or rotations.
 *
 * @throws DriftlineError `signature_invalid`
 */
export function signedList(list: unknown): Signed[] {
  if (!Array.isArray(list) || list.length > MAX_SIGNATURES) {
    throw invalid("the signature file holds no list of signatures, or too many of them");
  }
  return list.map(signedOf);
}

function signedOf(value: unknown): Signed {
  const { statement, signature, ...rest } = (value ?? {}) as Said;
  if (typeof statement !== "string" || typeof signature !== "string" || Object.keys(rest).length > 0) {
    throw invalid("an entry of the signature file is no statement with a signature");
  }
  return { statement, signature };
}

/**
 * The pinned keys and those that they named as successors.
 *
 * @throws DriftlineError `signature_invalid`, `signature_unsupported`
 */
export async function trusted(rotations: Signed[], pinned: readonly PublicKey[]): Promise<PublicKey[]> {
  const keys = [...pinned];
  let waiting = rotations;
  for (;;) {
    const later: Signed[] = [];
    for (const signed of waiting) {
      try {
        const { successor } = await open(signed, ROTATION, keys, isRotation);
        keys.push(await keyOf(successor as string));
      } catch (raised) {
        if ((raised as DriftlineError).code !== "key_unknown") throw raised;
        later.push(signed);
      }
    }
    if (later.length === 0 || later.length === waiting.length) return keys;
    waiting = later;
  }
}

/**
 * The statement, if one of the keys signed it in this domain and it has the domain's form.
 *
 * @throws DriftlineError `key_unknown`, `signature_invalid`, `signature_unsupported`
 */
export async function open(
  signed: Signed,
  domain: string,
  keys: readonly PublicKey[],
  isForm: (rest: Said) => boolean,
): Promise<Said> {
  const said = objectOf(signed.statement, "the statement");
  if (typeof said.key !== "string") throw invalid("the statement names no key");
  if (said.format !== domain) throw invalid(`the statement's format is not \`${domain}\``);
  await vouched(signed, domain, keys, said.key);
  // a text that two readers could read differently is refused
  const { format, key, created, ...rest } = said;
  const form = (created === undefined || isTime(created)) && isForm(rest);
  const members = Object.entries(said).sort(([a], [b]) => (a < b ? -1 : 1));
  if (!form || JSON.stringify(Object.fromEntries(members)) !== signed.statement) {
    throw invalid("the statement is not spelled as its format demands");
  }
  return said;
}

/**
 * Refuses a statement that the key of this id did not sign in this domain.
 *
 * @throws DriftlineError `key_unknown`, `signature_invalid`, `signature_unsupported`
 */
export async function vouched(
  { statement, signature }: Signed,
  domain: string,
  keys: readonly PublicKey[],
  id: unknown,
): Promise<void> {
  const key = keys.find((key) => key.id === id);
  if (key === undefined) throw fault("key_unknown", `the key \`${String(id).slice(0, 80)}\` is not pinned`);
  if (!/^[0-9a-f]{128}$/.test(signature)) {
    throw invalid("a signature has 128 lower-case hexadecimal digits");
  }
  if (!(await holds(key, domain, statement, fromHex(signature)))) {
    throw invalid(`the signature is not that of the key \`${key.id}\``);
  }
}

function isRotation({ successor, ...more }: Said): boolean {
  return /^[0-9a-f]{64}$/.test(String(successor)) && Object.keys(more).length === 0;
}

/** Times have one spelling, such as `2013-06-03T00:00:00Z`, and name a day that is one. */
export function isTime(value: unknown): value is string {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(String(value))) return false;
  const ms = Date.parse(value as string);
  return !Number.isNaN(ms) && new Date(ms).toISOString() === `${(value as string).slice(0, -1)}.000Z`;
}

/**
 * The members of a JSON object; `what` names it.
 *
 * @throws DriftlineError `signature_invalid`
 */
export function objectOf(text: string, what: string): Said {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Said;
  } catch {
    // as below
  }
  throw invalid(`${what} is no JSON object`);
}

/** A signature that does not hold. */
export function invalid(message: string): DriftlineError {
  return fault("signature_invalid", message);
}
