//! Whether a difference is more than sampling, and than the noise that privacy added.

use super::compare::{Compared, bad};
use super::distance::kl_term;
use super::noise::Noise;
use super::pool::{Pools, Sides, pool};
use crate::error::Result;
use crate::stats::{LANES, chi2_sf, chi2_sf_whole, chi2_upper_quantile, sum};
use serde::Serialize;

/// A statistic that is chi-square distributed if nothing drifted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ChiSquare {
    /// The statistic, at least 0.
    pub statistic: f64,
    /// Degrees of freedom: occupied bins less one.
    pub dof: u32,
    /// Probability of a statistic at least as large if both sides come from one distribution.
    pub p: f64,
}

impl ChiSquare {
    fn new(statistic: f64, occupied: usize) -> Self {
        let dof = u32::try_from(occupied.saturating_sub(1)).unwrap_or(u32::MAX);
        Self { statistic, dof, p: chi2_sf_whole(statistic, dof) }
    }
}

/// Pearson's chi-square of the 2 × B table without a continuity correction, bins that both sides
/// lack left out: Σ (q − p)² nm / (a + b).
pub fn contingency(compared: &Compared) -> ChiSquare {
    let (n, m) = (compared.baseline_total(), compared.current_total());
    let mut statistic = 0.0;
    for cell in compared.cells() {
        let both = cell.p * n + cell.q * m;
        if both > 0.0 {
            statistic += cell.gap * cell.gap * n * m / both;
        }
    }
    ChiSquare::new(statistic, compared.occupied())
}

/// The likelihood ratio test (G test) of the same table: twice the counts times the divergence of
/// either side from both together.
pub fn g_test(compared: &Compared) -> ChiSquare {
    let (n, m) = (compared.baseline_total(), compared.current_total());
    let both = n + m;
    let mut statistic = 0.0;
    for cell in compared.cells() {
        let share = (cell.p * n + cell.q * m) / both;
        statistic += n * kl_term(cell.p, share, -cell.gap * m / both);
        statistic += m * kl_term(cell.q, share, cell.gap * n / both);
    }
    ChiSquare::new(2.0 * statistic, compared.occupied())
}

/// What PSI is on average if nothing drifted, to first order: (B − 1)(1/n + 1/m) over the occupied
/// bins.
pub fn psi_null_expectation(compared: &Compared) -> f64 {
    (compared.occupied() as f64 - 1.0).max(0.0) * compared.sampling()
}

/// What PSI exceeds once in twenty if nothing drifted, to first order: (1/n + 1/m) times the 95%
/// quantile of χ² with B − 1 degrees of freedom.
pub fn psi_null_q95(compared: &Compared, quantiles: &mut Quantiles) -> f64 {
    compared.sampling() * quantiles.upper(compared.occupied().saturating_sub(1))
}

/// 95% quantiles of χ² by degrees of freedom, each found once.
#[derive(Clone, Debug, Default)]
pub struct Quantiles(Vec<Option<f64>>);

impl Quantiles {
    fn upper(&mut self, dof: usize) -> f64 {
        if self.0.len() <= dof {
            self.0.resize(dof + 1, None);
        }
        let find = || chi2_upper_quantile(0.05, u32::try_from(dof).unwrap_or(u32::MAX));
        self.0.get_mut(dof).map_or(f64::NAN, |known| *known.get_or_insert_with(find))
    }
}

/// The pooled test, corrected for noise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pooled {
    /// The statistic, at least 0, with mean `dof` if nothing drifted.
    pub statistic: f64,
    /// Pooled bins less one.
    pub dof: u32,
    /// Factor by which the statistic's variance exceeds a chi-square's: 1 without noise.
    pub spread: f64,
    /// Probability of a statistic at least as large if nothing drifted.
    pub p: f64,
}

/// Tests the current counts, debiased if they are noisy, against the baseline over pooled bins. Of
/// the first `ordered` bins only neighbours are pooled. `None` if fewer than two pools with at least
/// five expected records would remain while more than one bin is occupied.
///
/// Without noise it is Pearson's test of the pooled table. With noise it is Wald's test whose
/// covariance has the noise added (docs/drift.md); noise has heavier tails than sampling, so the
/// statistic is compared with a scaled chi-square of the same mean and variance (Satterthwaite).
///
/// # Errors
/// [`ErrorCode::BadInput`](crate::ErrorCode::BadInput) if the sides have another number of bins, or
/// for noise without a meaning.
pub fn pooled(
    baseline: &[u64],
    current: &[f64],
    ordered: usize,
    noise: &Noise,
) -> Result<Option<Pooled>> {
    if baseline.len() != current.len() {
        return bad("current_counts", "there are not as many counts as of the baseline");
    }
    let baseline: Vec<f64> = baseline.iter().map(|count| *count as f64).collect();
    let (n, m) = (baseline.iter().sum(), current.iter().sum());
    pooled_of(&Sides { baseline: &baseline, current, n, m }, ordered, noise)
}

/// The same of sides that are equally long and whose sums are known.
pub(super) fn pooled_of(of: &Sides<'_>, ordered: usize, noise: &Noise) -> Result<Option<Pooled>> {
    noise.check()?;
    let Sides { n, m, .. } = *of;
    if n <= 0.0 || m <= 0.0 {
        return Ok(None);
    }
    let pools = pool(of, ordered, noise);
    if pools.list.len() < 2 {
        let both = of.baseline.iter().zip(of.current);
        let occupied = both.filter(|(a, b)| **a > 0.0 || **b > 0.0).count();
        let same = Pooled { statistic: 0.0, dof: 0, spread: 1.0, p: 1.0 };
        return Ok((occupied < 2).then_some(same));
    }
    let (statistic, excess) = match noise {
        Noise::RandomizedResponse { epsilon, cells } => {
            (randomized(&pools, n, m, *epsilon, f64::from(*cells)), 0.0)
        }
        Noise::None => (pearson(&pools, n, m), 0.0),
        Noise::Laplace { .. } => additive(&pools, n, m, noise.variance(), noise.fourth_cumulant()),
    };
    let dof = pools.list.len() - 1;
    let spread = 1.0 + excess / (2.0 * dof as f64);
    let dof = u32::try_from(dof).unwrap_or(u32::MAX);
    let p = if excess == 0.0 {
        chi2_sf_whole(statistic, dof)
    } else {
        chi2_sf(statistic / spread, f64::from(dof) / spread)
    };
    Ok(Some(Pooled { statistic, dof, spread, p }))
}

/// The same of plain counts where each bin is a pool of its own; its p-value is not known yet.
pub(super) fn alone(of: &Sides<'_>) -> Pooled {
    let Sides { n, m, .. } = *of;
    let ratio = m / n;
    let part = |a: f64, b: f64| {
        let y = b - ratio * a;
        y * y / (a + b)
    };
    let mut sums = [0.0; LANES];
    let (before, rest) = of.baseline.as_chunks::<LANES>();
    let (now, others) = of.current.as_chunks::<LANES>();
    for (a, b) in before.iter().zip(now) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += part(*a, *b);
        }
    }
    let rest = rest.iter().zip(others).map(|(a, b)| part(*a, *b));
    let statistic = (sum(&sums) + rest.sum::<f64>()) * (n + m) / (m * (1.0 + ratio));
    let dof = u32::try_from(of.baseline.len().saturating_sub(1)).unwrap_or(u32::MAX);
    Pooled { statistic, dof, spread: 1.0, p: 1.0 }
}

/// Without noise D is m(1 + m/n)π, and the quadratic form below is Pearson's statistic: what is taken
/// from its sum is (Σ y)², which is nothing but rounding.
fn pearson(pools: &Pools, n: f64, m: f64) -> f64 {
    let ratio = m / n;
    let mut sum = 0.0;
    for pool in &pools.list {
        let y = pool.current - ratio * pool.baseline;
        sum += y * y / pool.weight;
    }
    sum * pools.whole / (m * (1.0 + ratio))
}

/// Noise of one variance added to each bin: the statistic, and Σ κ₄/D², by which the fourth
/// cumulant of the noise raises its variance.
///
/// y = b − m p has covariance A D Aᵀ with A = I − π1ᵀ and D = diag(m(1 + m/n)π + v), so that its
/// quadratic form is Σ y²/D − (Σ yπ/D)² / Σ π²/D.
fn additive(pools: &Pools, n: f64, m: f64, variance: f64, fourth: f64) -> (f64, f64) {
    let (mut square, mut cross, mut norm, mut excess) = (0.0, 0.0, 0.0, 0.0);
    for pool in &pools.list {
        let share = pool.weight / pools.whole;
        let y = pool.current - m * pool.baseline / n;
        let d = m * (1.0 + m / n) * share + pool.bins * variance;
        square += y * y / d;
        cross += y * share / d;
        norm += share * share / d;
        excess += pool.bins * fourth / (d * d);
    }
    ((square - cross * cross / norm).max(0.0), excess)
}

/// k-ary randomized response: reports r with shares λ = f + (t − f)π, where `true` answers have the
/// probability t and each false one f.
///
/// y = (t − f)(b − m p) has covariance D − mλλᵀ − cππᵀ with c = m²(t − f)²/n and D = diag(mλ + cπ);
/// on vectors that add up to nothing its inverse is that of D − cππᵀ (Sherman and Morrison).
fn randomized(pools: &Pools, n: f64, m: f64, epsilon: f64, cells: f64) -> f64 {
    let odds = libm::exp(epsilon);
    let slope = (odds - 1.0) / (odds + cells - 1.0);
    let other = 1.0 / (odds + cells - 1.0);
    let c = m * m * slope * slope / n;
    let (mut square, mut cross, mut norm) = (0.0, 0.0, 0.0);
    for pool in &pools.list {
        let share = pool.weight / pools.whole;
        let y = slope * (pool.current - m * pool.baseline / n);
        let d = m * (pool.bins * other + slope * share) + c * share;
        square += y * y / d;
        cross += y * share / d;
        norm += share * share / d;
    }
    square + c * cross * cross / (1.0 - c * norm)
}
