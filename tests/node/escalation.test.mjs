// Escalations: handlers, the webhook against a real server, queues, answers, switches, budget.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { after, describe, test } from "node:test";
import { flights, good, rows } from "../lib/flights.mjs";
import { base, withPolicy } from "../lib/policy.mjs";
import { exhaust, large, watch } from "../lib/traps.mjs";

const { labelled, queue, routes, webhook } = flights;
const load = (policy) => flights.loadSync(withPolicy(policy));

const plain = load({});
const { records } = rows(plain.info.inputs, "golden.csv");
const asked = records.filter((record) => plain.predict(record).action === "escalate");
const sure = records.filter((record) => plain.predict(record).action === "accept");
assert.ok(asked.length >= 5 && sure.length >= 5, "the golden rows have both");

const SECRET = "a secret of the desk";

/** A server that answers as `answer` says, and keeps what it saw. */
async function serve(answer) {
  const seen = [];
  const server = createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts).toString("utf8");
      const { headers } = request;
      seen.push({ id: headers["webhook-id"], headers, body, at: Date.now() });
      answer(response, seen.length, request);
    });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  after(() => server.close());
  return { seen, url: `http://127.0.0.1:${server.address().port}/desk` };
}

const fast = { secret: SECRET, firstDelayMs: 5, maxDelayMs: 20, random: () => 1 };

/** Whether the signature is that of Standard Webhooks, by another implementation of HMAC. */
function signed({ headers, body }, secret = SECRET) {
  const text = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  const mac = createHmac("sha256", secret).update(text).digest("base64");
  return headers["webhook-signature"] === `v1,${mac}`;
}

describe("handlers", () => {
  test("are told all that a reviewer needs", () => {
    const gate = load({
      routes: [{ name: "desk", reasons: ["low_confidence"], due_minutes: 30, unanswered: "default" }],
    });
    const seen = [];
    const stop = gate.onEscalate((escalation) => seen.push(escalation));
    const before = Date.now();
    const decision = gate.predict(asked[0]);
    const [{ id, at, due, decision: told, ...rest }] = seen;
    assert.match(id, /^[0-9a-f-]{36}$/);
    assert.equal(told, decision);
    assert.equal(decision.id, id);
    assert.ok(Date.parse(at) >= before);
    assert.equal(Date.parse(due) - Date.parse(at), 30 * 60_000);
    assert.deepEqual(rest, {
      route: "desk",
      reason: "low_confidence",
      model: "flights-delay",
      identity: gate.identity,
      record: asked[0],
    });
    gate.predict(sure[0]);
    assert.equal(seen.length, 1, "accepted ones are nobody's business");
    gate.predictMany(asked);
    assert.deepEqual(seen.slice(1).map(({ record }) => record), asked);
    assert.equal(new Set(seen.map((escalation) => escalation.id)).size, seen.length);
    stop();
    assert.equal(gate.predict(asked[0]).id, undefined);
  });

  test("that throw, at once or later, touch no prediction", async () => {
    const gate = load({});
    const expected = asked.map((record) => plain.predict(record));
    gate.onEscalate(() => {
      throw new Error("no");
    });
    gate.onEscalate(async () => {
      throw new Error("later");
    });
    const decisions = asked.map((record) => {
      const { id: _, ...decision } = gate.predict(record);
      return { ...decision, identity: expected[0].identity };
    });
    assert.deepEqual(decisions, expected);
    await new Promise(setImmediate);
    assert.equal(gate.status().escalations.failed, 2 * asked.length);
  });
});

describe("the webhook", () => {
  test("is signed, and tried again after 503", async () => {
    const { seen, url } = await serve((response, nth) => {
      response.writeHead(nth <= 2 ? 503 : 204).end();
    });
    const gate = load({});
    const route = webhook({ ...fast, url });
    gate.onEscalate(route);
    const { id } = gate.predict(asked[0]);
    await route.flush();
    assert.deepEqual(seen.map((request) => request.id), [id, id, id]);
    for (const request of seen) {
      assert.ok(signed(request));
      assert.ok(!signed(request, "another secret"));
      assert.ok(!signed({ ...request, body: request.body.replace("low", "high") }));
      assert.equal(request.headers["idempotency-key"], id);
      assert.equal(request.headers["content-type"], "application/json");
    }
    const sent = JSON.parse(seen[0].body);
    assert.deepEqual(sent.record, JSON.parse(JSON.stringify(asked[0])));
    assert.equal(sent.decision.reason, "low_confidence");
    assert.deepEqual(route.status, { queued: 0, delivered: 1, retried: 2, dropped: 0 });
  });

  test("makes no duplicate of an answer that was lost", async () => {
    const stored = new Map();
    const { seen, url } = await serve((response, nth, request) => {
      // the record is taken, and the connection breaks before the answer
      stored.set(request.headers["idempotency-key"], nth);
      if (nth === 1) request.socket.destroy();
      else response.writeHead(200).end("{}");
    });
    const gate = load({});
    const route = webhook({ ...fast, url });
    gate.onEscalate(route);
    gate.predict(asked[0]);
    await route.flush();
    assert.equal(seen.length, 2);
    assert.equal(stored.size, 1);
    assert.deepEqual(route.status, { queued: 0, delivered: 1, retried: 1, dropped: 0 });
  });

  test("waits as long as Retry-After says", async () => {
    const { seen, url } = await serve((response, nth) => {
      if (nth === 1) response.writeHead(429, { "retry-after": "1" }).end();
      else response.writeHead(200).end();
    });
    const gate = load({});
    const route = webhook({ ...fast, url });
    gate.onEscalate(route);
    gate.predict(asked[0]);
    while (route.status.retried === 0) await new Promise((done) => setTimeout(done, 5));
    gate.predict(asked[1]);
    await route.flush();
    assert.equal(seen.length, 3);
    const waited = Math.min(seen[1].at, seen[2].at) - seen[0].at;
    assert.ok(waited >= 990, `${waited} ms, for the others too`);
  });

  test("takes a refusal for an answer, and follows no redirect", async () => {
    const other = await serve((response) => response.writeHead(200).end());
    const { seen, url } = await serve((response, nth) => {
      if (nth === 1) response.writeHead(400).end();
      else response.writeHead(307, { location: other.url }).end();
    });
    const dropped = [];
    const route = webhook({ ...fast, url, onDrop: (id, why) => dropped.push([id, why]) });
    const gate = load({});
    gate.onEscalate(route);
    const first = gate.predict(asked[0]);
    await route.flush();
    const second = gate.predict(asked[1]);
    await route.flush();
    assert.deepEqual(dropped, [
      [first.id, "the server answered 400"],
      [second.id, "the server answered 307"],
    ]);
    assert.deepEqual([seen.length, other.seen.length], [2, 0]);
  });

  test("keeps a bounded queue while the server is down, and gives up in the end", async () => {
    const gone = await serve(() => {});
    const url = gone.url.replace(/:\d+\//, ":9/");
    const gate = load({});
    const route = webhook({ ...fast, url, capacity: 3, attempts: 4 });
    gate.onEscalate(route);
    const decisions = [];
    for (let i = 0; i < 20; i += 1) decisions.push(gate.predict(asked[i % asked.length]).action);
    assert.deepEqual([...new Set(decisions)], ["escalate"]);
    assert.deepEqual(route.status, { queued: 3, delivered: 0, retried: 0, dropped: 17 });
    await route.flush();
    assert.deepEqual(route.status, { queued: 0, delivered: 0, retried: 9, dropped: 20 });
  });

  test("takes the secret as Standard Webhooks writes it", async () => {
    const { seen, url } = await serve((response) => response.writeHead(200).end());
    const bytes = Buffer.from("0123456789abcdef0123456789abcdef");
    const route = webhook({ ...fast, url, secret: `whsec_${bytes.toString("base64")}` });
    route.send({ id: "1", route: null, record: { big: 2n ** 60n, pixels: Float32Array.of(1, 2) } });
    await route.flush();
    assert.ok(signed(seen[0], bytes));
    assert.deepEqual(JSON.parse(seen[0].body).record, { big: String(2n ** 60n), pixels: [1, 2] });
  });
});

describe("queues and names", () => {
  test("a queue that fails once gets the same message again", async () => {
    const messages = [];
    const producer = {
      async send(body, options) {
        messages.push([body.id, options.contentType]);
        if (messages.length === 1) throw new Error("not now");
      },
    };
    const gate = load({});
    const route = queue(producer, fast);
    gate.onEscalate(route);
    const { id } = gate.predict(asked[0]);
    await route.flush();
    assert.deepEqual(messages, [[id, "json"], [id, "json"]]);
  });

  test("each route has its desk, and the rest goes to `*`", async () => {
    const desks = { first: [], rest: [] };
    const desk = (name) =>
      queue({ send: async ({ id }) => void desks[name].push(id) }, { auto: false });
    const gate = load({
      routes: [{ name: "first", labels: ["on_time"] }, { name: "second" }],
    });
    const all = routes({ first: desk("first"), "*": desk("rest") });
    gate.onEscalate(all);
    const made = gate.predictMany(asked);
    assert.equal(desks.first.length + desks.rest.length, 0, "nothing leaves before flush");
    await all.flush();
    const of = (name) => made.filter(({ route }) => route === name).map(({ id }) => id);
    assert.deepEqual(desks, { first: of("first"), rest: of("second") });
    assert.equal(all.status.delivered, asked.length);
  });
});

describe("answers", () => {
  const policy = {
    routes: [{ name: "desk", due_minutes: 10, unanswered: "default" }],
  };

  test("come back with their record, and become a labelled file", () => {
    const gate = load(policy);
    const outcomes = [];
    gate.onEscalate(() => {});
    gate.onOutcome((outcome) => outcomes.push(outcome));
    const ids = gate.predictMany(asked.slice(0, 2)).map(({ id }) => id);
    gate.outcome(ids[0], { label: "late", by: "ann" });
    gate.outcome(ids[1], { label: "on_time" });
    const again = gate.outcome(ids[0], { label: "late" });
    assert.equal(again.record, null, "it was answered");
    assert.deepEqual(outcomes.slice(0, 2).map(({ record, late }) => [record, late]), [
      [asked[0], false],
      [asked[1], false],
    ]);
    const lines = labelled(outcomes, { format: "jsonl", column: "answer" }).trimEnd().split("\n");
    assert.deepEqual(JSON.parse(lines[0]), { ...JSON.parse(JSON.stringify(asked[0])), answer: "late" });
    const csv = labelled(outcomes, { format: "csv", column: "answer" }).split("\r\n");
    assert.equal(csv[0], [...Object.keys(asked[0]), "answer"].join(","));
    assert.ok(csv[2].endsWith(",on_time"));
    assert.equal(csv.length, 4);
    assert.throws(() => labelled(outcomes, { format: "csv", column: "distance" }), {
      code: "bad_usage",
    });
  });

  test("that are no label are refused", () => {
    const gate = load(policy);
    for (const answer of [{ label: "early" }, {}, { value: 3 }, { label: "late", labels: ["late"] }]) {
      assert.throws(() => gate.outcome("x", answer), { code: "bad_usage" });
    }
  });

  test("that do not come in time are replaced as the policy says, once", () => {
    const gate = load(policy);
    gate.onEscalate(() => {});
    const decision = gate.predict(asked[0]);
    assert.deepEqual(gate.overdue(Date.now() + 9 * 60_000), []);
    const [overdue, ...others] = gate.overdue(Date.now() + 10 * 60_000);
    assert.deepEqual(others, []);
    const { route: _, ...rest } = decision;
    assert.deepEqual(overdue, {
      id: decision.id,
      record: asked[0],
      decision: {
        ...rest,
        action: "default",
        reason: "timed_out",
        overruled: "low_confidence",
        label: "on_time",
      },
    });
    assert.deepEqual(gate.overdue(Date.now() + 20 * 60_000), []);
    assert.deepEqual(gate.outcome(decision.id, { label: "late" }).record, asked[0], "a late answer");
  });

  test("are waited for within bounds", () => {
    const gate = load(policy);
    gate.onEscalate(() => {});
    for (let i = 0; i < 1005; i += 1) gate.predict(asked[0]);
    assert.deepEqual(gate.status().escalations, { sent: 1005, pending: 1000, forgotten: 5, failed: 0 });
  });
});

describe("switches and the budget", () => {
  test("a killed gate answers the fallback, and goes on as before", () => {
    const gate = load({ kill_switch: "default" });
    gate.kill("wrong training data");
    for (const decision of [gate.predict(sure[0]), ...gate.predictMany([sure[0]])]) {
      assert.deepEqual(
        [decision.action, decision.reason, decision.label, decision.scores],
        ["default", "killed", "on_time", null],
      );
    }
    assert.equal(gate.status().killed, "wrong training data");
    gate.revive();
    assert.equal(gate.predict(sure[0]).action, "accept");
  });

  test("a suspended gate withholds what it would accept", () => {
    const gate = load({});
    gate.suspend("drift of temp");
    const decision = gate.predict(sure[0]);
    assert.deepEqual(
      [decision.action, decision.reason, decision.overruled, decision.label],
      ["escalate", "suspended", "confident", null],
    );
    assert.equal(gate.predict(asked[0]).reason, "low_confidence");
    assert.equal(gate.status().suspended, "drift of temp");
    gate.resume();
    assert.deepEqual(gate.predict(sure[0]).action, "accept");
  });

  test("the day's budget is counted on every way, and outlives a trap", () => {
    const { gate, trap } = withTrap({ budget: { per_day: 3, used_up: "accept" } });
    gate.suspend("drift");
    gate.predict(sure[0]);
    gate.predictMany([sure[0]]);
    // a value that only the long way takes
    gate.predict({ ...sure[0], distance: BigInt(Math.round(sure[0].distance)) });
    assert.deepEqual(gate.status().budget, { per_day: 3, used: 3 });
    const beyond = gate.predict(sure[0]);
    assert.deepEqual(
      [beyond.action, beyond.reason, beyond.overruled, beyond.label],
      ["accept", "budget_used_up", "suspended", beyond.predicted],
    );
    trap();
    assert.deepEqual(gate.status().budget, { per_day: 3, used: 3 });
    assert.equal(gate.predict(sure[0]).reason, "budget_used_up");
  });

  test("assertions are counted, and flicker acts", () => {
    const gate = load({
      assertions: [
        {
          name: "steady",
          check: "flicker",
          identifier: ["carrier", "origin", "dest"],
          within_seconds: 3600,
          action: "reject",
        },
      ],
    });
    assert.ok(gate.info.needs_key && gate.info.needs_clock);
    const leg = { carrier: "B6", origin: "JFK", dest: "FLL" };
    const of = (label) => {
      const found = records.find((record) => plain.predict({ ...record, ...leg }).predicted === label);
      return { ...found, ...leg };
    };
    const answers = ["on_time", "late", "on_time", "on_time"].map((label) => gate.predict(of(label)));
    assert.deepEqual(answers.map(({ reason }) => reason === "assertion"), [false, false, true, false]);
    assert.deepEqual(answers[2].assertions, ["steady"]);
    assert.equal(answers[2].rule, "steady");
    assert.deepEqual(gate.status().assertions, [{ name: "steady", checked: 4, broken: 1 }]);
  });
});

/** A gate, and what makes the next batch trap: its instance gets no more memory. */
function withTrap(policy) {
  const watched = watch();
  const gate = load(policy);
  watched.end();
  const trap = () => {
    const { end } = watch();
    try {
      exhaust(watched.instances[0]);
      assert.throws(() => gate.predictMany(large()), { code: "trap" });
    } finally {
      end();
    }
  };
  return { gate, trap };
}

test("a policy that does not fit is refused by its path", () => {
  assert.throws(() => withPolicy({ ...base, rules: [{ name: "r", when: [], action: "reject" }] }));
});
