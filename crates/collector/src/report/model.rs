//! What a report says. The names are those of its JSON; docs/collector.md shows one.

use super::checks::CheckedWindow;
use driftline::beacon::Mode;
use driftline::drift::{CalibrationDrift, Criteria, Found, Performance};
use serde::{Deserialize, Serialize};

/// How long a window is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    /// An hour.
    Hour,
    /// A day in UTC.
    #[default]
    Day,
    /// A week in UTC, from Monday on.
    Week,
    /// A month in UTC.
    Month,
}

/// One value of a declared segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chosen {
    /// The segment's name.
    pub key: String,
    /// One of its values, or `(other)`.
    pub value: String,
}

/// A declared segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The segment's name.
    pub key: String,
    /// Its values; the last one is `(other)`.
    pub values: Vec<String>,
}

/// What the detectors promise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Watched {
    /// Features that are watched together.
    pub features: u32,
    /// Windows within which the promise holds.
    pub looks: u32,
    /// Chance of any false alarm among all features within them.
    pub level: f64,
    /// Value at which a detector alarms.
    pub threshold: f64,
}

/// An identity over a span of time.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The bundle's.
    pub identity: String,
    /// The bundle's name.
    pub name: String,
    /// Layout of the counts that are reported on.
    pub layout: String,
    /// Asked for; a row of the store that is coarser stands as a window of its own.
    pub grain: Grain,
    /// Start of the span, in RFC 3339, if one was asked for.
    pub from: Option<String>,
    /// Its end, which it does not include.
    pub to: Option<String>,
    /// The segment that alone is reported on.
    pub segment: Option<Chosen>,
    /// Segments that may be asked for.
    pub segments: Vec<Choice>,
    /// When a difference is drift.
    pub criteria: Criteria,
    /// When a detector alarms.
    pub watch: Watched,
    /// What is compared with.
    pub baseline: Option<Compared>,
    /// Labels of the model, in the contract's order.
    pub labels: Vec<String>,
    /// Ways of noise, which are not added up.
    pub groups: Vec<Group>,
    /// What estimated performance cannot see.
    pub performance_warning: &'static str,
}

/// The baseline.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    /// Rows that were counted.
    pub records: u64,
    /// Inputs that have bins.
    pub inputs: Vec<BaselineInput>,
}

/// An input in the baseline.
#[derive(Clone, Debug, Serialize)]
pub struct BaselineInput {
    /// Its name.
    pub name: String,
    /// `numeric`, `category` or `timestamp`.
    pub kind: &'static str,
    /// What each cell counts.
    pub cells: Vec<String>,
    /// Edges of the first cells, one more than those; none of categories.
    pub edges: Option<Vec<f64>>,
    /// Share of each cell.
    pub shares: Vec<f64>,
    /// Weight to the model, if the registration told it.
    pub importance: Option<f64>,
}

/// Sums that were made private in one way.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// How.
    pub mode: Mode,
    /// ε in thousandths, 0 for none.
    pub epsilon: u32,
    /// Records that one client could contribute to a beacon, 0 for no bound.
    pub bound: u32,
    /// Windows in which something came, rising in time.
    pub windows: Vec<Window>,
    /// All of them as one.
    pub total: Option<Window>,
}

/// A count with its name: fractional or negative where noise was taken out of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Named {
    /// What is counted.
    pub name: String,
    /// How often.
    pub count: f64,
}

/// Broken clauses of one code.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Violations {
    /// The input, or `(record)`.
    pub input: String,
    /// The code.
    pub code: String,
    /// How often.
    pub count: f64,
}

/// Calibrated confidence in one predicted label, in 20 equal bins of [0, 1].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelConfidence {
    /// The label; empty where there are too many to tell apart.
    pub label: String,
    /// By bin.
    pub counts: Vec<f64>,
}

/// Answers whose truth is known, by confidence in 20 equal bins of [0, 1].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reliability {
    /// Wrong ones.
    pub wrong: Vec<f64>,
    /// Right ones.
    pub right: Vec<f64>,
}

/// How long predictions took.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Latency {
    /// Upper end of each bin in microseconds, not included; the last bin also has all above.
    pub upper: Vec<f64>,
    /// By bin.
    pub counts: Vec<f64>,
}

/// What became of decisions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcomes {
    /// Wrong and right answers.
    pub by_action: Vec<ByAction>,
    /// Declared metrics.
    pub metrics: Vec<Metric>,
    /// Decisions that were followed up.
    pub follow: Vec<Named>,
}

/// Answers of one action whose truth is known.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ByAction {
    /// The action.
    pub action: String,
    /// Wrong ones.
    pub wrong: f64,
    /// Right ones.
    pub right: f64,
}

/// A metric of the decisions of one action.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// The action; `(any)` in a segment, which does not tell them apart.
    pub action: String,
    /// In the metric's unit.
    pub sum: f64,
    /// How many came.
    pub count: f64,
}

/// A value of a segment in which something bad happens more often than in the others.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explained {
    /// `wrong` of the answers whose truth is known, `escalate` or `reject` of all decisions.
    pub what: &'static str,
    /// The segment's name.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Share inside over share outside.
    pub ratio: f64,
    /// Lower end of its 95% interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Share of all that happened that lies inside.
    pub support: f64,
}

/// A span of time.
#[derive(Clone, Debug, Serialize)]
pub struct Window {
    /// Its start, in RFC 3339.
    pub start: String,
    /// Its end, which it does not include.
    pub end: String,
    /// Beacons that came; of a segment those that reported on it.
    pub beacons: i64,
    /// Records that they counted; with noise in `aggregated` mode.
    pub records: f64,
    /// Inputs of the baseline on which something was reported, in its order.
    pub inputs: Vec<InputWindow>,
    /// The predicted label against that of the baseline, if that has it.
    pub predicted: Option<InputWindow>,
    /// Mean effect of the inputs, weighted by importance.
    pub weighted_effect: Option<f64>,
    /// Decisions by action.
    pub actions: Vec<Named>,
    /// Decisions by reason; those that never came are left out.
    pub reasons: Vec<Named>,
    /// Answers by predicted label; the last one is `none`.
    pub labels: Vec<Named>,
    /// Broken clauses; those that never came are left out.
    pub violations: Vec<Violations>,
    /// Confidence by predicted label.
    pub confidence: Vec<LabelConfidence>,
    /// Truth by confidence.
    pub reliability: Option<Reliability>,
    /// How long predictions took.
    pub latency_us: Option<Latency>,
    /// Errors of calls and traps.
    pub faults: Vec<Named>,
    /// Performance without labels.
    pub estimated: Option<Performance>,
    /// Performance that came true, of the answers whose truth is known.
    pub realised: Option<Performance>,
    /// Whether confidence means what it says.
    pub calibration: Option<CalibrationDrift>,
    /// What became of decisions.
    pub outcomes: Option<Outcomes>,
    /// Segments in which bad things happen more often than outside.
    pub explained: Vec<Explained>,
    /// The baseline's checks of windows, in its order.
    pub window_checks: Vec<CheckedWindow>,
}

impl Window {
    /// A span of which nothing is known yet.
    pub(crate) fn empty(start: String, end: String) -> Self {
        Self {
            start,
            end,
            beacons: 0,
            records: 0.0,
            inputs: Vec::new(),
            predicted: None,
            weighted_effect: None,
            actions: Vec::new(),
            reasons: Vec::new(),
            labels: Vec::new(),
            violations: Vec::new(),
            confidence: Vec::new(),
            reliability: None,
            latency_us: None,
            faults: Vec::new(),
            estimated: None,
            realised: None,
            calibration: None,
            outcomes: None,
            explained: Vec::new(),
            window_checks: Vec::new(),
        }
    }
}

/// One input in one window.
#[derive(Clone, Debug, Serialize)]
pub struct InputWindow {
    /// Its name.
    pub name: String,
    /// Beacons that reported on it.
    pub reports: i64,
    /// Records, as estimated.
    pub records: f64,
    /// Share of each cell; none with too few records.
    pub shares: Option<Vec<f64>>,
    /// Share without a value.
    pub missing: Option<f64>,
    /// Share below the first edge.
    pub below: Option<f64>,
    /// Share above the last edge.
    pub above: Option<f64>,
    /// Share of categories that the baseline does not list.
    pub unseen: Option<f64>,
    /// Share that broke a clause.
    pub invalid: Option<f64>,
    /// Verdict, test and effects.
    #[serde(flatten)]
    pub found: Found,
    /// The p-value after Benjamini and Hochberg, as `p_adjusted`.
    pub adjusted_p: Option<f64>,
    /// Population stability index.
    pub psi: Option<f64>,
    /// What it exceeds once in twenty if nothing drifted.
    pub psi_null_q95: Option<f64>,
    /// What it is on average if nothing drifted.
    pub psi_null_expectation: Option<f64>,
    /// The e-detector's value after this window; none in a total.
    pub detector: Option<f64>,
    /// Whether that is at least the threshold.
    pub alarm: bool,
    /// Cells that moved most, at most five.
    pub moved: Vec<MovedCell>,
}

/// A cell that moved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MovedCell {
    /// What it counts.
    pub cell: String,
    /// Share in the baseline.
    pub baseline: f64,
    /// Share in the window.
    pub current: f64,
    /// The difference in standard errors, noise included.
    pub residual: f64,
    /// Part of the squared Hellinger distance that is this cell's.
    pub part: f64,
}
