/** One input: where it moved, since when, by how much beyond chance. */

import { make } from "../../../shared/dom.ts";
import { overlay } from "../charts/bars.ts";
import { timeChart, type Point } from "../charts/time.ts";
import { chosen, grain, type Context } from "../context.ts";
import * as format from "../format.ts";
import * as parts from "../parts/badges.ts";
import type { BaselineInput, InputWindow, Window } from "../report.ts";

const RATES = ["missing", "unseen", "below", "above", "invalid"] as const;

export function detail(context: Context, input: BaselineInput): { now: HTMLElement[]; since: HTMLElement[] } {
  const { group, report, deployments, state } = context;
  const { name } = input;
  const of = (window: Window | null): InputWindow | undefined => window?.inputs.find((one) => one.name === name);
  const shown = of(chosen(context));
  const current = state.window === null ? "whole range" : format.window(grain(context), state.window);
  const points = (value: (found: InputWindow) => number | null): Point[] =>
    group.windows.map((window) => {
      const found = of(window);
      return { start: window.start, end: window.end, value: found === undefined ? null : value(found) };
    });

  const head = make(
    "section",
    { class: "card detail-head", "aria-labelledby": "detail-title" },
    make("h2", { id: "detail-title" }, name, " ", parts.verdict(shown?.verdict ?? "too_few")),
    make("p", { class: "note" }, facts(shown, input)),
  );
  const none = parts.notice(
    "empty",
    "Too few reports to show shares",
    make(
      "p",
      {},
      `Shares are shown from ${report.criteria.least_records} records on; choose a longer range or a coarser grain.`,
    ),
  );
  const picture = shown?.shares
    ? overlay({
        id: "distribution",
        title: `Distribution of ${name}`,
        cells: input.cells,
        edges: input.edges,
        baseline: input.shares,
        current: shown.shares,
        name: current,
      })
    : none;
  const moved =
    shown === undefined || shown.moved.length === 0
      ? []
      : [
          make(
            "section",
            { class: "card", "aria-label": "What moved" },
            make("h3", {}, "What moved"),
            parts.table(
              "What moved",
              ["Cell", "Baseline", "Current", "Standard errors", "Part of the effect"],
              shown.moved.map((cell) => [
                cell.cell,
                format.percent(cell.baseline),
                format.percent(cell.current),
                format.number(cell.residual),
                format.percent(cell.part, 0),
              ]),
              "rows",
            ),
          ),
        ];
  const infinite = group.windows.some((window) => {
    const found = of(window);
    return found?.effect != null && found.psi === null;
  });
  const rates = RATES.filter((rate) => group.windows.some((window) => of(window)?.[rate] != null));
  const colors = ["c1", "c2", "c3", "c4", "c5"];
  const since = [
    timeChart({
      id: "effect",
      title: "Effect over time",
      note: "Hellinger's distance beyond what sampling and noise give. Above the line it is large enough to count.",
      axis: "effect (0 to 1)",
      lines: [{ name: "effect", color: "c1", points: points(({ effect }) => effect) }],
      limit: { name: "least effect that counts", value: report.criteria.effect },
      deployments,
    }),
    timeChart({
      id: "psi",
      title: "PSI and its noise",
      note: `Within the band PSI is what one gets without any drift, nineteen times in twenty.${infinite ? " It is infinite, and not drawn, where a bin is empty on one side." : ""}`,
      axis: "PSI (nats)",
      lines: [{ name: "PSI", color: "c1", points: points(({ psi }) => psi) }],
      expected: {
        name: "expected without drift",
        color: "soft",
        shape: "dotted",
        points: points(({ psi_null_expectation }) => psi_null_expectation),
      },
      band: {
        name: "95% without drift",
        points: group.windows.map((window) => ({
          start: window.start,
          end: window.end,
          high: of(window)?.psi_null_q95 ?? null,
        })),
      },
      deployments,
    }),
    timeChart({
      id: "detector",
      title: "Detector over time",
      note: `May be looked at after every window: at most ${format.percent(report.watch.level, 0)} chance of any false alarm among ${report.watch.features} inputs in ${format.count(report.watch.looks)} looks.`,
      axis: "e-detector (log)",
      scale: "log",
      lines: [{ name: "detector", color: "c1", points: points(({ detector }) => detector) }],
      limit: { name: "alarm", value: report.watch.threshold },
      deployments,
    }),
    ...(rates.length === 0
      ? []
      : [
          timeChart({
            id: "rates",
            title: "Values outside the bins",
            axis: "share of records (%)",
            scale: "share",
            lines: rates.map((rate, at) => ({
              name: rate,
              color: colors[at] ?? "c1",
              shape: at % 2 === 0 ? ("line" as const) : ("dashed" as const),
              points: points((found) => found[rate]),
            })),
            deployments,
          }),
        ]),
  ];
  return { now: [head, picture, ...moved], since };
}

function facts(shown: InputWindow | undefined, { kind, importance }: BaselineInput): string {
  const said = [kind];
  if (importance !== null) said.push(`importance ${format.number(importance)}`);
  if (shown === undefined) return [...said, "nothing was reported in this window"].join(" · ");
  said.push(`${format.count(shown.records)} records`);
  if (shown.effect !== null) said.push(`effect ${format.number(shown.effect)}`);
  if (shown.adjusted_p !== null) said.push(`adjusted p ${format.pValue(shown.adjusted_p)}`);
  if (shown.psi !== null)
    said.push(
      `PSI ${format.number(shown.psi)} (without drift ${format.number(shown.psi_null_expectation)}, 95% below ${format.number(shown.psi_null_q95)})`,
    );
  return said.join(" · ");
}
