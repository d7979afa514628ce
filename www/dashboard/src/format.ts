/** Numbers and times for people. Times are in UTC, as windows are. */

import type { Grain } from "./report.ts";

const COUNT = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const SMALL = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

export const NONE = "–";

const COMPACT = new Intl.NumberFormat("en", { notation: "compact" });

/** `12K`, for axes. */
export function compact(value: number): string {
  return COMPACT.format(value);
}

export function count(value: number): string {
  return COUNT.format(value);
}

/** Three digits; powers of ten where those would be many zeros. */
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  if (!Number.isFinite(value)) return "∞";
  const size = Math.abs(value);
  if (value !== 0 && (size >= 1e6 || size < 1e-4)) {
    const [digits, power] = value.toExponential(1).split("e");
    return `${digits} × 10${superscript(Number(power))}`;
  }
  return SMALL.format(value);
}

export function superscript(value: number): string {
  return String(value).replaceAll(/[-\d]/g, (char) => (char === "-" ? "⁻" : ("⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(char)] ?? "")));
}

export function percent(share: number | null | undefined, digits = 1): string {
  return share === null || share === undefined ? NONE : `${(share * 100).toFixed(digits)}%`;
}

/** 95% of what is realised lies within. */
export const WIDTH = 1.96;

export function estimate(of: { value: number; standard_error: number } | null | undefined): string {
  return of ? `${percent(of.value)} ± ${(of.standard_error * WIDTH * 100).toFixed(1)}` : NONE;
}

const part = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options });
const DAY = part({ day: "numeric", month: "short", year: "numeric" });
const HOUR = part({ day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
const MONTH = part({ month: "long", year: "numeric" });

export function instant(text: string): string {
  return `${HOUR.format(new Date(text))} UTC`;
}

/** A p-value; below what a binary64 tells apart it is not nothing. */
export function pValue(p: number | null | undefined): string {
  return p === 0 ? "< 10⁻³⁰⁰" : number(p);
}

/** A window by its start. */
export function window(grain: Grain, start: string): string {
  const at = new Date(start);
  if (grain === "hour") return `${HOUR.format(at)} UTC`;
  if (grain === "month") return MONTH.format(at);
  return grain === "week" ? `week of ${DAY.format(at)}` : DAY.format(at);
}

/** `sha256:` and eight digits. */
export function short(identity: string): string {
  return identity.replace(/^(sha256:)?([0-9a-f]{8}).*$/, "$2");
}

/** How long ago, in one unit. */
export function ago(ms: number): string {
  const minutes = Math.max(0, ms) / 60_000;
  if (minutes < 90) return `${Math.round(minutes)} min ago`;
  if (minutes < 48 * 60) return `${Math.round(minutes / 60)} h ago`;
  return `${count(minutes / 60 / 24)} days ago`;
}

/** `too_few` → `too few`. */
export function words(code: string): string {
  return code.replaceAll("_", " ");
}

export function mode(group: { mode: string; epsilon: number; bound: number }): string {
  const noise = group.epsilon === 0 ? "" : `, ε = ${group.epsilon / 1000}`;
  return `${group.mode}${noise}${group.bound === 0 ? "" : `, at most ${group.bound} a client`}`;
}
