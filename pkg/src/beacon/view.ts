/** A gate as one request sees it: the same decisions, of which as many are counted as may be. */

import type { Columns, Decision, Gate } from "../api.js";
import type { Reporter } from "../report.js";
import type { Contribution } from "./clients.js";

/** How many of so many are counted. */
export type Allow = (what: Contribution, wanted: number) => number;

/** Calls the gate so that its counts stay what they were. */
export function uncounted<T>(reporter: Reporter, owed: Float64Array[], work: () => T): T {
  const before = reporter.take();
  try {
    return work();
  } finally {
    try {
      reporter.take();
      reporter.add(before);
    } catch {
      // the instance trapped and the next one is not there yet
      owed.push(before);
    }
  }
}

export function viewOf<G extends object>(gate: G, reporter: Reporter, owed: Float64Array[], allow: Allow): G {
  const own = gate as unknown as Gate;
  const counted = <T>(what: Contribution, work: () => T): T =>
    allow(what, 1) === 1 ? work() : uncounted(reporter, owed, work);
  const methods: Record<PropertyKey, unknown> = {
    predict: (record: object) => counted("record", () => own.predict(record as never)),
    outcome: (id: string, answer: never) => counted("outcome", () => own.outcome(id, answer)),
    predictMany(rows: readonly object[] | Columns): Decision[] {
      const wanted = Array.isArray(rows) ? rows.length : lengthOf(rows as Columns);
      const may = allow("record", wanted);
      if (may === wanted) return own.predictMany(rows as never);
      const rest = (some: unknown): Decision[] => uncounted(reporter, owed, () => own.predictMany(some as never));
      // columns are not taken apart: if not all of them may be counted, none is
      if (!Array.isArray(rows) || may === 0) return rest(rows);
      return [...own.predictMany(rows.slice(0, may) as never), ...rest(rows.slice(may))];
    },
  };
  return new Proxy(gate, {
    get(target, name) {
      if (Object.hasOwn(methods, name)) return methods[name];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function lengthOf(columns: Columns): number {
  return Math.max(0, ...Object.values(columns as Record<string, ArrayLike<unknown>>).map(({ length }) => length));
}
