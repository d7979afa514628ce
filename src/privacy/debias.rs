//! What the collector does to see through the noise: estimates that are right on average, each with
//! its variance.

use super::{Epsilon, Scale};

/// An estimated count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Right on average; may be negative.
    pub count: f64,
    /// Variance that the privacy added; that of the sample comes on top.
    pub variance: f64,
}

/// The chances of a response: of the true cell, and of any one other.
pub fn chances(cells: usize, epsilon: Epsilon) -> (f64, f64) {
    let odds = libm::exp(epsilon.get());
    let all = odds + cells.max(1) as f64 - 1.0;
    (odds / all, 1.0 / all)
}

/// True counts of the cells of k-ary randomized responses: (n − N·q) / (p − q), where p and q are the
/// [`chances`]. One cell alone is known without error.
pub fn randomized(responses: &[i64], epsilon: Epsilon) -> Vec<Estimate> {
    let total: i64 = responses.iter().fold(0i64, |sum, n| sum.saturating_add(*n));
    let total = total as f64;
    let (p, q) = chances(responses.len(), epsilon);
    let gap = p - q;
    let estimate = |responses: &i64| {
        if gap <= 0.0 {
            return Estimate { count: *responses as f64, variance: 0.0 };
        }
        let count = (*responses as f64 - total * q) / gap;
        let within = count.clamp(0.0, total);
        let variance = within * p * (1.0 - p) + (total - within) * q * (1.0 - q);
        Estimate { count, variance: variance / (gap * gap) }
    };
    responses.iter().map(estimate).collect()
}

/// Sums over `beacons` that each had noise of a scale on every cell: as they are, since the noise is
/// 0 on average.
pub fn aggregated(sums: &[i64], beacons: u64, scale: Scale) -> Vec<Estimate> {
    let variance = scale.variance() * beacons as f64;
    sums.iter().map(|sum| Estimate { count: *sum as f64, variance }).collect()
}
