/**
 * A bundle's manifest as bytes and as JSON, for what is asked before the runtime reads the bundle. The
 * layout is in docs/bundle.md; nothing here is checked against its hash, which the runtime does.
 */

import { fault } from "./error.js";

const HEADER = 16;

/** A bundle's manifest. */
export interface Manifest {
  /** Canonical JSON: its SHA-256 is the identity. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The model's name. */
  readonly name: string;
  /** The parts in the order of the file, with their places in it. */
  readonly parts: readonly { readonly name: string; readonly start: number; readonly end: number }[];
}

/**
 * Reads the manifest of a stand-alone bundle, or of the section that a WebAssembly file carries.
 *
 * @throws DriftlineError `bundle_syntax`
 */
export function manifestOf(bundle: Uint8Array<ArrayBuffer>): Manifest {
  const view = new DataView(bundle.buffer, bundle.byteOffset, bundle.byteLength);
  const length = bundle.length < HEADER ? Number.NaN : view.getUint32(12, true);
  if (!(HEADER + length <= bundle.length)) throw fault("bundle_syntax", "the bundle ends inside its manifest");
  const bytes = bundle.slice(HEADER, HEADER + length);
  let read: { name?: unknown; parts?: unknown };
  try {
    read = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (raised) {
    throw fault("bundle_syntax", "the bundle's manifest is no JSON", { cause: raised });
  }
  let at = HEADER + length;
  const parts = (Array.isArray(read?.parts) ? read.parts : []).map((part: { name?: unknown; bytes?: unknown }) => {
    const start = Math.ceil(at / HEADER) * HEADER;
    at = start + Number(part?.bytes);
    return { name: String(part?.name), start, end: at };
  });
  return { bytes, name: String(read?.name), parts };
}
