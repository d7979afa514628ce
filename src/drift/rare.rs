//! Bins too rare for a chi-square test: an unseen category that suddenly comes.

use super::pool::{LEAST_EXPECTED, Sides};
use crate::stats::binomial_cdf;

/// The smallest p-value of a bin that the pooled test sees only together with others, times their
/// number (Bonferroni). `None` if there is no such bin.
///
/// If nothing drifted, of the c records that both sides have in a bin the current side has a
/// binomial number, with m/(n + m). The p-value is that of at least as many, exactly.
pub(super) fn rare(of: &Sides<'_>) -> Option<f64> {
    let Sides { n, m, .. } = *of;
    // products of whole numbers, so that just enough is enough
    let (smaller, least) = (n.min(m), LEAST_EXPECTED * (n + m));
    let part = m / (n + m);
    let mut bins = 0u32;
    let mut smallest: f64 = 1.0;
    for (a, b) in of.baseline.iter().zip(of.current) {
        if a + b <= 0.0 || (a + b) * smaller >= least {
            continue;
        }
        bins += 1;
        let expected = (a + b) * part;
        // what cannot be small is not worked out
        if *b >= 2.0 && *b > expected + 3.0 * libm::sqrt(expected) {
            let all = (a + b) as u64;
            // at least b here is at most c − b there
            smallest = smallest.min(binomial_cdf(*a as u64, all, 1.0 - part));
        }
    }
    (bins > 0).then(|| (smallest * f64::from(bins)).min(1.0))
}
