/** Scores POSTed flights, sends what a person has to decide to a Queue, and counts by a beacon. */

import {
  type CountsNamespace,
  DriftlineError,
  durableCounts,
  type Gate,
  loadSync,
  queue,
  type QueueProducer,
  type Route,
  withBeacon,
  type WorkerBeaconOptions,
} from "flights-delay";
import { BadRequest, problem, readRecord } from "./http.js";

interface Env {
  readonly COLLECTOR: string;
  readonly WRITE_KEY?: string;
  readonly COUNTS_IN: "isolate" | "durable";
  readonly COUNTS: CountsNamespace;
  readonly REVIEW: QueueProducer;
}

// in global scope: the start-up pays for it, and no request waits
const gate: Gate = loadSync();

const options: WorkerBeaconOptions<Env> = {
  endpoint: (env) => env.COLLECTOR,
  key: (env) => env.WRITE_KEY,
  mode: "aggregated",
  durable: (env) => (env.COUNTS_IN === "durable" ? env.COUNTS : undefined),
};

export class FlightCounts extends durableCounts(gate, options) {}

let desk: Route | undefined;

/** Bindings are at hand in a request only. */
function deskOf(env: Env): Route {
  if (desk === undefined) {
    desk = queue(env.REVIEW, { auto: false });
    gate.onEscalate(desk);
  }
  return desk;
}

const worker = withBeacon<Env, Gate>(
  {
    async fetch(request, env, ctx, gate) {
      if (new URL(request.url).pathname !== "/predict") return problem(404, "not_found", "there is only /predict");
      if (request.method !== "POST") return problem(405, "method_not_allowed", "POST a flight", { allow: "POST" });
      const review = deskOf(env);
      try {
        const decision = gate.predict((await readRecord(request)) as never);
        // a record that breaks the contract is an answer, and no error of HTTP
        return Response.json(decision);
      } catch (raised) {
        if (raised instanceof BadRequest) return problem(400, raised.code, raised.message, {}, raised.help);
        if (raised instanceof DriftlineError) return problem(500, raised.code, raised.message, {}, raised.help);
        throw raised;
      } finally {
        ctx.waitUntil(review.flush());
      }
    },
  },
  gate,
  options,
);

export default { fetch: worker.fetch, scheduled: worker.scheduled };
