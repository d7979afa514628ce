//! What moved: which bins, in which segment, and how much it matters to the model.

use super::compare::Compared;
use super::distance::squares;
use serde::Serialize;

/// How one bin moved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Moved {
    /// Number of the bin, from 0.
    pub bin: usize,
    /// Share in the baseline.
    pub baseline: f64,
    /// Share in the window.
    pub current: f64,
    /// The difference in standard errors, as if the bin stood alone: below −3 or above 3 is rarely
    /// chance.
    pub residual: f64,
    /// Part of the squared Hellinger distance that is this bin's; the parts add up to 1.
    pub part: f64,
}

/// The bins in falling order of what they add to Hellinger's distance, at most `most` of them; those
/// that did not move are left out.
pub fn moved(compared: &Compared, most: usize) -> Vec<Moved> {
    let (n, m) = (compared.baseline_total(), compared.current_total());
    let parts = squares(compared);
    let all: f64 = parts.iter().sum();
    // few are asked for of many: each is put in its place among the largest so far
    let mut bins: Vec<(usize, f64)> = Vec::with_capacity(most.min(parts.len()) + 1);
    for (bin, part) in parts.into_iter().enumerate().filter(|(_, part)| *part > 0.0) {
        let place = bins.iter().rposition(|(_, other)| *other >= part).map_or(0, |at| at + 1);
        if place < most {
            bins.insert(place, (bin, part));
            bins.truncate(most);
        }
    }
    let named = bins.into_iter().filter_map(|(bin, part)| {
        let cell = compared.cells().get(bin)?;
        let both = (cell.p * n + cell.q * m) / (n + m);
        let error = libm::sqrt(both * (1.0 - both) * compared.sampling());
        let residual = if error > 0.0 { cell.gap / error } else { 0.0 };
        Some(Moved { bin, baseline: cell.p, current: cell.q, residual, part: part / all })
    });
    named.collect()
}

/// Records of a segment, and how many of them had what is looked for, inside and outside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Records inside that had it.
    pub hits: u64,
    /// Records inside.
    pub records: u64,
    /// Records outside that had it.
    pub other_hits: u64,
    /// Records outside.
    pub other_records: u64,
}

/// How much more often something happens in a segment than outside it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Risk {
    /// Number of the segment, from 0, as it was given.
    pub segment: usize,
    /// Share inside over share outside, with half a record added to each cell.
    pub ratio: f64,
    /// Lower end of its 95% interval (Katz and others 1978).
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Share of all that had it that lies in the segment, in [0, 1].
    pub support: f64,
}

/// Segments that explain what is looked for, in falling order of the lower end of their risk ratio:
/// those with at least `least_support`, and a ratio that is above `least_ratio` with confidence. The
/// measure is MacroBase's (Bailis and others 2017). Segments that contradict themselves are left
/// out.
pub fn explaining(segments: &[Segment], least_support: f64, least_ratio: f64) -> Vec<Risk> {
    let mut risks: Vec<Risk> = segments
        .iter()
        .enumerate()
        .filter_map(|(at, segment)| risk(at, segment))
        .filter(|risk| risk.support >= least_support && risk.low > least_ratio)
        .collect();
    risks.sort_by(|a, b| b.low.total_cmp(&a.low).then(a.segment.cmp(&b.segment)));
    risks
}

fn risk(at: usize, s: &Segment) -> Option<Risk> {
    let all = s.hits.checked_add(s.other_hits)?;
    if s.hits > s.records || s.other_hits > s.other_records || all == 0 {
        return None;
    }
    if s.records == 0 || s.other_records == 0 {
        return None;
    }
    let (hits, records) = (s.hits as f64 + 0.5, s.records as f64 + 0.5);
    let (other_hits, other_records) = (s.other_hits as f64 + 0.5, s.other_records as f64 + 0.5);
    let ratio = (hits / records) / (other_hits / other_records);
    let variance = 1.0 / hits - 1.0 / records + 1.0 / other_hits - 1.0 / other_records;
    let spread = libm::exp(1.96 * libm::sqrt(variance.max(0.0)));
    let support = s.hits as f64 / all as f64;
    Some(Risk { segment: at, ratio, low: ratio / spread, high: ratio * spread, support })
}

/// The mean effect of features weighted by their importance to the model, in [0, 1]. Features
/// without an effect do not count. `None` if no weight is left.
///
/// A weight that is negative or not finite counts as none.
pub fn weighted_effect(effects: &[Option<f64>], importance: &[f64]) -> Option<f64> {
    let (mut sum, mut weights) = (0.0, 0.0);
    for (effect, weight) in effects.iter().zip(importance) {
        if let Some(effect) = effect.filter(|_| *weight > 0.0 && weight.is_finite()) {
            sum += weight * effect;
            weights += weight;
        }
    }
    (weights > 0.0).then(|| sum / weights)
}
