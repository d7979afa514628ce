/** Two versions over the same time. */

import { make } from "../../../shared/dom.ts";
import * as api from "../api.ts";
import type { Context } from "../context.ts";
import * as format from "../format.ts";
import * as parts from "../parts/badges.ts";
import { picker, type Go } from "../parts/controls.ts";
import type { Estimate, Verdict, Window } from "../report.ts";
import { shareOf } from "../health.ts";
import { spanOf } from "../state.ts";

/** What was found of B against A. */
interface Found {
  name?: string;
  verdict: Verdict;
  p_adjusted?: number | null;
  adjusted_p?: number | null;
  effect: number | null;
}

interface Difference {
  a: Estimate | null;
  b: Estimate | null;
  difference: Estimate | null;
}

export interface Comparison {
  mode?: string | null;
  a: Window | null;
  b: Window | null;
  inputs: Found[];
  labels: Found | null;
  confidence: Found | null;
  /** Inputs of both whose bins differ. */
  other_bins?: string[];
  accuracy: Difference | null;
  realised?: Difference | null;
}

export async function compare(context: Context, go: Go): Promise<HTMLElement[]> {
  const { model, models, state } = context;
  const others = [
    ...new Map(models.filter(({ identity }) => identity !== model.identity).map((one) => [one.identity, one])).values(),
  ].toSorted((a, b) => Number(b.name === model.name) - Number(a.name === model.name) || b.registered - a.registered);
  if (others.length === 0)
    return [
      parts.notice(
        "empty",
        "There is no other version",
        make("p", {}, "Register a second bundle to compare the two over the same time."),
      ),
    ];
  const against = others.find(({ identity }) => identity === state.against) ?? others[0];
  if (against === undefined) return [];
  const choice = make(
    "div",
    { class: "controls" },
    picker(
      "against",
      "Against",
      others.map((one): [string, string] => [one.identity, `${one.name} ${format.short(one.identity)}`]),
      against.identity,
      (identity) => go({ against: identity }),
    ),
  );
  const span = spanOf(state, model);
  let found: Comparison;
  try {
    found = await api.compare(model.identity, against.identity, span);
  } catch (failure) {
    if (!(failure instanceof api.Failure) || failure.kind !== "refused") throw failure;
    return [choice, parts.notice("empty", "These two cannot be compared", make("p", {}, `${failure.message}.`))];
  }
  const names = [format.short(model.identity), format.short(against.identity)] as const;
  const side = (of: (window: Window) => string): string[] =>
    [found.a, found.b].map((window) => (window === null ? format.NONE : of(window)));
  const rows = [
    ["Records", ...side(({ records }) => format.count(records)), ""],
    ["Estimated accuracy", ...accuracy(found.accuracy)],
    ["Realised accuracy", ...accuracy(found.realised)],
    ["Accepted", ...side((window) => format.percent(shareOf(window, "accept"))), ""],
    ["Escalated", ...side((window) => format.percent(shareOf(window, "escalate"))), ""],
    ["Predicted labels", "", "", judged(found.labels)],
    ["Confidence", "", "", judged(found.confidence)],
  ];
  const sorted = found.inputs.toSorted((a, b) => (b.effect ?? 0) - (a.effect ?? 0));
  return [
    choice,
    make(
      "section",
      { class: "card", "aria-labelledby": "versions-title" },
      make("h2", { id: "versions-title" }, "Two versions over the same time"),
      parts.table("Two versions", ["Figure", names[0], names[1], "Difference"], rows, "rows"),
    ),
    make(
      "section",
      { class: "card", "aria-labelledby": "apart-title" },
      make("h2", { id: "apart-title" }, "Inputs that they see"),
      sorted.length === 0
        ? make("p", { class: "note" }, "They have no counts of the same mode and input in this range.")
        : parts.table(
            "Inputs of the two versions",
            ["Input", "Verdict", "Effect", "Adjusted p"],
            sorted.map((one) => [
              one.name ?? "",
              parts.verdict(one.verdict),
              format.number(one.effect),
              format.pValue(one.p_adjusted ?? one.adjusted_p),
            ]),
            "rows",
          ),
      ...(found.other_bins === undefined || found.other_bins.length === 0
        ? []
        : [make("p", { class: "note" }, `Counted in other bins, so not compared: ${found.other_bins.join(", ")}.`)]),
    ),
  ];
}

function accuracy(of: Difference | null | undefined): string[] {
  const gap = of?.difference;
  const points = gap
    ? `${gap.value > 0 ? "+" : gap.value < 0 ? "−" : ""}${Math.abs(gap.value * 100).toFixed(1)} ± ${(gap.standard_error * format.WIDTH * 100).toFixed(1)} points`
    : "";
  return [format.estimate(of?.a), format.estimate(of?.b), points];
}

function judged(found: Found | null): Node | string {
  if (found === null) return format.NONE;
  return make(
    "span",
    {},
    parts.verdict(found.verdict),
    found.effect === null ? "" : ` effect ${format.number(found.effect)}`,
  );
}
