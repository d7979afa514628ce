/** How long one decision takes, measured in this page. */

/** What a measurement may take of the time between two frames, in milliseconds. */
const BUDGET = 3;

/**
 * Microseconds of one call: the fastest of several rounds. Browsers round their clock, so that
 * a single call cannot be timed.
 */
export function microseconds(call: () => void): number {
  let calls = 8;
  let best = Number.POSITIVE_INFINITY;
  const end = performance.now() + BUDGET;
  while (performance.now() < end) {
    const start = performance.now();
    for (let nth = 0; nth < calls; nth += 1) call();
    const spent = performance.now() - start;
    if (spent < 0.3) calls *= 2;
    else best = Math.min(best, spent / calls);
  }
  return best * 1000;
}
