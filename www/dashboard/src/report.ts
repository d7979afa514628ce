/** What the collector answers: the names are those of its JSON, docs/collector.md has them. */

export type Iso = string;
export type Grain = "hour" | "day" | "week" | "month";
export type Verdict = "too_few" | "stable" | "slight" | "drifted";
export type Mode = "randomized" | "aggregated" | "pseudonymous";

export interface Model {
  identity: string;
  name: string;
  layout: string;
  /** Seconds since 1970. */
  registered: number;
  /** Start of the newest window, in hours since 1970. */
  newest: number | null;
  beacons: number;
  records: number;
}

export interface Estimate {
  value: number;
  standard_error: number;
}

export interface Performance {
  accuracy: Estimate;
  f1: Estimate | null;
  roc_auc: Estimate | null;
}

/** A count; fractional or negative where noise was taken out of it. */
export interface Named {
  name: string;
  count: number;
}

export interface Moved {
  cell: string;
  baseline: number;
  current: number;
  residual: number;
  part: number;
}

export interface Judged {
  verdict: Verdict;
  adjusted_p: number | null;
  effect: number | null;
}

export interface InputWindow extends Judged {
  name: string;
  reports: number;
  records: number;
  shares: number[] | null;
  missing: number | null;
  below: number | null;
  above: number | null;
  unseen: number | null;
  invalid: number | null;
  psi: number | null;
  psi_null_q95: number | null;
  psi_null_expectation: number | null;
  detector: number | null;
  alarm: boolean;
  moved: Moved[];
}

export interface ByAction {
  action: string;
  wrong: number;
  right: number;
}

export interface Metric {
  name: string;
  action: string;
  sum: number;
  count: number;
}

export interface Explained {
  what: string;
  key: string;
  value: string;
  ratio: number;
  low: number;
  high: number;
  support: number;
}

export interface Window {
  start: Iso;
  end: Iso;
  beacons: number;
  records: number;
  inputs: InputWindow[];
  predicted?: InputWindow | null;
  weighted_effect: number | null;
  actions: Named[];
  reasons: Named[];
  labels: Named[];
  violations: { input: string; code: string; count: number }[];
  confidence: { label: string; counts: number[] }[];
  reliability: { wrong: number[]; right: number[] } | null;
  latency_us: { upper: number[]; counts: number[] } | null;
  faults: Named[];
  estimated: Performance | null;
  realised: Performance | null;
  calibration: { answers: number; gap: number; error: number; z: number } | null;
  outcomes: { by_action: ByAction[]; metrics: Metric[]; follow: Named[] } | null;
  explained?: Explained[];
  window_checks?: WindowCheck[];
}

export type Outcome = "pass" | "fail" | "undecided";

export interface WindowCheck {
  input?: string;
  of: { kind: string; level?: number; against?: string; values?: string[] };
  minimum?: number;
  maximum?: number;
  strict_minimum?: boolean;
  strict_maximum?: boolean;
  source?: string;
  outcome: Outcome;
  low: number | null;
  high: number | null;
  reason?: string;
}

export interface Group {
  mode: Mode;
  /** In thousandths, 0 for none. */
  epsilon: number;
  bound: number;
  windows: Window[];
  total: Window | null;
}

export interface BaselineInput {
  name: string;
  kind: string;
  cells: string[];
  edges: number[] | null;
  shares: number[];
  importance: number | null;
}

export interface Report {
  identity: string;
  name: string;
  layout: string;
  grain: Grain;
  from: Iso | null;
  to: Iso | null;
  segment: { key: string; value: string } | null;
  segments: { key: string; values: string[] }[];
  criteria: { false_discovery_rate: number; effect: number; least_records: number };
  watch: { features: number; looks: number; level: number; threshold: number };
  baseline: { records: number; inputs: BaselineInput[] } | null;
  labels: string[];
  groups: Group[];
  performance_warning: string;
}

export interface Delivery {
  to: string;
  at: Iso;
  ok: boolean;
  problem: string | null;
}

export interface Alert {
  id: string | number;
  rule: string;
  severity: "info" | "warning" | "critical";
  identity: string;
  name: string;
  subject: string;
  state: "pending" | "firing" | "resolved";
  since: Iso;
  fired: Iso | null;
  resolved: Iso | null;
  value: number | null;
  threshold: number | null;
  message: string;
  deliveries: Delivery[];
}

export interface Rule {
  name: string;
  severity: string;
  what: string;
  threshold: number | null;
  hold_minutes: number;
}

export interface Alerts {
  alerts: Alert[];
  rules: Rule[];
}

export interface Deployment {
  at: Iso;
  channel: string;
  action: string;
  identity: string;
  previous: string | null;
  percent: number;
  by: string | null;
  reason: string | null;
}
