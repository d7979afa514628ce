/** Stores of a channel's client. */

import type { ChannelCache, ChannelStore } from "../channel.js";
import { fault } from "../error.js";

/** A store that ends with the process. */
export function memoryStore(): ChannelStore {
  const held = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    get: async (name) => held.get(name)?.slice() ?? null,
    put: async (name, bytes) => void held.set(name, bytes.slice()),
    delete: async (name) => void held.delete(name),
  };
}

/** Nothing is ever asked of this host: the Cache API names its entries by addresses. */
const BASE = "https://channels.driftline.invalid/";
const YEAR_SECONDS = 31_536_000;

/** A store in the Cache API of pages, web workers and Cloudflare Workers. */
export function cacheStore(open: () => Promise<ChannelCache>): ChannelStore {
  let cache: Promise<ChannelCache> | undefined;
  const opened = (): Promise<ChannelCache> => (cache ??= open());
  const address = (name: string): string => BASE + encodeURIComponent(name);
  return {
    async get(name) {
      const found = await (await opened()).match(address(name));
      return found === undefined ? null : new Uint8Array(await found.arrayBuffer());
    },
    async put(name, bytes) {
      // Cloudflare's cache keeps what says for how long
      const headers = { "cache-control": `max-age=${YEAR_SECONDS}`, "content-type": "application/octet-stream" };
      await (await opened()).put(address(name), new Response(bytes, { headers }));
    },
    async delete(name) {
      await (await opened()).delete(address(name));
    },
  };
}

/** The modules of Node that a folder needs; Deno and Bun have them too. */
interface Files {
  mkdir(path: string, options: { recursive: true }): Promise<unknown>;
  readFile(path: string): Promise<Uint8Array>;
  writeFile(path: string, bytes: Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options: { force: true }): Promise<void>;
}

/**
 * A store in a folder of Node, Deno or Bun.
 *
 * @throws DriftlineError `bad_usage` where there are no files
 */
export function folderStore(folder: string): ChannelStore {
  // not imported: bundlers for pages would fail on it
  const { process } = globalThis as { process?: { pid?: number; getBuiltinModule?: (name: string) => unknown } };
  const files = process?.getBuiltinModule?.("node:fs/promises") as Files | undefined;
  if (files === undefined) {
    throw fault("bad_usage", "there are no files here", { help: "use Node 20.16 or newer, or pass another store" });
  }
  const path = (name: string): string => `${folder}/${name.replaceAll(/[^\w.-]/g, "_")}`;
  let drafts = 0;
  return {
    async get(name) {
      try {
        return new Uint8Array(await files.readFile(path(name)));
      } catch {
        return null;
      }
    },
    async put(name, bytes) {
      await files.mkdir(folder, { recursive: true });
      const draft = `${path(name)}.${process?.pid ?? 0}.${(drafts += 1)}.draft`;
      await files.writeFile(draft, bytes);
      await files.rename(draft, path(name));
    },
    delete: (name) => files.rm(path(name), { force: true }),
  };
}

/** The host's own: the Cache API if there is one, else memory. */
export function ownStore(): ChannelStore {
  const { caches, navigator } = globalThis as {
    caches?: { readonly default?: ChannelCache; open(name: string): Promise<ChannelCache> };
    navigator?: { userAgent?: string };
  };
  if (caches === undefined) return memoryStore();
  const worker = navigator?.userAgent === "Cloudflare-Workers" ? caches.default : undefined;
  return cacheStore(async () => worker ?? caches.open("driftline-channels"));
}
