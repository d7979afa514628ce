/** Records that try to fool the gate. */

import { inZone, instantOf, withoutOffset } from "./time.ts";
import { ZONE } from "./words.ts";

type Row = Readonly<Record<string, unknown>>;

/** A button's text and what it makes of the record. */
export interface Trick {
  readonly title: string;
  readonly apply: (record: Row) => unknown;
}

const put = (name: string, value: unknown) => (record: Row) => ({ ...record, [name]: value });

/** In the order of the page. */
export const TRICKS: readonly Trick[] = [
  {
    title: "timestamp without offset",
    apply: (record) => {
      const instant = instantOf(record["scheduled_departure"]) ?? Date.UTC(2013, 6, 1, 12);
      return { ...record, scheduled_departure: withoutOffset(instant, ZONE) };
    },
  },
  {
    title: "same instant, New York time",
    apply: (record) => {
      const instant = instantOf(record["scheduled_departure"]) ?? Date.UTC(2013, 6, 1, 12);
      return { ...record, scheduled_departure: inZone(instant, ZONE) };
    },
  },
  { title: "“12” for a number", apply: put("distance", "12") },
  { title: "unknown airline", apply: put("carrier", "ZZ") },
  { title: "unknown destination", apply: put("dest", "ANC") },
  { title: "NaN", apply: put("temp", Number.NaN) },
  { title: "Infinity", apply: put("pressure", Number.POSITIVE_INFINITY) },
  { title: "out of range", apply: put("temp", 1000) },
  { title: "half a seat", apply: put("plane_seats", 149.5) },
  { title: "2⁵³ + 1", apply: put("plane_seats", 9007199254740993n) },
  { title: "empty text", apply: put("origin", "") },
  { title: "null where needed", apply: put("distance", null) },
  { title: "weather not known", apply: (record) => ({ ...record, temp: null, humidity: null, wind_speed: null, precip: null, pressure: null, visib: null }) },
  { title: "misspelt field", apply: ({ distance, ...rest }) => ({ ...rest, distnace: distance }) },
  { title: "__proto__", apply: (record) => JSON.parse(JSON.stringify(record).replace("{", '{"__proto__": {"late": 0}, ')) as unknown },
  { title: "a list", apply: (record) => [record] },
  { title: "nothing at all", apply: () => null },
];
