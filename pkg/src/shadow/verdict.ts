/**
 * Whether a candidate may be promoted: a test by betting, which may be looked at as often as one likes.
 *
 * An e-value is what a gambler who bets against a hypothesis makes of one coin at odds that are fair
 * under it. As long as the hypothesis holds, the chance that it ever reaches 1/α is at most α (Ville's
 * inequality). Each here is the mean over fixed bets, and therefore a function of the counts alone.
 */

import { fault } from "../error.js";
import type { ShadowCounts, Verdict, VerdictOptions } from "../shadow.js";

/** Bets are as many halvings of the largest one. */
const BETS = 10;
/** Logarithms beyond would be infinite. */
const MAX_LOG = 700;

/**
 * The verdict.
 *
 * @throws DriftlineError `bad_usage` for options that do not fit
 */
export function verdict(counts: ShadowCounts, options: VerdictOptions = {}): Verdict {
  const { by = "agreement", least = 0.95, margin = 0.01, level = 0.05 } = options;
  for (const [name, value] of Object.entries({ least, margin, level })) {
    if (!(value > 0 && value < 1)) throw fault("bad_usage", `\`${name}\` is no number in (0, 1)`);
  }
  if (by !== "agreement" && by !== "accuracy") throw fault("bad_usage", `\`${String(by)}\` is no way to judge`);
  const { records, estimate, evidence, against } =
    by === "agreement" ? agreement(counts, least) : accuracy(counts, margin);
  const promote = evidence >= 1 / level ? "yes" : against >= 1 / level ? "no" : "wait";
  return { promote, by, estimate, records, evidence, against };
}

interface Found {
  readonly records: number;
  readonly estimate: number | null;
  readonly evidence: number;
  readonly against: number;
}

/** A candidate that fails or does not answer where the live bundle does disagrees. */
function agreement({ agreement: rows, failed, unanswered }: ShadowCounts, least: number): Found {
  const sum = (parity: number): number =>
    rows.reduce((all, row) => all + row.filter((_, at) => at % 2 === parity).reduce((a, b) => a + b, 0), 0);
  const [same, other] = [sum(1), sum(0) + failed + unanswered];
  // X is 1 for equal answers: X − least lies in [−least, 1 − least]
  const cells: Cells = [[same, 1 - least], [other, -least]];
  return { records: same + other, estimate: mean(same, same + other), ...bets(cells, least, 1 - least) };
}

/** The difference of being right is −1, 0 or 1, and its mean has to exceed −margin. */
function accuracy({ truth }: ShadowCounts, margin: number): Found {
  const { both, live, candidate, neither } = truth;
  const cells: Cells = [[candidate, 1 + margin], [both + neither, margin], [live, margin - 1]];
  const records = both + live + candidate + neither;
  return { records, estimate: mean(candidate - live, records), ...bets(cells, 1 - margin, 1 + margin) };
}

/** How often which value came. */
type Cells = readonly (readonly [count: number, value: number])[];

/**
 * E-values against "the mean is at most 0" and "at least 0" of values in [−low, high]: means over bets λ of
 * the products of 1 + λ·value, and of 1 − λ·value.
 */
export function bets(cells: Cells, low: number, high: number): Pick<Found, "evidence" | "against"> {
  const wealth = (sign: 1 | -1, limit: number): number => {
    let total = 0;
    for (let nth = 1; nth <= BETS; nth += 1) {
      const bet = 2 ** -nth / limit;
      let log = 0;
      for (const [count, value] of cells) if (count > 0) log += count * Math.log1p(sign * bet * value);
      total += Math.exp(Math.min(MAX_LOG, log));
    }
    return total / BETS;
  };
  return { evidence: wealth(1, low), against: wealth(-1, high) };
}

const mean = (sum: number, records: number): number | null => (records === 0 ? null : sum / records);
