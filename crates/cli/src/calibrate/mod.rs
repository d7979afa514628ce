//! Certified policies from labelled rows.

mod labelled;
mod labels;
mod number;
mod picture;
mod scores;

pub use labelled::{Labels, Sample, Samples, read};
pub use labels::labels;
pub use number::{intervals, ranking};
pub use picture::{html, svg};
pub use scores::certify_scores;

use driftline::decision::certify::{Costs, Point, Promise};
use driftline::decision::fit::{NoveltyOptions, Reliability};
use driftline::decision::{CalibrationMethod, CertifiedLabel, Fallback, Policy, Split};
use serde::{Serialize, Serializer};

/// How novelty is fitted: pairs of features, which docs/certified-flights.md shows to be better.
pub const NOVELTY: NoveltyOptions =
    NoveltyOptions { bins: 8, pairs: true, p_below: 0.01, then: Fallback::Escalate };

/// What a policy is asked to keep.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// Error of what is accepted, and how sure.
    pub promise: Promise,
    /// Error of what the action `default` answers.
    pub max_default_error: Option<f64>,
    /// What mistakes and reviews cost.
    pub costs: Option<Costs>,
    /// The calibration, or the best of all.
    pub method: Method,
    /// One threshold for all labels.
    pub pooled: bool,
    /// Coverage of label sets for reviewers.
    pub label_sets: Option<f64>,
    /// Widest half of an interval that is accepted.
    pub tolerance: Option<f64>,
    /// Bins of predicted numbers.
    pub bins: usize,
    /// Seed of the division of the rows.
    pub seed: u64,
}

/// How scores are calibrated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Method {
    // described in the command's help
    Auto,
    None,
    Temperature,
    Platt,
    Beta,
    Isotonic,
}

impl Method {
    /// The one method that is asked for, if it is one.
    pub fn one(self) -> Option<CalibrationMethod> {
        match self {
            Self::Auto | Self::None => None,
            Self::Temperature => Some(CalibrationMethod::Temperature),
            Self::Platt => Some(CalibrationMethod::Platt),
            Self::Beta => Some(CalibrationMethod::Beta),
            Self::Isotonic => Some(CalibrationMethod::Isotonic),
        }
    }
}

/// What the promise counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Promised {
    /// Accepted answers that are wrong.
    Answers,
    /// Of several labels at once, each: accepted records in which it is wrong.
    EachLabel,
    /// Of several labels at once: accepted records in which one is wrong.
    Records,
    /// Accepted numbers whose interval misses the truth.
    Intervals,
}

impl Promised {
    /// What is kept below the largest share, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Answers => "of the accepted answers are wrong",
            Self::EachLabel => "of the accepted records have this label wrong, for each label",
            Self::Records => "of the accepted records have a wrong label",
            Self::Intervals => "of the accepted numbers lie outside their interval",
        }
    }
}

/// What was found, besides the policy.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What the promise counts.
    pub promised: Promised,
    /// The promise.
    pub max_error: f64,
    /// With at least this probability.
    pub confidence: f64,
    /// How the rows were divided.
    pub split: Split,
    /// Rows that the contract refuses or escalates: no threshold is asked about them.
    pub refused: u64,
    /// Rows without a label.
    pub unlabelled: u64,
    /// What is certified, by label, or by bin from the lowest.
    #[serde(serialize_with = "as_object")]
    pub certified: Vec<(String, Part)>,
    /// Certifying rows that the policy accepts, as a share.
    pub coverage: f64,
    /// The share of wrong answers among them, of several labels at once of records with a wrong
    /// label; `null` if nothing is accepted.
    pub error: Option<f64>,
    /// The calibration that was fitted.
    pub calibration: Option<CalibrationMethod>,
    /// Calibration on the certifying rows, before and after.
    pub reliability: Option<[Reliability; 2]>,
    /// Accepted and wrong at each threshold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<CurvePoint>,
}

fn as_object<S: Serializer>(parts: &[(String, Part)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(parts.iter().map(|(name, part)| (name, part)))
}

/// One certified part.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// The threshold, lowest accepted score, or half-width; `null` if nothing is accepted.
    pub threshold: Option<f64>,
    /// The figures that the policy's certificate holds.
    #[serde(flatten)]
    pub figures: CertifiedLabel,
    /// Accepted rows that the first test asks for.
    pub rows_needed: u64,
    /// In plain words, why nothing is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What became of the action `default` below the threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<DefaultPart>,
}

/// The certified action `default`.
#[derive(Clone, Debug, Serialize)]
pub struct DefaultPart {
    /// Whether its error is within what is asked; else these records are escalated.
    pub certified: bool,
    /// Rows that it answers.
    pub rows: u64,
    /// Wrong answers among them.
    pub errors: u64,
    /// Exact upper bound of its error.
    pub upper_bound: f64,
}

/// One point of the curve of coverage and error.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CurvePoint {
    /// Accepted from here.
    pub threshold: f64,
    /// Share of the rows.
    pub coverage: f64,
    /// Share of wrong answers among them, of [`Promised::EachLabel`] those of the worst label; `null`
    /// if none is accepted.
    pub error: Option<f64>,
}

/// A policy and what it rests on.
#[derive(Clone, Debug)]
pub struct Calibrated {
    /// The policy without its certificate's references.
    pub policy: Policy,
    /// What was found.
    pub report: Report,
}

/// Whether a row of the labelled file belongs to the part that fits; the rest certifies. Depends
/// on the seed and the row's number alone.
pub fn fits(seed: u64, row: u64) -> bool {
    // SplitMix64 (Steele, Lea and Flood 2014)
    let mut z = seed.wrapping_add((row + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) >> 63 == 0
}

/// Why nothing is certified, in plain words.
pub fn why_nothing(rows: u64, errors: u64, best: Option<Point>, promise: Promise) -> String {
    let needed = promise.first_rows();
    if rows < needed {
        return format!(
            "too few rows: escalate all; {needed} accepted rows are needed before the first test, \
             there are {rows}"
        );
    }
    let (n, k) = best.map_or((rows, errors), |p| (p.accepted, p.errors));
    let share = k as f64 / n.max(1) as f64;
    let more = match promise.rows_needed(share) {
        Some(more) => format!("at that rate {more} accepted rows would be enough"),
        None => "no number of rows would be enough at that rate, but with more rows the walk \
                 begins at a higher threshold"
            .to_owned(),
    };
    format!(
        "escalate all: {k} of {n} answers are wrong at the first threshold that is tested; {more}"
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;
