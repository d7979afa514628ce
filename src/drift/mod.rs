//! Drift: whether what comes differs from the baseline, by how much, since when and where.
//!
//! Pure functions of counts. Significance and effect are told apart, and both from having too few
//! records to tell; docs/drift.md has every formula.

mod baseline;
mod compare;
mod detect;
mod distance;
mod explain;
mod noise;
mod performance;
mod pool;
mod rare;
mod several;
mod significance;
mod verdict;
mod window_checks;

pub use baseline::baseline_cells;
pub use compare::{Cell, Compared, check_edges};
pub use detect::{Detector, Watch};
pub use distance::{
    hellinger, js_distance, kl_current_baseline, ks, linf, psi, tvd, wasserstein,
    wasserstein_by_deviation,
};
pub use explain::{Moved, Risk, Segment, explaining, moved, weighted_effect};
pub use noise::Noise;
pub use performance::{
    CONCEPT_DRIFT, CalibrationDrift, Confidence, Estimate, Performance, calibration_drift,
    estimate, realised,
};
pub use several::benjamini_hochberg;
pub use significance::{
    ChiSquare, Pooled, Quantiles, contingency, g_test, pooled, psi_null_expectation, psi_null_q95,
};
pub use verdict::{Criteria, Distances, Feature, Found, Judge, Verdict, judge};
pub use window_checks::{Checked, Outcome, WindowCounts, check_window};

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

#[cfg(test)]
#[path = "simulation_tests.rs"]
mod simulation_tests;

#[cfg(test)]
#[path = "window_checks_tests.rs"]
mod window_checks_tests;

#[cfg(test)]
#[path = "performance_tests.rs"]
mod performance_tests;
