// Channels for tests: keys, bundles, a static host, and steps by the command.

import { execFileSync } from "node:child_process";
import { createHash, createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { data } from "./flights.mjs";
import { base } from "./policy.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
export const driftline = process.env.DRIFTLINE ?? resolve(root, "target/debug/driftline");

export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** A pair of keys, as PEM. */
export function keyPair() {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const pub = publicKey.export({ type: "spki", format: "pem" });
  const raw = publicKey.export({ type: "spki", format: "der" }).subarray(12);
  return { pub, priv: privateKey.export({ type: "pkcs8", format: "pem" }), hex: raw.toString("hex"), id: `sha256:${sha256(raw)}` };
}

/** JSON with sorted keys, without white space. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.keys(value).filter((name) => value[name] !== undefined).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
}

/** A channel's file, signed without the command. */
export function signed(statement, key, { domain = "driftline.channel/1", claim = key } = {}) {
  const text = canonical({ format: "driftline.channel/1", key: claim.id, ...statement });
  const signature = sign(null, Buffer.from(`${domain}\n${text}`), createPrivateKey(key.priv)).toString("hex");
  return JSON.stringify({ statement: text, signature });
}

/** The pointer to a bundle. */
export function target(bytes, url) {
  return { identity: identityOf(bytes), url, bytes: bytes.length, sha256: sha256(bytes) };
}

function manifestOf(bytes) {
  const length = Buffer.from(bytes.buffer, bytes.byteOffset).readUInt32LE(12);
  return { text: Buffer.from(bytes.subarray(16, 16 + length)).toString("utf8"), end: 16 + length };
}

/** Identity of a stand-alone bundle. */
export const identityOf = (bytes) => `sha256:${sha256(manifestOf(bytes).text)}`;

/** The bundle with some of its parts made anew, as a build would write it. */
export function rebuilt(bytes, change) {
  const { text, end } = manifestOf(bytes);
  const manifest = JSON.parse(text);
  const parts = [];
  let at = end;
  for (const part of manifest.parts) {
    const start = Math.ceil(at / 16) * 16;
    at = start + part.bytes;
    const content = Buffer.from(change(part.name, Buffer.from(bytes.subarray(start, at))));
    Object.assign(part, { bytes: content.length, sha256: sha256(content) });
    parts.push(content);
  }
  const head = Buffer.from(canonical(manifest));
  const pieces = [Buffer.from(bytes.subarray(0, 12)), Buffer.alloc(4), head];
  pieces[1].writeUInt32LE(head.length);
  let length = 16 + head.length;
  for (const part of parts) {
    const gap = (16 - (length % 16)) % 16;
    pieces.push(Buffer.alloc(gap), part);
    length += gap + part.length;
  }
  return new Uint8Array(Buffer.concat(pieces));
}

/** The bundle with golden rows whose first score nobody computes. */
export function withWrongGolden(bytes) {
  return rebuilt(bytes, (name, content) => {
    if (name !== "golden") return content;
    const golden = JSON.parse(content.toString("utf8"));
    golden.rows[0].scores[0] += 2 ** -40;
    return canonical(golden);
  });
}

/** A folder with keys and bundles that is removed at the end. */
export function desk() {
  const folder = mkdtempSync(join(tmpdir(), "driftline-channel-"));
  const key = keyPair();
  writeFileSync(join(folder, "release.key"), key.priv);
  const made = {
    folder,
    key,
    channel: join(folder, "stable.json"),
    /** A bundle of the flights model: `on_time` is accepted from this threshold. */
    bundle(name, threshold) {
      const policy = join(folder, `${name}.policy.json`);
      writeFileSync(policy, JSON.stringify({ ...base, labels: { ...base.labels, on_time: { threshold } } }));
      const args = ["build", data("model.onnx"), "--contract", data("contract.yaml"), "--golden", data("golden.csv")];
      execFileSync(driftline, [...args, "--policy", policy, "--no-package", "--output", join(folder, name)]);
      return made.put(name, new Uint8Array(readFileSync(join(folder, name, "flights-delay.driftline"))));
    },
    /** Bytes as a file that the host serves. */
    put(name, bytes) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${name}.driftline`), bytes);
      return { name, bytes, identity: identityOf(bytes), file: join(folder, `${name}.driftline`) };
    },
    /** Takes a step by the command. */
    step(verb, bundle, ...args) {
      const what = bundle === null ? [] : [bundle.file, "--url", `${bundle.name}.driftline`];
      const all = [verb, made.channel, ...what, "--key", join(folder, "release.key"), "--json", ...args];
      return JSON.parse(execFileSync(driftline, all, { encoding: "utf8" }));
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
  return made;
}

/** Serves a folder with entity tags; `state.down` cuts every connection. */
export async function host(folder, headers = {}) {
  const state = { down: false, requests: [], replaced: new Map() };
  const server = createServer((request, response) => {
    const name = decodeURIComponent(new URL(request.url, "http://x").pathname.slice(1));
    state.requests.push(name);
    if (state.down) return request.socket.destroy();
    let body;
    try {
      body = state.replaced.get(name) ?? readFileSync(join(folder, name));
    } catch {
      return response.writeHead(404, headers).end();
    }
    const etag = `"${sha256(body).slice(0, 16)}"`;
    const all = { etag, "cache-control": "no-cache", "access-control-allow-origin": "*", ...headers };
    if (request.headers["if-none-match"] === etag) return response.writeHead(304, all).end();
    response.writeHead(200, { ...all, "content-length": body.length }).end(body);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    url: `${origin}/stable.json`,
    state,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** Takes activations as the collector does. */
export async function activations() {
  const heard = [];
  const state = { status: 202 };
  const server = createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      heard.push({ url: request.url, ...JSON.parse(Buffer.concat(parts).toString("utf8")) });
      response.writeHead(state.status, { "access-control-allow-origin": "*" }).end();
    });
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    heard,
    state,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
