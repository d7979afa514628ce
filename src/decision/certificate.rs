//! What a policy was certified to do, and the conformal parts of it.

use super::Scores;
use crate::contract::Outputs;
use crate::error::{Error, ErrorCode, Result};
use crate::limits::MAX_BINS;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the thresholds rest on, as `driftline calibrate` writes it. It holds for records that come
/// from where the rows came from, and no longer once the data has drifted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// `learn_then_test`, or `conformal` for a regression's intervals.
    pub method: String,
    /// The share of wrong answers among the accepted ones that is not exceeded, in (0, 1).
    pub max_error: f64,
    /// With at least this probability over the rows that certified, in (0, 1).
    pub confidence: f64,
    /// How the labelled rows were divided.
    pub split: Split,
    /// SHA-256 of the file of labelled rows.
    pub data: String,
    /// Identity of the bundle whose model was asked.
    pub bundle: String,
    /// What was found, a label, or a bin of predicted values, at a time.
    pub certified: BTreeMap<String, CertifiedLabel>,
}

/// How rows were divided: no row is in both parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// Seed of the division.
    pub seed: u64,
    /// Rows that the calibration was fitted on.
    pub fit: u64,
    /// Rows that the thresholds were certified on.
    pub certify: u64,
}

/// One certified part of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CertifiedLabel {
    /// Certifying rows with this answer.
    pub rows: u64,
    /// Those that the policy accepts.
    pub accepted: u64,
    /// Wrong answers among the accepted.
    pub errors: u64,
    /// Exact upper bound of the error at this part's share of the confidence; 1 if nothing is
    /// accepted.
    pub upper_bound: f64,
    /// This part's share of 1 − `confidence`.
    pub delta: f64,
}

/// Split-conformal sets of labels (Sadinle, Lei and Wasserman 2019): every label whose score is at
/// least `minimum_score`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LabelSets {
    /// The share of records whose set holds the true label, at least; in (0, 1).
    pub coverage: f64,
    /// Lowest score of a label in the set, in [0, 1].
    pub minimum_score: f64,
}

impl LabelSets {
    pub(super) fn check(&self, outputs: &Outputs) -> Result<()> {
        if outputs.labels.is_empty() {
            return invalid("label_sets", "the model answers a number, not labels");
        }
        if !(self.coverage > 0.0 && self.coverage < 1.0) {
            return invalid("label_sets.coverage", "a coverage lies between 0 and 1");
        }
        if !(0.0..=1.0).contains(&self.minimum_score) {
            return invalid("label_sets.minimum_score", "a score lies in [0, 1]");
        }
        Ok(())
    }

    /// The set in the contract's order of the labels; never empty, since a set with the likeliest label
    /// covers no less.
    pub(super) fn of(&self, scores: &Scores) -> Vec<Arc<str>> {
        let top = scores.values().iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let least = self.minimum_score.min(top);
        scores.iter().filter(|(_, p)| *p >= least).map(|(label, _)| Arc::clone(label)).collect()
    }
}

/// How far the truth may lie from a predicted number, by bins of that number: conformal intervals
/// bin by bin (Vovk 2012), their half-widths certified by the exact binomial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct IntervalPolicy {
    /// The share of truths inside their interval, at least; in (0, 1).
    pub coverage: f64,
    /// Where one bin of predicted numbers ends and the next begins, strictly rising; a number on an
    /// edge belongs to the upper bin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edges: Vec<f64>,
    /// Half of each bin's interval, one more than `edges`; `null` where too few rows could tell.
    pub half_widths: Vec<Option<f64>>,
    /// The widest half that is accepted; without it every known one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
}

impl IntervalPolicy {
    pub(super) fn check(&self) -> Result<()> {
        if !(self.coverage > 0.0 && self.coverage < 1.0) {
            return invalid("value.interval.coverage", "a coverage lies between 0 and 1");
        }
        let rising = self.edges.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
        if !rising || self.edges.iter().any(|e| !e.is_finite()) || self.edges.len() > MAX_BINS {
            return invalid("value.interval.edges", "the edges must be finite and rise strictly");
        }
        if self.half_widths.len() != self.edges.len() + 1 {
            let message = "there must be one half-width more than edges";
            return invalid("value.interval.half_widths", message);
        }
        let known = self.half_widths.iter().flatten().chain(&self.tolerance);
        if known.into_iter().any(|w| !(w.is_finite() && *w >= 0.0)) {
            return invalid("value.interval", "widths must be finite and not negative");
        }
        Ok(())
    }

    /// Half of the interval around a number; `None` if it is not known.
    pub fn half_width(&self, value: f64) -> Option<f64> {
        let bin = self.edges.iter().take_while(|edge| **edge <= value).count();
        self.half_widths.get(bin).copied().flatten()
    }

    /// Whether the interval is known and no wider than tolerated.
    pub(super) fn is_narrow(&self, value: f64) -> bool {
        let known = self.half_width(value);
        known.is_some_and(|half| self.tolerance.is_none_or(|most| half <= most))
    }
}

fn invalid<T>(path: &str, message: &str) -> Result<T> {
    Err(Error::new(ErrorCode::PolicyInvalid, message).at_path(path))
}
