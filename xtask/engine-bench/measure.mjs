// Interleaved timing, for Node.js and for pages.

/** Calls until a sample lasts this long, so that the clock's step does not show. */
const SAMPLE_MS = 4;

/** Engines compile again what is called often: as long as this each contender runs beforehand. */
const WARM_MS = 500;

/**
 * Minimum and median time of one call in µs, for each contender. Every round measures all of them,
 * so that whatever else the machine does falls on all alike.
 *
 * @param {Record<string, () => unknown>} contenders
 * @param {number} rounds
 */
export async function measure(contenders, rounds) {
  const names = Object.keys(contenders);
  const calls = {};
  for (const name of names) {
    const run = contenders[name];
    const start = performance.now();
    for (let warm = 0; warm < 30 || performance.now() - start < WARM_MS; warm += 1) await run();
    let count = 1;
    while ((await sample(run, count)) < SAMPLE_MS && count < 1 << 16) count *= 2;
    calls[name] = count;
  }
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) {
      times[name].push((1000 * (await sample(contenders[name], calls[name]))) / calls[name]);
    }
  }
  return Object.fromEntries(
    names.map((name) => {
      const sorted = times[name].sort((a, b) => a - b);
      return [name, { min: sorted[0], median: sorted[sorted.length >> 1] }];
    }),
  );
}

async function sample(run, count) {
  const start = performance.now();
  for (let i = 0; i < count; i += 1) {
    const answer = run();
    // a contender that answers at once is not made to wait
    if (answer instanceof Promise) await answer;
  }
  return performance.now() - start;
}

/** Largest difference between two lists of outputs, relative to the larger value. */
export function difference(ours, theirs) {
  let worst = 0;
  ours.forEach((mine, i) => {
    const other = theirs[i];
    for (let k = 0; k < mine.length; k += 1) {
      if (typeof mine[k] !== "number") continue;
      const scale = Math.max(Math.abs(other[k]), 1e-3);
      worst = Math.max(worst, Math.abs(mine[k] - other[k]) / scale);
    }
  });
  return worst;
}
