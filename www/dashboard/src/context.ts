/** What every part of a model's page is given. */

import type { Deployment, Group, Model, Report, Window } from "./report.ts";
import { changed, grainOf, href, type State } from "./state.ts";

export interface Context {
  state: State;
  models: Model[];
  model: Model;
  report: Report;
  group: Group;
  deployments: Deployment[];
}

/** The address with some of the state changed. */
export function link(state: State, changes: Partial<State>): string {
  return href(changed(state, changes));
}

export function groupKey({ mode, epsilon, bound }: Group): string {
  return `${mode}-${epsilon}-${bound}`;
}

/** The group that the address names, else the one with most records. */
export function groupOf(report: Report, key: string | null): Group | null {
  const named = report.groups.find((group) => groupKey(group) === key);
  const records = (group: Group): number => group.total?.records ?? 0;
  return named ?? report.groups.toSorted((a, b) => records(b) - records(a))[0] ?? null;
}

/** The window that the address names, else the whole range. */
export function chosen({ state, group }: Context): Window | null {
  return group.windows.find((window) => window.start === state.window) ?? group.total;
}

export function grain({ state }: Context): ReturnType<typeof grainOf> {
  return grainOf(state);
}
