//! k-ary randomized response (Kairouz, Bonawitz and Ramage, "Discrete Distribution Estimation under
//! Local Privacy", 2016): the truth with probability e^ε / (e^ε + k − 1), else any other cell alike.

use super::{Draw, Epsilon};
use crate::error::{Error, ErrorCode, Result};

/// A cell in `[0, cells)` in the place of the true one.
///
/// A cell is drawn, all alike; the true one is kept, another one with probability e^−ε, else it is
/// drawn again. The chances are then 1 to e^−ε, which are those of the response, and no float is
/// needed.
///
/// # Errors
/// [`ErrorCode::BadUsage`] if `truth` is no cell; a source of randomness that fails.
pub fn respond(truth: u32, cells: u32, epsilon: Epsilon, draw: &mut Draw<'_>) -> Result<u32> {
    if truth >= cells {
        return Err(Error::new(ErrorCode::BadUsage, format!("there is no cell {truth}")));
    }
    draw.until(|draw| {
        let cell = u32::try_from(draw.below(u64::from(cells))?).unwrap_or(truth);
        let kept = cell == truth || draw.exp_minus(u64::from(epsilon.milli()), 1_000)?;
        Ok(kept.then_some(cell))
    })
}
