/** A gate beside which a candidate decides. */

import type { Gate } from "../api.js";
import type { Shadow, ShadowShare } from "../shadow.js";
import { type Compared, Comparison } from "./compare.js";
import { verdict } from "./verdict.js";

export function shadowed<Row extends object, Label extends string, G extends Gate<Row, Label>>(
  live: G,
  candidate: Gate<Row, Label>,
  share: ShadowShare,
): G & { readonly shadow: Shadow } {
  const compared = new Comparison(live as unknown as Gate, candidate as unknown as Gate, share);
  const methods: Partial<Gate<Row, Label>> & { shadow: Shadow } = {
    shadow: shadowOf(compared),
    predict(record) {
      const start = compared.start();
      const decision = live.predict(record);
      compared.observe(record, decision, start);
      return decision;
    },
    track(decision) {
      const id = live.track(decision);
      compared.tracked(id, decision);
      return id;
    },
    outcome(id, answer) {
      const outcome = live.outcome(id, answer);
      compared.answered(id, answer);
      return outcome;
    },
  };
  return new Proxy(live, {
    get(target, name) {
      if (Object.hasOwn(methods, name)) return methods[name as keyof typeof methods];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  }) as G & { readonly shadow: Shadow };
}

/** The counts of a comparison as others see them. */
export function shadowOf(compared: Compared): Shadow {
  return {
    counts: () => compared.counts(),
    take: () => compared.take(),
    verdict: (options) => verdict(compared.counts(), options),
  };
}
