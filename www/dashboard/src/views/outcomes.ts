/** What became of the decisions: right and wrong by action, business metrics, what was followed up. */

import { make } from "../../../shared/dom.ts";
import { timeChart } from "../charts/time.ts";
import type { Context } from "../context.ts";
import * as format from "../format.ts";
import * as parts from "../parts/badges.ts";

const COLORS: Record<string, string> = { accept: "accept", default: "default", escalate: "escalate", reject: "reject" };

export function outcomes({ group, deployments }: Context): HTMLElement[] {
  const { windows, total } = group;
  const found = total?.outcomes;
  if (found === null || found === undefined) return [];
  const known = found.by_action.filter(({ wrong, right }) => wrong + right > 0);
  const metrics = [...new Set(found.metrics.filter(({ count }) => count > 0).map(({ name }) => name))];
  const point = (start: string, end: string, over: number, under: number) => ({
    start,
    end,
    value: under > 0 ? over / under : null,
  });
  return [
    make(
      "section",
      { class: "card", "aria-labelledby": "outcomes-title" },
      make("h2", { id: "outcomes-title" }, "Outcomes"),
      known.length === 0
        ? make("p", { class: "note" }, "No answer's truth is known in this range.")
        : parts.table(
            "Outcomes by action",
            ["Action", "Right", "Wrong", "Share wrong"],
            known.map(({ action, wrong, right }) => [
              action,
              format.count(right),
              format.count(wrong),
              format.percent(wrong / (wrong + right)),
            ]),
            "rows",
          ),
      ...(metrics.length === 0
        ? []
        : [
            make("h3", {}, "Metrics"),
            parts.table(
              "Metrics by action",
              ["Metric", "Action", "Mean", "Sum", "Count"],
              found.metrics
                .filter(({ count }) => count > 0)
                .map(({ name, action, sum, count }) => [
                  name,
                  action,
                  format.number(sum / count),
                  format.number(sum),
                  format.count(count),
                ]),
              "rows",
            ),
          ]),
      ...(found.follow.length === 0
        ? []
        : [
            make("h3", {}, "Followed up"),
            parts.table(
              "Followed up",
              ["What", "Count"],
              found.follow.map(({ name, count }) => [format.words(name), format.count(count)]),
              "rows",
            ),
          ]),
    ),
    make(
      "div",
      { class: "grid" },
      ...(known.length === 0
        ? []
        : [
            timeChart({
              id: "wrong",
              title: "Wrong answers by action",
              axis: "share of known answers (%)",
              scale: "share",
              lines: known.map(({ action }) => ({
                name: action,
                color: COLORS[action] ?? "c1",
                points: windows.map(({ start, end, outcomes }) => {
                  const one = outcomes?.by_action.find((one) => one.action === action);
                  return point(start, end, one?.wrong ?? 0, (one?.wrong ?? 0) + (one?.right ?? 0));
                }),
              })),
              deployments,
            }),
          ]),
      ...metrics.map((metric, nth) =>
        timeChart({
          id: `metric-${nth}`,
          title: `Mean of ${metric}`,
          axis: `${metric}, mean`,
          lines: found.metrics
            .filter(({ name, count }) => name === metric && count > 0)
            .map(({ action }) => ({
              name: action,
              color: COLORS[action] ?? "c1",
              points: windows.map(({ start, end, outcomes }) => {
                const one = outcomes?.metrics.find((one) => one.name === metric && one.action === action);
                return point(start, end, one?.sum ?? 0, one?.count ?? 0);
              }),
            })),
          deployments,
        }),
      ),
    ),
  ];
}
