//! Calibration: the model's scores to probabilities that mean what they say.
//!
//! A map is fitted offline (`driftline calibrate`), travels in the policy and is applied before
//! the thresholds. Every map is monotone, so that it never reverses the order of a label's scores.
//! Sources: temperature – Guo et al. 2017, *On Calibration of Modern Neural Networks*; Platt 1999,
//! *Probabilistic Outputs for Support Vector Machines*; isotonic – Zadrozny and Elkan 2002, who
//! also calibrate class by class; beta – Kull, Silva Filho and Flach 2017.

use crate::contract::{OutputKind, Outputs};
use crate::error::{Error, ErrorCode, Result};
use crate::limits::MAX_CALIBRATION_POINTS;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Scores nearer to 0 or 1 are taken to lie here: their logarithm would be infinite.
const EDGE: f64 = 1e-12;

/// How scores become probabilities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// The form of the map.
    pub method: CalibrationMethod,
    /// Of the method `temperature`: above 0; above 1 it makes the scores less sure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Of every other method: the map of each label's score, of a binary model that of the second
    /// label alone. `platt`: slope and intercept; `beta`: a, b and c; `isotonic`: score,
    /// probability, score, probability …, both rising.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, Vec<f64>>,
}

/// The form of a calibration map; p is a score, q the probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CalibrationMethod {
    /// q ∝ p^(1/T) over the labels; for one score logit q = logit p / T.
    Temperature,
    /// logit q = slope · logit p + intercept, slope ≥ 0.
    Platt,
    /// logit q = a · ln p − b · ln(1 − p) + c, a and b ≥ 0.
    Beta,
    /// Linear between points, constant beyond the first and the last.
    Isotonic,
}

/// A calibration made ready for one contract's outputs.
#[derive(Clone, Debug)]
pub struct Calibrator {
    kind: OutputKind,
    method: CalibrationMethod,
    /// One a label; empty where the label's score is not mapped by itself.
    maps: Vec<Vec<f64>>,
}

impl Calibration {
    /// Whether the maps fit the outputs, are finite and monotone.
    ///
    /// # Errors
    /// [`ErrorCode::PolicyInvalid`] with the path.
    #[inline(never)]
    pub fn check(&self, outputs: &Outputs) -> Result<()> {
        if outputs.labels.is_empty() {
            return invalid("calibration", "the model answers a number, which has no calibration");
        }
        if self.method == CalibrationMethod::Temperature {
            if !self.labels.is_empty() {
                return invalid("calibration.labels", "a temperature is one number for all labels");
            }
            return match self.temperature {
                Some(t) if t.is_finite() && t > 0.0 => Ok(()),
                _ => invalid("calibration.temperature", "the temperature must be above 0"),
            };
        }
        if self.temperature.is_some() {
            return invalid("calibration.temperature", "this method has no temperature");
        }
        for label in self.labels.keys() {
            if !mapped(outputs).contains(label) {
                let message = "the contract has no such label, or its score follows from another's";
                return invalid(&format!("calibration.labels.{label}"), message);
            }
        }
        for label in mapped(outputs) {
            let Some(map) = self.labels.get(label) else {
                return invalid("calibration.labels", &format!("the label `{label}` has no map"));
            };
            if let Err(message) = self.check_map(map) {
                return invalid(&format!("calibration.labels.{label}"), message);
            }
        }
        Ok(())
    }

    fn check_map(&self, map: &[f64]) -> Result<(), &'static str> {
        if map.iter().any(|x| !x.is_finite()) {
            return Err("the numbers must be finite");
        }
        match (self.method, map) {
            (CalibrationMethod::Platt, [slope, _]) if *slope >= 0.0 => Ok(()),
            (CalibrationMethod::Platt, _) => {
                Err("a slope of at least 0 and an intercept belong here")
            }
            (CalibrationMethod::Beta, [a, b, _]) if *a >= 0.0 && *b >= 0.0 => Ok(()),
            (CalibrationMethod::Beta, _) => Err("a and b of at least 0, and c, belong here"),
            _ if !map.len().is_multiple_of(2) || map.is_empty() => {
                Err("a score has no probability")
            }
            _ if map.len() / 2 > MAX_CALIBRATION_POINTS => Err("the map has too many points"),
            _ => {
                let rises = map
                    .windows(4)
                    .step_by(2)
                    .all(|w| matches!(w, [s, p, next, q] if s < next && p <= q));
                let inside = map.iter().all(|x| (0.0..=1.0).contains(x));
                if rises && inside { Ok(()) } else { Err("points in [0, 1] must rise") }
            }
        }
    }

    /// Makes checked maps ready.
    pub(super) fn ready(&self, outputs: &Outputs) -> Calibrator {
        let map = |label: &String| match self.temperature {
            Some(t) => vec![1.0 / t, 0.0],
            None => self.labels.get(label).cloned().unwrap_or_default(),
        };
        Calibrator {
            kind: outputs.kind,
            method: self.method,
            maps: outputs.labels.iter().map(map).collect(),
        }
    }
}

/// The labels whose scores have maps of their own.
fn mapped(outputs: &Outputs) -> &[String] {
    match outputs.kind {
        OutputKind::Binary => outputs.labels.get(1..).unwrap_or_default(),
        _ => &outputs.labels,
    }
}

impl Calibrator {
    /// Turns the scores of one record, one a label in the contract's order, into probabilities.
    pub fn apply(&self, scores: &mut [f64]) {
        match (self.kind, &mut *scores) {
            (OutputKind::Binary, [first, second]) => {
                let map = self.maps.get(1).map_or(&[][..], Vec::as_slice);
                *second = apply_map(self.method, map, *second);
                *first = 1.0 - *second;
            }
            (OutputKind::Multiclass, all) if self.method == CalibrationMethod::Temperature => {
                let inverse = self.maps.first().and_then(|m| m.first()).copied().unwrap_or(1.0);
                all.iter_mut().for_each(|p| *p = libm::pow(p.clamp(EDGE, 1.0), inverse));
                normalize(all);
            }
            (kind, all) => {
                for (score, map) in all.iter_mut().zip(&self.maps) {
                    *score = apply_map(self.method, map, *score);
                }
                if kind == OutputKind::Multiclass {
                    normalize(all);
                }
            }
        }
    }
}

fn normalize(scores: &mut [f64]) {
    let sum: f64 = scores.iter().sum();
    let even = 1.0 / scores.len().max(1) as f64;
    // every label impossible says nothing about any of them
    scores.iter_mut().for_each(|p| *p = if sum > 0.0 { *p / sum } else { even });
}

/// One score through one checked map.
pub fn apply_map(method: CalibrationMethod, map: &[f64], score: f64) -> f64 {
    let p = score.clamp(EDGE, 1.0 - EDGE);
    let (ln, ln_rest) = (libm::log(p), libm::log1p(-p));
    match (method, map) {
        (CalibrationMethod::Isotonic, points) => interpolate(points, score),
        (CalibrationMethod::Beta, [a, b, c]) => sigmoid(a * ln - b * ln_rest + c),
        (_, [slope, intercept]) => sigmoid(slope * (ln - ln_rest) + intercept),
        _ => score,
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

fn interpolate(points: &[f64], score: f64) -> f64 {
    let mut before: Option<(f64, f64)> = None;
    for pair in points.chunks_exact(2) {
        let [x, y] = pair else { continue };
        if score < *x {
            return before.map_or(*y, |(x0, y0)| y0 + (y - y0) * ((score - x0) / (x - x0)));
        }
        before = Some((*x, *y));
    }
    before.map_or(score, |(_, y)| y)
}

fn invalid<T>(path: &str, message: &str) -> Result<T> {
    Err(Error::new(ErrorCode::PolicyInvalid, message).at_path(path))
}

#[cfg(test)]
#[path = "calibration_tests.rs"]
mod tests;
