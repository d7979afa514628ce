// What a caller of the flights package writes; only its types are looked at.

import {
  type Beacon,
  type Decision,
  DriftlineError,
  durableCounts,
  type Gate,
  type Label,
  load,
  loadSync,
  startBeacon,
  type StatusWatch,
  watchStatus,
  withBeacon,
} from "flights-delay";

const gate: Gate = await load(new URL("https://example.com/model.wasm"));
const record: Parameters<Gate["predict"]>[0] = {
  scheduled_departure: new Date(0),
  carrier: "B6",
  origin: "JFK",
  dest: "FLL",
  distance: 1069,
  temp: null,
};
const decision: Decision = gate.predict(record);
const label: Label | null = decision.label;
const late: number | undefined = decision.scores?.late;
const many: Decision[] = gate.predictMany({ distance: Float64Array.of(1069) });
const again: Decision[] = gate.predictMany([record]);
loadSync(new Uint8Array()).dispose();

// @ts-expect-error: a number is no text
gate.predict({ ...record, distance: "1069" });
// @ts-expect-error: distance has to be there
gate.predict({ scheduled_departure: "2013-07-01T21:30:00Z", carrier: "B6", origin: "JFK", dest: "FLL" });
// @ts-expect-error: the model has no such label
const wrong: Label = "early";
// @ts-expect-error: a decision has no such score
decision.scores?.early;

const endpoint = "https://collector.example/beacon";
const beacon: Beacon = startBeacon(gate, { endpoint, consent: () => true, mode: "randomized" });
beacon.configure({ mode: "pseudonymous", rate: 0.5, off: false });
const shown: string | undefined = beacon.preview("aggregated");
// @ts-expect-error: whether somebody agreed has to be said
startBeacon(gate, { endpoint });
// @ts-expect-error: there is no such mode
beacon.configure({ mode: "anonymous" });
const worker = withBeacon(
  { fetch: (_request, _env: { readonly KEY: string }, _ctx, own) => Response.json(own.predict(record)) },
  gate,
  { endpoint: new URL(endpoint), key: ({ KEY }) => KEY },
);
// @ts-expect-error: a Worker is no client
withBeacon(worker, gate, { endpoint, mode: "randomized" });
export class Counts extends durableCounts<{ readonly KEY: string }>(gate, { endpoint }) {}

const watch: StatusWatch = watchStatus(gate, { endpoint: "https://collector.example", key: "pk_shop", every: 30_000 });
const problem: string | null = watch.status().problem;
// @ts-expect-error: without a collector there is nobody to ask
watchStatus(gate, { key: "pk_shop" });

try {
  gate.validate(record);
} catch (error) {
  if (error instanceof DriftlineError && error.code === "disposed") console.log(error.help);
}
console.log(label, late, many, again, wrong, shown, problem);
