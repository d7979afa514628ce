//! Novelty: how unlike the rows that it was fitted on a record is.
//!
//! Each feature that the model is given falls into a bin. A tree of the features (Chow and Liu
//! 1968) says how rare each bin is beside the bin of its parent; the sum of these surprisals, −ln of
//! the record's probability under the tree, is its strangeness. Its rank among rows that the tree
//! was not fitted on is a p-value (Vovk, Gammerman and Shafer 2005): a record like those rows has
//! one of at most p with probability at most p, whatever the tree is worth.

use super::Fallback;
use crate::error::{Error, ErrorCode, Result};
use crate::limits::{MAX_NOVELTY_BINS, MAX_NOVELTY_FEATURES, MAX_NOVELTY_LEVELS};
use serde::{Deserialize, Serialize};

/// Surprisals are held in hundredths.
pub(super) const UNITS: f64 = 100.0;

/// When a record is too unlike the rows that the policy was fitted on, and what follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Novelty {
    /// A record whose p-value is below this is not accepted; in (0, 1). As many of the records that
    /// are like those of the fit are stopped.
    pub p_below: f64,
    /// What happens instead.
    #[serde(default)]
    pub then: Fallback,
    /// One entry a feature that is looked at.
    pub features: Vec<NovelFeature>,
    /// The greatest strangenesses of the ranked rows, falling.
    pub levels: Vec<u32>,
    /// How many rows were ranked.
    pub rows: u32,
}

/// One feature's bins and how rare they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NovelFeature {
    /// Name of the feature's column, as `driftline check` has it.
    pub name: String,
    /// Where one bin ends and the next begins, strictly rising; a value on an edge belongs to the
    /// upper bin. NaN has a bin of its own, the last.
    pub edges: Vec<f64>,
    /// Entry that this feature is looked at beside; an earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u32>,
    /// Hundredths of −ln of each bin's share; for each bin of the parent in turn, where there is
    /// one.
    pub surprisals: Vec<u32>,
}

impl NovelFeature {
    /// Bins: those between the edges, below, above, and NaN.
    pub(super) fn bins(&self) -> usize {
        self.edges.len() + 2
    }

    /// The bin of a value.
    pub(super) fn bin(&self, value: f64) -> usize {
        if value.is_nan() {
            return self.edges.len() + 1;
        }
        self.edges.partition_point(|edge| *edge <= value)
    }
}

impl Novelty {
    /// Whether the tables are whole.
    ///
    /// # Errors
    /// [`ErrorCode::PolicyInvalid`] with the path.
    #[inline(never)]
    pub fn check(&self) -> Result<()> {
        if !(self.p_below > 0.0 && self.p_below < 1.0) {
            return invalid("novelty.p_below", "a p-value lies between 0 and 1");
        }
        if self.features.is_empty() || self.features.len() > MAX_NOVELTY_FEATURES {
            return invalid("novelty.features", "there are no features, or too many");
        }
        for (at, feature) in self.features.iter().enumerate() {
            let path = |field: &str| format!("novelty.features[{at}].{field}");
            let rising = feature.edges.windows(2).all(|w| matches!(w, [a, b] if a < b));
            let finite = feature.edges.iter().all(|e| e.is_finite());
            if !rising || !finite || feature.edges.len() > MAX_NOVELTY_BINS {
                return invalid(&path("edges"), "the edges must be finite and rise strictly");
            }
            let lines = match feature.parent {
                None => 1,
                Some(parent) => match self.features.get(parent as usize) {
                    Some(parent_of) if (parent as usize) < at => parent_of.bins(),
                    _ => return invalid(&path("parent"), "a parent stands before its children"),
                },
            };
            if feature.surprisals.len() != lines * feature.bins() {
                return invalid(&path("surprisals"), "there must be one number a bin");
            }
        }
        if self.levels.len() > MAX_NOVELTY_LEVELS || self.levels.len() > self.rows as usize {
            return invalid("novelty.levels", "there are more levels than rows, or too many");
        }
        if self.levels.windows(2).any(|w| matches!(w, [a, b] if a < b)) {
            return invalid("novelty.levels", "the levels must fall");
        }
        Ok(())
    }

    /// Strangeness of a record in hundredths of a nat; `values` holds one number an entry of
    /// `features`, `bins` is room for as many.
    pub fn strangeness(&self, values: &[f64], bins: &mut Vec<usize>) -> u32 {
        bins.clear();
        let mut sum = 0u32;
        for (feature, value) in self.features.iter().zip(values) {
            let bin = feature.bin(*value);
            bins.push(bin);
            let line = feature.parent.and_then(|p| bins.get(p as usize)).copied().unwrap_or(0);
            let cell = feature.surprisals.get(line * feature.bins() + bin);
            sum = sum.saturating_add(cell.copied().unwrap_or(u32::MAX));
        }
        sum
    }

    /// The p-value of a strangeness: (1 + ranked rows at least as strange) / (1 + ranked rows). One
    /// that is past the last level is given as 1.
    pub fn p_value(&self, strangeness: u32) -> f64 {
        let at_least = self.levels.partition_point(|level| *level >= strangeness);
        if at_least == self.levels.len() && at_least < self.rows as usize {
            return 1.0;
        }
        (1.0 + at_least as f64) / (1.0 + f64::from(self.rows))
    }
}

fn invalid<T>(path: &str, message: &str) -> Result<T> {
    Err(Error::new(ErrorCode::PolicyInvalid, message).at_path(path))
}
