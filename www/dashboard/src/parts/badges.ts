/** Words in colours that say the same without the colour. */

import { make } from "../../../shared/dom.ts";
import * as format from "../format.ts";
import type { Freshness } from "../health.ts";
import type { Verdict } from "../report.ts";

const SIGNS: Record<string, string> = {
  too_few: "…",
  stable: "●",
  slight: "◆",
  drifted: "▲",
  fresh: "●",
  late: "◆",
  silent: "▲",
  info: "●",
  warning: "◆",
  critical: "▲",
  none: "●",
  alarm: "▲",
  firing: "▲",
  pending: "◆",
  resolved: "●",
  pass: "●",
  fail: "▲",
  undecided: "…",
};

export function badge(kind: string, text = format.words(kind)): HTMLElement {
  return make(
    "span",
    { class: `badge ${kind}` },
    make("span", { "aria-hidden": "true" }, SIGNS[kind] ?? "●"),
    ` ${text}`,
  );
}

export function verdict(of: Verdict): HTMLElement {
  return badge(of, of === "too_few" ? "too few reports" : of);
}

export function freshness(of: Freshness, age: number | null): HTMLElement {
  return badge(of, age === null ? "no beacon yet" : format.ago(age));
}

export function notice(
  kind: "empty" | "warning" | "problem",
  title: string,
  ...children: (Node | string)[]
): HTMLElement {
  return make(
    "section",
    { class: `card notice ${kind}`, ...(kind === "problem" ? { role: "alert" } : {}) },
    make("h2", {}, title),
    ...children,
  );
}

export function table(
  label: string,
  columns: readonly string[],
  rows: readonly (readonly (Node | string)[])[],
  name = "",
): HTMLElement {
  const head = columns.map((column) => make("th", { scope: "col" }, column));
  const cell = (content: Node | string, at: number): HTMLElement =>
    make(at === 0 ? "th" : "td", { ...(at === 0 ? { scope: "row" } : {}), "data-label": columns[at] ?? "" }, content);
  return make(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": `${label}, table` },
    make(
      "table",
      { class: name },
      make("thead", {}, make("tr", {}, ...head)),
      make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map(cell)))),
    ),
  );
}
