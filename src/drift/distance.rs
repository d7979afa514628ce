//! How far two histograms lie apart. All of it is a sum over bins in their order; the terms are
//! written so that two histograms that are nearly the same lose no digits.
//!
//! docs/drift.md has each formula with its source and what it is if nothing drifted.

use super::compare::{Cell, Compared};
use core::f64::consts::LN_2;

/// Below this a logarithm is taken as its series in u = (x − y)/(x + y).
const NEAR: f64 = 0.1;

/// Least standard deviation that a Wasserstein distance is divided by, as Evidently has it.
const LEAST_DEVIATION: f64 = 0.001;

/// The population stability index Σ (q − p) ln(q/p), in nats: infinite where exactly one side of a
/// bin is empty.
pub fn psi(compared: &Compared) -> f64 {
    divergences(compared).0
}

/// Kullback and Leibler's divergence Σ q ln(q/p) of the current shares from the baseline's, in
/// nats: infinite where a bin is empty in the baseline alone.
pub fn kl_current_baseline(compared: &Compared) -> f64 {
    compared.cells().iter().map(|cell| kl_term(cell.q, cell.p, cell.gap)).sum::<f64>().max(0.0)
}

/// The square root of Jensen and Shannon's divergence in bits, in [0, 1].
pub fn js_distance(compared: &Compared) -> f64 {
    divergences(compared).1
}

/// PSI and the root of Jensen and Shannon's divergence, whose terms are of the same two logarithms:
/// with u = (q − p)/(p + q) those of 1 + u and 1 − u.
pub(super) fn divergences(compared: &Compared) -> (f64, f64) {
    let (mut psi, mut nats) = (0.0, 0.0);
    for cell in compared.cells() {
        let s = cell.p + cell.q;
        if s <= 0.0 {
            continue;
        }
        let u = cell.gap / s;
        if u.abs() < NEAR {
            psi += cell.gap * 2.0 * (u + tail(u));
            nats += s / 4.0 * near_js(u * u);
        } else if cell.p > 0.0 && cell.q > 0.0 {
            let (x, y) = (2.0 * cell.q / s, 2.0 * cell.p / s);
            let (log_x, log_y) = (libm::log(x), libm::log(y));
            psi += cell.gap * (log_x - log_y);
            nats += s / 4.0 * (x * log_x + y * log_y);
        } else {
            psi = f64::INFINITY;
            nats += s / 2.0 * LN_2;
        }
    }
    (psi, libm::sqrt(nats / LN_2))
}

/// (1 + u) ln(1 + u) + (1 − u) ln(1 − u) of x = u² < 0.01: Σ xᵏ/(k (2k − 1)).
fn near_js(x: f64) -> f64 {
    let series = [1.0, 1.0 / 6.0, 1.0 / 15.0, 1.0 / 28.0, 1.0 / 45.0, 1.0 / 66.0, 1.0 / 91.0];
    x * series.iter().rev().fold(1.0 / 120.0, |sum, term| sum * x + term)
}

/// Hellinger's distance √(Σ (√p − √q)² / 2), in [0, 1].
pub fn hellinger(compared: &Compared) -> f64 {
    let square = |cell: &Cell| {
        let root = libm::sqrt(cell.p) + libm::sqrt(cell.q);
        let difference = if root > 0.0 { cell.gap / root } else { 0.0 };
        difference * difference
    };
    libm::sqrt(compared.cells().iter().map(square).sum::<f64>() / 2.0)
}

/// Total variation distance Σ |p − q| / 2, in [0, 1].
pub fn tvd(compared: &Compared) -> f64 {
    compared.cells().iter().map(|cell| cell.gap.abs()).sum::<f64>() / 2.0
}

/// L∞: the largest |p − q|, in [0, 1].
pub fn linf(compared: &Compared) -> f64 {
    compared.cells().iter().map(|cell| cell.gap.abs()).fold(0.0, f64::max)
}

/// Kolmogorov and Smirnov's D over bins in their order: the largest difference of the cumulative
/// shares, in [0, 1].
pub fn ks(compared: &Compared) -> f64 {
    let mut sum = 0.0;
    let mut largest: f64 = 0.0;
    for cell in compared.cells() {
        sum += cell.gap;
        largest = largest.max(sum.abs());
    }
    largest
}

/// The Wasserstein distance W₁ with all of a bin at its middle, in the unit of the edges. There is
/// one edge more than bins.
pub fn wasserstein(compared: &Compared, edges: &[f64]) -> f64 {
    let mut sum = 0.0;
    let mut distance = 0.0;
    for (cell, three) in compared.cells().iter().zip(edges.windows(3)) {
        if let [low, _, high] = three {
            sum += cell.gap;
            // from this bin's middle to the next one's
            distance += sum.abs() * (high / 2.0 - low / 2.0);
        }
    }
    distance
}

/// That distance over the baseline's standard deviation (of the population, at the bins' middles),
/// which is at least 0.001: without a unit.
pub fn wasserstein_by_deviation(compared: &Compared, edges: &[f64]) -> f64 {
    wasserstein(compared, edges) / least_deviation(compared, edges)
}

/// What a Wasserstein distance is divided by.
pub(super) fn least_deviation(compared: &Compared, edges: &[f64]) -> f64 {
    deviation(compared, edges).max(LEAST_DEVIATION)
}

fn deviation(compared: &Compared, edges: &[f64]) -> f64 {
    let middles = || edges.windows(2).map(|pair| pair.iter().sum::<f64>() / 2.0);
    let cells = compared.cells();
    let mean: f64 = cells.iter().zip(middles()).map(|(cell, x)| cell.p * x).sum();
    let square = |(cell, x): (&Cell, f64)| cell.p * (x - mean) * (x - mean);
    libm::sqrt(cells.iter().zip(middles()).map(square).sum())
}

/// x ln(x/y) − (x − y), never negative; `gap` is x − y. Added up over all bins, the second part is
/// nothing.
pub(super) fn kl_term(x: f64, y: f64, gap: f64) -> f64 {
    if x <= 0.0 {
        return y;
    }
    if y <= 0.0 {
        return f64::INFINITY;
    }
    let s = x + y;
    let u = gap / s;
    if u.abs() < NEAR { s * (u * u + (1.0 + u) * tail(u)) } else { x * libm::log(x / y) - gap }
}

/// atanh(u) − u for |u| < 0.1.
fn tail(u: f64) -> f64 {
    let x = u * u;
    let series = [1.0 / 3.0, 1.0 / 5.0, 1.0 / 7.0, 1.0 / 9.0, 1.0 / 11.0, 1.0 / 13.0];
    u * x * series.iter().rev().fold(1.0 / 15.0, |sum, term| sum * x + term)
}
