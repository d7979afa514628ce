/**
 * Tells the two kinds of file apart and takes the bundle out of a WebAssembly file.
 *
 * The runtime is compiled without the bundle's section: engines keep a module's bytes, and
 * browsers refuse to instantiate more than 8 MB at once on the main thread.
 */

import { fault } from "./error.js";

/** Name of the custom section that holds the bundle. */
export const SECTION = "driftline.bundle";

const WASM_HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const BUNDLE_MAGIC = [0x89, 0x44, 0x52, 0x49, 0x46, 0x54, 0x4c, 0x0a];

/** What a file is. */
export type FileKind = "wasm" | "bundle";

/** A WebAssembly file taken apart. */
export interface WasmFile {
  /** The module without its bundle. */
  readonly runtime: Uint8Array<ArrayBuffer>;
  /** Every bundle in it, as copies; a good file has one. */
  readonly bundles: readonly Uint8Array<ArrayBuffer>[];
}

/** Tells a file by its first bytes. */
export function kindOf(bytes: Uint8Array): FileKind {
  if (WASM_HEADER.every((byte, at) => bytes[at] === byte)) return "wasm";
  if (BUNDLE_MAGIC.every((byte, at) => bytes[at] === byte)) return "bundle";
  if (bytes.length === 0) throw fault("bundle_syntax", "the file is empty");
  if (bytes[0] === 0x3c) {
    throw fault("bundle_syntax", "the file begins with `<`, as a web page does", {
      help: "check the address: servers often answer a missing file with a page",
    });
  }
  throw fault("bundle_syntax", "the bytes are neither a WebAssembly module nor a driftline bundle");
}

/** Takes the bundles out. Section layout: WebAssembly core specification 2.0, §5.5. */
export function takeApart(bytes: Uint8Array<ArrayBuffer>): WasmFile {
  const bundles: Uint8Array<ArrayBuffer>[] = [];
  const kept: Uint8Array<ArrayBuffer>[] = [];
  let keptFrom = 0;
  let at = WASM_HEADER.length;
  while (at < bytes.length) {
    const start = at;
    const custom = bytes[at] === 0;
    const size = readU32(bytes, at + 1);
    const end = size.next + size.value;
    if (end > bytes.length) throw truncated();
    if (custom) {
      const name = readU32(bytes, size.next);
      const payload = name.next + name.value;
      if (payload > end) throw truncated();
      if (isSectionName(bytes.subarray(name.next, payload))) {
        bundles.push(bytes.slice(payload, end));
        kept.push(bytes.subarray(keptFrom, start));
        keptFrom = end;
      }
    }
    at = end;
  }
  kept.push(bytes.subarray(keptFrom));
  return { runtime: join(kept.filter((part) => part.length > 0)), bundles };
}

/** The one bundle. */
export function onlyOne<T>(bundles: readonly T[]): T {
  const [first] = bundles;
  if (first === undefined) {
    throw fault("bundle_missing", `there is no custom section \`${SECTION}\``);
  }
  if (bundles.length > 1) {
    throw fault("bundle_duplicate", `there is more than one custom section \`${SECTION}\``);
  }
  return first;
}

function isSectionName(bytes: Uint8Array): boolean {
  return (
    bytes.length === SECTION.length &&
    bytes.every((byte, at) => byte === SECTION.charCodeAt(at))
  );
}

function join(parts: Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  if (parts.length === 1 && parts[0]) return parts[0];
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Unsigned LEB128 of at most 32 bits. */
function readU32(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  for (let index = 0; index < 5; index += 1) {
    const byte = bytes[at + index];
    if (byte === undefined) throw truncated();
    // not `<<`: the fifth byte would run into the sign
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, next: at + index + 1 };
  }
  throw truncated();
}

function truncated(): Error {
  return fault("bundle_syntax", "the WebAssembly file ends inside a section", {
    help: "copy or download it again",
  });
}
