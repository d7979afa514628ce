/** Outcomes of checks, a cell for each window. */

import * as Plot from "@observablehq/plot";
import type { Grain, Iso, Outcome } from "../report.ts";
import { chart, type Data } from "./frame.ts";

export interface OutcomeCell {
  start: Iso;
  end: Iso;
  check: string;
  outcome: Outcome;
  low: number | null;
  high: number | null;
  reason: string | null;
}

const FILLS: Record<Outcome, string> = { pass: "var(--accept)", fail: "var(--reject)", undecided: "var(--band)" };
/** The same without the colour. */
const SIGNS: Record<Outcome, string> = { pass: "", fail: "✕", undecided: "?" };

/** Checks by windows; `name` is a window's by its start. */
export function outcomes(
  cells: readonly OutcomeCell[],
  checks: readonly string[],
  name: (start: Iso) => string,
  grain: Grain,
): HTMLElement {
  const data: Data = {
    columns: ["start", "end", "check", "outcome", "low", "high", "reason"],
    rows: cells.map(({ start, end, check, outcome, low, high, reason }) => [start, end, check, outcome, low, high, reason]),
  };
  const failed = cells.filter(({ outcome }) => outcome === "fail");
  const worst = checks
    .map((check) => ({ check, count: failed.filter((cell) => cell.check === check).length }))
    .filter(({ count }) => count > 0)
    .map(({ check, count }) => `${check} in ${count}`);
  const windows = [...new Set(cells.map(({ start }) => start))];
  const describe = `${windows.length} windows. ${worst.length === 0 ? "No check failed." : `Failed: ${worst.join(", ")}.`}`;
  const keys = [
    { name: "pass", color: "accept", shape: "box" as const },
    { name: "fail ✕", color: "reject", shape: "box" as const },
    { name: "undecided ?", color: "band", shape: "box" as const },
  ];
  const longest = Math.max(4, ...checks.map(({ length }) => length));
  const draw = (width: number): SVGSVGElement | HTMLElement => {
    const left = Math.min(width * 0.45, 14 + longest * 6.4);
    const letters = Math.floor((left - 14) / 6.4);
    const cut = (check: string): string => (check.length <= letters ? check : `${check.slice(0, letters - 1)}…`);
    // a sign that is wider than its cell would hide its neighbours'
    const signed = (width - left - 18) / windows.length >= 9 ? (cells as OutcomeCell[]) : [];
    const room = Math.max(1, Math.floor((width - left - 18) / 84));
    const step = Math.max(1, Math.ceil(windows.length / room));
    return Plot.plot({
      className: "plot",
      width,
      height: 56 + checks.length * 24,
      marginLeft: left,
      marginRight: 18,
      marginTop: 8,
      marginBottom: 46,
      padding: 0.08,
      x: {
        domain: windows,
        ticks: windows.filter((_, at) => at % step === 0),
        tickFormat: (start: Iso) => start.slice(0, grain === "hour" ? 13 : grain === "month" ? 7 : 10).replace("T", " "),
        label: "start of the window (UTC)",
      },
      y: { domain: checks as string[], label: null, tickFormat: cut },
      marks: [
        Plot.cell(cells as OutcomeCell[], {
          x: "start",
          y: "check",
          fill: ({ outcome }: OutcomeCell) => FILLS[outcome],
          title: ({ start, check, outcome, reason }: OutcomeCell) =>
            `${name(start)}\n${check}: ${outcome}${reason === null ? "" : `\n${reason}`}`,
        }),
        Plot.text(signed, {
          x: "start",
          y: "check",
          text: ({ outcome }: OutcomeCell) => SIGNS[outcome],
          fill: ({ outcome }: OutcomeCell) => (outcome === "fail" ? "var(--card)" : "var(--ink)"),
          fontWeight: 700,
        }),
      ],
    });
  };
  return chart({ id: "checks", title: "Outcomes over time", describe, keys, data, draw });
}
