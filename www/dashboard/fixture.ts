/** Made-up answers of a collector, in the shape of docs/collector.md, the same at every start. */

import type { Alert, Deployment, Group, InputWindow, Model, Report, Verdict, Window, WindowCheck } from "./src/report.ts";

const DAY = 86_400_000;
const START = Date.UTC(2013, 5, 3);
const WEEKS = 30;
const identity = (digit: string): string => `sha256:${digit.repeat(64)}`;
const iso = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

/** Mulberry32: numbers in [0, 1) from a seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const chance = random(7);
const NUMBERS: [string, number, number][] = [
  ["temp", 0.31, 0.3],
  ["pressure", 0.08, 0.04],
  ["humidity", 0.22, 0.05],
  ["wind_speed", 0.12, 0.02],
  ["distance", 0.19, 0.01],
];
const EDGES = [10, 25, 32, 39, 45, 52, 60, 70, 80, 90];

const MODELS: Model[] = ["a", "b"].map((digit, at) => ({
  identity: identity(digit),
  name: "flights-delay",
  layout: "0123456789abcdef",
  registered: Date.UTC(2013, 5 + 3 * at, 1) / 1000,
  newest: (START + WEEKS * 7 * DAY) / 3_600_000 - 1,
  beacons: 12_000,
  records: 190_000,
}));

const NUMERIC_CELLS = [
  ...EDGES.slice(1).map((high, at) => `[${EDGES[at]}.0, ${high}.0)`),
  "missing",
  "below",
  "above",
  "invalid",
];
const CARRIERS = ["UA", "B6", "EV", "DL", "AA", "MQ", "US", "9E", "WN", "VX", "missing", "unseen", "invalid"];
const flat = (cells: number): number[] =>
  Array.from({ length: cells }, (_, at) => (at < cells - 3 ? 1 / (cells - 3) : 0));

function input(name: string, size: number, week: number, cells: number, detector: number): InputWindow {
  const effect = Math.max(0, size * Math.abs(Math.cos((week / WEEKS) * Math.PI)) + (chance() - 0.6) * 0.01);
  const verdict: Verdict = effect > 0.025 ? "drifted" : effect > 0.01 ? "slight" : "stable";
  const tilt = size * 2 * Math.cos((week / WEEKS) * Math.PI);
  const shares = flat(cells).map((share, at) =>
    share === 0 ? 0.002 : share * (1 + tilt * ((at + 0.5) / (cells - 3) - 0.5) * 2),
  );
  return {
    name,
    reports: 300,
    records: 6_300,
    shares,
    missing: 0.01 + chance() * 0.004,
    below: 0.002,
    above: 0.004 + Math.max(0, tilt) * 0.05,
    unseen: name === "carrier" ? 0.001 : null,
    invalid: 0,
    verdict,
    adjusted_p: verdict === "stable" ? 0.4 : 1e-9,
    effect,
    psi: effect ** 2 * 8 + 0.002 * chance(),
    psi_null_expectation: 0.0011,
    psi_null_q95: 0.0022,
    detector,
    alarm: detector >= 260_000,
    moved:
      verdict === "stable"
        ? []
        : [{ cell: NUMERIC_CELLS[8] ?? "", baseline: 0.11, current: 0.31, residual: 24.1, part: 0.4 }],
  };
}

function checks(week: number, records: number): WindowCheck[] {
  const mean = 55 + 25 * Math.cos((week / WEEKS) * Math.PI);
  const [low, high] = [mean - 3, mean + 3];
  return [
    { of: { kind: "row_count" }, minimum: 5_000, outcome: "pass", low: records, high: records },
    {
      input: "temp",
      of: { kind: "mean" },
      minimum: 40,
      maximum: 75,
      outcome: high < 40 || low > 75 ? "fail" : low >= 40 && high <= 75 ? "pass" : "undecided",
      low,
      high,
      ...(high < 40 || low > 75 || (low >= 40 && high <= 75) ? {} : { reason: "the bound lies inside the interval" }),
      source: "expectations[4] expect_column_mean_to_be_between",
    },
    { input: "humidity", of: { kind: "quantile", level: 0.9 }, maximum: 90, strict_maximum: true, outcome: "undecided", low: 80, high: null, reason: "the bound lies inside the interval" },
    { input: "carrier", of: { kind: "linf", against: "previous" }, maximum: 0.02, outcome: week === 0 ? "undecided" : "pass", low: 0.004, high: 0.011 },
    { input: "carrier", of: { kind: "most_common", values: ["UA", "B6"] }, outcome: "pass", low: null, high: null },
  ];
}

function windows(): Window[] {
  const detectors = new Map<string, number>();
  return Array.from({ length: WEEKS }, (_, week) => {
    const start = START + week * 7 * DAY;
    const late = 0.2 + 0.08 * Math.cos((week / WEEKS) * 2 * Math.PI);
    const records = Math.round(6_000 + 600 * chance());
    const inputs = [...NUMBERS, ["carrier", 0.1, 0.015] as const].map(([name, , size]) => {
      const value = ((detectors.get(name) ?? 0) + 1) * Math.exp(size > 0.1 ? 1.2 : (chance() - 0.62) * 0.5);
      detectors.set(name, value);
      return input(name, size, week, name === "carrier" ? CARRIERS.length : NUMERIC_CELLS.length, value);
    });
    const bins = (of: (bin: number) => number): number[] =>
      Array.from({ length: 20 }, (_, bin) => Math.max(0, Math.round(of(bin))));
    const right = bins((bin) => (bin < 10 ? 0 : records * 0.08 * ((bin + 0.3) / 20)));
    const performance = (accuracy: number) => ({
      accuracy: { value: accuracy, standard_error: 0.005 },
      f1: { value: accuracy * 0.5, standard_error: 0.012 },
      roc_auc: { value: accuracy * 0.85, standard_error: 0.009 },
    });
    return {
      start: iso(start),
      end: iso(start + 7 * DAY),
      beacons: 290 + Math.round(20 * chance()),
      records,
      inputs,
      weighted_effect: 0.04,
      actions: [
        { name: "accept", count: records * (0.9 - late) },
        { name: "default", count: records * 0.07 },
        { name: "escalate", count: records * late },
        { name: "reject", count: records * 0.03 },
      ],
      reasons: [
        { name: "confident", count: records * 0.6 },
        { name: "low_confidence", count: records * late },
        { name: "assertion_failed", count: 310 },
        { name: "contract_violation", count: 90 },
      ],
      labels: [
        { name: "on_time", count: records * (1 - late) },
        { name: "late", count: records * late * 0.8 },
        { name: "none", count: records * 0.03 },
      ],
      violations: [
        { input: "plane_year", code: "missing_value", count: 121 },
        { input: "carrier", code: "unknown_category", count: 6 },
      ],
      confidence: [
        { label: "on_time", counts: bins((bin) => (bin < 10 ? 0 : records * 0.09 * (bin / 20))) },
        { label: "late", counts: bins((bin) => (bin < 10 ? 0 : records * 0.02 * (1 - bin / 25))) },
      ],
      reliability: { right, wrong: bins((bin) => (bin < 10 ? 0 : records * 0.08 * (1 - (bin + 0.3) / 20))) },
      latency_us: { upper: [10, 20, 50, 100, 200, 500, 1_000], counts: [800, 3_000, 1_500, 400, 80, 20, 3] },
      faults: [
        { name: "error", count: 0 },
        { name: "trap", count: week === 12 ? 2 : 0 },
      ],
      estimated: performance(0.9 - late * 0.5),
      realised: performance(0.9 - late * 0.6),
      calibration: { answers: 5_000, gap: 0.1 * late, error: 0.005, z: 4 },
      outcomes: {
        by_action: [
          { action: "accept", right: records * 0.6, wrong: records * 0.1 },
          { action: "escalate", right: records * 0.06, wrong: records * 0.05 },
        ],
        metrics: [
          { name: "delay_minutes", action: "accept", sum: records * 5 * late, count: records * 0.7 },
          { name: "delay_minutes", action: "escalate", sum: records * 4 * late, count: records * 0.1 },
        ],
        follow: [{ name: "reviewed", count: 412 }],
      },
      window_checks: checks(week, records),
    };
  });
}

const ALL = windows();

function report(of: string): Report {
  const inputs = [...NUMBERS, ["carrier", 0.1, 0] as const].map(([name, importance]) => {
    const cells = name === "carrier" ? CARRIERS : NUMERIC_CELLS;
    return {
      name,
      kind: name === "carrier" ? "category" : "numeric",
      cells,
      edges: name === "carrier" ? null : EDGES,
      shares: flat(cells.length),
      importance,
    };
  });
  const last = ALL.at(-1) as Window;
  const group = (mode: Group["mode"], epsilon: number): Group => ({
    mode,
    epsilon,
    bound: 0,
    windows: ALL,
    total: { ...last, start: ALL[0]?.start ?? "", records: 190_000 },
  });
  return {
    identity: of,
    name: "flights-delay",
    layout: "0123456789abcdef",
    grain: "week",
    from: null,
    to: null,
    segment: null,
    segments: [{ key: "airport", values: ["EWR", "JFK", "LGA", "(other)"] }],
    criteria: { false_discovery_rate: 0.05, effect: 0.025, least_records: 50 },
    watch: { features: 6, looks: 365, level: 0.01, threshold: 219_000 },
    baseline: { records: 105_475, inputs },
    labels: ["on_time", "late"],
    groups: [group("pseudonymous", 0), group("aggregated", 1_000)],
    performance_warning:
      "estimated from calibrated confidence: right while the confidence stays calibrated; if the relation of inputs and truth changed (concept drift), only outcomes show it",
  };
}

const ALERT: Alert = {
  id: 1,
  rule: "input-drift",
  severity: "warning",
  identity: identity("a"),
  name: "flights-delay",
  subject: "temp",
  state: "firing",
  since: "2013-12-02T00:00:00Z",
  fired: "2013-12-02T01:00:00Z",
  resolved: null,
  value: 0.29,
  threshold: 0.025,
  message: "temp drifted from the baseline",
  deliveries: [
    { to: "slack", at: "2013-12-02T01:00:05Z", ok: true, problem: null },
    { to: "pager", at: "2013-12-02T01:00:06Z", ok: false, problem: "status 503" },
  ],
};
const DEPLOYMENTS: Deployment[] = [
  {
    at: "2013-09-01T00:00:00Z",
    channel: "stable",
    action: "canary",
    identity: identity("b"),
    previous: identity("a"),
    percent: 10,
    by: "ci",
    reason: null,
  },
  {
    at: "2013-11-03T00:00:00Z",
    channel: "stable",
    action: "promote",
    identity: identity("b"),
    previous: identity("a"),
    percent: 100,
    by: "ci",
    reason: null,
  },
];

/** What a collector would answer. */
export function answer({ pathname, searchParams }: URL): { status: number; body: unknown } {
  const found = (body: unknown) => ({ status: 200, body });
  if (pathname === "/v1/models") return found({ models: MODELS });
  if (pathname.endsWith("/report")) return found(report(decodeURIComponent(pathname.split("/")[3] ?? "")));
  if (pathname === "/v1/alerts") {
    const resolved = {
      ...ALERT,
      id: 2,
      subject: "humidity",
      state: "resolved" as const,
      resolved: "2013-09-02T00:00:00Z",
      since: "2013-08-02T00:00:00Z",
      fired: "2013-08-03T00:00:00Z",
    };
    return found({
      alerts: [ALERT, resolved],
      rules: [{ name: "input-drift", severity: "warning", what: "effect", threshold: 0.025, hold_minutes: 60 }],
    });
  }
  if (pathname === "/v1/deployments") return found({ deployments: DEPLOYMENTS, activations: [] });
  if (pathname === "/v1/compare") {
    const [a, b] = [ALL[0], ALL[20]];
    const one = { verdict: "slight", p_adjusted: 0.001, effect: 0.018 };
    return found({
      a,
      b,
      inputs: (b?.inputs ?? []).map(({ name, verdict, adjusted_p, effect }) => ({
        name,
        verdict,
        p_adjusted: adjusted_p,
        effect,
      })),
      labels: one,
      confidence: one,
      accuracy: {
        a: a?.estimated?.accuracy,
        b: b?.estimated?.accuracy,
        difference: { value: -0.012, standard_error: 0.006 },
      },
    });
  }
  return {
    status: 404,
    body: { detail: `there is nothing at this path ${searchParams.size}`, code: "not_found", status: 404 },
  };
}
