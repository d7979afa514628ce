// Run by Deno, Bun and Node with one task as JSON: what the installed package answers there.

import { readFileSync } from "node:fs";
import { folderStore, load, loadChannel, loadSync, startBeacon } from "flights-delay";

const { records, channel, publicKey, folder, endpoint, foreign } = JSON.parse(readFileSync(process.argv[2], "utf8"));

const gate = await load();
const answers = gate.predictMany(records);
const scores = records.map((record) => [...(gate.scores(record) ?? [])]);
const again = loadSync().predict(records[0]);

const beacon = startBeacon(gate, { endpoint, consent: true, mode: "pseudonymous" });
const sent = await beacon.flush();
await beacon.stop();

const options = { publicKeys: [publicKey], pollMs: 0, store: folderStore(folder) };
const followed = await loadChannel(channel, options);
const live = followed.identity;
followed.dispose();
const codeOf = (work) => work.then(() => "taken", ({ name, code }) => `${name} ${code}`);
const refused = [
  await codeOf(load(new Uint8Array(10))),
  await codeOf(loadChannel(channel, { publicKeys: [foreign], pollMs: 0 })),
];
console.log(JSON.stringify({ identity: gate.identity, answers, scores, again, live, sent: sent !== false, refused }));
process.exit(0);
