/** One look at a report: the newest window, and what happened in the range. */

import type { Group, InputWindow, Verdict, Window } from "./report.ts";

const GRAVITY: readonly Verdict[] = ["too_few", "stable", "slight", "drifted"];

/** The gravest verdict; too few reports if there is none. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  return verdicts.reduce<Verdict>(
    (worst, one) => (GRAVITY.indexOf(one) > GRAVITY.indexOf(worst) ? one : worst),
    "too_few",
  );
}

/** Σ of counts. Debiased ones may be below 0, which stays so in sums. */
export function sum(counts: readonly { count: number }[]): number {
  return counts.reduce((all, { count }) => all + count, 0);
}

/** Share of decisions with an action; `null` if there are no decisions. */
export function shareOf(window: Window | null, action: string): number | null {
  const all = window === null ? 0 : sum(window.actions);
  const of = window?.actions.find(({ name }) => name === action);
  return all > 0 && of !== undefined ? Math.min(1, Math.max(0, of.count / all)) : null;
}

/** What decides the order of inputs: effect × importance; what has none told comes last. */
export function weight(found: InputWindow | undefined, importance: number | null | undefined): number {
  return (found?.effect ?? 0) * (importance ?? 0);
}

export interface Health {
  newest: Window | null;
  verdict: Verdict;
  drifted: string[];
  /** Inputs whose detector alarmed in the range. */
  alarms: string[];
  effects: (number | null)[];
}

export function health(group: Group | null): Health {
  const newest = group?.windows.at(-1) ?? null;
  const verdicts = newest?.inputs ?? [];
  const alarms = new Set<string>();
  for (const window of group?.windows ?? []) {
    for (const input of window.inputs) if (input.alarm) alarms.add(input.name);
  }
  return {
    newest,
    verdict: worst(verdicts.map(({ verdict }) => verdict)),
    drifted: verdicts.filter(({ verdict }) => verdict === "drifted").map(({ name }) => name),
    alarms: [...alarms],
    effects: (group?.windows ?? []).map(largest),
  };
}

function largest(window: Window): number | null {
  const effects = window.inputs.flatMap(({ effect }) => (effect === null ? [] : [effect]));
  return effects.length === 0 ? null : Math.max(...effects);
}

export type Freshness = "fresh" | "late" | "silent";

const HOUR = 3_600_000;

/** Windows close every hour or day, and wait up to two hours: later than two days is silence. */
export function freshness(age: number | null): Freshness {
  if (age === null || age > 48 * HOUR) return "silent";
  return age > 26 * HOUR ? "late" : "fresh";
}

/** The upper end of the bin in which the quantile lies; `null` without counts. */
export function quantile(bins: { upper: number[]; counts: number[] } | null, q: number): number | null {
  if (bins === null) return null;
  const counts = bins.counts.map((count) => Math.max(0, count));
  const all = counts.reduce((total, count) => total + count, 0);
  if (all <= 0) return null;
  let seen = 0;
  for (const [at, count] of counts.entries()) {
    seen += count;
    if (seen >= q * all) return bins.upper[at] ?? null;
  }
  return bins.upper.at(-1) ?? null;
}
