/** From whatever the caller has to a module and a bundle. */

import type { LoadOptions, Source } from "./api.js";
import { fault, messageOf } from "./error.js";
import type { Parts } from "./instance.js";
import { vouch } from "./signature.js";
import { kindOf, onlyOne, SECTION, takeApart } from "./wasm-file.js";

/** What a host adds to the core. */
export interface Host {
  /** The WebAssembly file beside the package: compiled, as bytes, or its address. */
  readonly beside?: () => object;
  /** Reads an address; without it, `fetch` does. */
  readonly read?: (address: URL | string) => Promise<Uint8Array<ArrayBuffer>>;
}

/** A module; the brand keeps the empty interface from swallowing every other type. */
type Compiled = WebAssembly.Module & { readonly [Symbol.toStringTag]: "WebAssembly.Module" };

/** A source after everything that has to be waited for. */
type Held = Compiled | Uint8Array<ArrayBuffer>;

/** Waits for the source and compiles the runtime. */
export async function partsOf(
  host: Host,
  source: Source | undefined,
  options: LoadOptions,
): Promise<Parts> {
  const held = source === undefined ? await beside(host) : await hold(host, source);
  const signatureOf = async (at: Source): Promise<Uint8Array<ArrayBuffer>> => {
    const read = await hold(host, at);
    if (!isModule(read)) return read;
    throw fault("bad_usage", "the signature is a module and no signature file");
  };
  if (isModule(held)) {
    const parts = fromModule(held);
    await vouch(parts.bundle, null, options, signatureOf);
    return parts;
  }
  if (kindOf(held) === "wasm") {
    const file = takeApart(held);
    const bundle = onlyOne(file.bundles);
    await vouch(bundle, held, options, signatureOf);
    return { module: await compile(file.runtime), bundle };
  }
  // kept for a new instance after a trap, so that the caller may reuse the buffer
  const bundle = held.slice();
  await vouch(bundle, null, options, signatureOf);
  const runtime =
    options.runtime === undefined ? await beside(host) : await hold(host, options.runtime);
  return { module: isModule(runtime) ? runtime : await compile(runtimeOf(runtime)), bundle };
}

/** The same without waiting, for what is at hand already. */
export function partsOfSync(
  host: Host,
  source: Source | undefined,
  options: LoadOptions,
): Parts {
  if (options.publicKeys !== undefined) {
    throw fault("bad_usage", "signatures cannot be checked without waiting", { help: "use load()" });
  }
  const held = source === undefined ? besideNow(host) : holdNow(source);
  if (isModule(held)) return fromModule(held);
  if (kindOf(held) === "wasm") {
    const file = takeApart(held);
    const bundle = onlyOne(file.bundles);
    return { module: compileNow(file.runtime), bundle };
  }
  const runtime = options.runtime === undefined ? besideNow(host) : holdNow(options.runtime);
  return {
    module: isModule(runtime) ? runtime : compileNow(runtimeOf(runtime)),
    bundle: held.slice(),
  };
}

function fromModule(module: WebAssembly.Module): Parts & { readonly bundle: Uint8Array<ArrayBuffer> } {
  // copies at each call: read once
  const bundle = onlyOne(WebAssembly.Module.customSections(module, SECTION));
  return { module, bundle: new Uint8Array(bundle) };
}

function runtimeOf(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (kindOf(bytes) === "wasm") return takeApart(bytes).runtime;
  throw fault("bad_usage", "the runtime is a bundle and no WebAssembly module", {
    help: "pass the bundle as source, and as runtime the .wasm of this package",
  });
}

function holdNow(source: Source): Held {
  if (isModule(source)) return source;
  if (isBuffer(source)) return new Uint8Array(source);
  if (ArrayBuffer.isView(source)) {
    return new Uint8Array(source.buffer as ArrayBuffer, source.byteOffset, source.byteLength);
  }
  throw fault("bad_usage", "the source cannot be had without waiting", {
    help: "pass a WebAssembly.Module or bytes, or use load()",
  });
}

async function hold(host: Host, source: Source): Promise<Held> {
  let settled: Exclude<Source, PromiseLike<Response>>;
  try {
    settled = await (source as Response | PromiseLike<Response>);
  } catch (raised) {
    throw fault("io", `the request for the source failed: ${messageOf(raised)}`, {
      help: "check the address, the network and the page's content security policy",
      cause: raised,
    });
  }
  if (isModule(settled)) return settled;
  if (isBuffer(settled) || ArrayBuffer.isView(settled)) return holdNow(settled);
  if (typeof settled === "string" || isUrl(settled)) return read(host, settled);
  if (isResponse(settled)) return body(settled, settled.url);
  throw fault("bad_usage", "the source is none of those that load() takes", {
    help: "pass a WebAssembly.Module, a URL, a Response, bytes, or nothing",
  });
}

async function beside(host: Host): Promise<Held> {
  const found = ask(host);
  return isUrl(found) ? read(host, found) : holdNow(found as Source);
}

function besideNow(host: Host): Held {
  const found = ask(host);
  if (!isUrl(found)) return holdNow(found as Source);
  throw fault("bad_usage", "the file beside this package cannot be had without waiting", {
    help: "use load(), or pass a WebAssembly.Module or bytes",
  });
}

function ask(host: Host): object {
  if (host.beside === undefined) {
    throw fault("bad_usage", "there is no WebAssembly file beside this entry point", {
      help: "pass a source to load(), and for a .driftline bundle the option `runtime`",
    });
  }
  return host.beside();
}

async function read(host: Host, address: URL | string): Promise<Uint8Array<ArrayBuffer>> {
  if (host.read !== undefined) return host.read(address);
  let response: Response;
  try {
    response = await fetch(address);
  } catch (raised) {
    throw fault("io", `\`${String(address)}\` could not be requested: ${messageOf(raised)}`, {
      help: "check the address, the network and the page's content security policy",
      place: { file: String(address) },
      cause: raised,
    });
  }
  return body(response, String(address));
}

/** The body of a good answer. */
export async function body(response: Response, address: string): Promise<Uint8Array<ArrayBuffer>> {
  const place = address === "" ? {} : { place: { file: address } };
  if (!response.ok) {
    throw fault("io", `the server answered ${response.status} for \`${address}\``, {
      help: "check the address; the .wasm file has to be deployed beside the script",
      ...place,
    });
  }
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch (raised) {
    throw fault("io", `\`${address}\` could not be read to its end: ${messageOf(raised)}`, {
      help: "load again; a Response can be read once only",
      cause: raised,
      ...place,
    });
  }
}

async function compile(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (raised) {
    throw compileFault(raised);
  }
}

function compileNow(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes);
  } catch (raised) {
    throw compileFault(raised);
  }
}

function compileFault(raised: unknown): unknown {
  const message = messageOf(raised);
  if (/content security policy|unsafe-eval|disallowed by embedder/i.test(message)) {
    return fault("bad_usage", `this host does not let WebAssembly be compiled: ${message}`, {
      help: "allow 'wasm-unsafe-eval' in script-src; in a Worker, import the .wasm as a module",
      cause: raised,
    });
  }
  return fault("bundle_syntax", `the WebAssembly file is damaged: ${message}`, { cause: raised });
}

// by tag and not by `instanceof`: values come from other realms as well
function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

function isModule(value: unknown): value is Compiled {
  return tagOf(value) === "WebAssembly.Module";
}

function isBuffer(value: unknown): value is ArrayBuffer {
  return tagOf(value) === "ArrayBuffer";
}

function isUrl(value: unknown): value is URL {
  return tagOf(value) === "URL";
}

function isResponse(value: unknown): value is Response {
  return tagOf(value) === "Response";
}
