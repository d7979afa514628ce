//! Performance without labels, from calibrated confidence alone; and with labels, once they come.
//!
//! If a model's confidence is calibrated, the mean confidence is the expected accuracy, and the
//! expected confusion matrix gives the rest (confidence-based performance estimation, as NannyML
//! has it). That holds where the inputs moved. Where the meaning of the inputs moved, it does not:
//! [`CONCEPT_DRIFT`] goes with every estimate.

use serde::Serialize;

/// What an estimate without labels cannot see.
pub const CONCEPT_DRIFT: &str = "estimated from calibrated confidence: right while the confidence \
    stays calibrated; if the relation of inputs and truth changed (concept drift), only outcomes show it";

/// Answers with one predicted label.
#[derive(Clone, Debug, PartialEq)]
pub struct Confidence {
    /// Answers by confidence in equal bins of [0, 1], at least one bin.
    pub counts: Vec<u64>,
    /// Σ of their calibrated confidence, at most their number.
    pub sum: f64,
}

/// A figure with the standard error that sampling of the labels gives it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// In [0, 1].
    pub value: f64,
    /// Standard error of what will be realised around it.
    pub standard_error: f64,
}

/// What a window without labels says about the model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Performance {
    /// Share of right answers.
    pub accuracy: Estimate,
    /// F1 of the positive label; of two labels only, with at least one expected positive.
    pub f1: Option<Estimate>,
    /// Area under the ROC curve; of two labels only, with both expected.
    pub roc_auc: Option<Estimate>,
}

/// One bin's answers: how many, and their mean confidence.
#[derive(Clone, Copy)]
struct Bin {
    count: f64,
    mean: f64,
}

impl Confidence {
    fn total(&self) -> f64 {
        self.counts.iter().map(|count| *count as f64).sum()
    }

    /// Mean confidence of each bin as far as it is known: the middles, moved together so that their
    /// sum is the one that was shipped.
    pub fn means(&self) -> Vec<f64> {
        self.bins().iter().map(|bin| bin.mean).collect()
    }

    fn bins(&self) -> Vec<Bin> {
        let width = 1.0 / self.counts.len() as f64;
        let middle = |at: usize| (at as f64 + 0.5) * width;
        let rough: f64 =
            self.counts.iter().enumerate().map(|(at, count)| *count as f64 * middle(at)).sum();
        let off = ((self.sum - rough) / self.total().max(1.0)).clamp(-width / 2.0, width / 2.0);
        let bin = |(at, count): (usize, &u64)| Bin {
            count: *count as f64,
            mean: (middle(at) + off).clamp(0.0, 1.0),
        };
        self.counts.iter().enumerate().map(bin).collect()
    }

    /// Variance of the number of right answers.
    fn variance(&self) -> f64 {
        self.bins().iter().map(|bin| bin.count * bin.mean * (1.0 - bin.mean)).sum()
    }
}

/// Estimates performance from the confidence by predicted label, in the labels' order. Of two labels
/// `positive` is the one that F1 and ROC AUC are about. `None` if there is no answer, or a sum is
/// not between nothing and the number of answers.
pub fn estimate(labels: &[Confidence], positive: usize) -> Option<Performance> {
    let sound = |c: &Confidence| c.sum >= 0.0 && c.sum <= c.total() * (1.0 + 1e-9);
    let total: f64 = labels.iter().map(Confidence::total).sum();
    if total <= 0.0 || !labels.iter().all(sound) {
        return None;
    }
    let right: f64 = labels.iter().map(|label| label.sum).sum();
    let variance: f64 = labels.iter().map(Confidence::variance).sum();
    let accuracy =
        Estimate { value: (right / total).min(1.0), standard_error: libm::sqrt(variance) / total };
    let pair = match (labels, positive) {
        ([negative, positive], 1) | ([positive, negative], 0) => Some((negative, positive)),
        _ => None,
    };
    Some(Performance {
        accuracy,
        f1: pair.and_then(|(negative, positive)| f1(negative, positive)),
        roc_auc: pair.and_then(|(negative, positive)| roc_auc(negative, positive)),
    })
}

/// 2 TP/(predicted + TP + FN), its error by the delta method.
fn f1(negative: &Confidence, positive: &Confidence) -> Option<Estimate> {
    let (predicted, hits) = (positive.total(), positive.sum);
    let missed = negative.total() - negative.sum;
    let all = predicted + hits + missed;
    if all <= 0.0 {
        return None;
    }
    let by_hits = 2.0 * (predicted + missed) / (all * all);
    let by_missed = 2.0 * hits / (all * all);
    let variance =
        by_hits * by_hits * positive.variance() + by_missed * by_missed * negative.variance();
    Some(Estimate { value: 2.0 * hits / all, standard_error: libm::sqrt(variance) })
}

/// The expected area under the curve of the positive label's score, which is the confidence or what
/// it leaves; its error by Hanley and McNeil (1982).
///
/// Within a bin of width w scores are taken as spread evenly: a positive lies above a negative with
/// 1/2 + w/(12 p(1 − p)).
fn roc_auc(negative: &Confidence, positive: &Confidence) -> Option<Estimate> {
    let width = 1.0 / positive.counts.len() as f64;
    let flipped = negative.bins().into_iter().map(|bin| Bin { mean: 1.0 - bin.mean, ..bin });
    let mut bins: Vec<Bin> = positive.bins().into_iter().chain(flipped).collect();
    bins.sort_by(|a, b| a.mean.total_cmp(&b.mean));
    let positives: f64 = bins.iter().map(|bin| bin.count * bin.mean).sum();
    let negatives: f64 = bins.iter().map(|bin| bin.count * (1.0 - bin.mean)).sum();
    if positives <= 0.0 || negatives <= 0.0 {
        return None;
    }
    let (mut below, mut area) = (0.0, 0.0);
    for bin in &bins {
        let p = bin.mean;
        let spread = (width / (12.0 * (p * (1.0 - p)).max(f64::EPSILON))).min(0.5);
        let here = bin.count * (1.0 - p);
        area += bin.count * p * (below + here * (0.5 + spread));
        below += here;
    }
    let auc = (area / (positives * negatives)).min(1.0);
    let (q1, q2) = (auc / (2.0 - auc), 2.0 * auc * auc / (1.0 + auc));
    let variance = auc * (1.0 - auc)
        + (positives - 1.0).max(0.0) * (q1 - auc * auc)
        + (negatives - 1.0).max(0.0) * (q2 - auc * auc);
    let standard_error = libm::sqrt((variance / (positives * negatives)).max(0.0));
    Some(Estimate { value: auc, standard_error })
}

/// Performance that came true: `matrix` has a row a truth and a column a predicted label, and perhaps
/// one more for no answer, which is never right. `None` without an entry.
pub fn realised(matrix: &[Vec<u64>], positive: usize) -> Option<Performance> {
    let at = |row: usize, column: usize| {
        matrix.get(row).and_then(|row| row.get(column)).map_or(0.0, |count| *count as f64)
    };
    let total: f64 = matrix.iter().flatten().map(|count| *count as f64).sum();
    if total <= 0.0 {
        return None;
    }
    let right: f64 = (0..matrix.len()).map(|label| at(label, label)).sum();
    let share = right / total;
    let accuracy =
        Estimate { value: share, standard_error: libm::sqrt(share * (1.0 - share) / total) };
    let f1 = || {
        let hits = at(positive, positive);
        let truths: f64 = matrix.get(positive)?.iter().map(|count| *count as f64).sum();
        let predicted: f64 = (0..matrix.len()).map(|row| at(row, positive)).sum();
        let all = truths + predicted;
        (matrix.len() == 2 && all > 0.0).then(|| {
            let value = 2.0 * hits / all;
            // of the records that any of the two counts, as a share
            let standard_error = libm::sqrt(value * (1.0 - value) * (2.0 - value) / all);
            Estimate { value, standard_error }
        })
    };
    Some(Performance { accuracy, f1: f1(), roc_auc: None })
}

/// Whether confidence still means what it says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CalibrationDrift {
    /// Answers whose truth is known.
    pub answers: u64,
    /// Mean confidence less share of right answers: above 0 the model promises too much.
    pub gap: f64,
    /// Expected calibration error: the mean of that gap's size over the bins.
    pub error: f64,
    /// The gap in standard errors (Spiegelhalter 1986): beyond ±3 is rarely chance.
    pub z: f64,
}

/// Compares right answers with the confidence that was given, in bins of it; each pair is wrong and
/// right. `means` are the mean confidences of the bins' answers, or their middles where no more is
/// known. `None` without an answer, or for other lengths.
pub fn calibration_drift(bins: &[(u64, u64)], means: &[f64]) -> Option<CalibrationDrift> {
    if bins.len() != means.len() {
        return None;
    }
    let (mut answers, mut gap, mut error, mut variance) = (0u64, 0.0, 0.0, 0.0);
    for ((wrong, right), mean) in bins.iter().zip(means) {
        let count = wrong.checked_add(*right)?;
        answers = answers.checked_add(count)?;
        let off = count as f64 * mean - *right as f64;
        gap += off;
        error += off.abs();
        variance += count as f64 * mean * (1.0 - mean);
    }
    if answers == 0 {
        return None;
    }
    let all = answers as f64;
    // confidences of 0 or 1 alone leave nothing to chance, and nothing to scale the gap by
    let z = if variance > 0.0 { gap / libm::sqrt(variance) } else { 0.0 };
    Some(CalibrationDrift { answers, gap: gap / all, error: error / all, z })
}
