/** Checks of windows: what of them held when, and what stands behind it. */

import { make } from "../../../shared/dom.ts";
import { outcomes as grid } from "../charts/outcomes.ts";
import { grain, link, type Context } from "../context.ts";
import * as format from "../format.ts";
import * as parts from "../parts/badges.ts";
import type { WindowCheck } from "../report.ts";

export function checks(context: Context): HTMLElement[] {
  const { group, state, report } = context;
  const windows = group.windows.filter(({ window_checks }) => (window_checks ?? []).length > 0);
  const newest = windows.at(-1)?.window_checks ?? [];
  if (newest.length === 0) {
    const segment = state.segment === null ? "" : " Checks are about all records: choose no segment.";
    return [
      parts.notice(
        "empty",
        "No check of windows",
        make(
          "p",
          {},
          "Build the bundle with ",
          make("code", {}, "driftline build --window-checks FILE"),
          ` to hold every window against bounds of means, shares, counts and distances.${segment}`,
        ),
      ),
    ];
  }
  const names = newest.map(nameOf);
  const rows = newest.map((check, nth) => {
    const all = windows.map((window) => ({ start: window.start, found: window.window_checks?.[nth] }));
    const failed = all.filter(({ found }) => found?.outcome === "fail");
    const last = failed.at(-1);
    const times =
      last === undefined
        ? "none"
        : make(
            "span",
            {},
            `${format.count(failed.length)} of ${format.count(all.length)}, last `,
            make(
              "a",
              { href: link(state, { view: "inputs", input: check.input ?? state.input, window: last.start }) },
              format.window(grain(context), last.start),
            ),
          );
    return [
      make("span", { title: check.source ?? "" }, names[nth] ?? ""),
      bounds(check),
      parts.badge(check.outcome),
      figure(check),
      times,
    ];
  });
  const cells = windows.flatMap(({ start, end, window_checks }) =>
    (window_checks ?? []).map((check, nth) => ({
      start,
      end,
      check: names[nth] ?? "",
      outcome: check.outcome,
      low: check.low,
      high: check.high,
      reason: check.reason ?? null,
    })),
  );
  return [
    make(
      "section",
      { class: "card", "aria-labelledby": "checks-title" },
      make("h2", { id: "checks-title" }, "Checks of windows"),
      make(
        "p",
        { class: "note" },
        "What is counted says in which bin a value lies: the figure lies in an interval, and a bound inside of it is undecided. Newest window shown.",
      ),
      parts.table("Checks of windows", ["Check", "Bounds", "Newest", "Figure", "Failed"], rows, "stack"),
    ),
    grid(cells, names, (start) => format.window(grain(context), start), report.grain),
  ];
}

/** `temp: mean`, unique among the checks of a bundle for those who read. */
function nameOf({ input, of }: WindowCheck, nth: number): string {
  const level = of.level === undefined ? "" : ` ${format.number(of.level)}`;
  const against = of.against === undefined ? "" : ` against ${of.against}`;
  return `${nth + 1} · ${input === undefined ? "" : `${input}: `}${format.words(of.kind)}${level}${against}`;
}

function bounds({ of, minimum, maximum, strict_minimum, strict_maximum }: WindowCheck): string {
  if (of.values !== undefined) return `one of ${of.values.join(", ")}`;
  const low = minimum === undefined ? [] : [`${strict_minimum ? ">" : "≥"} ${format.number(minimum)}`];
  const high = maximum === undefined ? [] : [`${strict_maximum ? "<" : "≤"} ${format.number(maximum)}`];
  return [...low, ...high].join(", ");
}

/** The interval, and what keeps it from deciding. */
function figure({ of, low, high, reason }: WindowCheck): string {
  const known = of.values === undefined && (low !== null || high !== null);
  return [...(known || reason === undefined ? [between(low, high)] : []), ...(reason === undefined ? [] : [reason])].join(": ");
}

function between(low: number | null, high: number | null): string {
  if (low === null && high === null) return format.NONE;
  if (low === high) return format.number(low);
  return `${low === null ? "−∞" : format.number(low)} to ${high === null ? "∞" : format.number(high)}`;
}
