/** Tells a collector what became of an activation: which bundle of which channel, and nothing else. */

import type { ActivationOptions } from "../channel.js";
import { endpointOf, keyOf } from "../beacon/switches.js";
import { post } from "../beacon/post.js";

/** What became of a bundle on a client. */
export interface Activation {
  readonly channel: string;
  readonly identity: string;
  readonly outcome: "activated" | "failed";
  readonly code?: string;
}

/** Sends one; whether the collector has it, or never will. */
export type Tell = (activation: Activation) => Promise<boolean>;

/**
 * The way to a collector; without options there is nobody to tell.
 *
 * @throws DriftlineError `bad_usage`
 */
export function teller(options: ActivationOptions | undefined, send: typeof fetch): Tell {
  if (options === undefined) return async () => true;
  const { collector, consent } = options;
  const key = keyOf(options.key);
  const endpoint = endpointOf(`${String(collector).replace(/\/$/, "")}/v1/activations`);
  const scope = globalThis as { document?: unknown; navigator?: { globalPrivacyControl?: unknown } };
  const agreed = (): boolean => {
    if (scope.navigator?.globalPrivacyControl === true) return false;
    try {
      return (typeof consent === "function" ? consent() : consent) === true;
    } catch {
      return false;
    }
  };
  return async (activation) => {
    if (!agreed()) return false;
    const body = JSON.stringify({ ...(key !== null && { key }), ...activation });
    const sent = await post(send, endpoint, body, scope.document !== undefined);
    return sent.kind !== "later";
  };
}
