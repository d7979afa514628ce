//! Several labels at once: each label of the record holds or not, by itself.

use super::decider::PROBABILITY_SLACK;
use super::{Action, Decider, Decision, Fallback, Reason, Scores};
use std::sync::Arc;

impl Decider {
    /// Each label has a probability p of its own: it is taken to hold from one half, and the
    /// confidence in that is the larger of p and 1 − p. A label below its threshold has its
    /// fallback; the gravest of them is the record's, `reject` before `escalate` before `default`.
    /// The record's confidence is that of its least certain label.
    pub(super) fn several(&self, decision: &mut Decision, scores: &[f64]) {
        let sound = |p: &f64| (-PROBABILITY_SLACK..=1.0 + PROBABILITY_SLACK).contains(p);
        if scores.len() != self.labels().len() || !scores.iter().all(sound) {
            return self.fall_back(decision, self.policy.on_error, Reason::BadScores);
        }
        let mut least: f64 = 1.0;
        let mut fallback: Option<Fallback> = None;
        let (mut chosen, mut uncertain) = (Vec::new(), Vec::new());
        for (label, score) in self.labels().iter().zip(scores) {
            let p = score.clamp(0.0, 1.0);
            let confidence = p.max(1.0 - p);
            least = least.min(confidence);
            let Some(entry) = self.policy.labels.get(&**label) else { continue };
            let certain = entry.threshold.is_some_and(|threshold| confidence >= threshold);
            let holds = if certain { p >= 0.5 } else { self.is_default(label) };
            if !certain {
                uncertain.push(Arc::clone(label));
                let graver = |other: Fallback| gravity(other) >= gravity(entry.below);
                fallback = fallback.filter(|other| graver(*other)).or(Some(entry.below));
            }
            if holds {
                chosen.push(Arc::clone(label));
            }
        }
        decision.confidence = Some(least);
        decision.scores = Some(Scores::new(self.shared_labels(), scores.to_vec()));
        match fallback {
            None => {
                decision.action = Action::Accept;
                decision.reason = Reason::Confident;
                decision.labels = Some(chosen);
            }
            Some(fallback) => {
                self.fall_back(decision, fallback, Reason::LowConfidence);
                if fallback == Fallback::Default {
                    decision.labels = Some(chosen);
                }
                decision.uncertain = uncertain;
            }
        }
    }

    /// Whether the label belongs to the lower-risk answer.
    fn is_default(&self, label: &str) -> bool {
        self.policy.default_labels.iter().flatten().any(|l| l == label)
    }
}

fn gravity(fallback: Fallback) -> u8 {
    match fallback {
        Fallback::Default => 0,
        Fallback::Escalate => 1,
        Fallback::Reject => 2,
    }
}
