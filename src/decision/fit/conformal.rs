//! Split-conformal quantiles.

use super::Labelled;
use crate::decision::certify::Promise;

/// The lowest score that belongs to a set of labels, such that at least `coverage` of the sets
/// hold the truth (all truths, of several labels): 1 − the ⌈(n + 1)·coverage⌉-th smallest 1 − score
/// of the truth. 0, which takes every label, if there are too few rows.
pub fn label_set_score(rows: &Labelled, coverage: f64) -> f64 {
    let mut strange: Vec<f64> = rows
        .iter()
        .filter_map(|(scores, truths)| {
            let of_truth = scores.iter().zip(truths).filter(|(_, t)| **t).map(|(p, _)| *p);
            of_truth.reduce(f64::min).map(|p| 1.0 - p)
        })
        .collect();
    strange.sort_by(f64::total_cmp);
    let rank = libm::ceil((strange.len() as f64 + 1.0) * coverage) as usize;
    let at = rank.checked_sub(1).and_then(|at| strange.get(at));
    at.map_or(0.0, |quantile| (1.0 - quantile).clamp(0.0, 1.0))
}

/// The fewest of `n` rows that a bound must hold of, so that with probability at least 1 − δ it
/// fails for at most `max_error` of the records to come: the smallest k with
/// P(Binomial(n, α) ≤ n − k) ≤ δ (Wilks 1941; Park et al. 2020). `None` if all of them are too few.
pub fn certified_rank(n: u64, promise: Promise) -> Option<u64> {
    if !promise.holds(n, 0) {
        return None;
    }
    // the test passes for few failures and fails for many
    let (mut failures, mut too_many) = (0, n);
    while too_many - failures > 1 {
        let middle = failures + (too_many - failures) / 2;
        if promise.holds(n, middle) { failures = middle } else { too_many = middle }
    }
    Some(n - failures)
}

/// A bound of the absolute error that the promise holds for; `None` if there are too few rows.
pub fn residual_bound(residuals: &[f64], promise: Promise) -> Option<f64> {
    let mut sorted = residuals.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = certified_rank(sorted.len() as u64, promise)?;
    sorted.get(usize::try_from(rank).ok()?.checked_sub(1)?).copied()
}
