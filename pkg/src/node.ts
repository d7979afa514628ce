/**
 * driftline in Node, Deno and Bun: the WebAssembly file is read from beside this script.
 *
 * @packageDocumentation
 */

import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Load, LoadSync } from "./api.js";
import { fault, messageOf } from "./error.js";
import type { LoadChannel, LoadChannelSync } from "./channel.js";
import { channels } from "./channel/start.js";
import { loaders } from "./loader.js";
import { body } from "./source.js";

export * from "./api.js";
export * from "./beacon.js";
export * from "./channel.js";
export * from "./outcomes.js";
export * from "./report.js";
export * from "./routes.js";
export * from "./shadow.js";
export * from "./status.js";
export { outcomeByToken, signToken, type TokenOptions } from "./token.js";

const REMOTE = /^(?:https?|data|blob):/i;

async function read(address: URL | string): Promise<Uint8Array<ArrayBuffer>> {
  const text = String(address);
  try {
    if (REMOTE.test(text)) return await body(await fetch(text), text);
    const path = /^file:/i.test(text) ? new URL(text) : text;
    return new Uint8Array(await readFile(path));
  } catch (raised) {
    throw readFault(text, raised);
  }
}

function beside(): Uint8Array<ArrayBuffer> {
  const address = new URL("./driftline_bg.wasm", import.meta.url);
  try {
    return new Uint8Array(readFileSync(address));
  } catch (raised) {
    throw readFault(address.href, raised);
  }
}

function readFault(address: string, raised: unknown): unknown {
  if (raised instanceof Error && raised.name === "DriftlineError") return raised;
  return fault("io", `\`${address}\` could not be read: ${messageOf(raised)}`, {
    place: { file: address },
    cause: raised,
  });
}

const host = { beside, read };
const made = /* @__PURE__ */ loaders(host);
const followed = /* @__PURE__ */ channels(host);

/** Loads a bundle: from `source` (also a path), or the one beside this script. */
export const load: Load = made.load;

/** Loads a bundle at once: from a module or bytes, or the one beside this script. */
export const loadSync: LoadSync = made.loadSync;

/** Follows a channel; resolves when a bundle decides. */
export const loadChannel: LoadChannel = followed.loadChannel;

/** Follows a channel from a bundle at hand, or the one beside this script: for Workers. */
export const loadChannelSync: LoadChannelSync = followed.loadChannelSync;
