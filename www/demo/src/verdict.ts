/** The decision in words, bars and figures. */

import type { Decision, DriftlineError, GateInfo, Violation } from "flights-delay";
import { byId, make } from "../../shared/dom.ts";
import { labelOf, nameOf, percent } from "./words.ts";

const MARKS: Record<Decision["action"], string> = {
  accept: "✓",
  default: "↩",
  escalate: "?",
  reject: "✕",
};

/** Shows a decision. `jump` puts the focus on an input. */
export function showDecision(
  info: GateInfo,
  decision: Decision,
  jump: (input: string) => void,
): void {
  const { action } = decision;
  byId("decision").dataset["action"] = action;
  byId("verdict").replaceChildren(
    make("p", { class: "headline" },
      make("span", { class: "mark", "aria-hidden": "true" }, MARKS[action]),
      headline(decision)),
    make("p", { class: "why" }, why(info, decision)),
  );
  byId("details").replaceChildren(
    ...confidence(info, decision),
    ...violations(decision.violations, jump),
    ...scores(decision),
    codes(decision),
  );
  const mini = byId("mini");
  mini.dataset["action"] = action;
  mini.textContent =
    headline(decision) + (decision.confidence === null ? "" : ` · ${percent(decision.confidence)}`);
}

/** Shows an error in the place of a decision. */
export function showError(title: string, error: Pick<DriftlineError, "code" | "message" | "help">): void {
  byId("decision").dataset["action"] = "error";
  byId("verdict").replaceChildren(
    make("p", { class: "headline" }, make("span", { class: "mark", "aria-hidden": "true" }, "!"), title),
    make("p", { class: "why" }, ...sentence(error.message)),
    make("p", { class: "why" }, ...sentence(error.help)),
    make("p", { class: "note codes" }, make("code", {}, `code: ${error.code}`)),
  );
  byId("details").replaceChildren();
  byId("mini").dataset["action"] = "error";
  byId("mini").textContent = title;
}

function headline({ action, label }: Decision): string {
  const answer = label === null ? "" : labelOf(label);
  switch (action) {
    case "accept":
      return `Expected ${answer}`;
    case "default":
      return `Not sure: treated as ${answer}`;
    case "escalate":
      return "A person should decide";
    case "reject":
      return "Refused";
  }
}

function why(info: GateInfo, decision: Decision): string {
  const { action, confidence, label, predicted, reason, violations: broken } = decision;
  const threshold = predicted === null ? undefined : (info.thresholds[predicted]?.threshold ?? undefined);
  const sure = confidence === null ? "" : percent(confidence);
  const needed = threshold === undefined ? "" : percent(threshold);
  switch (reason) {
    case "confident":
      return `The model is ${sure} sure. It may answer “${labelOf(predicted ?? "")}” alone from ${needed}.`;
    case "low_confidence": {
      const lean = `The model leans to “${labelOf(predicted ?? "")}”, but is only ${sure} sure; it needs ${needed}.`;
      if (action !== "default") return `${lean} Its answer is not used.`;
      return `${lean} The policy's safer answer, “${labelOf(label ?? "")}”, stands in.`;
    }
    case "no_threshold":
      return "The policy accepts no such answer, however sure the model is.";
    case "novel":
      return "The record is unlike those that the policy was fitted on.";
    case "wide_interval":
      return "The truth may lie too far from the model's number.";
    case "violation": {
      const worst = broken.filter(({ severity }) => severity === action);
      const count = worst.length === 1 ? "one rule" : `${worst.length} rules`;
      if (action === "reject") return `The record breaks ${count} of the contract. The model's answer is not used.`;
      return "The record holds what the model did not learn about. Its answer is shown, but not used.";
    }
    case "bad_scores":
      return "The model's answer was no probability.";
    default:
      return "The model could not compute this record.";
  }
}

function confidence(info: GateInfo, { confidence: sure, predicted }: Decision): HTMLElement[] {
  if (sure === null || predicted === null) return [];
  const threshold = info.thresholds[predicted]?.threshold ?? undefined;
  const meter = make("div", {
    class: "meter",
    role: "img",
    "aria-label": `confidence ${percent(sure)}${threshold === undefined ? "" : `, needs ${percent(threshold)}`}`,
  });
  const fill = make("div", { class: "fill" });
  fill.style.width = `${100 * sure}%`;
  meter.append(fill);
  const scale = make("div", { class: "scale" }, make("span", {}, "0"), make("span", {}, "100%"));
  if (threshold !== undefined) {
    const mark = make("div", { class: "threshold" });
    const tag = make("span", { class: "threshold-tag" }, `needs ${percent(threshold)}`);
    mark.style.left = `${100 * threshold}%`;
    tag.style.left = `${100 * threshold}%`;
    meter.append(mark);
    scale.append(tag);
  }
  return [
    make("h3", { class: "with-figure" }, "Confidence", make("output", { class: "figure" }, percent(sure))),
    meter,
    scale,
  ];
}

function violations(broken: readonly Violation[], jump: (input: string) => void): HTMLElement[] {
  if (broken.length === 0) return [];
  const items = broken.map(({ code, input, message, severity }) => {
    const name = make("button", { type: "button", class: "link" }, nameOf(input));
    name.addEventListener("click", () => jump(input));
    return make("li", { "data-severity": severity },
      make("p", {}, name, make("code", {}, code)),
      make("p", {}, ...sentence(message)));
  });
  return [make("h3", {}, "What is wrong"), make("ul", { class: "violations" }, ...items)];
}

function scores({ scores: all }: Decision): HTMLElement[] {
  if (all === null) return [];
  const rows = Object.entries(all).map(([label, score]) => {
    const bar = make("div", { class: "bar", "aria-hidden": "true" }, make("div", { class: "fill" }));
    (bar.firstElementChild as HTMLElement).style.width = `${100 * score}%`;
    return make("div", { class: "score" },
      make("span", {}, labelOf(label)), bar, make("span", { class: "figure" }, `${(100 * score).toFixed(1)}%`));
  });
  return [make("h3", {}, "Scores"), make("div", { class: "scores" }, ...rows)];
}

function codes({ action, reason }: Decision): HTMLElement {
  return make("p", { class: "note codes" },
    make("code", {}, `action: ${action}`), make("code", {}, `reason: ${reason}`));
}

/** A message of the core as a sentence: what it quotes in backticks becomes code. */
export function sentence(message: string): (Node | string)[] {
  if (message === "") return [];
  const text = `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
  return text.split("`").map((part, at) => (at % 2 === 1 ? make("code", {}, part) : part));
}
