//! Checks of a window's counts: what other libraries check of a whole table.
//!
//! Checks are part of the baseline, so that a bundle's identity covers them; `crate::drift` judges
//! them.

use super::baseline::InputBins;
use crate::error::{Error, ErrorCode, Result};
use crate::limits::MAX_WINDOW_CHECKS;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A file of checks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WindowChecks {
    /// Always [`WindowChecks::FORMAT`].
    pub format: String,
    /// The checks.
    pub checks: Vec<WindowCheck>,
}

impl WindowChecks {
    /// The format that this version reads and writes.
    pub const FORMAT: &'static str = "driftline.window_checks/1";
}

/// One check of every window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WindowCheck {
    /// The input; none for what is about records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// What is computed.
    pub of: Aggregate,
    /// It must be at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// It must be at most this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
    /// It must not be the minimum itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub strict_minimum: bool,
    /// It must not be the maximum itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub strict_maximum: bool,
    /// Where it comes from, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A figure of all records of a window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Aggregate {
    /// Number of records.
    RowCount {},
    /// Share of records with a value.
    NonNullShare {},
    /// Mean of a number.
    Mean {},
    /// Median of a number.
    Median {},
    /// Least number.
    Minimum {},
    /// Greatest number.
    Maximum {},
    /// Sum of a number.
    Sum {},
    /// Quantile of a number, between its neighbours by any interpolation.
    Quantile {
        /// In [0, 1].
        level: f64,
    },
    /// Number of distinct values.
    UniqueCount {},
    /// Distinct values by values.
    UniqueShare {},
    /// The most common category is one of these.
    MostCommon {
        /// The categories.
        values: Vec<String>,
        /// Others may be as common.
        #[serde(default)]
        ties_okay: bool,
    },
    /// Kullback-Leibler divergence in nats of the window's categories from expected shares.
    KlDivergence {
        /// Expected shares, not all 0.
        expected: BTreeMap<String, f64>,
    },
    /// Largest difference of a category's share.
    Linf {
        /// What it is compared with.
        against: Against,
    },
    /// Jensen-Shannon divergence in bits, in [0, 1], over the baseline's bins.
    JensenShannon {
        /// What it is compared with.
        against: Against,
    },
}

/// What a window is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// The training data: skew.
    Baseline,
    /// The window before: drift.
    Previous,
}

/// Whether the checks are ones of these inputs.
///
/// # Errors
/// [`ErrorCode::BaselineInvalid`] with the path of the first that is none.
pub(super) fn check(checks: &[WindowCheck], inputs: &[InputBins]) -> Result<()> {
    let invalid = |message: String| Error::new(ErrorCode::BaselineInvalid, message);
    if checks.len() > MAX_WINDOW_CHECKS {
        let message = format!("there are more than {MAX_WINDOW_CHECKS} window checks");
        return Err(invalid(message).at_path("window_checks"));
    }
    for (i, check) in checks.iter().enumerate() {
        if let Err(message) = one(check, inputs) {
            return Err(invalid(message).at_path(format!("window_checks[{i}]")));
        }
    }
    Ok(())
}

fn one(check: &WindowCheck, inputs: &[InputBins]) -> std::result::Result<(), String> {
    use Aggregate as A;
    let bounds = [check.minimum, check.maximum];
    if bounds.iter().flatten().any(|bound| !bound.is_finite()) {
        return Err("its bounds must be finite".into());
    }
    if matches!(bounds, [Some(low), Some(high)] if low > high) {
        return Err("its minimum is above its maximum".into());
    }
    let bounded = bounds.iter().any(Option::is_some);
    if bounded == matches!(check.of, A::MostCommon { .. }) {
        let must = if bounded { "it takes no bounds" } else { "it needs a minimum or a maximum" };
        return Err(must.into());
    }
    let Some(name) = &check.input else {
        let of_records = matches!(check.of, A::RowCount {});
        return of_records.then_some(()).ok_or_else(|| "it needs an input".into());
    };
    let bins = inputs.iter().find(|bins| bins.name() == name);
    let Some(bins) = bins else { return Err(format!("the baseline has no bins of `{name}`")) };
    let numeric = matches!(bins, InputBins::Numeric(_));
    let category = matches!(bins, InputBins::Category(_));
    match &check.of {
        A::RowCount {} => Err("a number of records has no input".into()),
        A::NonNullShare {} | A::JensenShannon { .. } => Ok(()),
        A::Mean {} | A::Median {} | A::Minimum {} | A::Maximum {} | A::Sum {} if numeric => Ok(()),
        A::Quantile { level } if numeric => {
            let inside = (0.0..=1.0).contains(level);
            inside.then_some(()).ok_or_else(|| "its level is not in [0, 1]".into())
        }
        A::UniqueCount {} | A::UniqueShare {} if numeric || category => Ok(()),
        A::MostCommon { values, .. } if category => {
            let some = !values.is_empty();
            some.then_some(()).ok_or_else(|| "it names no value".into())
        }
        A::KlDivergence { expected } if category => {
            let shares = expected.values().all(|share| share.is_finite() && *share >= 0.0);
            let some = expected.values().any(|share| *share > 0.0);
            let fine = shares && some;
            fine.then_some(()).ok_or_else(|| "its expected shares are none".into())
        }
        A::Linf { .. } if category => Ok(()),
        _ => Err(format!("`{name}` is of another type than it is about")),
    }
}
