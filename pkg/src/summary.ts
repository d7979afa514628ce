/** What the host adds to the counts: the clock, and the segments' values. */

import { fault } from "./error.js";
import type { SummaryOptions } from "./report.js";

/**
 * The host's clock in milliseconds. None in a Worker, where time stands still between two requests
 * to the outside.
 */
export function timer(): (() => number) | undefined {
  const { navigator, performance } = globalThis as {
    navigator?: { userAgent?: string };
    performance?: { now(): number };
  };
  if (navigator?.userAgent === "Cloudflare-Workers" || performance === undefined) return undefined;
  return () => performance.now();
}

/** The places of segments' values among the declared ones; past the last for all others. */
export function placesOf(
  declared: SummaryOptions | false | undefined,
  values: Readonly<Record<string, string>>,
): Uint32Array {
  const segments = declared === false ? {} : (declared?.segments ?? {});
  const keys = Object.keys(segments);
  const unknown = Object.keys(values).find((key) => !keys.includes(key));
  if (unknown !== undefined && declared !== false) {
    throw fault("bad_usage", `the segment \`${unknown}\` was not declared`, {
      help: "declare it when loading: `load(source, { summary: { segments: { … } } })`",
    });
  }
  return Uint32Array.from(keys, (key) => {
    const listed = segments[key] ?? [];
    const at = listed.indexOf(values[key] ?? "");
    return at < 0 ? listed.length : at;
  });
}
