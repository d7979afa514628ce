/** A real flight that the page offers. */
export interface Sample {
  /** Row of the flight in the source table. */
  readonly id: string;
  /** The record as a caller would send it before departure. */
  readonly record: Readonly<Record<string, unknown>>;
  /** What happened: it arrived more than 15 minutes late. */
  readonly late: boolean;
}
