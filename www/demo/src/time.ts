/** One instant in several notations. */

const WITH_OFFSET = /(?:Z|[+-]\d{2}:\d{2})$/i;

/** The instant that a text names, in milliseconds, or `null` if it names none for certain. */
export function instantOf(value: unknown): number | null {
  if (typeof value !== "string" || !WITH_OFFSET.test(value)) return null;
  const instant = Date.parse(value);
  return Number.isFinite(instant) ? instant : null;
}

/** RFC 3339 in UTC, without a fraction. */
export function inUtc(instant: number): string {
  return `${new Date(instant).toISOString().slice(0, 19)}Z`;
}

/** RFC 3339 with the offset that held in the zone at that instant. */
export function inZone(instant: number, zone: string): string {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      timeZoneName: "longOffset",
    })
      .formatToParts(instant)
      .map(({ type, value }) => [type, value]),
  );
  const offset = parts["timeZoneName"]?.replace("GMT", "") || "+00:00";
  return `${parts["year"]}-${parts["month"]}-${parts["day"]}T${parts["hour"]}:${parts["minute"]}:${parts["second"]}${offset}`;
}

/** The clock of the zone without its offset: the trap. */
export function withoutOffset(instant: number, zone: string): string {
  return inZone(instant, zone).slice(0, 19);
}

/** For people: `Sat 1 Jun, 06:00`. */
export function forPeople(instant: number, zone: string): string {
  return new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
  }).format(instant);
}
