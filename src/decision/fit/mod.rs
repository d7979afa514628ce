//! Fitting what a policy carries, from labelled rows. Pure, and only ever called natively: none of
//! it is in the WebAssembly.

mod conformal;
mod isotonic;
mod logistic;
mod novelty;
mod reliability;

pub use conformal::{certified_rank, label_set_score, residual_bound};
pub use isotonic::isotonic;
pub use logistic::{beta, platt, temperature};
pub use novelty::{NoveltyOptions, novelty};
pub use reliability::{Bin, Reliability, reliability};

use super::{Calibration, CalibrationMethod};
use crate::contract::{OutputKind, Outputs};
use crate::limits::MAX_CALIBRATION_POINTS;
use std::collections::BTreeMap;

/// Scores and truths, row-major, one of each a label of the contract.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labelled {
    /// Labels of a row.
    pub width: usize,
    /// In [0, 1].
    pub scores: Vec<f64>,
    /// Whether the label is the row's, or one of them.
    pub truths: Vec<bool>,
}

impl Labelled {
    /// No rows yet.
    pub fn new(width: usize) -> Self {
        Self { width: width.max(1), ..Self::default() }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.truths.len() / self.width.max(1)
    }

    /// Appends one row.
    pub fn push(&mut self, scores: &[f64], truths: &[bool]) {
        self.scores.extend_from_slice(scores);
        self.truths.extend_from_slice(truths);
    }

    /// The rows in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[f64], &[bool])> {
        self.scores.chunks_exact(self.width).zip(self.truths.chunks_exact(self.width))
    }

    /// One label's scores and truths.
    pub fn label(&self, at: usize) -> (Vec<f64>, Vec<bool>) {
        let pairs = self.iter().filter_map(|(s, t)| Some((*s.get(at)?, *t.get(at)?)));
        pairs.unzip()
    }

    /// The rows whose number gives `true`.
    #[must_use]
    pub fn part(&self, keep: impl Fn(usize) -> bool) -> Self {
        let mut part = Self::new(self.width);
        for (_, (scores, truths)) in self.iter().enumerate().filter(|(row, _)| keep(*row)) {
            part.push(scores, truths);
        }
        part
    }

    /// The same rows with calibrated scores.
    #[must_use]
    pub fn calibrated(&self, calibration: Option<&Calibration>, outputs: &Outputs) -> Self {
        let mut rows = self.clone();
        if let Some(calibration) = calibration {
            let map = calibration.ready(outputs);
            rows.scores.chunks_exact_mut(self.width).for_each(|scores| map.apply(scores));
        }
        rows
    }

    /// Mean negative log-likelihood of the truths; a label of several is a yes-or-no of its own.
    pub fn log_loss(&self, kind: OutputKind) -> f64 {
        const LEAST: f64 = 1e-12;
        let of = |p: f64| -libm::log(p.max(LEAST));
        let mut sum = 0.0;
        for (scores, truths) in self.iter() {
            for (p, truth) in scores.iter().zip(truths) {
                sum += match (truth, kind) {
                    (true, _) => of(*p),
                    (false, OutputKind::Multilabel) => of(1.0 - p),
                    (false, _) => 0.0,
                };
            }
        }
        sum / self.rows().max(1) as f64
    }
}

/// Every method, in the order in which equally good ones are preferred.
pub const METHODS: [CalibrationMethod; 4] = [
    CalibrationMethod::Temperature,
    CalibrationMethod::Platt,
    CalibrationMethod::Beta,
    CalibrationMethod::Isotonic,
];

/// Fits one method; `None` where the rows do not determine it, such as those of one label only.
pub fn fit(method: CalibrationMethod, rows: &Labelled, outputs: &Outputs) -> Option<Calibration> {
    if method == CalibrationMethod::Temperature {
        let temperature = Some(temperature(rows, outputs.kind)?);
        return Some(Calibration { method, temperature, labels: BTreeMap::new() });
    }
    let first = usize::from(outputs.kind == OutputKind::Binary);
    let mut labels = BTreeMap::new();
    for (at, label) in outputs.labels.iter().enumerate().skip(first) {
        let (scores, truths) = rows.label(at);
        let map = match method {
            CalibrationMethod::Platt => platt(&scores, &truths)?.to_vec(),
            CalibrationMethod::Beta => beta(&scores, &truths)?.to_vec(),
            _ => isotonic(&scores, &truths),
        };
        if map.is_empty() || map.len() > 2 * MAX_CALIBRATION_POINTS {
            return None;
        }
        labels.insert(label.clone(), map);
    }
    Some(Calibration { method, temperature: None, labels })
}

/// The method, or none, of the lowest log loss on rows that it was not fitted on: five-fold
/// cross-validation, row n in fold n mod 5.
pub fn choose(rows: &Labelled, outputs: &Outputs) -> Option<Calibration> {
    const FOLDS: usize = 5;
    let loss = |method: Option<CalibrationMethod>| -> Option<f64> {
        let mut sum = 0.0;
        for fold in 0..FOLDS {
            let rest = rows.part(|row| row % FOLDS != fold);
            let held = rows.part(|row| row % FOLDS == fold);
            let calibration = match method {
                Some(method) => Some(fit(method, &rest, outputs)?),
                None => None,
            };
            sum += held.calibrated(calibration.as_ref(), outputs).log_loss(outputs.kind);
        }
        Some(sum)
    };
    let mut best = (loss(None)?, None);
    for method in METHODS {
        match loss(Some(method)) {
            Some(found) if found < best.0 => best = (found, Some(method)),
            _ => {}
        }
    }
    fit(best.1?, rows, outputs)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
