//! Scores and a policy to a decision with its reason.

mod calibration;
mod certificate;
pub mod certify;
mod decider;
pub mod fit;
mod fits;
mod novelty;
mod policy;
#[cfg(test)]
mod samples;
mod settle;
mod several;
mod state;
mod terms;
mod watch;

pub use calibration::{Calibration, CalibrationMethod, Calibrator, apply_map};
pub use certificate::{Certificate, CertifiedLabel, IntervalPolicy, LabelSets, Split};
pub use decider::{Decider, Outcome};
pub use novelty::{NovelFeature, Novelty};
pub use policy::{Fallback, LabelPolicy, Policy, ValuePolicy};
pub use state::{Counts, State};
pub use terms::{
    Answer, Assertion, AssertionCheck, Budget, Condition, PRECEDENCE, Route, Rule, UsedUp,
};
pub use watch::Seen;

use crate::contract::Violation;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::sync::Arc;

/// What to do with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Act on the model's answer.
    Accept,
    /// Act on the policy's lower-risk answer.
    Default,
    /// A person decides.
    Escalate,
    /// The record is refused: the caller has to mend it.
    Reject,
}

impl Action {
    /// Every action, in the order of this file.
    pub const ALL: [Self; 4] = [Self::Accept, Self::Default, Self::Escalate, Self::Reject];

    /// The stable string.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Default => "default",
            Self::Escalate => "escalate",
            Self::Reject => "reject",
        }
    }
}

macro_rules! reasons {
    ($($variant:ident $text:literal $meaning:literal;)*) => {
        /// Why a decision was made; the strings are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Reason {
            $(#[doc = $meaning] $variant,)*
        }

        impl Reason {
            /// Every reason, in the order of this file.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable string.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// What the reason says, in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

reasons! {
    Confident "confident" "the confidence reaches the label's threshold";
    LowConfidence "low_confidence" "the confidence is below the label's threshold";
    WithinBounds "within_bounds" "the predicted value lies within the policy's bounds";
    OutOfBounds "out_of_bounds" "the predicted value lies outside the policy's bounds";
    NoThreshold "no_threshold" "the policy accepts no such answer, whatever its confidence";
    WideInterval "wide_interval" "the truth may lie further from the predicted value than the policy tolerates";
    Novel "novel" "the record is unlike those that the policy was fitted on";
    Violation "violation" "the record breaks a clause of the contract that refuses or escalates it";
    BadScores "bad_scores" "the model answered NaN, infinity, or a score outside [0, 1]";
    ModelFailed "model_failed" "the model could not compute the record";
    Assertion "assertion" "the answer breaks an assertion over several records, or over inputs and answer";
    Rule "rule" "the record meets the conditions of a rule of the policy";
    Suspended "suspended" "the model would be trusted, but a drift alarm suspends its thresholds";
    Killed "killed" "the kill switch is on";
    BudgetUsedUp "budget_used_up" "the day's escalations are used up";
    TimedOut "timed_out" "no person answered in time";
}

/// The answer to one record.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Decision {
    /// What to do.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// The label to act on: the model's if accepted, the policy's if defaulted, else `None`.
    pub label: Option<Arc<str>>,
    /// The number to act on, of a regression; as for `label`.
    pub value: Option<f64>,
    /// The labels to act on, of a model of several labels at once; as for `label`.
    pub labels: Option<Vec<Arc<str>>>,
    /// Of such a model, the labels below their thresholds.
    #[cfg_attr(feature = "schema", schemars(default))]
    pub uncertain: Vec<Arc<str>>,
    /// The model's own answer, whatever the action: the label with the highest score, the first
    /// of those that share it. `None` if the model did not run.
    pub predicted: Option<Arc<str>>,
    /// The model's own number, of a regression or ranking, whatever the action.
    pub predicted_value: Option<f64>,
    /// Score of every label, in the contract's order, calibrated if the policy says how. `None` if
    /// the model did not run. The model's own are what `Gate::explain` gives.
    pub scores: Option<Scores>,
    /// The highest score, in [0, 1].
    pub confidence: Option<f64>,
    /// The labels that an escalated record may have, by the policy's `label_sets`.
    pub label_set: Option<Vec<Arc<str>>>,
    /// Lower and upper end of the interval that holds the truth, by the policy's `interval`.
    pub interval: Option<[f64; 2]>,
    /// How many of the records that are like those of the policy's fit are at least as strange, in
    /// (0, 1], by the policy's `novelty`.
    pub novelty: Option<f64>,
    /// Every broken clause: those of the record as a whole first, then in the contract's order.
    pub violations: Vec<Violation>,
    /// Identity of the bundle that decided.
    pub identity: Arc<str>,
    /// The rule or assertion that decided.
    pub rule: Option<Arc<str>>,
    /// The assertions that the answer breaks, also those that are only counted.
    #[cfg_attr(feature = "schema", schemars(default))]
    pub assertions: Vec<Arc<str>>,
    /// The reason that would have stood without this one.
    pub overruled: Option<Reason>,
    /// Where the escalated record goes.
    pub route: Option<Arc<str>>,
}

impl Decision {
    /// Whether there is more than every decision of its kind has.
    pub(crate) fn has_more(&self) -> bool {
        self.labels.is_some()
            || self.label_set.is_some()
            || self.interval.is_some()
            || self.rule.is_some()
            || self.overruled.is_some()
            || self.route.is_some()
            || !self.uncertain.is_empty()
            || !self.assertions.is_empty()
    }
}

/// Scores by label.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(with = "std::collections::BTreeMap<String, f64>"))]
pub struct Scores {
    labels: Arc<[Arc<str>]>,
    values: Vec<f64>,
}

impl Scores {
    pub(crate) fn new(labels: Arc<[Arc<str>]>, values: Vec<f64>) -> Self {
        Self { labels, values }
    }

    /// Labels and scores, in the contract's order.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, f64)> {
        self.labels.iter().zip(self.values.iter().copied())
    }

    /// The labels, in the contract's order.
    pub fn labels(&self) -> &[Arc<str>] {
        &self.labels
    }

    /// The scores, in the contract's order of the labels.
    pub fn values(&self) -> &[f64] {
        &self.values
    }
}

impl Serialize for Scores {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.values.len()))?;
        for (label, score) in self.iter() {
            map.serialize_entry(label.as_ref(), &score)?;
        }
        map.end()
    }
}

impl Serialize for Decision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("action", &self.action)?;
        map.serialize_entry("reason", &self.reason)?;
        map.serialize_entry("label", &self.label)?;
        map.serialize_entry("value", &self.value)?;
        map.serialize_entry("predicted", &self.predicted)?;
        if let Some(value) = self.predicted_value {
            map.serialize_entry("predicted_value", &value)?;
        }
        map.serialize_entry("confidence", &self.confidence)?;
        map.serialize_entry("scores", &self.scores)?;
        if let Some(set) = &self.label_set {
            map.serialize_entry("label_set", set)?;
        }
        if let Some(interval) = &self.interval {
            map.serialize_entry("interval", interval)?;
        }
        if let Some(p) = &self.novelty {
            map.serialize_entry("novelty", p)?;
        }
        map.serialize_entry("violations", &self.violations)?;
        map.serialize_entry("identity", &self.identity)?;
        // only where there is something to say
        if self.has_more() {
            for (name, text) in [
                ("rule", self.rule.as_deref()),
                ("overruled", self.overruled.map(Reason::as_str)),
                ("route", self.route.as_deref()),
            ] {
                if let Some(text) = text {
                    map.serialize_entry(name, text)?;
                }
            }
            for (name, list) in [
                ("labels", self.labels.as_deref()),
                ("uncertain", Some(self.uncertain.as_slice()).filter(|l| !l.is_empty())),
                ("assertions", Some(self.assertions.as_slice()).filter(|l| !l.is_empty())),
            ] {
                if let Some(list) = list {
                    map.serialize_entry(name, list)?;
                }
            }
        }
        map.end()
    }
}
