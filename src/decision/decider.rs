//! The rules that turn scores into a decision.

use super::calibration::Calibrator;
use super::watch::Watch;
use super::{Action, Decision, Fallback, Novelty, Policy, Reason, Scores, ValuePolicy};
use crate::contract::{OutputKind, Outputs, Severity, Violation};
use crate::error::Result;
use std::sync::Arc;

/// How far outside [0, 1] rounding may put a probability.
pub(super) const PROBABILITY_SLACK: f64 = 1e-6;

/// What the model said of one record.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    /// It was not asked, because the record cannot be turned into features.
    NotRun,
    /// It could not compute the record.
    Failed,
    /// Its scores: one a label in the contract's order, or for a binary model that of the second
    /// label alone; one number for a regression or ranking.
    Scores(&'a [f64]),
}

/// A policy made ready for one contract's outputs.
#[derive(Clone, Debug)]
pub struct Decider {
    kind: OutputKind,
    labels: Arc<[Arc<str>]>,
    thresholds: Vec<(Option<f64>, Fallback)>,
    calibrator: Option<Calibrator>,
    default_label: Option<Arc<str>>,
    pub(super) policy: Policy,
    pub(super) watch: Watch,
    identity: Arc<str>,
}

impl Decider {
    /// Makes a policy ready.
    ///
    /// # Errors
    /// As [`Policy::check`].
    #[inline(never)]
    pub fn new(policy: &Policy, outputs: &Outputs, identity: &str) -> Result<Self> {
        policy.check(outputs)?;
        let labels: Arc<[Arc<str>]> =
            outputs.labels.iter().map(|l| Arc::from(l.as_str())).collect();
        let thresholds = outputs
            .labels
            .iter()
            .filter_map(|label| policy.labels.get(label))
            .map(|entry| (entry.threshold, entry.below))
            .collect();
        Ok(Self {
            kind: outputs.kind,
            labels,
            thresholds,
            calibrator: policy.calibration.as_ref().map(|c| c.ready(outputs)),
            default_label: policy.default_label.as_deref().map(Arc::from),
            policy: policy.clone(),
            watch: Watch::default(),
            identity: Arc::from(identity),
        })
    }

    /// The labels in the contract's order.
    pub fn labels(&self) -> &[Arc<str>] {
        &self.labels
    }

    pub(super) fn shared_labels(&self) -> Arc<[Arc<str>]> {
        Arc::clone(&self.labels)
    }

    pub(super) fn is_multilabel(&self) -> bool {
        self.kind == OutputKind::Multilabel
    }

    /// Identity of the bundle.
    pub fn identity(&self) -> &Arc<str> {
        &self.identity
    }

    /// Decides one record.
    pub fn decide(&self, outcome: Outcome<'_>, violations: Vec<Violation>) -> Decision {
        let worst = violations.iter().map(|v| v.severity).max();
        let mut decision = Decision {
            action: Action::Escalate,
            reason: Reason::ModelFailed,
            label: None,
            value: None,
            predicted: None,
            scores: None,
            confidence: None,
            label_set: None,
            interval: None,
            novelty: None,
            violations,
            identity: Arc::clone(&self.identity),
            labels: None,
            uncertain: Vec::new(),
            predicted_value: None,
            rule: None,
            assertions: Vec::new(),
            overruled: None,
            route: None,
        };
        match outcome {
            Outcome::Scores(scores) => match self.kind {
                OutputKind::Regression | OutputKind::Ranking => self.number(&mut decision, scores),
                OutputKind::Multilabel => self.several(&mut decision, scores),
                _ => self.labelled(&mut decision, scores),
            },
            Outcome::NotRun | Outcome::Failed => {
                self.fall_back(&mut decision, self.policy.on_error, Reason::ModelFailed);
            }
        }
        match worst {
            Some(Severity::Reject) => {
                refuse(&mut decision, Action::Reject);
                decision.predicted = None;
                decision.predicted_value = None;
                decision.scores = None;
                decision.confidence = None;
                decision.interval = None;
                decision.uncertain.clear();
            }
            Some(Severity::Escalate) => refuse(&mut decision, Action::Escalate),
            _ => {}
        }
        self.show_label_set(&mut decision);
        decision
    }

    /// The policy's novelty.
    pub fn novelty(&self) -> Option<&Novelty> {
        self.policy.novelty.as_ref()
    }

    /// Puts the record's p-value under a decision that is not settled yet; decides if the record
    /// is too strange and had sound scores and no violation.
    pub fn judge_novelty(&self, decision: &mut Decision, p: f64) {
        let Some(novelty) = &self.policy.novelty else { return };
        decision.novelty = Some(p);
        let before = [Reason::Violation, Reason::ModelFailed, Reason::BadScores];
        if p < novelty.p_below && !before.contains(&decision.reason) {
            decision.label = None;
            decision.labels = None;
            decision.value = None;
            self.fall_back(decision, novelty.then, Reason::Novel);
            self.show_label_set(decision);
        }
    }

    /// An escalated record carries the labels that it may have, and no other does.
    pub(super) fn show_label_set(&self, decision: &mut Decision) {
        decision.label_set = match (decision.action, &self.policy.label_sets, &decision.scores) {
            (Action::Escalate, Some(sets), Some(scores)) => Some(sets.of(scores)),
            _ => None,
        };
    }

    fn labelled(&self, decision: &mut Decision, scores: &[f64]) {
        let mut values = match (scores, self.labels.len()) {
            ([second], 2) => vec![1.0 - second, *second],
            (all, labels) if all.len() == labels => all.to_vec(),
            _ => Vec::new(),
        };
        let sound = |p: &f64| (-PROBABILITY_SLACK..=1.0 + PROBABILITY_SLACK).contains(p);
        if values.is_empty() || !values.iter().all(sound) {
            return self.fall_back(decision, self.policy.on_error, Reason::BadScores);
        }
        if let Some(calibrator) = &self.calibrator {
            calibrator.apply(&mut values);
        }
        // strictly greater: of equal scores the first label wins
        let mut top = (0, f64::NEG_INFINITY);
        for (i, score) in values.iter().enumerate() {
            if *score > top.1 {
                top = (i, *score);
            }
        }
        let (index, confidence) = top;
        decision.predicted = self.labels.get(index).cloned();
        decision.confidence = Some(confidence.clamp(0.0, 1.0));
        decision.scores = Some(Scores::new(Arc::clone(&self.labels), values));
        match self.thresholds.get(index) {
            Some((Some(threshold), _)) if confidence >= *threshold => {
                decision.action = Action::Accept;
                decision.reason = Reason::Confident;
                decision.label = decision.predicted.clone();
            }
            Some((None, below)) => self.fall_back(decision, *below, Reason::NoThreshold),
            Some((_, below)) => self.fall_back(decision, *below, Reason::LowConfidence),
            None => self.fall_back(decision, self.policy.on_error, Reason::BadScores),
        }
    }

    fn number(&self, decision: &mut Decision, scores: &[f64]) {
        let Some(value) = scores.first().copied().filter(|v| v.is_finite() && scores.len() == 1)
        else {
            return self.fall_back(decision, self.policy.on_error, Reason::BadScores);
        };
        decision.predicted_value = Some(value);
        let none = ValuePolicy::default();
        let bounds = self.policy.value.as_ref().unwrap_or(&none);
        let half = bounds.interval.as_ref().map(|interval| interval.half_width(value));
        decision.interval = half.flatten().map(|half| [value - half, value + half]);
        if bounds.never {
            return self.fall_back(decision, bounds.outside, Reason::NoThreshold);
        }
        if bounds.interval.as_ref().is_some_and(|i| !i.is_narrow(value)) {
            return self.fall_back(decision, bounds.outside, Reason::WideInterval);
        }
        let inside = bounds.minimum.is_none_or(|low| value >= low)
            && bounds.maximum.is_none_or(|high| value <= high);
        if inside {
            decision.action = Action::Accept;
            decision.reason = Reason::WithinBounds;
            decision.value = Some(value);
        } else {
            self.fall_back(decision, bounds.outside, Reason::OutOfBounds);
        }
    }

    pub(super) fn fall_back(&self, decision: &mut Decision, fallback: Fallback, reason: Reason) {
        decision.reason = reason;
        decision.action = match fallback {
            Fallback::Escalate => Action::Escalate,
            Fallback::Reject => Action::Reject,
            Fallback::Default => {
                let predicted = decision.predicted.as_deref().unwrap_or_default();
                let own = self.policy.labels.get(predicted).and_then(|l| l.default_label.as_ref());
                decision.label = match own {
                    Some(label) => Some(Arc::from(label.as_str())),
                    None => self.default_label.clone(),
                };
                if self.is_multilabel() {
                    let labels = self.policy.default_labels.iter().flatten();
                    decision.labels = Some(labels.map(|l| Arc::from(l.as_str())).collect());
                }
                decision.value = self.policy.value.as_ref().and_then(|v| v.default_value);
                Action::Default
            }
        };
    }
}

fn refuse(decision: &mut Decision, action: Action) {
    decision.action = action;
    decision.reason = Reason::Violation;
    decision.label = None;
    decision.value = None;
    decision.labels = None;
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
