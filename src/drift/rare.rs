//! Bins too rare for a chi-square test: an unseen category that suddenly comes.

use super::pool::LEAST_EXPECTED;
use crate::stats::binomial_cdf;

/// The smallest p-value of a bin that the pooled test sees only together with others, times their
/// number (Bonferroni). `None` if there is no such bin.
///
/// If nothing drifted, of the c records that both sides have in a bin the current side has a
/// binomial number, with m/(n + m). The p-value is that of at least as many, exactly.
pub(super) fn rare(baseline: &[u64], current: &[f64]) -> Option<f64> {
    let n: f64 = baseline.iter().map(|count| *count as f64).sum();
    let m: f64 = current.iter().sum();
    let least = LEAST_EXPECTED / n.min(m);
    let part = m / (n + m);
    // far from the bound no division is needed to tell
    let surely_not = 1.01 * least * (n + m);
    let mut bins = 0u32;
    let mut smallest: f64 = 1.0;
    for (a, b) in baseline.iter().zip(current) {
        let a = *a as f64;
        if a + b >= surely_not || a + b <= 0.0 || (a + b) / (n + m) >= least {
            continue;
        }
        bins += 1;
        let expected = (a + b) * part;
        // what cannot be small is not worked out
        if *b >= 2.0 && *b > expected + 3.0 * libm::sqrt(expected) {
            let all = (a + b) as u64;
            // at least b here is at most c − b there
            smallest = smallest.min(binomial_cdf(a as u64, all, 1.0 - part));
        }
    }
    (bins > 0).then(|| (smallest * f64::from(bins)).min(1.0))
}
