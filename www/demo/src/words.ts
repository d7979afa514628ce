/** The words of this page about flights; everything else comes from the model's own contract. */

/** The clock by which the flights were scheduled. */
export const ZONE = "America/New_York";

const NAMES: Record<string, string> = {
  scheduled_departure: "Scheduled departure",
  carrier: "Airline",
  origin: "From",
  dest: "To",
  distance: "Distance",
  plane_year: "Plane built in",
  plane_seats: "Seats",
  temp: "Temperature",
  humidity: "Humidity",
  wind_speed: "Wind",
  precip: "Rain, snow",
  pressure: "Pressure",
  visib: "Visibility",
};

const UNITS: Record<string, string> = { degF: "°F", mbar: "mbar", mi: "miles", in: "inches", a: "" };

const LABELS: Record<string, string> = { on_time: "on time", late: "late" };

const VALUES: Record<string, Record<string, string>> = {
  carrier: {
    "9E": "Endeavor",
    AA: "American",
    AS: "Alaska",
    B6: "JetBlue",
    DL: "Delta",
    EV: "ExpressJet",
    F9: "Frontier",
    FL: "AirTran",
    HA: "Hawaiian",
    MQ: "Envoy",
    OO: "SkyWest",
    UA: "United",
    US: "US Airways",
    VX: "Virgin America",
    WN: "Southwest",
    YV: "Mesa",
  },
  origin: { EWR: "Newark", JFK: "Kennedy", LGA: "LaGuardia" },
};

/** What people call an input. */
export function nameOf(input: string): string {
  return NAMES[input] ?? (input === "" ? "The record" : input.replaceAll("_", " "));
}

/** A unit as people write it. */
export function unitOf(unit: string | null): string {
  return unit === null ? "" : (UNITS[unit] ?? unit);
}

/** What people call a label. */
export function labelOf(label: string): string {
  return LABELS[label] ?? label.replaceAll("_", " ");
}

/** What people call a category, or nothing. */
export function valueOf(input: string, value: string): string {
  return VALUES[input]?.[value] ?? "";
}

/** A share as people write it. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(share > 0.995 && share < 1 ? 2 : 0)}%`;
}
