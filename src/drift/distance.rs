//! How far two histograms lie apart. All of it is a sum over bins in their order; the terms are
//! written so that two histograms that are nearly the same lose no digits.
//!
//! docs/drift.md has each formula with its source and what it is if nothing drifted.

use super::compare::{Cell, Compared};
use crate::stats::{LANES, atanh_tail, contrasts, sum};
use core::f64::consts::LN_2;

/// Below this |u|, with u = (q − p)/(p + q), logarithms are polynomials.
const NEAR: f64 = 0.5;

/// Bins that are worked out together.
const BLOCK: usize = 32;

/// Least standard deviation that a Wasserstein distance is divided by, as Evidently has it.
const LEAST_DEVIATION: f64 = 0.001;

/// The population stability index Σ (q − p) ln(q/p), in nats: infinite where exactly one side of a
/// bin is empty.
pub fn psi(compared: &Compared) -> f64 {
    effects(compared).psi
}

/// Kullback and Leibler's divergence Σ q ln(q/p) of the current shares from the baseline's, in
/// nats: infinite where a bin is empty in the baseline alone.
pub fn kl_current_baseline(compared: &Compared) -> f64 {
    compared.cells().iter().map(|cell| kl_term(cell.q, cell.p, cell.gap)).sum::<f64>().max(0.0)
}

/// The square root of Jensen and Shannon's divergence in bits, in [0, 1].
pub fn js_distance(compared: &Compared) -> f64 {
    effects(compared).js_distance
}

/// Hellinger's distance √(Σ (√p − √q)² / 2), in [0, 1].
pub fn hellinger(compared: &Compared) -> f64 {
    effects(compared).hellinger
}

/// Total variation distance Σ |p − q| / 2, in [0, 1].
pub fn tvd(compared: &Compared) -> f64 {
    effects(compared).tvd
}

/// L∞: the largest |p − q|, in [0, 1].
pub fn linf(compared: &Compared) -> f64 {
    effects(compared).linf
}

/// The distances that know no order of the bins.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Effects {
    pub psi: f64,
    pub js_distance: f64,
    pub hellinger: f64,
    pub tvd: f64,
    pub linf: f64,
}

/// All of them in one pass. With u = (q − p)/(p + q), ln(q/p) is 2 atanh u, the term of Jensen and
/// Shannon's divergence is (p + q)/4 times (1 + u) ln(1 + u) + (1 − u) ln(1 − u), and (√p − √q)² is,
/// without a difference of roots, (q − p)u/(1 + √(1 − u²)).
pub(super) fn effects(compared: &Compared) -> Effects {
    let mut lanes = [[0.0; LANES]; 5];
    // of bins whose sides differ by much
    let mut apart = [0.0; 5];
    for block in compared.cells().chunks(BLOCK) {
        let (mut gaps, mut sums) = ([[0.0; LANES]; BLOCK / LANES], [[0.0; LANES]; BLOCK / LANES]);
        let places = gaps.as_flattened_mut().iter_mut().zip(sums.as_flattened_mut());
        for ((gap, sum), cell) in places.zip(block) {
            let both = cell.p + cell.q;
            if cell.gap.abs() < NEAR * both {
                (*gap, *sum) = (cell.gap, both);
            } else if both > 0.0 {
                add_far(&mut apart, cell);
            }
        }
        let used = block.len().div_ceil(LANES);
        let used = (gaps.get(..used).unwrap_or(&gaps), sums.get(..used).unwrap_or(&sums));
        contrasts(used.0, used.1, &mut lanes);
    }
    let [odds, entropies, parts, gaps, largest] = &lanes;
    let (psi, nats, squares, distances) = (sum(odds), sum(entropies), sum(parts), sum(gaps));
    let linf = largest.iter().fold(0.0, |most: f64, gap| if *gap > most { *gap } else { most });
    let [more_psi, more_nats, more_squares, more_distances, most] = apart;
    Effects {
        psi: psi + more_psi,
        js_distance: libm::sqrt((nats + more_nats) / (4.0 * LN_2)),
        hellinger: libm::sqrt((squares + more_squares) / 2.0),
        tvd: (distances + more_distances) / 2.0,
        linf: linf.max(most),
    }
}

/// Adds a bin whose sides differ by much, as `contrasts` adds the others.
#[inline(never)]
fn add_far([psi, nats, squares, distances, largest]: &mut [f64; 5], cell: &Cell) {
    let [odds, entropy, part] = far(cell);
    *psi += cell.gap * odds;
    *nats += (cell.p + cell.q) * entropy;
    *squares += cell.gap * part;
    *distances += cell.gap.abs();
    *largest = largest.max(cell.gap.abs());
}

/// ln(q/p), (1 + u) ln(1 + u) + (1 − u) ln(1 − u) and (√p − √q)²/(q − p) where the sides differ by
/// much.
fn far(cell: &Cell) -> [f64; 3] {
    let root = libm::sqrt(cell.p) + libm::sqrt(cell.q);
    let part = cell.gap / (root * root);
    if cell.p <= 0.0 || cell.q <= 0.0 {
        // the gap has the sign of the logarithm
        return [f64::INFINITY.copysign(cell.gap), 2.0 * LN_2, part];
    }
    let s = cell.p + cell.q;
    let (x, y) = (2.0 * cell.q / s, 2.0 * cell.p / s);
    let (log_x, log_y) = (libm::log(x), libm::log(y));
    [log_x - log_y, x * log_x + y * log_y, part]
}

/// (√p − √q)² of each bin.
pub(super) fn squares(compared: &Compared) -> Vec<f64> {
    let square = |cell: &Cell| {
        let root = libm::sqrt(cell.p) + libm::sqrt(cell.q);
        let difference = if root > 0.0 { cell.gap / root } else { 0.0 };
        difference * difference
    };
    compared.cells().iter().map(square).collect()
}

/// Kolmogorov and Smirnov's D over bins in their order: the largest difference of the cumulative
/// shares, in [0, 1].
pub fn ks(compared: &Compared) -> f64 {
    along(compared, &[]).ks
}

/// The Wasserstein distance W₁ with all of a bin at its middle, in the unit of the edges. There is
/// one edge more than bins.
pub fn wasserstein(compared: &Compared, edges: &[f64]) -> f64 {
    along(compared, &steps(edges)).wasserstein
}

/// The distances along the line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Along {
    pub ks: f64,
    pub wasserstein: f64,
}

/// How far each bin's middle is from the next one's.
pub(super) fn steps(edges: &[f64]) -> Vec<f64> {
    let next = |three: &[f64]| match three {
        [low, _, high] => high / 2.0 - low / 2.0,
        _ => 0.0,
    };
    edges.windows(3).map(next).collect()
}

/// Both in one pass, with the [`steps`] of the bins' edges.
#[inline(never)]
pub(super) fn along(compared: &Compared, steps: &[f64]) -> Along {
    let (mut sum, mut ks, mut wasserstein) = (0.0f64, 0.0f64, 0.0f64);
    let (first, rest) = compared.cells().split_at(steps.len().min(compared.cells().len()));
    for (cell, step) in first.iter().zip(steps) {
        sum += cell.gap;
        // no NaN comes here, and this is one instruction
        ks = if sum.abs() > ks { sum.abs() } else { ks };
        wasserstein += sum.abs() * step;
    }
    for cell in rest {
        sum += cell.gap;
        ks = if sum.abs() > ks { sum.abs() } else { ks };
    }
    Along { ks, wasserstein }
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
    if u.abs() < NEAR {
        s * (u * u + (1.0 + u) * atanh_tail(u))
    } else {
        x * libm::log(x / y) - gap
    }
}
