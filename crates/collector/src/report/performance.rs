//! Performance, estimated and realised, with the noise of the mode in its standard errors.

use super::layout::Parts;
use super::model::Reliability;
use super::sums::{Seen, View};
use driftline::drift::{
    CalibrationDrift, Confidence, Estimate, Noise, Performance, calibration_drift, estimate,
    realised,
};
use driftline::limits::MAX_SUMMARY_LABELS;
use driftline::summary::{BlockKind, CONFIDENCE_BINS};

/// Cells whose noise is followed through a figure one by one; above it a bound is taken.
const FOLLOWED: usize = 64;

/// Counts that a figure is a function of, each with the standard deviation of its noise.
struct Noisy {
    cells: Vec<f64>,
    deviations: Vec<f64>,
}

impl Noisy {
    fn new() -> Self {
        Self { cells: Vec::new(), deviations: Vec::new() }
    }

    fn push(&mut self, cells: &[f64], unit: f64, deviation: f64) {
        self.cells.extend(cells.iter().map(|cell| cell / unit));
        self.deviations.extend(cells.iter().map(|_| deviation / unit));
    }

    /// The figure, its standard errors widened by what it moves when each cell moves by one standard
    /// deviation of its noise (delta method).
    fn figure(&self, of: &dyn Fn(&[f64]) -> Option<Performance>) -> Option<Performance> {
        let mut found = of(&self.cells)?;
        let mut added = [0.0; 3];
        let mut cells = self.cells.clone();
        for (at, deviation) in self.deviations.iter().enumerate() {
            if *deviation <= 0.0 {
                continue;
            }
            let Some(cell) = cells.get_mut(at) else { continue };
            let before = *cell;
            *cell += deviation;
            let moved = of(&cells)?;
            if let Some(cell) = cells.get_mut(at) {
                *cell = before;
            }
            let figures = |p: &Performance| [Some(p.accuracy), p.f1, p.roc_auc];
            for ((sum, a), b) in added.iter_mut().zip(figures(&found)).zip(figures(&moved)) {
                let step = a.zip(b).map_or(0.0, |(a, b)| b.value - a.value);
                *sum += step * step;
            }
        }
        let [accuracy, f1, roc_auc] = added;
        widen(&mut found.accuracy, accuracy);
        found.f1.iter_mut().for_each(|figure| widen(figure, f1));
        found.roc_auc.iter_mut().for_each(|figure| widen(figure, roc_auc));
        Some(found)
    }
}

fn widen(figure: &mut Estimate, variance: f64) {
    figure.standard_error = (figure.standard_error.powi(2) + variance).sqrt();
}

/// Counts as whole numbers that add up to about `total`: what noise made negative is nothing.
fn whole(cells: &[f64], total: f64) -> Vec<u64> {
    let all: f64 = cells.iter().map(|cell| cell.max(0.0)).sum();
    let scale = if all > 0.0 { total.max(0.0) / all } else { 0.0 };
    cells.iter().map(|cell| (cell.max(0.0) * scale).round() as u64).collect()
}

/// Answers of one predicted label.
fn confidence(bins: &[f64], total: f64, sum: f64) -> Confidence {
    let counts = whole(bins, total);
    let all: f64 = counts.iter().map(|count| *count as f64).sum();
    Confidence { counts, sum: sum.clamp(0.0, all) }
}

/// Estimated performance; none where confidence is not counted by label.
pub fn estimated(view: &View<'_>) -> Option<Performance> {
    let labels = view.layout.labels().len();
    if !view.layout.is_single_label() || labels == 0 || labels > MAX_SUMMARY_LABELS {
        return None;
    }
    let (_, counts) = view.first(BlockKind::Label)?;
    let (_, sums) = view.first(BlockKind::ConfidenceSum)?;
    let bins: Vec<Seen> = view.all(BlockKind::Confidence).map(|(_, seen)| seen).collect();
    if bins.len() != labels {
        return None;
    }
    let mut noisy = Noisy::new();
    noisy.push(counts.part(0..labels), 1.0, counts.deviation());
    noisy.push(&sums.counts, view.confidence_unit(), sums.deviation());
    for bin in &bins {
        // of more than two labels only the sampling error rests on the bins
        let deviation = if labels == 2 { bin.deviation() } else { 0.0 };
        noisy.push(&bin.counts, 1.0, deviation);
    }
    noisy.figure(&|cells| {
        let (totals, rest) = cells.split_at_checked(labels)?;
        let (sums, rest) = rest.split_at_checked(labels)?;
        let all: Vec<Confidence> = rest
            .chunks(CONFIDENCE_BINS)
            .zip(totals.iter().zip(sums))
            .map(|(bins, (total, sum))| confidence(bins, *total, *sum))
            .collect();
        estimate(&all, labels - 1)
    })
}

/// Estimated accuracy and F1 of one value of a segment, of which sums of confidence alone are known:
/// the standard error is the largest that the mean allows.
pub fn estimated_in_segment(view: &View<'_>, parts: Parts, value: &Seen) -> Option<Performance> {
    if !view.layout.is_single_label() || parts.labels == 0 {
        return None;
    }
    let labels = parts.labels;
    let range = parts.labels();
    let mut noisy = Noisy::new();
    noisy.push(value.part(range.start..range.end - 1), 1.0, value.deviation());
    let sums = value.part(parts.confidence_sums());
    noisy.push(sums, view.confidence_unit(), value.deviation());
    noisy.figure(&|cells| {
        let (totals, sums) = cells.split_at_checked(labels)?;
        let all: Vec<Confidence> =
            totals.iter().zip(sums).map(|(n, sum)| confidence(&[*n], *n, *sum)).collect();
        estimate(&all, labels - 1).map(|found| Performance { roc_auc: None, ..found })
    })
}

/// Performance of the answers whose truth is known.
pub fn realised_in(view: &View<'_>) -> Option<Performance> {
    let labels = view.layout.labels().len();
    let (_, truth) = view.first(BlockKind::OutcomeTruth)?;
    if !view.layout.is_single_label() || labels > MAX_SUMMARY_LABELS {
        let (_, correct) = view.first(BlockKind::OutcomeCorrect)?;
        let by_action = correct.part(2 * CONFIDENCE_BINS..correct.counts.len());
        return right_of(by_action, correct.deviation());
    }
    let matrix = |cells: &[f64]| {
        let rows =
            cells.chunks(labels + 1).map(|row| row.iter().map(|n| n.max(0.0).round() as u64));
        realised(&rows.map(Iterator::collect).collect::<Vec<Vec<u64>>>(), labels.saturating_sub(1))
    };
    if truth.counts.len() > FOLLOWED {
        let mut found = matrix(&truth.counts)?;
        // no cell moves the accuracy by more than 1/answers
        let most = truth.deviation() / truth.total().max(1.0);
        widen(&mut found.accuracy, most * most * truth.counts.len() as f64);
        return Some(found);
    }
    let mut noisy = Noisy::new();
    noisy.push(&truth.counts, 1.0, truth.deviation());
    noisy.figure(&matrix)
}

/// Accuracy of pairs of wrong and right answers.
pub fn right_of(pairs: &[f64], deviation: f64) -> Option<Performance> {
    let mut noisy = Noisy::new();
    noisy.push(pairs, 1.0, deviation);
    noisy.figure(&|cells| {
        let of = |nth: usize| {
            let every = cells.iter().skip(nth).step_by(2);
            every.map(|n| n.max(0.0)).sum::<f64>()
        };
        let (wrong, right) = (of(0), of(1));
        let all = wrong + right;
        let value = right / all;
        let standard_error = (value * (1.0 - value) / all).sqrt();
        let accuracy = Estimate { value, standard_error };
        (all > 0.0).then_some(Performance { accuracy, f1: None, roc_auc: None })
    })
}

/// Wrong and right answers by confidence; none if no truth came.
pub fn reliability(view: &View<'_>) -> Option<Reliability> {
    let (_, correct) = view.first(BlockKind::OutcomeCorrect)?;
    let cells = correct.part(0..2 * CONFIDENCE_BINS);
    if cells.iter().all(|count| *count == 0.0) {
        return None;
    }
    let every = |nth: usize| cells.iter().skip(nth).step_by(2).copied().collect();
    Some(Reliability { wrong: every(0), right: every(1) })
}

/// Whether confidence still means what it says; of plain counts, since the noise of each bin would be
/// taken for a gap.
pub fn calibration(view: &View<'_>, found: &Reliability) -> Option<CalibrationDrift> {
    if view.first(BlockKind::OutcomeCorrect)?.1.deviation() > 0.0 {
        return None;
    }
    let pairs = found.wrong.iter().zip(&found.right);
    let pairs: Vec<(u64, u64)> = pairs.map(|(a, b)| (*a as u64, *b as u64)).collect();
    calibration_drift(&pairs, &mean_confidence(view))
}

/// Mean confidence of the answers in each bin, as far as the sums of confidence tell it.
fn mean_confidence(view: &View<'_>) -> Vec<f64> {
    let unit = view.confidence_unit();
    let sums = view.first(BlockKind::ConfidenceSum).map(|(_, seen)| seen.counts);
    let sums = sums.unwrap_or_default();
    let blocks: Vec<Seen> = view.all(BlockKind::Confidence).map(|(_, seen)| seen).collect();
    let mut weights = [0.0; CONFIDENCE_BINS];
    let mut totals = [0.0; CONFIDENCE_BINS];
    for (nth, block) in blocks.iter().enumerate() {
        // with too many labels to tell apart there is one block for all of them
        let sum = if blocks.len() == 1 {
            sums.iter().sum()
        } else {
            sums.get(nth).copied().unwrap_or(0.0)
        };
        let all = confidence(&block.counts, block.total(), sum / unit);
        for ((weight, total), (count, mean)) in
            weights.iter_mut().zip(&mut totals).zip(all.counts.iter().zip(all.means()))
        {
            *weight += *count as f64;
            *total += *count as f64 * mean;
        }
    }
    let middle = |nth: usize| (nth as f64 + 0.5) / CONFIDENCE_BINS as f64;
    let mean = |(nth, (weight, total)): (usize, (&f64, &f64))| {
        if *weight > 0.0 { total / weight } else { middle(nth) }
    };
    weights.iter().zip(&totals).enumerate().map(mean).collect()
}

/// Answers by confidence, whatever the label.
pub fn all_confidence(view: &View<'_>) -> Option<Seen> {
    let mut blocks = view.all(BlockKind::Confidence).map(|(_, seen)| seen);
    let mut all = blocks.next()?;
    for block in blocks {
        all.reports = all.reports.max(block.reports);
        all.counts.iter_mut().zip(&block.counts).for_each(|(sum, more)| *sum += more);
        if let (Noise::Laplace { draws, .. }, Noise::Laplace { draws: more, .. }) =
            (&mut all.noise, block.noise)
        {
            *draws += more;
        }
    }
    Some(all)
}
