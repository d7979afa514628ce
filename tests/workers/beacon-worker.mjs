// A Worker with a beacon as a user writes it; what is counted where is told by variables.

import { durableCounts, loadSync, withBeacon } from "./workerd.js";

const gate = loadSync();

const options = {
  mode: "pseudonymous",
  endpoint: (env) => env.COLLECTOR,
  client: (request) => request.headers.get("x-client"),
  consent: (request) => request.headers.get("x-consent") !== "no",
  durable: (env) => (env.DURABLE === "yes" ? env.COUNTS : undefined),
  queue: (env) => env.BEACONS,
  intervalMs: 400,
  maxRecords: 40,
  bound: 2,
  capacity: 200,
  // short back-offs
  random: () => 0.02,
};

export class Counts extends durableCounts(gate, options) {}

const { beacon, ...worker } = withBeacon(
  {
    async fetch(request, env, ctx, gate) {
      const { pathname } = new URL(request.url);
      if (pathname === "/status") return Response.json({ ...beacon.status(), records: gate.summary().records });
      if (pathname === "/mode") {
        beacon.configure({ mode: await request.text() });
        return new Response(null, { status: 204 });
      }
      if (pathname === "/flush") {
        beacon.flush(env, ctx);
        return new Response(null, { status: 204 });
      }
      const decision = gate.predict(await request.json());
      if (pathname === "/slow") await scheduler.wait(150);
      if (pathname === "/throws") throw new Error("the handler failed after its decision");
      return Response.json({ action: decision.action });
    },
  },
  gate,
  options,
);

export default {
  ...worker,
  async queue(batch, env) {
    for (const { body } of batch.messages) {
      await fetch(env.COLLECTOR, { method: "POST", body }).then((answer) => answer.body?.cancel());
    }
  },
};
