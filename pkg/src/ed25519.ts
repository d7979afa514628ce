/** Ed25519 keys and signatures over a domain and a text, by WebCrypto. */

import { fault, messageOf } from "./error.js";

/** Most keys that may be pinned: each may cost a verification. */
export const MAX_KEYS = 8;

/** A key that may sign, and its id. */
export interface PublicKey {
  /** `sha256:` and the hash of the 32 bytes. */
  readonly id: string;
  readonly raw: Uint8Array<ArrayBuffer>;
}

/** SubjectPublicKeyInfo of Ed25519 (RFC 8410): these bytes, then the key's. */
const SPKI = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const PEM = /^-----BEGIN PUBLIC KEY-----\s([\sA-Za-z0-9+/=]+)-----END PUBLIC KEY-----$/;

/**
 * Reads a key: PEM, or its 32 bytes as 64 hexadecimal digits.
 *
 * @throws DriftlineError `bad_usage`
 */
export async function keyOf(text: string): Promise<PublicKey> {
  const trimmed = String(text).trim();
  const raw = /^[0-9a-f]{64}$/.test(trimmed) ? fromHex(trimmed) : fromPem(trimmed);
  if (raw === null) {
    throw fault("bad_usage", "one of the public keys is no Ed25519 public key", {
      help: "pass the text of the .pub file that `driftline keygen` wrote",
    });
  }
  return { id: `sha256:${await sha256(raw)}`, raw };
}

function fromPem(text: string): Uint8Array<ArrayBuffer> | null {
  const body = PEM.exec(text)?.[1]?.replaceAll(/\s/g, "");
  // 44 bytes: 60 characters with one of padding
  if (body === undefined || !/^[A-Za-z0-9+/]{59}=$/.test(body)) return null;
  const bytes = Uint8Array.from(atob(body), (char) => char.charCodeAt(0));
  return SPKI.every((byte, at) => bytes[at] === byte) ? bytes.slice(SPKI.length) : null;
}

/**
 * Whether `signature` is the key's over the domain, a line feed and the text.
 *
 * @throws DriftlineError `signature_unsupported` where the host has no Ed25519
 */
export async function holds(
  key: PublicKey,
  domain: string,
  text: string,
  signature: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const message = new TextEncoder().encode(`${domain}\n${text}`);
  try {
    const imported = await crypto.subtle.importKey("raw", key.raw, { name: "Ed25519" }, false, ["verify"]);
    return await crypto.subtle.verify({ name: "Ed25519" }, imported, signature, message);
  } catch (raised) {
    throw fault("signature_unsupported", `this host checks no Ed25519 signatures: ${messageOf(raised)}`, {
      cause: raised,
    });
  }
}

/** SHA-256 in 64 hexadecimal digits. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  if (globalThis.crypto?.subtle === undefined) {
    throw fault("signature_unsupported", "this host has no WebCrypto; pages need https for it");
  }
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Bytes from an even number of hexadecimal digits. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const byte = (_: unknown, at: number): number => Number.parseInt(text.slice(2 * at, 2 * at + 2), 16);
  return Uint8Array.from({ length: text.length / 2 }, byte);
}
