//! Distribution functions that certificates and drift tests rest on.
//!
//! All of it comes from `libm` and from sums of one fixed order, so that every host computes the
//! same bits.

mod beta;
mod binomial;
mod chi2;
mod gamma;
mod many;

pub use beta::regularized_beta;
pub use binomial::{binomial_cdf, clopper_pearson_upper, zero_error_rows};
pub use chi2::{chi2_sf_each, chi2_sf_whole, chi2_upper_quantile};
pub use gamma::{chi2_sf, regularized_gamma_upper};
pub use many::{LANES, atanh_tail, contrasts, erfcx_each, exp_each, sum};

/// Iterations after which a continued fraction or series is given up: each of those here gains at
/// least one bit in a few of them.
const MAX_ITERATIONS: u32 = 10_000;

/// Stands for zero in a denominator (modified Lentz).
const TINY: f64 = 1e-300;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
