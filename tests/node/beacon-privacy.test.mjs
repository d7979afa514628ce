// E-mail addresses, names and unique numbers through every path of JavaScript: no byte of them leaves.

import assert from "node:assert/strict";
import { test } from "node:test";
import { flights, good } from "../lib/flights.mjs";

const SECRETS = ["anna.example@mail.test", "Żaneta Kowalska-Müller", "4929123456781234", "8675309.0421"];

/** Ways in which a text might be carried. */
function forms(secret) {
  const bytes = Buffer.from(secret);
  return [secret, encodeURIComponent(secret), bytes.toString("hex"), bytes.toString("base64").slice(0, -4), JSON.stringify(secret).slice(1, -1)];
}

for (const mode of ["pseudonymous", "randomized"]) {
  test(`${mode}: records, segments, outcomes, errors`, async () => {
    const gate = flights.loadSync(undefined, {
      summary: { segments: { country: ["PL", "DE"], arm: ["a"] }, metrics: ["revenue"] },
    });
    const entries = new Map();
    const [out, written] = [[], []];
    const storage = {
      get length() {
        return entries.size;
      },
      key: (at) => [...entries.keys()][at] ?? null,
      getItem: (name) => entries.get(name) ?? null,
      setItem(name, value) {
        written.push(name, value);
        entries.set(name, value);
      },
      removeItem: (name) => void entries.delete(name),
    };
    let now = Date.UTC(2026, 0, 1);
    const beacon = flights.startBeacon(gate, {
      endpoint: "https://collector.example/beacon",
      consent: true,
      mode,
      storage,
      intervalMs: 86_400_000,
      now: () => now,
      random: () => 0,
      fetch: async (url, init) => {
        out.push(url, JSON.stringify(init));
        return new Response(null, { status: out.length % 4 === 2 ? 503 : 204 });
      },
    });
    for (const secret of SECRETS) {
      for (const field of [...gate.info.inputs.map(({ name }) => name), secret]) {
        gate.predict({ ...good(), [field]: secret });
        gate.predict({ ...good(), [field]: Number(secret) });
      }
      gate.predictMany([{ ...good(), carrier: secret }]);
      gate.segment({ country: secret });
      const id = gate.track(gate.predict(good()));
      for (const answer of [{ label: secret }, { metrics: { [secret]: 1 } }, { metrics: { revenue: secret } }]) {
        assert.throws(() => gate.outcome(id, answer));
      }
      // its sum is a count like others, and leaves in mode `pseudonymous`
      gate.outcome(id, { label: "late", metrics: { revenue: 12.5 } });
      try {
        gate.outcome(secret, { label: "late" });
        gate.segment({ [secret]: secret });
      } catch {
        // refused, which must leave no trace
      }
      gate.kill(secret);
      gate.predict(good());
      gate.revive();
      now += 86_400_000;
      await beacon.flush();
      await beacon.flush();
    }
    await beacon.stop();
    assert.ok(out.length >= 8 && written.some((text) => text.includes("driftline.beacon/1")));
    for (const secret of [...SECRETS, "8675309", "867530904"]) {
      for (const form of forms(secret)) {
        for (const text of [...out, ...written, JSON.stringify(beacon.status())]) {
          assert.ok(!text.includes(form), `\`${form}\` is in ${text.slice(0, 200)}`);
        }
      }
    }
  });
}
