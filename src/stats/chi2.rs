//! The chi-square distribution with a whole number of degrees of freedom.

use super::{chi2_sf, erfcx_each, exp_each};

/// Above this, half the statistic's exponential is no longer a normal double.
const LARGEST_HALF: f64 = 700.0;

/// Degrees of freedom up to which the finite sum is the quicker way.
const MOST_SUMMED: u32 = 200;

/// 2/k: one by the halves k/2.
const HALVES: [f64; 203] = {
    let mut all = [0.0; 203];
    let mut k = 1;
    while k < all.len() {
        #[allow(clippy::indexing_slicing)]
        {
            all[k] = 2.0 / k as f64;
        }
        k += 1;
    }
    all
};

/// P(X > x) for X ~ χ² with `df` degrees of freedom, of which none means that X is 0: then 1.
///
/// The finite sums of Abramowitz and Stegun 26.4.4 and 26.4.5, whose terms are all positive;
/// [`chi2_sf`] where they are long.
pub fn chi2_sf_whole(x: f64, df: u32) -> f64 {
    let half = half(x);
    let (mut power, mut tail) = ([-half], [libm::sqrt(half)]);
    exp_each(&mut power);
    erfcx_each(&mut tail);
    let ([power], [tail]) = (power, tail);
    summed(x, df, power, tail)
}

/// The same of several `(x, df)` at once.
pub fn chi2_sf_each(tests: &[(f64, u32)]) -> Vec<f64> {
    let halves = || tests.iter().map(|(x, _)| half(*x));
    let mut powers: Vec<f64> = halves().map(|half| -half).collect();
    let mut tails: Vec<f64> = halves().map(libm::sqrt).collect();
    exp_each(&mut powers);
    erfcx_each(&mut tails);
    let known = tests.iter().zip(powers).zip(tails);
    known.map(|(((x, df), power), tail)| summed(*x, *df, power, tail)).collect()
}

/// x/2 as far as its exponential is taken.
fn half(x: f64) -> f64 {
    (x / 2.0).clamp(0.0, LARGEST_HALF)
}

/// `power` is e^(−x/2), `tail` e^(x/2) erfc(√(x/2)).
fn summed(x: f64, df: u32, power: f64, tail: f64) -> f64 {
    if x.is_nan() {
        return f64::NAN;
    }
    if df == 0 || x <= 0.0 {
        return 1.0;
    }
    let y = x / 2.0;
    if y > LARGEST_HALF || df > MOST_SUMMED {
        return chi2_sf(x, f64::from(df));
    }
    // of y^s / Γ(s + 1), s = 0, 1, … or 1/2, 3/2, …
    let (mut term, mut order, head) = if df.is_multiple_of(2) {
        (1.0, 0, 0.0)
    } else {
        (libm::sqrt(y) * core::f64::consts::FRAC_2_SQRT_PI, 1, tail)
    };
    let mut sum = 0.0;
    for _ in 0..df / 2 {
        sum += term;
        // not `/ order`: the next term would wait for it
        order += 2;
        term *= y * HALVES.get(order).copied().unwrap_or_default();
    }
    (power * (head + sum)).min(1.0)
}

/// The x that a χ² variable of `df` ≥ 1 degrees of freedom exceeds with probability `p` in (0, 1);
/// 0 for no degrees of freedom, NaN for another `p`.
pub fn chi2_upper_quantile(p: f64, df: u32) -> f64 {
    if !(p > 0.0 && p < 1.0) {
        return f64::NAN;
    }
    if df == 0 {
        return 0.0;
    }
    let half = f64::from(df) / 2.0;
    let (mut low, mut high) = (0.0, f64::from(df) + 4.0);
    while chi2_sf_whole(high, df) > p && high < 1e6 {
        low = high;
        high *= 2.0;
    }
    // Newton's steps, halving where one leaves the bracket
    let mut x = 0.5 * (low + high);
    let scale = -half * core::f64::consts::LN_2 - libm::lgamma(half);
    for _ in 0..200 {
        let excess = chi2_sf_whole(x, df) - p;
        if excess > 0.0 {
            low = x;
        } else {
            high = x;
        }
        let density = libm::exp((half - 1.0) * libm::log(x) - x / 2.0 + scale);
        let step = x + excess / density;
        let next = if step > low && step < high { step } else { 0.5 * (low + high) };
        if (next - x).abs() <= 4.0 * f64::EPSILON * x {
            return next;
        }
        x = next;
    }
    x
}
