// A candidate beside what is live: what is counted, and how often the verdict is wrong.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { desk, host } from "../lib/channels.mjs";
import { until } from "../lib/collector.mjs";
import { flights, good, rows } from "../lib/flights.mjs";

const { load, loadChannel, shadow, shadowReporter, shadowVerdict, SHADOW_EDGES } = flights;
const work = desk();
const [a, b] = [work.bundle("a", 0.61), work.bundle("b", 0.75)];
let server;
before(async () => {
  server = await host(work.folder);
});
after(async () => {
  await server.close();
  work.remove();
});

/** SplitMix64 as numbers in [0, 1), the same in every run. */
function seeded(seed) {
  let state = BigInt(seed);
  return () => {
    state = (state + 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn;
    let x = state;
    x = ((x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n) & 0xffffffffffffffffn;
    x = ((x ^ (x >> 27n)) * 0x94d049bb133111ebn) & 0xffffffffffffffffn;
    return Number((x ^ (x >> 31n)) >> 11n) / 2 ** 53;
  };
}

const counts = (agreement, truth = {}) => ({
  format: "driftline.shadow/1",
  live: a.identity,
  candidate: b.identity,
  records: 0,
  failed: 0,
  labels: ["x"],
  agreement: [agreement],
  unanswered: 0,
  actions: [],
  differences: [],
  micros: { live: [], candidate: [] },
  truth: { both: 0, live: 0, candidate: 0, neither: 0, ...truth },
});

/** Share of runs that ever say `promote`, looking every 25 of 2,000 records. */
function ever(promote, runs, record, options) {
  let found = 0;
  for (let run = 0; run < runs; run += 1) {
    const random = seeded(1_000_003 * run + 7);
    const [agreement, truth] = [[0, 0], { both: 0, live: 0, candidate: 0, neither: 0 }];
    for (let nth = 1; nth <= 2000; nth += 1) {
      record(random(), agreement, truth);
      if (nth % 25 === 0 && shadowVerdict(counts(agreement, truth), options).promote === promote) {
        found += 1;
        break;
      }
    }
  }
  return found / runs;
}

const within = (share, level, runs) => share <= level + 3 * Math.sqrt((level * (1 - level)) / runs);

test("by agreement: no more false promotions than the level, over eighty looks", () => {
  const agree = (rate) => (draw, agreement) => void (agreement[draw < rate ? 1 : 0] += 1);
  const at = (rate, promote = "yes") => ever(promote, 300, agree(rate), { by: "agreement", least: 0.95 });
  const [edge, below, better, best] = [at(0.95), at(0.94), at(0.97), at(0.99)];
  const refused = [at(0.95, "no"), at(0.9, "no")];
  console.log(`# promoted at an agreement of 95%: ${edge}, 94%: ${below}, 97%: ${better}, 99%: ${best}; refused at 95%: ${refused[0]}, 90%: ${refused[1]}`);
  assert.ok(within(edge, 0.05, 300) && within(below, 0.05, 300) && within(refused[0], 0.05, 300));
  assert.ok(best > 0.95 && better > 0.5 && refused[1] > 0.95);
});

test("by accuracy: no more false promotions than the level, and one that is as good is promoted", () => {
  // of ten records on which they differ, so many go to the candidate
  const differ = (mine, other) => (draw, _, truth) => {
    truth[draw < mine ? "candidate" : draw < mine + other ? "live" : draw < 0.9 ? "both" : "neither"] += 1;
  };
  const at = (mine, other, promote = "yes") => ever(promote, 300, differ(mine, other), { by: "accuracy", margin: 0.02 });
  const [edge, worse, equal, better] = [at(0.04, 0.06), at(0.03, 0.07), at(0.05, 0.05), at(0.06, 0.04)];
  const refused = [at(0.04, 0.06, "no"), at(0.02, 0.1, "no")];
  console.log(`# promoted at a difference of -2 points: ${edge}, -4: ${worse}, 0: ${equal}, +2: ${better}; refused at -2: ${refused[0]}, -8: ${refused[1]}`);
  assert.ok(within(edge, 0.05, 300) && within(worse, 0.05, 300) && within(refused[0], 0.05, 300));
  assert.ok(better > 0.9 && equal > 0.4 && refused[1] > 0.9);
});

test("nothing counted is nothing proven, and options that do not fit are refused", () => {
  const none = shadowVerdict(counts([0, 0]));
  assert.deepEqual([none.promote, none.estimate, none.evidence, none.against], ["wait", null, 1, 1]);
  assert.equal(shadowVerdict(counts([0, 1e9])).promote, "yes");
  assert.equal(shadowVerdict({ ...counts([0, 1000]), failed: 1000 }).promote, "no");
  for (const options of [{ level: 0 }, { least: 1 }, { margin: -1 }, { by: "luck" }]) {
    assert.throws(() => shadowVerdict(counts([0, 0]), options), { code: "bad_usage" });
  }
  assert.throws(() => shadow({}, {}, { share: 0 }), { code: "bad_usage" });
});

test("answers, actions, scores and truth of both are counted, and decisions are those of the live one", async () => {
  const [live, candidate, alone] = await Promise.all([load(a.bytes), load(b.bytes), load(a.bytes)]);
  const both = shadow(live, candidate, { share: 1 });
  const { records } = rows(live.info.inputs, "golden.csv");
  const actions = {};
  for (const record of records) {
    const decision = both.predict(record);
    assert.deepEqual(decision, alone.predict(record));
    const id = both.track(decision);
    const name = `${decision.action} ${candidate.predict(record).action}`;
    actions[name] = (actions[name] ?? 0) + 1;
    if (decision.predicted !== null) both.outcome(id, { label: "late" });
  }
  const found = both.shadow.counts();
  const names = ["accept", "default", "escalate", "reject"];
  const told = Object.fromEntries(
    found.actions.flatMap((row, at) => row.map((n, to) => [`${names[at]} ${names[to]}`, n])).filter(([, n]) => n > 0),
  );
  assert.deepEqual(told, actions);
  assert.ok(Object.keys(actions).length > 1, "the two policies differ");
  assert.equal(found.records, records.length);
  // one model under two policies: the same scores
  assert.equal(found.differences[SHADOW_EDGES.indexOf(0)], found.differences.reduce((x, y) => x + y, 0));
  assert.equal(found.agreement.flat().filter((_, at) => at % 2 === 0).reduce((x, y) => x + y, 0), 0);
  assert.ok(found.truth.both > 0 && found.truth.neither > 0 && found.truth.live + found.truth.candidate === 0);
  assert.equal(found.micros.live.reduce((x, y) => x + y, 0), records.length);
  assert.equal(both.shadow.take().records, records.length);
  assert.equal(both.shadow.counts().records, 0);
  assert.equal(live.summary().records, records.length);
  for (const gate of [live, candidate, alone]) gate.dispose();
  // a candidate that is gone is counted, and nobody hears of it
  const third = await load(a.bytes);
  const orphan = shadow(third, candidate, { share: 1 });
  assert.equal(orphan.predict(good()).action, "accept");
  assert.equal(orphan.shadow.counts().failed, 1);
  third.dispose();
});

test("as large a share of the records as was asked for", async () => {
  const [live, candidate] = await Promise.all([load(a.bytes), load(b.bytes)]);
  const both = shadow(live, candidate, { share: 0.2, random: seeded(5), clock: null });
  for (let nth = 0; nth < 2000; nth += 1) both.predict(good());
  const { records, micros } = both.shadow.counts();
  assert.ok(Math.abs(records - 400) < 5 * Math.sqrt(320), String(records));
  assert.equal(micros.live.reduce((x, y) => x + y, 0), 0);
  live.dispose();
  candidate.dispose();
});

test("a channel's canary runs beside what is live, until it is promoted", async () => {
  work.step("release", a);
  const gate = await loadChannel(server.url, { publicKeys: [work.key.pub], pollMs: 0, shadow: { share: 1 }, client: "c" });
  const events = [];
  gate.onChannel((event) => event.type === "shadow" && events.push(event.counts.records));
  assert.equal(gate.shadow, null);
  work.step("canary", b, "--percent", "1");
  await gate.refresh();
  assert.deepEqual([gate.identity, gate.channel.arm], [a.identity, "live"]);
  for (let nth = 0; nth < 300; nth += 1) assert.equal(gate.predict(good()).identity, a.identity);
  const { live, candidate, records } = gate.shadow.counts();
  assert.deepEqual([live, candidate, records], [a.identity, b.identity, 300]);
  assert.equal(gate.shadow.verdict({ least: 0.95 }).promote, "yes");
  work.step("promote", null);
  await gate.refresh();
  assert.deepEqual([gate.identity, gate.shadow, events], [b.identity, null, [300]]);
  await until(() => true);
  gate.dispose();
});

test("verdicts are those of another program", () => {
  const { cases } = JSON.parse(readFileSync(new URL("../vectors/shadow.json", import.meta.url), "utf8"));
  assert.equal(cases.length, 30);
  for (const { name, counts, options, verdict } of cases) {
    const found = shadowVerdict(counts, options);
    assert.deepEqual([found.promote, found.by, found.records], [verdict.promote, verdict.by, verdict.records], name);
    for (const number of ["estimate", "evidence", "against"]) {
      const [a, b] = [found[number], verdict[number]];
      assert.ok(a === b || Math.abs(a - b) <= 1e-9 * Math.abs(b), `${name} ${number}: ${a} for ${b}`);
    }
  }
});

test("batches reach the collector once each, whatever fails in between", async () => {
  const heard = new Map();
  const answers = [503, "cut", 204, 204];
  const asked = [];
  const collector = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    asked.push(request.url);
    const batch = JSON.parse(body);
    const answer = answers.shift() ?? 204;
    // it is on the disk before the connection goes
    if (answer !== 503) heard.set(batch.id, batch);
    if (answer === "cut") return request.socket.destroy();
    response.writeHead(answer).end();
  });
  await new Promise((ready) => collector.listen(0, "127.0.0.1", ready));
  const gate = shadow(await load(a.bytes), await load(b.bytes), { share: 1 });
  const report = shadowReporter(() => gate.shadow, {
    collector: `http://127.0.0.1:${collector.address().port}/`,
    key: "ek",
    channel: "stable",
  });
  assert.equal(await report.send(), true, "nothing was counted");
  assert.equal(asked.length, 0);
  gate.predict(good);
  assert.equal(await report.send(), false, "503");
  gate.predict(good);
  gate.predict(good);
  assert.equal(await report.send(), false, "cut off after it was taken");
  assert.equal(report.waiting, 2);
  assert.equal(await report.send(), true);
  assert.deepEqual([report.waiting, report.lost], [0, 0]);
  const batches = [...heard.values()];
  assert.deepEqual(batches.map(({ counts }) => counts.records), [1, 2]);
  assert.ok(batches.every(({ key, channel, counts }) => key === "ek" && channel === "stable" && counts.live === a.identity));
  assert.deepEqual([...new Set(asked)], ["/v1/shadow"]);
  answers.push(403);
  gate.predict(good);
  assert.equal(await report.send(), true);
  assert.equal(report.lost, 1, "what is refused is not sent again");
  for (const wrong of [{ collector: "ftp://x" }, { collector: "http://x.example" }, { channel: "a/b" }, { key: "" }]) {
    const options = { collector: "https://counts.example", channel: "stable", ...wrong };
    assert.throws(() => shadowReporter(() => null, options), { code: "bad_usage" }, JSON.stringify(wrong));
  }
  collector.closeAllConnections();
  collector.close();
});
