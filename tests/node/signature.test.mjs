// Signature files against pinned keys: the shared cases, and load() with real files.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { bundle, distFile, flights, good, wasm } from "../lib/flights.mjs";
import { loads } from "../lib/signed.mjs";

const { load, loadSync } = flights;
const { verify } = await import(pathToFileURL(distFile("signature.js")).href);
const { keyOf, sha256 } = await import(pathToFileURL(distFile("ed25519.js")).href);
const { manifestOf } = await import(pathToFileURL(distFile("manifest.js")).href);
const runtime = () => new Uint8Array(readFileSync(distFile("driftline_bg.wasm")));

const vectors = JSON.parse(readFileSync(new URL("../vectors/signature.json", import.meta.url), "utf8"));
const bytesOf = (text) => new TextEncoder().encode(text);

test("every shared case has its verdict", async () => {
  assert.ok(vectors.cases.length >= 50);
  for (const { name, file, pinned, minimum = 0, now, wasm: whole, expected, sequence } of vectors.cases) {
    const keys = await Promise.all(pinned.map((key) => keyOf(vectors.keys[key].pem)));
    const subject = { ...vectors.subject, wasm: whole ? vectors.subject.wasm : undefined };
    const judged = await verify(bytesOf(file), subject, { keys, minimum, now: Date.parse(now) }).then(
      (statement) => ["good", statement.sequence],
      (error) => [error.code, undefined],
    );
    assert.deepEqual(judged, [expected, sequence], name);
  }
});

test("keys are read as PEM and as digits", async () => {
  for (const { pem, public: digits, id } of Object.values(vectors.keys)) {
    assert.equal((await keyOf(pem)).id, id);
    assert.equal((await keyOf(digits)).id, id);
  }
  const [first] = Object.values(vectors.keys);
  const x25519 = first.pem.replace("MCowBQYDK2Vw", "MCowBQYDK2Vu");
  for (const bad of ["", "x", first.public.slice(1), first.pem.replace("PUBLIC", "PRIVATE"), x25519]) {
    await assert.rejects(keyOf(bad), { code: "bad_usage" }, bad);
  }
});

// a signer of its own: Node's
const pair = (seed) => {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, seed)]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return { key, pem: createPublicKey(key).export({ format: "pem", type: "spki" }) };
};
const ours = pair(9);

async function signed(subject, more = {}, by = ours) {
  const statement = JSON.stringify(
    Object.fromEntries(
      Object.entries({
        format: "driftline.signature/1", sequence: 7, key: (await keyOf(by.pem)).id, ...subject, ...more,
      }).sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
  );
  const signature = sign(null, Buffer.from(`driftline.signature/1\n${statement}`), by.key).toString("hex");
  return bytesOf(JSON.stringify({ format: "driftline.signatures/1", signatures: [{ statement, signature }] }));
}

const subjectOf = async (of) => {
  const { bytes, name } = manifestOf(of);
  return { identity: `sha256:${await sha256(bytes)}`, name };
};

test("the manifest gives the gate's identity, name and parts", async () => {
  const file = bundle();
  const gate = loadSync(wasm());
  assert.deepEqual(await subjectOf(file), { identity: gate.identity, name: gate.info.name });
  const { parts } = manifestOf(file);
  const contract = parts.find(({ name }) => name === "contract");
  assert.equal(JSON.parse(Buffer.from(file.subarray(contract.start, contract.end))).name, gate.info.name);
  assert.equal(parts.at(-1).end, file.length);
  gate.dispose();
  assert.throws(() => manifestOf(file.slice(0, 40)), { code: "bundle_syntax" });
});

test("a stand-alone bundle is loaded with its signature alone", async () => {
  const file = bundle();
  const subject = await subjectOf(file);
  const signature = await signed(subject);
  const options = { runtime: runtime(), publicKeys: [pair(1).pem, ours.pem], minimum: 7 };
  const gate = await load(file, { ...options, signature });
  assert.equal(gate.identity, subject.identity);
  assert.ok(gate.predict(good()).action);
  gate.dispose();
  const response = new Response(signature);
  (await load(file, { ...options, signature: response })).dispose();

  const refused = (more, code) => assert.rejects(load(file, { ...options, signature, ...more }), { code }, code);
  await refused({ signature: undefined }, "signature_missing");
  await refused({ minimum: 8 }, "downgrade");
  await refused({ publicKeys: [pair(1).pem] }, "key_unknown");
  await refused({ publicKeys: [] }, "bad_usage");
  await refused({ publicKeys: undefined }, "bad_usage");
  await refused({ minimum: -1 }, "bad_usage");
  await refused({ signature: await signed({ ...subject, identity: "sha256:0" }) }, "signature_invalid");
  await refused({ signature: bytesOf("<html>") }, "signature_invalid");
  await refused({ signature: new URL("file:///no/such/file") }, "io");
  const until = await signed(subject, { expires: "2013-06-03T00:00:00Z" });
  await refused({ signature: until }, "signature_expired");
  await refused({ signature: until, now: 0 }, "bad_usage");
  (await load(file, { ...options, signature: until, now: Date.UTC(2013, 5, 2) })).dispose();
  assert.throws(() => loadSync(file, { ...options, signature }), { code: "bad_usage" });
});

test("Node judges what workerd and Chromium judge", async () => {
  const bytes = (base64) => base64 && new Uint8Array(Buffer.from(base64, "base64"));
  for (const [what, asked, expected] of loads) {
    const options = { ...asked, runtime: runtime(), signature: bytes(asked.signature), bundle: undefined };
    const judged = await load(bytes(asked.bundle), options).then(
      (gate) => [{ identity: gate.identity }, gate.dispose()][0],
      ({ code }) => ({ code }),
    );
    assert.deepEqual(judged, expected, what);
  }
});

test("a changed byte in any part of the flights' bundle is refused, naming the part", async () => {
  const file = bundle();
  const { parts } = manifestOf(file);
  assert.ok(parts.length >= 4);
  const module = await WebAssembly.compile(runtime());
  const seed = Date.now() % 2 ** 31;
  console.log(`# seed ${seed}`);
  let state = seed;
  const below = (end) => (state = (state * 48_271 + 11) % (2 ** 31 - 1)) % end;
  for (const { name, start, end } of parts) {
    const places = [start, end - 1, ...Array.from({ length: 6 }, () => start + below(end - start))];
    for (const at of places) {
      const changed = file.slice();
      changed[at] ^= 1 + below(255);
      const refused = { code: "bundle_altered", message: new RegExp(`\\b${name}\\b`) };
      await assert.rejects(load(changed, { runtime: module }), refused, `${name}, byte ${at}, seed ${seed}`);
    }
  }
});

test("a part that was changed after the signing is refused by its hash", async () => {
  const file = bundle();
  const signature = await signed(await subjectOf(file));
  file[file.length - 1] ^= 1;
  const options = { runtime: runtime(), publicKeys: [ours.pem], signature };
  await assert.rejects(load(file, options), { code: "bundle_altered" });
});

test("a .wasm has to be signed as a whole, a module by its bundle", async () => {
  const whole = wasm();
  const subject = await subjectOf(bundle());
  const options = { publicKeys: [ours.pem] };
  const full = await signed(subject, { wasm: `sha256:${await sha256(whole)}` });
  (await load(whole, { ...options, signature: full })).dispose();
  await assert.rejects(load(whole, { ...options, signature: await signed(subject) }), { code: "signature_invalid" });
  const other = new Uint8Array([...whole.subarray(0, 8), 0, 2, 1, 0x78, ...whole.subarray(8)]);
  await assert.rejects(load(other, { ...options, signature: full }), { code: "signature_invalid" });
  (await load(await WebAssembly.compile(whole), { ...options, signature: full })).dispose();
});

test("a host without Ed25519 refuses with a code of its own", () => {
  const script = `
    const real = crypto.subtle.importKey.bind(crypto.subtle);
    crypto.subtle.importKey = (...all) => all[2].name === "Ed25519"
      ? Promise.reject(new DOMException("Unrecognized name.", "NotSupportedError")) : real(...all);
    const { keyOf, holds } = await import(${JSON.stringify(pathToFileURL(distFile("ed25519.js")).href)});
    const key = await keyOf("${"00".repeat(32)}");
    await holds(key, "d", "t", new Uint8Array(64)).catch((e) => console.log(e.code));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script]);
  assert.equal(String(stdout).trim(), "signature_unsupported", String(stderr));
});
