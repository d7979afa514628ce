/** How good the answers are: as estimated without labels, and as outcomes show. */

import { make } from "../../../shared/dom.ts";
import { reliability } from "../charts/points.ts";
import { timeChart, type Point } from "../charts/time.ts";
import type { Context } from "../context.ts";
import * as format from "../format.ts";
import { WIDTH } from "../format.ts";
import * as parts from "../parts/badges.ts";
import type { Performance, Window } from "../report.ts";
import { outcomes } from "./outcomes.ts";

const MEASURES: [keyof Performance, string, string][] = [
  ["accuracy", "Accuracy", "share of right answers (%)"],
  ["f1", "F1", "F1 (%)"],
  ["roc_auc", "ROC AUC", "area under the curve (%)"],
];

export function performance(context: Context): HTMLElement[] {
  const { group, report, deployments } = context;
  const { windows, total } = group;
  if (total === null || (total.estimated === null && total.realised === null)) {
    return [
      parts.notice(
        "empty",
        "No confidence and no outcomes in these counts",
        make(
          "p",
          {},
          "Performance is estimated from calibrated confidence, which the modes aggregated and pseudonymous send; outcomes come by ",
          make("code", {}, "gate.outcome(…)"),
          ".",
        ),
      ),
    ];
  }
  const points = (of: (window: Window) => Performance | null, measure: keyof Performance): Point[] =>
    windows.map((window) => {
      const found = of(window)?.[measure];
      return {
        start: window.start,
        end: window.end,
        value: found?.value ?? null,
        error: found ? found.standard_error * WIDTH : null,
      };
    });
  const charts = MEASURES.filter(([measure]) => total.estimated?.[measure] || total.realised?.[measure]).map(
    ([measure, title, axis]) =>
      timeChart({
        id: measure,
        title,
        note: `Whole range: estimated ${format.estimate(total.estimated?.[measure])}, realised ${format.estimate(total.realised?.[measure])}.`,
        axis,
        scale: "share",
        tight: true,
        lines: [
          { name: "estimated", color: "c1", points: points(({ estimated }) => estimated, measure) },
          {
            name: "realised",
            color: "c2",
            shape: "dashed" as const,
            points: points(({ realised }) => realised, measure),
          },
        ].filter(({ points }) => points.some(({ value }) => value !== null)) as Parameters<
          typeof timeChart
        >[0]["lines"],
        deployments,
      }),
  );
  const gaps = windows.map(({ start, end, calibration }): Point => ({
    start,
    end,
    value: calibration?.gap ?? null,
    error: calibration && calibration.z !== 0 ? Math.abs(calibration.gap / calibration.z) * WIDTH : null,
  }));
  const drifting = gaps.some(({ value }) => value !== null);
  return [
    make(
      "p",
      { class: "card concept", role: "note" },
      make("strong", {}, "What an estimate cannot see: "),
      report.performance_warning,
      ".",
    ),
    make(
      "div",
      { class: "grid" },
      ...charts,
      ...(total.reliability === null ? [] : [reliability(total.reliability)]),
      ...(drifting
        ? [
            timeChart({
              id: "calibration",
              title: "Calibration gap",
              note: "Mean confidence less share of right answers. Far from nothing, the estimate is off by as much: concept drift.",
              axis: "gap (percentage points)",
              scale: "share",
              lines: [{ name: "gap", color: "c4", points: gaps }],
              deployments,
            }),
          ]
        : []),
    ),
    ...outcomes(context),
  ];
}
