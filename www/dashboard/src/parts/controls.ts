/** Range, grain, way of noise and segment of what is shown: each choice is an address. */

import { make } from "../../../shared/dom.ts";
import * as format from "../format.ts";
import { groupKey } from "../context.ts";
import type { Report } from "../report.ts";
import { GRAINS, RANGES, grainOf, type Range, type State } from "../state.ts";

const NAMES: Record<Range, string> = {
  day: "last day",
  week: "last week",
  month: "last 30 days",
  quarter: "last quarter",
  year: "last year",
  all: "everything",
  custom: "from … to …",
};

export type Go = (changes: Partial<State>) => void;

export function picker(
  id: string,
  label: string,
  options: [string, string][],
  value: string,
  chosen: (value: string) => void,
): HTMLElement {
  const select = make(
    "select",
    { id, "data-focus": id },
    ...options.map(([key, name]) => make("option", { value: key }, name)),
  );
  select.value = value;
  select.addEventListener("change", () => chosen(select.value));
  return make("div", { class: "picker" }, make("label", { for: id }, label), select);
}

export function controls(state: State, report: Report | null, go: Go): HTMLElement {
  const bar = make("div", { class: "controls", role: "group", "aria-label": "What is shown" });
  bar.append(
    picker(
      "range",
      "Range",
      RANGES.map((range) => [range, NAMES[range]]),
      state.range,
      (range) => go({ range: range as Range, grain: null }),
    ),
  );
  if (state.range === "custom") bar.append(day("from", "From", state.from, go), day("to", "To", state.to, go));
  bar.append(
    picker(
      "grain",
      "Grain",
      GRAINS.map((grain) => [grain, grain]),
      grainOf(state),
      (grain) => go({ grain: grain as State["grain"] }),
    ),
  );
  if (report === null) return bar;
  if (report.groups.length > 1) {
    const groups = report.groups.map((group): [string, string] => [groupKey(group), format.mode(group)]);
    bar.append(picker("group", "Mode", groups, state.group ?? groups[0]?.[0] ?? "", (group) => go({ group })));
  }
  if (report.segments.length > 0) {
    const all: [string, string] = ["", "all records"];
    const values = report.segments.flatMap(({ key, values }) =>
      values.map((value): [string, string] => [`${key}:${value}`, `${key}: ${value}`]),
    );
    bar.append(
      picker("segment", "Segment", [all, ...values], state.segment ?? "", (segment) =>
        go({ segment: segment === "" ? null : segment }),
      ),
    );
  }
  return bar;
}

function day(name: "from" | "to", label: string, value: string | null, go: Go): HTMLElement {
  const input = make("input", { type: "date", id: name, value: value ?? "", "data-focus": name });
  input.addEventListener("change", () => {
    if (input.value !== "" || input.validity.valid) go({ [name]: input.value === "" ? null : input.value });
  });
  return make("div", { class: "picker" }, make("label", { for: name }, label), input);
}
