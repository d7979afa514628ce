/** What comes in: every input by what it weighs, and one of them in detail. */

import { make } from "../../../shared/dom.ts";
import { scatter, spark, type Spot } from "../charts/points.ts";
import { chosen, grain, link, type Context } from "../context.ts";
import * as format from "../format.ts";
import { weight } from "../health.ts";
import * as parts from "../parts/badges.ts";
import type { Go } from "../parts/controls.ts";
import type { InputWindow } from "../report.ts";
import { detail } from "./input.ts";

export function inputs(context: Context, go: Go): HTMLElement[] {
  const { report, group, state } = context;
  if (report.baseline === null) {
    return [
      parts.notice(
        "empty",
        "The bundle has no baseline",
        make(
          "p",
          {},
          "Build it with ",
          make("code", {}, "driftline build --baseline DATA"),
          " to compare what comes with what the model was trained on.",
        ),
      ),
    ];
  }
  const shown = chosen(context);
  const found = new Map<string, InputWindow>((shown?.inputs ?? []).map((input) => [input.name, input]));
  const important = report.baseline.inputs.some(({ importance }) => importance !== null);
  const rank = ({ name, importance }: { name: string; importance: number | null }): number =>
    weight(found.get(name), important ? importance : 1);
  const listed = report.baseline.inputs.toSorted((a, b) => rank(b) - rank(a));
  const open = listed.find(({ name }) => name === state.input) ?? listed[0];
  if (open === undefined) return [parts.notice("empty", "The baseline has no inputs with bins")];

  const rows = listed.map(({ name, importance }) => {
    const one = found.get(name);
    const effects = group.windows.map((window) => window.inputs.find((input) => input.name === name)?.effect ?? null);
    const alarmed = group.windows.some((window) => window.inputs.some((input) => input.name === name && input.alarm));
    const to = make(
      "a",
      {
        href: link(state, { input: name }),
        "data-focus": `input-${name}`,
        ...(name === open.name ? { "aria-current": "true" } : {}),
      },
      name,
    );
    const last = group.windows.at(-1)?.inputs.find((input) => input.name === name);
    return [
      to,
      parts.verdict(one?.verdict ?? "too_few"),
      parts.verdict(last?.verdict ?? "too_few"),
      alarmed ? parts.badge("alarm", "alarmed") : parts.badge("none", "quiet"),
      format.number(one?.effect),
      ...(important ? [format.number(importance)] : []),
      spark(effects, report.criteria.effect),
    ];
  });
  const where = state.window === null ? "Whole range" : `Window ${format.window(grain(context), state.window)}`;
  const columns = ["Input", "Shown", "Newest", "Detector", "Effect", ...(important ? ["Importance"] : []), "Over time"];
  const list = make(
    "section",
    { class: "card inputs", "aria-labelledby": "inputs-title" },
    make("h2", { id: "inputs-title" }, "Inputs"),
    make(
      "p",
      { class: "note" },
      `${where}; largest ${important ? "effect × importance" : "effect"} first. `,
      ...(important ? [] : ["The bundle carries no importance."]),
    ),
    windowPicker(context, go),
    parts.table("Inputs", columns, rows, "rows"),
  );
  const spots = listed.flatMap(({ name, importance }): Spot[] => {
    const one = found.get(name);
    return one === undefined || one.effect === null || importance === null
      ? []
      : [{ name, importance, effect: one.effect, verdict: one.verdict }];
  });
  const plot = spots.length === 0 ? [] : [scatter(spots, report.criteria.effect)];
  const { now, since } = detail(context, open);
  return [
    make("div", { class: "two" }, make("div", { class: "left" }, list), make("div", { class: "right" }, ...now)),
    make("div", { class: "grid" }, ...since, ...plot),
  ];
}

function windowPicker(context: Context, go: Go): HTMLElement {
  const { group, state } = context;
  const select = make(
    "select",
    { id: "window", "data-focus": "window" },
    make("option", { value: "" }, "whole range"),
    ...group.windows
      .toReversed()
      .map(({ start, records }) =>
        make("option", { value: start }, `${format.window(grain(context), start)} · ${format.count(records)} records`),
      ),
  );
  select.value = group.windows.some(({ start }) => start === state.window) ? (state.window ?? "") : "";
  select.addEventListener("change", () => go({ window: select.value === "" ? null : select.value }));
  return make("div", { class: "picker" }, make("label", { for: "window" }, "Compare"), select);
}
