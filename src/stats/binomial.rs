//! The binomial distribution and its exact bounds.

use super::regularized_beta;

/// Steps of the bisection: past a double's precision.
const BISECTIONS: u32 = 80;

/// P(X ≤ k) for X ~ Binomial(n, p), p in [0, 1]: I_{1−p}(n − k, k + 1), DLMF 8.17.5.
pub fn binomial_cdf(k: u64, n: u64, p: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    regularized_beta(1.0 - p, (n - k) as f64, k as f64 + 1.0)
}

/// The upper end of the exact one-sided interval for an error rate (Clopper and Pearson 1934):
/// the largest p with P(X ≤ errors) ≥ `delta`. With probability at least 1 − `delta` the true rate
/// is no higher. 1 if nothing is known.
pub fn clopper_pearson_upper(errors: u64, n: u64, delta: f64) -> f64 {
    if errors >= n {
        return 1.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..BISECTIONS {
        let middle = 0.5 * (low + high);
        if binomial_cdf(errors, n, middle) > delta {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The fewest rows that certify an error rate of `alpha` at confidence 1 − `delta` without a single
/// error among them: ⌈ln δ / ln(1 − α)⌉, both in (0, 1).
pub fn zero_error_rows(alpha: f64, delta: f64) -> u64 {
    let rows = libm::log(delta) / libm::log1p(-alpha);
    // a quotient of logarithms may lie a bit above the whole number that it is
    let whole = libm::round(rows);
    let up = if (rows - whole).abs() < 1e-9 { whole } else { libm::ceil(rows) };
    up.max(1.0) as u64
}
