//! The noise that a privacy mode added to counts, as far as a test must know it.

use super::compare::bad;
use crate::error::Result;

/// What was added to the current counts before they came, and taken out of their mean since.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Noise {
    /// Nothing: plain counts.
    #[default]
    None,
    /// Discrete Laplace noise with P(x) ∝ e^(−ε|x|) in each bin, `draws` times: once for every
    /// beacon that was merged.
    Laplace {
        /// ε of one bin, above 0.
        epsilon: f64,
        /// Beacons.
        draws: u64,
    },
    /// k-ary randomized response: every report is one of `cells` answers, and the true one is eᵋ
    /// times as likely as each other.
    RandomizedResponse {
        /// ε of a report, above 0.
        epsilon: f64,
        /// Possible answers, at least 2.
        cells: u32,
    },
}

impl Noise {
    /// Refuses noise without a meaning.
    ///
    /// # Errors
    /// [`ErrorCode::BadInput`](crate::ErrorCode::BadInput) at `noise`.
    pub fn check(&self) -> Result<()> {
        let epsilon = match self {
            Self::None => return Ok(()),
            Self::Laplace { epsilon, .. } | Self::RandomizedResponse { epsilon, .. } => *epsilon,
        };
        if !(epsilon > 0.0 && epsilon <= 700.0) {
            return bad("noise.epsilon", "epsilon must be above 0 and at most 700");
        }
        if matches!(self, Self::RandomizedResponse { cells: 0 | 1, .. }) {
            return bad("noise.cells", "randomized response has at least two answers");
        }
        Ok(())
    }

    /// Variance that was added to one bin, whatever is in it; 0 for randomized response, whose
    /// variance depends on the shares.
    ///
    /// Of discrete Laplace with α = e^(−ε) it is 2α/(1 − α)² (Canonne, Kamath and Steinke 2020).
    pub fn variance(&self) -> f64 {
        match self {
            Self::Laplace { epsilon, draws } => *draws as f64 * 2.0 * geometric_variance(*epsilon),
            _ => 0.0,
        }
    }

    /// Fourth cumulant that was added to one bin: discrete Laplace is the difference of two
    /// geometric variables, of which each has v²(6 + (1 − α)²/α) with its variance v.
    pub fn fourth_cumulant(&self) -> f64 {
        match self {
            Self::Laplace { epsilon, draws } => {
                let v = geometric_variance(*epsilon);
                *draws as f64 * 2.0 * v * (6.0 * v + 1.0)
            }
            _ => 0.0,
        }
    }

    /// Variance that one bin of the share `share` has in `total` records beyond plain counts'.
    pub fn variance_at(&self, share: f64, total: f64) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Laplace { .. } => self.variance(),
            Self::RandomizedResponse { epsilon, cells } => {
                let odds = libm::exp(*epsilon);
                let answers = odds + f64::from(*cells) - 1.0;
                let slope = (odds - 1.0) / answers;
                let seen = 1.0 / answers + slope * share;
                total * (seen * (1.0 - seen) / (slope * slope) - share * (1.0 - share))
            }
        }
    }
}

/// α/(1 − α)² with α = e^(−ε).
fn geometric_variance(epsilon: f64) -> f64 {
    let rest = -libm::expm1(-epsilon);
    libm::exp(-epsilon) / (rest * rest)
}
