//! The discrete Laplace distribution, exactly: algorithm 2 of Canonne, Kamath and Steinke, "The
//! Discrete Gaussian for Differential Privacy", 2020.

use super::Draw;
use crate::error::Result;

/// The scale `part / whole` of a discrete Laplace distribution: P(x) ∝ exp(−|x| · whole / part).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// Numerator, at least 1.
    pub part: u32,
    /// Denominator, at least 1.
    pub whole: u32,
}

impl Scale {
    /// Variance: 2α / (1 − α)² with α = exp(−whole / part).
    pub fn variance(self) -> f64 {
        let rate = f64::from(self.whole) / f64::from(self.part.max(1));
        // 2α / (1 − α)² = 1 / (2 sinh²(rate / 2)), without the cancellation of 1 − α
        let sinh = libm::sinh(rate / 2.0);
        1.0 / (2.0 * sinh * sinh)
    }
}

/// A whole number of that distribution.
///
/// # Errors
/// A source of randomness that fails.
pub fn noise(scale: Scale, draw: &mut Draw<'_>) -> Result<i64> {
    let (part, whole) = (u64::from(scale.part.max(1)), u64::from(scale.whole.max(1)));
    draw.until(|draw| {
        let below = draw.below(part)?;
        if !draw.exp_minus(below, part)? {
            return Ok(None);
        }
        let times = draw.successes(1, 1)?;
        let size = times.saturating_mul(part).saturating_add(below) / whole;
        let minus = draw.chance(1, 2)?;
        if minus && size == 0 {
            return Ok(None);
        }
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        Ok(Some(if minus { -size } else { size }))
    })
}
