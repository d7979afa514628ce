//! Drift: whether what comes differs from the baseline, by how much, since when and where.
//!
//! Pure functions of counts. Significance and effect are told apart, and both from having too few
//! records to tell; docs/drift.md has every formula.

mod compare;
mod distance;
mod noise;
mod pool;
mod rare;
mod several;
mod significance;
mod verdict;

pub use compare::{Cell, Compared, check_edges};
pub use distance::{
    hellinger, js_distance, kl_current_baseline, ks, linf, psi, tvd, wasserstein,
    wasserstein_by_deviation,
};
pub use noise::Noise;
pub use several::benjamini_hochberg;
pub use significance::{
    ChiSquare, Pooled, Quantiles, contingency, g_test, pooled, psi_null_expectation, psi_null_q95,
};
pub use verdict::{Criteria, Distances, Feature, Found, Verdict, judge};

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
