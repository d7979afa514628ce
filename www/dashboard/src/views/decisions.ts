/** What comes out: decisions, their reasons, broken clauses, labels, confidence. */

import { make } from "../../../shared/dom.ts";
import { mix, ranking } from "../charts/bars.ts";
import { confidence } from "../charts/points.ts";
import { timeChart } from "../charts/time.ts";
import type { Context } from "../context.ts";
import * as format from "../format.ts";
import { sum } from "../health.ts";
import * as parts from "../parts/badges.ts";
import type { Named, Window } from "../report.ts";

const ACTIONS: Record<string, string> = {
  accept: "accept",
  default: "default",
  escalate: "escalate",
  reject: "reject",
};
const COLORS = ["c1", "c2", "c3", "c4", "c5", "c6"];

export function decisions(context: Context): HTMLElement[] {
  const { group, deployments } = context;
  const { total, windows } = group;
  if (total === null || total.actions.length === 0) {
    return [
      parts.notice(
        "empty",
        "No decisions in these counts",
        make(
          "p",
          {},
          group.mode === "randomized"
            ? "In mode randomized a client answers about one input a day; decisions are not sent."
            : "Nothing was reported on decisions in this range.",
        ),
      ),
    ];
  }
  const names = (of: (window: Window) => Named[]): string[] => of(total).map(({ name }) => name);
  const shares =
    (of: (window: Window) => Named[], name: string) =>
    (window: Window): number | null => {
      const all = sum(of(window));
      return all > 0 ? (of(window).find((one) => one.name === name)?.count ?? 0) / all : null;
    };
  const actions = names(({ actions }) => actions);
  const labels = names(({ labels }) => labels)
    .filter((name) => shares(({ labels }) => labels, name)(total) !== 0)
    .slice(0, COLORS.length);
  const broken = sum(total.violations);
  return [
    make(
      "div",
      { class: "grid" },
      mix({
        id: "decisions",
        title: "Decisions",
        note: "What the gate did with each record.",
        parts: actions.map((name, at) => ({ name, color: ACTIONS[name] ?? COLORS[at % 6] ?? "c1" })),
        windows: windows.map((window) => ({
          start: window.start,
          end: window.end,
          shares: actions.map((name) => shares(({ actions }) => actions, name)(window)),
        })),
        deployments,
      }),
      ranking({
        id: "reasons",
        title: "Reasons",
        note: "Why, over the whole range.",
        axis: "decisions",
        counts: total.reasons,
      }),
      ...(labels.length === 0
        ? []
        : [
            timeChart({
              id: "labels",
              title: "Predicted labels",
              ...(total.predicted
                ? {
                    note: `Against the baseline's: ${format.words(total.predicted.verdict)}${total.predicted.effect === null ? "" : `, effect ${format.number(total.predicted.effect)}`}.`,
                  }
                : {}),
              axis: "share of answers (%)",
              scale: "share",
              lines: labels.map((name, at) => ({
                name,
                color: COLORS[at] ?? "c1",
                points: windows.map((window) => ({
                  start: window.start,
                  end: window.end,
                  value: shares(({ labels }) => labels, name)(window),
                })),
              })),
              deployments,
            }),
          ]),
      timeChart({
        id: "violation-rate",
        title: "Broken clauses",
        note: "Violations of the input contract for each hundred records.",
        axis: "violations per 100 records",
        scale: "share",
        lines: [
          {
            name: "violations",
            color: "c5",
            points: windows.map((window) => ({
              start: window.start,
              end: window.end,
              value: window.records > 0 ? sum(window.violations) / window.records : null,
            })),
          },
        ],
        deployments,
      }),
      ...(total.confidence.length === 0 ? [] : [confidence(total.confidence)]),
    ),
    make(
      "section",
      { class: "card", "aria-labelledby": "violations-title" },
      make("h2", { id: "violations-title" }, "Violations"),
      broken === 0
        ? make("p", { class: "note" }, "None in this range.")
        : parts.table(
            "Violations",
            ["Input", "Code", "Count", "Per 100 records"],
            total.violations
              .toSorted((a, b) => b.count - a.count)
              .map(({ input, code, count }) => [
                input,
                make("code", {}, code),
                format.count(count),
                format.percent(total.records > 0 ? count / total.records : null, 2),
              ]),
            "rows",
          ),
    ),
    ...(total.explained && total.explained.length > 0 ? [explained(total)] : []),
  ];
}

function explained({ explained = [] }: Window): HTMLElement {
  return make(
    "section",
    { class: "card", "aria-labelledby": "explained-title" },
    make("h2", { id: "explained-title" }, "Where it happens more often"),
    parts.table(
      "Segments in which something bad happens more often",
      ["Segment", "What", "Times as often", "95% interval", "Share of all such"],
      explained.map(({ key, value, what, ratio, low, high, support }) => [
        `${key}: ${value}`,
        format.words(what),
        format.number(ratio),
        `${format.number(low)} to ${format.number(high)}`,
        format.percent(support),
      ]),
      "rows",
    ),
  );
}
