/** Golden rows: records with the scores that every host must give, run before a bundle goes live. */

import type { Gate } from "../api.js";
import { fault } from "../error.js";
import { manifestOf } from "../manifest.js";

/**
 * Largest relative distance where a model runs on tract, whose kernels differ between native and
 * WebAssembly. On the plan runtime every bit has to be the same.
 */
const TRACT_TOLERANCE = 1e-5;
/** Rows between two looks at the rest of the page. */
const SLICE = 32;

interface Row {
  readonly record: Record<string, unknown>;
  readonly scores: readonly number[] | null;
}

/**
 * Runs the golden rows of a bundle; how many were run. Nothing is counted in the gate's summary.
 *
 * @throws DriftlineError `self_test_failed` with the row
 */
export async function selfTest(gate: Gate, bundle: Uint8Array<ArrayBuffer>): Promise<number> {
  const rows = goldenOf(bundle);
  let run = 0;
  for (const [at, row] of rows.entries()) {
    if (at > 0 && at % SLICE === 0) await pause();
    // JSON.parse has rounded it: there is no telling what the row was
    if (rounded(row.record)) continue;
    const found = gate.scores(row.record);
    const same =
      found === null || row.scores === null
        ? (found === null) === (row.scores === null)
        : found.length === row.scores.length &&
          row.scores.every((score, nth) => equal(score, found[nth] as number, gate.info.runtime));
    if (!same) {
      throw fault("self_test_failed", `golden row ${at + 1} has other scores here: ${told(found)}, not ${told(row.scores)}`);
    }
    run += 1;
  }
  return run;
}

function equal(expected: number, found: number, runtime: string): boolean {
  if (Object.is(expected, found) || expected === found) return true;
  return runtime === "tract" && Math.abs(expected - found) <= TRACT_TOLERANCE * Math.max(1, Math.abs(expected));
}

const told = (scores: ArrayLike<number> | null): string => (scores === null ? "none" : Array.from(scores).slice(0, 4).join(", "));

function rounded(value: unknown): boolean {
  if (typeof value === "number") return Number.isInteger(value) && !Number.isSafeInteger(value);
  return typeof value === "object" && value !== null && Object.values(value).some(rounded);
}

/** The part `golden` of a bundle that a gate has taken, so that its hashes hold; none: no rows. */
function goldenOf(bytes: Uint8Array<ArrayBuffer>): readonly Row[] {
  const part = manifestOf(bytes).parts.find(({ name }) => name === "golden");
  if (part === undefined) return [];
  const golden = JSON.parse(new TextDecoder().decode(bytes.subarray(part.start, part.end))) as { format?: unknown; rows?: Row[] };
  if (golden.format !== "driftline.golden/1" || !Array.isArray(golden.rows)) {
    throw fault("self_test_failed", "the golden rows are of a form that this version does not know");
  }
  return golden.rows;
}

function pause(): Promise<void> {
  return new Promise((next) => setTimeout(next, 0));
}
