// Signed bundles and channels against pinned keys, by workerd's own Ed25519.

import assert from "node:assert/strict";
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { Miniflare } from "miniflare";
import { bundle, flights, packageFile } from "../lib/flights.mjs";

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** A key of Node's, which shares no code with the package. */
function pair(seed) {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, seed)]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const pub = createPublicKey(key);
  const raw = pub.export({ format: "der", type: "spki" }).subarray(12);
  return { key, raw, id: `sha256:${sha256(raw)}`, pem: pub.export({ format: "pem", type: "spki" }) };
}

const [ours, theirs, next] = [pair(9), pair(1), pair(3)];
const file = bundle();
const { identity, name } = (() => {
  const gate = flights.loadSync();
  const said = { identity: gate.identity, name: gate.info.name };
  gate.dispose();
  return said;
})();

/** One signed statement; its keys are sorted, as the format demands. */
function signed(format, said, by) {
  const members = Object.entries({ ...said, format, key: by.id }).sort(([a], [b]) => (a < b ? -1 : 1));
  const statement = JSON.stringify(Object.fromEntries(members));
  return { statement, signature: sign(null, Buffer.from(`${format}\n${statement}`), by.key).toString("hex") };
}

const base64 = (value) => Buffer.from(value).toString("base64");
const signatures = (more = {}, by = ours, rotations = []) =>
  base64(
    JSON.stringify({
      format: "driftline.signatures/1",
      signatures: [signed("driftline.signature/1", { identity, name, sequence: 7, ...more }, by)],
      rotations,
    }),
  );

/** A channel's file whose live bundle is the flights'. */
const channel = (more = {}, by = ours) =>
  JSON.stringify(
    signed(
      "driftline.channel/1",
      {
        name: "stable",
        sequence: 1,
        updated: "2013-06-01T00:00:00Z",
        live: { identity, url: "flights.driftline", bytes: file.length, sha256: sha256(file) },
        history: [],
        ...more,
      },
      by,
    ),
  );

const files = new Map([["/flights.driftline", file]]);
const server = createServer(({ url }, response) => {
  const body = files.get(url);
  response.writeHead(body === undefined ? 404 : 200).end(body);
});
let made;

before(async () => {
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const module = (type, path, contents) => ({ type, path, contents });
  made = new Miniflare({
    compatibilityDate: "2026-01-01",
    modules: [
      module("ESModule", "signature-worker.mjs", readFileSync(new URL("signature-worker.mjs", import.meta.url), "utf8")),
      module("ESModule", "workerd.js", readFileSync(packageFile("workerd.js"), "utf8")),
      module("CompiledWasm", "driftline_bg.wasm", readFileSync(packageFile("driftline_bg.wasm"))),
    ],
  });
  await made.ready;
});
after(async () => {
  await made?.dispose();
  server.close();
});

async function answer(asked) {
  const response = await made.dispatchFetch("http://worker/", { method: "POST", body: JSON.stringify(asked) });
  return response.json();
}

const load = (more) =>
  answer({ bundle: base64(file), publicKeys: [ours.pem], signature: signatures(), minimum: 7, ...more });

test("a bundle that a pinned key signed is loaded", async () => {
  assert.deepEqual(await load({}), { identity });
});

test("a bundle is loaded whose key the pinned one named as its successor", async () => {
  const successor = { successor: Buffer.from(next.raw).toString("hex") };
  const rotation = signed("driftline.rotation/1", successor, ours);
  assert.deepEqual(await load({ signature: signatures({}, next, [rotation]) }), { identity });
  assert.deepEqual(await load({ signature: signatures({}, next) }), { code: "key_unknown" });
  const forged = signed("driftline.rotation/1", successor, theirs);
  assert.deepEqual(await load({ signature: signatures({}, next, [forged]) }), { code: "key_unknown" });
});

test("what is altered, unsigned, of another key, too old or expired is refused with its code", async () => {
  const altered = file.slice();
  altered[altered.length - 1] ^= 1;
  const wrong = JSON.parse(Buffer.from(signatures(), "base64"));
  wrong.signatures[0].signature = `${wrong.signatures[0].signature[0] === "0" ? "1" : "0"}${wrong.signatures[0].signature.slice(1)}`;
  const cases = [
    ["an altered part", { bundle: base64(altered) }, "bundle_altered"],
    ["an altered signature", { signature: base64(JSON.stringify(wrong)) }, "signature_invalid"],
    ["another bundle's", { signature: signatures({ identity: `sha256:${"0".repeat(64)}` }) }, "signature_invalid"],
    ["none", { signature: undefined }, "signature_missing"],
    ["another key", { publicKeys: [theirs.pem] }, "key_unknown"],
    ["an older release", { minimum: 8 }, "downgrade"],
    ["an expired one", { signature: signatures({ expires: "2013-06-03T00:00:00Z" }) }, "signature_expired"],
  ];
  for (const [what, more, code] of cases) assert.deepEqual(await load(more), { code }, what);
});

test("a channel is followed by its key, and refused when expired, altered or of another key", async () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  const follow = (path, body) => {
    files.set(path, body);
    return answer({ channel: `${url}${path}`, publicKeys: [ours.pem] });
  };
  assert.deepEqual(await follow("/good.json", channel()), { identity });
  const expired = channel({ expires: "2013-06-03T00:00:00Z" });
  assert.deepEqual(await follow("/expired.json", expired), { code: "channel_expired" });
  const altered = JSON.parse(channel());
  altered.statement = altered.statement.replace('"sequence":1', '"sequence":2');
  assert.deepEqual(await follow("/altered.json", JSON.stringify(altered)), { code: "signature_invalid" });
  assert.deepEqual(await follow("/other.json", channel({}, theirs)), { code: "key_unknown" });
});
