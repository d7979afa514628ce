/** Checked options. */

import type { BeaconMode, BeaconOptions, BeaconSwitches } from "../beacon.js";
import { fault } from "../error.js";

export interface Switches {
  mode: BeaconMode;
  rate: number;
  off: boolean;
}

const MODES: readonly unknown[] = ["randomized", "aggregated", "pseudonymous"];
const MAX_CAPACITY = 1_000;

const refuse = (message: string): never => {
  throw fault("bad_usage", message, { help: "see `startBeacon` and docs/beacon-hosts.md" });
};

/** The switches after a change, checked as a whole. */
export function switched(now: Switches, change: BeaconSwitches): Switches {
  const { mode = now.mode, rate = now.rate, off = now.off } = change;
  if (!MODES.includes(mode)) refuse(`\`${String(mode)}\` is no mode of a beacon`);
  if (!(rate >= 0.001 && rate <= 1)) refuse("`rate` is no number from 0.001 to 1; `off` sends nothing");
  return { mode, rate, off: off === true };
}

/** Its address, if it is one that counts may be sent to. */
export function endpointOf(endpoint: string | URL): string {
  let url: URL;
  try {
    url = new URL(String(endpoint), (globalThis as { location?: Location }).location?.href);
  } catch {
    return refuse("`endpoint` is no address");
  }
  const here = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && here)) {
    refuse("`endpoint` is neither `https:` nor on this machine");
  }
  if (url.username !== "" || url.password !== "") refuse("`endpoint` has a password in it");
  return url.href;
}

export function keyOf(key: string | undefined): string | null {
  if (key !== undefined && !/^[\w.-]{1,128}$/.test(key)) refuse("`key` is no write key");
  return key ?? null;
}

/** A whole number within its limits. */
export function whole(name: string, value: number, least: number, most: number): number {
  if (!(Number.isInteger(value) && value >= least && value <= most)) {
    refuse(`\`${name}\` is no whole number from ${least} to ${most}`);
  }
  return value;
}

export interface Plain {
  readonly intervalMs: number;
  readonly capacity: number;
  readonly epsilon: number | undefined;
}

export function plainOf({ intervalMs = 60_000, capacity = 32, epsilon }: BeaconOptions | Omit<BeaconOptions, "endpoint" | "key">): Plain {
  if (epsilon !== undefined && !(epsilon >= 0.001 && epsilon <= 10)) {
    refuse("`epsilon` is no number from 0.001 to 10");
  }
  return {
    intervalMs: whole("intervalMs", intervalMs, 100, 7 * 86_400_000),
    capacity: whole("capacity", capacity, 1, MAX_CAPACITY),
    epsilon,
  };
}
