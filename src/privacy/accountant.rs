//! What losses add up to when a client is asked again and again, and what an observer may believe
//! after it.

use super::Epsilon;
use crate::error::{Error, ErrorCode, Result};

/// The loss of so many answers of `epsilon` each, whatever they are about and however they depend
/// on one another: their sum (basic composition, with no δ).
pub fn basic(epsilon: Epsilon, times: u32) -> f64 {
    epsilon.get() * f64::from(times)
}

/// The least ε that `times` answers of `epsilon` each have together, but for a chance of at most
/// `delta` in [0, 1): the optimum for answers of which no more is known (Kairouz, Oh and Viswanath,
/// "The Composition Theorem for Differential Privacy", 2015, theorem 3.3). Never above [`basic`],
/// equal to it for a `delta` of 0. It is one of ε·times, ε·(times − 2), …
///
/// # Errors
/// [`ErrorCode::BadUsage`] for another `delta`.
pub fn advanced(epsilon: Epsilon, times: u32, delta: f64) -> Result<f64> {
    if !(0.0..1.0).contains(&delta) {
        return Err(Error::new(ErrorCode::BadUsage, "a δ lies within 0 and 1, without 1"));
    }
    // δ rises with the step, so that the last one within `delta` is found by halves
    let (mut within, mut beyond) = (0, times / 2 + 1);
    while beyond - within > 1 {
        let middle = within + (beyond - within) / 2;
        if excess(epsilon.get(), times, middle) <= delta {
            within = middle;
        } else {
            beyond = middle;
        }
    }
    Ok(epsilon.get() * f64::from(times - 2 * within))
}

/// The least δ with which `times` answers have the loss ε·(times − 2·step) together:
/// Σ C(k, l)·(e^((k−l)ε) − e^((k−2i+l)ε)) / (1 + e^ε)^k over l < i.
fn excess(epsilon: f64, times: u32, step: u32) -> f64 {
    let k = f64::from(times);
    let whole = epsilon + libm::log1p(libm::exp(-epsilon));
    let mut ways = 0.0;
    let mut sum = 0.0;
    for l in 0..step {
        let left = f64::from(l);
        let gap = -libm::expm1(-2.0 * epsilon * f64::from(step - l));
        sum += libm::exp(ways + (k - left) * epsilon - k * whole) * gap;
        // C(k, l + 1) = C(k, l)·(k − l) / (l + 1)
        ways += libm::log((k - left) / (left + 1.0));
    }
    sum
}

/// The most that an observer may believe of a client after answers of a loss of `epsilon` in all, who
/// held it likely by `prior` in [0, 1] before: by Bayes, as no answer is more than e^ε times as
/// likely for one truth as for another.
pub fn belief(prior: f64, epsilon: f64) -> f64 {
    let prior = prior.clamp(0.0, 1.0);
    let against = (1.0 - prior) * libm::exp(-epsilon);
    if prior + against > 0.0 { prior / (prior + against) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn epsilon(milli: u32) -> Epsilon {
        Epsilon::from_milli(milli).unwrap()
    }

    #[test]
    fn a_month_at_the_default_is_a_loss_of_120() {
        assert_eq!(basic(epsilon(4_000), 30), 120.0);
        assert_eq!(basic(epsilon(1_000), 0), 0.0);
    }

    #[test]
    fn without_a_delta_nothing_is_gained() {
        for (milli, times) in [(100, 7), (1_000, 30), (4_000, 365)] {
            let epsilon = epsilon(milli);
            assert_eq!(advanced(epsilon, times, 0.0).unwrap(), basic(epsilon, times));
        }
        assert!(advanced(epsilon(1), 1, 1.0).is_err());
        assert!(advanced(epsilon(1), 1, f64::NAN).is_err());
    }

    /// δ(ε') of k randomized answers of two cells, by summing over all that may be answered.
    fn exact(each: f64, times: u32, total: f64) -> f64 {
        let p = libm::exp(each) / (1.0 + libm::exp(each));
        (0u32..1 << times)
            .map(|answers| {
                let truths = f64::from(answers.count_ones());
                let lies = f64::from(times) - truths;
                let here = libm::pow(p, truths) * libm::pow(1.0 - p, lies);
                let there = libm::pow(p, lies) * libm::pow(1.0 - p, truths);
                (here - libm::exp(total) * there).max(0.0)
            })
            .sum()
    }

    #[test]
    fn the_loss_is_the_least_that_all_answers_together_have() {
        for (milli, times) in [(200, 12), (1_000, 9), (1_000, 10), (2_500, 6)] {
            let each = epsilon(milli).get();
            for step in 0..=times / 2 {
                let total = each * f64::from(times - 2 * step);
                let (ours, summed) = (excess(each, times, step), exact(each, times, total));
                assert!((ours - summed).abs() < 1e-12, "{milli} {times} {step}: {ours} {summed}");
            }
            for delta in [1e-9, 1e-3, 0.1] {
                let found = advanced(epsilon(milli), times, delta).unwrap();
                assert!(exact(each, times, found) <= delta * (1.0 + 1e-9));
                let lower = found - 2.0 * each;
                assert!(
                    lower < 0.0 || exact(each, times, lower) > delta,
                    "{milli} {times} {delta}"
                );
            }
        }
    }

    #[test]
    fn small_losses_gain_by_a_delta_and_large_ones_do_not() {
        let month = |milli| advanced(epsilon(milli), 30, 1e-6).unwrap() / basic(epsilon(milli), 30);
        assert!(month(100) < 0.95, "{}", month(100));
        assert_eq!(month(4_000), 1.0);
        // many answers: far below the sum, and no number that is none
        let year = advanced(epsilon(100), 100_000, 1e-6).unwrap();
        assert!(year < 0.2 * basic(epsilon(100), 100_000), "{year}");
    }

    #[test]
    fn beliefs_are_bayes() {
        assert!((belief(0.5, libm::log(3.0)) - 0.75).abs() < 1e-15);
        assert_eq!(belief(0.2, 0.0), 0.2);
        assert_eq!((belief(0.0, 4.0), belief(1.0, 4.0)), (0.0, 1.0));
        assert_eq!(belief(0.5, 1e6), 1.0);
    }
}
