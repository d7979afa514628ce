import { type Decision, DriftlineError, type Gate, load, reporterOf } from "flights-delay";
import samples from "virtual:samples";
import { beaconPanel } from "./beacon.ts";
import { byId, make } from "../../shared/dom.ts";
import { field, type Field } from "./field.ts";
import { raw } from "./raw.ts";
import type { Sample } from "./sample.ts";
import { tabs } from "./tabs.ts";
import { forPeople, instantOf } from "./time.ts";
import { microseconds } from "./timing.ts";
import { showDecision, showError } from "./verdict.ts";
import { ZONE } from "./words.ts";

type Row = Readonly<Record<string, unknown>>;

const picker = byId<HTMLSelectElement>("flight");
let record: unknown = {};
let timer: ReturnType<typeof setTimeout> | undefined;

function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function title({ record: row }: Sample): string {
  const instant = instantOf(row["scheduled_departure"]);
  const when = instant === null ? "" : `${forPeople(instant, ZONE)} · `;
  return `${when}${String(row["carrier"])} ${String(row["origin"])} → ${String(row["dest"])}`;
}

function run(gate: Gate): void {
  const shown = beaconPanel(gate);
  const counts = reporterOf(gate);
  const fields = new Map<string, Field>(
    gate.info.inputs.map((input) => [
      input.name,
      field(input, (value) => update({ ...(isRow(record) ? record : {}), [input.name]: value })),
    ]),
  );
  byId("fields").replaceChildren(...[...fields.values()].map(({ element }) => element));
  const text = raw(
    update,
    (problem) => showError("Not readable yet", { code: "bad_input", message: problem, help: "the text has to be complete before it can be sent" }),
    () => samples[picker.selectedIndex]?.record ?? {},
  );
  tabs((name) => {
    if (name === "raw") text.show(record);
  });

  function update(next: unknown): void {
    record = next;
    const row = isRow(next) ? next : {};
    for (const [name, input] of fields) input.show(row[name]);
    text.show(next);
    byId("outcome").textContent = outcome();
    let decision: Decision;
    try {
      decision = gate.predict(next as Row);
    } catch (raised) {
      if (raised instanceof DriftlineError) return showError("The gate raised an error", raised);
      throw raised;
    }
    for (const [name, input] of fields) {
      input.mark(decision.violations.filter((violation) => violation.input === name));
    }
    showDecision(gate.info, decision, jump);
    shown();
    clearTimeout(timer);
    timer = setTimeout(measure, 250, 4, Number.POSITIVE_INFINITY);
  }

  function jump(input: string): void {
    const edited = fields.get(input);
    if (edited === undefined) byId("tab-raw").click();
    else byId("tab-form").click();
    if (edited === undefined) byId("raw").focus();
    else edited.focus();
  }

  /** Measures some more times while nobody types: engines make hot code faster as it runs. */
  function measure(rounds: number, best: number): void {
    // these decisions are nobody's: they are not counted
    const before = counts.take();
    const spent = Math.min(best, microseconds(() => void gate.predict(record as Row)));
    counts.take();
    counts.add(before);
    byId("speed").textContent = `${spent < 10 ? spent.toFixed(1) : Math.round(spent)} µs`;
    if (rounds > 1) timer = setTimeout(measure, 400, rounds - 1, spent);
  }

  function pick(at: number): void {
    picker.selectedIndex = (at + samples.length) % samples.length;
    update(samples[picker.selectedIndex]?.record ?? {});
  }

  facts(gate);
  followHeadline();
  if (samples.length === 0) {
    byId("outcome").textContent = "No flights were shipped with this page; type your own.";
    return update({});
  }
  picker.replaceChildren(...samples.map((sample) => make("option", {}, title(sample))));
  picker.addEventListener("change", () => pick(picker.selectedIndex));
  byId("previous").addEventListener("click", () => pick(picker.selectedIndex - 1));
  byId("next").addEventListener("click", () => pick(picker.selectedIndex + 1));
  byId("reset").addEventListener("click", () => pick(picker.selectedIndex));
  for (const id of ["flight", "previous", "next", "reset"]) byId<HTMLButtonElement>(id).disabled = false;
  pick(0);
}

/** On a narrow screen a bar repeats the decision while the decision itself is out of sight. */
function followHeadline(): void {
  new IntersectionObserver(([entry]) => {
    byId("mini").hidden = entry?.isIntersecting ?? false;
  }).observe(byId("verdict"));
}

/** What happened to the flight, as long as it is that flight. */
function outcome(): string {
  const sample = samples[picker.selectedIndex];
  if (sample === undefined) return "";
  const names = new Set([...Object.keys(sample.record), ...(isRow(record) ? Object.keys(record) : [])]);
  const edited = isRow(record)
    ? [...names].filter((name) => !Object.is((record as Row)[name], sample.record[name])).length
    : names.size;
  if (edited > 0) return `Edited in ${edited === 1 ? "one place" : `${edited} places`}: no longer the flight that took place.`;
  return `What happened: it arrived ${sample.late ? "more than 15 minutes late" : "on time, or at most 15 minutes late"}.`;
}

function facts({ identity, info }: Gate): void {
  const copy = make("button", { type: "button", class: "quiet" }, "Copy");
  copy.addEventListener("click", () => {
    void navigator.clipboard.writeText(identity).then(
      () => (copy.textContent = "Copied"),
      () => (copy.textContent = "Not allowed"),
    );
  });
  const fact = (name: string, ...value: (Node | string)[]): HTMLElement =>
    make("div", {}, make("dt", {}, name), make("dd", {}, ...value));
  byId("facts").replaceChildren(
    fact("Model", info.name),
    fact("Time of one decision", make("span", { id: "speed" }, "…")),
    fact("Runtime", `${info.runtime}, driftline ${info.compiled_by}`),
    fact("Identity of model, contract, policy", make("code", { class: "identity", id: "identity" }, identity), copy),
  );
  document.querySelector(".about")?.removeAttribute("hidden");
}

try {
  run((await load()) as Gate);
} catch (raised) {
  const known = raised instanceof DriftlineError;
  byId("main").dataset["state"] = "failed";
  showError("The model could not be loaded", known ? raised : { code: "internal", message: String(raised), help: "" });
  if (!known) throw raised;
} finally {
  byId("main").removeAttribute("aria-busy");
}
