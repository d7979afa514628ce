/** What is shown is in the address, all of it: links, the back button and bookmarks work. */

import type { Grain, Model } from "./report.ts";

export const VIEWS = ["inputs", "decisions", "performance", "operations", "checks", "compare"] as const;
export type View = (typeof VIEWS)[number] | "overview" | "alerts";

export const RANGES = ["day", "week", "month", "quarter", "year", "all", "custom"] as const;
export type Range = (typeof RANGES)[number];

export const GRAINS = ["hour", "day", "week", "month"] as const;

export interface State {
  view: View;
  /** Identity. */
  model: string | null;
  /** Name of the input whose charts are open. */
  input: string | null;
  range: Range;
  /** First and last day of a custom range, `2013-06-03`, both included. */
  from: string | null;
  to: string | null;
  /** `null`: as suits the range. */
  grain: Grain | null;
  /** `mode-epsilon-bound`; `null`: the one with most records. */
  group: string | null;
  /** `KEY:VALUE`. */
  segment: string | null;
  /** Start of the window that is compared with the baseline; `null`: the whole range. */
  window: string | null;
  /** Identity to compare with. */
  against: string | null;
  /** State of alerts that are listed; `null`: all. */
  alerts: "pending" | "firing" | "resolved" | null;
}

function oneOf<Word extends string>(words: readonly Word[], text: string | null): Word | null {
  return words.find((word) => word === text) ?? null;
}

const day = (text: string | null): string | null =>
  text !== null && /^\d{4}-\d{2}-\d{2}$/.test(text) && Number.isFinite(Date.parse(text)) ? text : null;

/** Reads the address; what it does not know counts as not said. */
export function read(search: string): State {
  const said = new URLSearchParams(search);
  const model = said.get("model");
  const view = said.get("view");
  return {
    view: view === "alerts" ? "alerts" : model === null ? "overview" : (oneOf(VIEWS, view) ?? "inputs"),
    model,
    input: said.get("input"),
    range: oneOf(RANGES, said.get("range")) ?? "year",
    from: day(said.get("from")),
    to: day(said.get("to")),
    grain: oneOf(GRAINS, said.get("grain")),
    group: said.get("group"),
    segment: said.get("segment"),
    window: said.get("window"),
    against: said.get("against"),
    alerts: oneOf(["pending", "firing", "resolved"], said.get("alerts")),
  };
}

/** The address of a state; what is as usual is left out. */
export function href(state: State): string {
  const words = new URLSearchParams();
  const usual: Partial<Record<keyof State, string>> = { range: "year" };
  for (const [name, value] of Object.entries(state)) {
    if (value === null || value === usual[name as keyof State]) continue;
    if (name === "view" && (value === "overview" || value === "inputs")) continue;
    words.set(name, value);
  }
  return `?${words.toString().replaceAll("%3A", ":")}`;
}

/** The state with some of it changed; what belongs to the old model or range does not stay. */
export function changed(state: State, changes: Partial<State>): State {
  const next = { ...state, ...changes };
  if (changes.model !== undefined && changes.model !== state.model) {
    Object.assign(next, { input: null, group: null, segment: null, window: null, against: null, ...changes });
  }
  if (
    changes.range !== undefined ||
    changes.grain !== undefined ||
    changes.from !== undefined ||
    changes.to !== undefined
  ) {
    next.window = changes.window ?? null;
  }
  if (next.range !== "custom") next.from = next.to = null;
  return next;
}

/**
 * What a link changes of the state it was drawn for. What was chosen since then, while the answer is
 * awaited, is none of it and stays.
 */
export function difference(from: State, to: State): Partial<State> {
  const names = Object.keys(to) as (keyof State)[];
  return Object.fromEntries(names.filter((name) => to[name] !== from[name]).map((name) => [name, to[name]]));
}

const HOUR = 3_600_000;
const DAYS: Record<Range, number> = { day: 1, week: 7, month: 30, quarter: 91, year: 365, all: 0, custom: 0 };
const USUAL: Record<Range, Grain> = {
  day: "hour",
  week: "hour",
  month: "day",
  quarter: "day",
  year: "week",
  all: "month",
  custom: "day",
};

/** The grain that is asked for. */
export function grainOf(state: State): Grain {
  if (state.grain !== null) return state.grain;
  if (state.range !== "custom" || state.from === null || state.to === null) return USUAL[state.range];
  const days = (Date.parse(state.to) - Date.parse(state.from)) / (24 * HOUR);
  return days <= 7 ? "hour" : days <= 92 ? "day" : days <= 800 ? "week" : "month";
}

/** The instants that are asked for. A range ends with the model's newest counts, not with today. */
export function spanOf(state: State, model: Model | undefined): { from: string | null; to: string | null } {
  if (state.range === "custom") {
    const end = state.to === null ? null : Date.parse(state.to) + 24 * HOUR;
    return { from: state.from === null ? null : iso(Date.parse(state.from)), to: end === null ? null : iso(end) };
  }
  const newest = model?.newest ?? null;
  if (state.range === "all" || newest === null) return { from: null, to: null };
  const end = (newest + 1) * HOUR;
  return { from: iso(startOf(grainOf(state), end - DAYS[state.range] * 24 * HOUR)), to: iso(end) };
}

/** Start of the hour, day, week (Monday) or month in UTC, so that no first window is cut. */
function startOf(grain: Grain, instant: number): number {
  const at = new Date(instant);
  if (grain === "hour") return Math.floor(instant / HOUR) * HOUR;
  const midnight = Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate());
  if (grain === "day") return midnight;
  if (grain === "week") return midnight - ((at.getUTCDay() + 6) % 7) * 24 * HOUR;
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1);
}

function iso(instant: number): string {
  return `${new Date(instant).toISOString().slice(0, 19)}Z`;
}
