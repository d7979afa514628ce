/** What the page would send, in plain words and byte by byte, before it is sent. */

import { type Beacon, type BeaconMode, type Gate, startBeacon } from "flights-delay";
import { byId, make } from "../../shared/dom.ts";

const MODES: Readonly<Record<BeaconMode, [title: string, what: string]>> = {
  randomized: ["Randomized", "one answer a day about one question, which may be a lie"],
  aggregated: ["Aggregated", "noisy counts over at least 100 people"],
  pseudonymous: ["Pseudonymous", "the plain counts of this page"],
};

/** Only what the words need. */
interface Envelope {
  readonly block?: number;
  readonly cell?: number;
  readonly epsilon?: number;
}

const KINDS: Readonly<Record<string, string>> = {
  input: "the input",
  label: "what the model predicted",
  action: "what was decided",
  reason: "why it was decided so",
};

/** Fills the panel; the answer shows it anew after a decision. */
export function beaconPanel(gate: Gate): () => void {
  const consent = byId<HTMLInputElement>("consent");
  const collector = new URLSearchParams(location.search).get("collector");
  const beacon = open(gate, collector ?? "https://collector.invalid/", () => collector !== null && consent.checked);
  let mode: BeaconMode = "randomized";
  if (beacon === null) return () => undefined;

  const choices = Object.entries(MODES).map(([name, [title, what]]) => {
    const input = make("input", { type: "radio", name: "mode", value: name, checked: name === mode });
    input.addEventListener("change", () => {
      mode = name as BeaconMode;
      beacon.configure({ mode });
      show();
    });
    return make("label", { class: "mode" }, input, make("span", {}, make("strong", {}, title), ` ${what}`));
  });
  byId("modes").append(...choices);
  consent.addEventListener("change", () => {
    void beacon.flush();
    show();
  });
  byId("beacon").hidden = false;

  function show(): void {
    const text = beacon?.preview(mode);
    byId("beacon-words").textContent = words(gate, mode, text);
    byId("beacon-bytes").textContent = text ?? "";
    byId("beacon-bytes").hidden = text === undefined;
    byId("beacon-bytes-title").textContent =
      text === undefined ? "" : `The exact text, ${new TextEncoder().encode(text).length} bytes`;
    byId("beacon-where").textContent = where(consent.checked, collector, beacon?.status().silent === "opt_out");
  }
  return show;
}

function open(gate: Gate, endpoint: string, consent: () => boolean): Beacon | null {
  try {
    return startBeacon(gate, { endpoint, consent });
  } catch {
    byId("beacon-where").textContent = "The address of the collector does not fit.";
    byId("beacon").hidden = false;
    return null;
  }
}

function words(gate: Gate, mode: BeaconMode, text: string | undefined): string {
  const { layout, records } = gate.summary();
  if (mode === "aggregated") {
    return "Nothing. This page is one person, and counts of fewer than 100 do not leave. The mode is for servers, which see many.";
  }
  if (text === undefined) {
    return records === 0
      ? "Nothing: no decision was counted since the last time."
      : "Nothing more today: this browser has given its one answer, or has nothing to say about today's question.";
  }
  if (mode === "pseudonymous") {
    return `How often each bin was met in ${records} ${records === 1 ? "decision" : "decisions"}: of each input, of labels, confidence, actions and reasons. Bins can be as telling as a fingerprint, which is why this mode is not called anonymous.`;
  }
  const { block = 0, cell = 0, epsilon = 0 } = JSON.parse(text) as Envelope;
  const asked = layout.blocks[block];
  const size = asked?.cells.length ?? 2;
  const truth = Math.exp(epsilon / 1000) / (Math.exp(epsilon / 1000) + size - 1);
  const about = `${KINDS[asked?.kind ?? ""] ?? asked?.kind ?? ""} ${asked?.name ?? ""}`.trim();
  const odds = `${Math.round(100 * truth)} of 100`;
  return `One answer for the whole day. The question, drawn by lot, is about ${about}; the answer is “${asked?.cells[cell] ?? cell}”. It is the truth in ${odds} cases and otherwise one of the other ${size - 1} bins by lot, so that it may always be untrue of you.`;
}

function where(agreed: boolean, collector: string | null, optedOut: boolean): string {
  if (optedOut) return "Your browser asks not to be counted (Global Privacy Control): nothing is stored or sent.";
  if (!agreed) return "You have not agreed: nothing is stored or sent.";
  if (collector === null) return "This page knows no collector, so that even now nothing is sent. Add ?collector=http://127.0.0.1:PORT/… to name one of this machine.";
  return "It is sent within a minute, or when you leave the page.";
}
