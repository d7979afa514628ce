/** Counts of a comparison on their way to a collector, each batch once. */

import { post } from "../beacon/post.js";
import { endpointOf, keyOf } from "../beacon/switches.js";
import { fault } from "../error.js";
import type { Shadow, ShadowCounts, ShadowReport, ShadowReportOptions } from "../shadow.js";

/** Batches that wait; the oldest make room. */
const MAX_WAITING = 64;

/**
 * The way to a collector.
 *
 * @throws DriftlineError `bad_usage`
 */
export function reporter(from: () => Pick<Shadow, "take"> | null, options: ShadowReportOptions): ShadowReport {
  const { channel, fetch: send = globalThis.fetch } = options;
  const key = keyOf(options.key);
  const endpoint = endpointOf(`${String(options.collector).replace(/\/$/, "")}/v1/shadow`);
  if (!/^[\w.-]{1,64}$/.test(channel)) {
    throw fault("bad_usage", "a channel's name has 1 to 64 letters, digits, `_`, `-` and `.`");
  }
  const browser = (globalThis as { document?: unknown }).document !== undefined;
  const waiting: string[] = [];
  let lost = 0;
  let underWay: Promise<boolean> | null = null;

  const add = (counts: ShadowCounts): void => {
    if (isEmpty(counts)) return;
    // the id tells a copy from a second batch, so that nothing counts twice
    waiting.push(JSON.stringify({ ...(key !== null && { key }), id: crypto.randomUUID(), channel, counts }));
    if (waiting.length > MAX_WAITING) {
      waiting.shift();
      lost += 1;
    }
  };
  const sendAll = async (): Promise<boolean> => {
    while (waiting.length > 0) {
      const batch = waiting[0] as string;
      const { kind } = await post(send, endpoint, batch, browser);
      if (kind === "later") return false;
      if (kind !== "taken") lost += 1;
      const at = waiting.indexOf(batch);
      if (at >= 0) waiting.splice(at, 1);
    }
    return true;
  };
  return {
    add,
    send() {
      const shadow = from();
      if (shadow !== null) add(shadow.take());
      underWay ??= sendAll().finally(() => {
        underWay = null;
      });
      return underWay;
    },
    get waiting() {
      return waiting.length;
    },
    get lost() {
      return lost;
    },
  };
}

function isEmpty({ records, failed, truth }: ShadowCounts): boolean {
  return records + failed + truth.both + truth.live + truth.candidate + truth.neither === 0;
}
