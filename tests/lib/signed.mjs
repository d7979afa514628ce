// Signed bundles and channels with the verdict that each host has to give, signed by Node's crypto.

import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { bundle, flights } from "./flights.mjs";

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** A key of Node's, which shares no code with the package. */
function pair(seed) {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, seed)]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const pub = createPublicKey(key);
  const raw = pub.export({ format: "der", type: "spki" }).subarray(12);
  return { key, raw, id: `sha256:${sha256(raw)}`, pem: pub.export({ format: "pem", type: "spki" }) };
}

const [ours, theirs, next, last] = [pair(9), pair(1), pair(3), pair(4)];
/** The flights' bundle. */
export const file = bundle();
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
const channel = (more = {}, by = ours, rotations = undefined) =>
  JSON.stringify({
    ...signed(
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
    rotations,
  });

const rotation = (by, to = next) =>
  signed("driftline.rotation/1", { successor: Buffer.from(to.raw).toString("hex") }, by);
/** Said in the pinned key's name, signed by another. */
const usurped = rotation({ ...theirs, id: ours.id });
const until = signatures({ expires: "2013-06-03T00:00:00Z" });

const altered = file.slice();
altered[altered.length - 1] ^= 1;
const forged = JSON.parse(Buffer.from(signatures(), "base64"));
forged.signatures[0].signature = forged.signatures[0].signature.replace(/^./, (digit) => (digit === "0" ? "1" : "0"));

const usual = { bundle: base64(file), publicKeys: [ours.pem], signature: signatures(), minimum: 7 };
const good = { identity };

/** What is asked of `load` (`bundle` and `signature` in base64), and what it answers. */
export const loads = [
  ["a signed bundle", {}, good],
  ["a key that the pinned one named", { signature: signatures({}, next, [rotation(ours)]) }, good],
  ["a key that nobody named", { signature: signatures({}, next) }, { code: "key_unknown" }],
  ["a key that another named", { signature: signatures({}, next, [rotation(theirs)]) }, { code: "key_unknown" }],
  ["a key that another named as the pinned one", { signature: signatures({}, next, [usurped]) }, { code: "signature_invalid" }],
  ["two changes of key, the later first", { signature: signatures({}, last, [rotation(next, last), rotation(ours)]) }, good],
  ["keys that name each other", { signature: signatures({}, next, [rotation(ours), rotation(next, ours)]) }, good],
  ["a key that names itself", { signature: signatures({}, next, [rotation(next)]) }, { code: "key_unknown" }],
  ["an older release by the named key", { signature: signatures({ sequence: 6 }, next, [rotation(ours)]) }, { code: "downgrade" }],
  ["an altered part", { bundle: base64(altered) }, { code: "bundle_altered" }],
  ["an altered signature", { signature: base64(JSON.stringify(forged)) }, { code: "signature_invalid" }],
  ["another bundle's", { signature: signatures({ identity: `sha256:${"0".repeat(64)}` }) }, { code: "signature_invalid" }],
  ["none", { signature: undefined }, { code: "signature_missing" }],
  ["another key", { publicKeys: [theirs.pem] }, { code: "key_unknown" }],
  ["an older release", { minimum: 8 }, { code: "downgrade" }],
  ["an expired one", { signature: until }, { code: "signature_expired" }],
  ["one that expires now", { signature: until, now: Date.UTC(2013, 5, 3) }, { code: "signature_expired" }],
  ["one that expires in a second", { signature: until, now: Date.UTC(2013, 5, 3) - 1000 }, good],
].map(([what, more, expected]) => [what, { ...usual, ...more }, expected]);

const changed = JSON.parse(channel());
changed.statement = changed.statement.replace('"sequence":1', '"sequence":2');

/** Channels' files by path, and what following each answers. */
export const channels = [
  ["/good.json", channel(), good],
  ["/expired.json", channel({ expires: "2013-06-03T00:00:00Z" }), { code: "channel_expired" }],
  ["/altered.json", JSON.stringify(changed), { code: "signature_invalid" }],
  ["/other.json", channel({}, theirs), { code: "key_unknown" }],
  ["/named.json", channel({}, next, [rotation(ours)]), good],
  ["/named-twice.json", channel({}, last, [rotation(next, last), rotation(ours)]), good],
  ["/unnamed.json", channel({}, next, []), { code: "key_unknown" }],
  ["/named-by-another.json", channel({}, next, [rotation(theirs)]), { code: "key_unknown" }],
  ["/usurped.json", channel({}, next, [usurped]), { code: "signature_invalid" }],
  ["/no-list.json", channel({}, ours, {}), { code: "signature_invalid" }],
  ["/nine.json", channel({}, ours, Array(9).fill(rotation(ours))), { code: "signature_invalid" }],
  ["/no-day.json", channel({ expires: "2100-02-30T00:00:00Z" }), { code: "channel_invalid" }],
];

/** The keys that a follower pins. */
export const publicKeys = [ours.pem];
