//! The policy file: thresholds, and what happens below them.

use super::calibration::Calibration;
use super::certificate::{Certificate, IntervalPolicy, LabelSets};
use super::novelty::Novelty;
use super::terms::{Assertion, Budget, Route, Rule};
use crate::contract::{OutputKind, Outputs, read_json};
use crate::error::{Error, ErrorCode, Result};
use crate::limits::MAX_DEFINITION_BYTES;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// When to trust the model, and what to do else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Always [`Policy::FORMAT`].
    pub format: String,
    /// One entry a label of the contract's outputs, none missing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, LabelPolicy>,
    /// The lower-risk label that the action `default` answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_label: Option<String>,
    /// The lower-risk answer of a model of several labels at once: the labels that hold in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_labels: Option<Vec<String>>,
    /// Bounds of a regression's or ranking's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<ValuePolicy>,
    /// What happens if the model fails or its scores are no probabilities.
    #[serde(default, skip_serializing_if = "is_escalate")]
    pub on_error: Fallback,
    /// How scores become probabilities, before anything is compared with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// Which labels an escalated record may have, for the person who decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_sets: Option<LabelSets>,
    /// When a record is too unlike the rows that the policy was fitted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub novelty: Option<Novelty>,
    /// What the thresholds rest on; decides nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Certificate>,
    /// What happens instead of what the threshold says, by conditions; the first rule that holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// What answers must agree in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<Assertion>,
    /// Where escalated records go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
    /// How many records a day may be escalated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// What happens to every record while the kill switch is on.
    #[serde(default, skip_serializing_if = "is_escalate")]
    pub kill_switch: Fallback,
    /// What happens to records that would be accepted while a drift alarm stands.
    #[serde(default, skip_serializing_if = "is_escalate")]
    pub suspended: Fallback,
}

/// What happens instead of accepting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// The lower-risk answer is given.
    Default,
    /// A person decides.
    #[default]
    Escalate,
    /// The record is refused.
    Reject,
}

/// When a label is accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LabelPolicy {
    /// The label is accepted if its score, calibrated if the policy says how, is at least this, in
    /// [0, 1]. `null`: it is never accepted.
    #[serde(deserialize_with = "Option::deserialize")]
    pub threshold: Option<f64>,
    /// What happens if its score is the highest, but lower than the threshold.
    #[serde(default)]
    pub below: Fallback,
    /// The lower-risk label that `default` answers where the model says this one; without it, the
    /// policy's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_label: Option<String>,
}

/// When a number is accepted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ValuePolicy {
    /// Lower end, itself accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// Upper end, itself accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
    /// What happens outside.
    #[serde(default)]
    pub outside: Fallback,
    /// The lower-risk number that the action `default` answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_value: Option<f64>,
    /// `true`: no number is accepted, whatever the bounds.
    #[serde(default, skip_serializing_if = "is_false")]
    pub never: bool,
    /// How far the truth may lie from the number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<IntervalPolicy>,
}

fn is_false(flag: &bool) -> bool {
    !*flag
}

fn is_escalate(fallback: &Fallback) -> bool {
    *fallback == Fallback::Escalate
}

impl Policy {
    /// The format that this version reads and writes.
    pub const FORMAT: &'static str = "driftline.policy/1";

    /// The policy of a bundle that was built without one: every answer is accepted.
    pub fn accept_all(outputs: &Outputs) -> Self {
        let all =
            LabelPolicy { threshold: Some(0.0), below: Fallback::Escalate, default_label: None };
        Self {
            format: Self::FORMAT.to_owned(),
            labels: outputs.labels.iter().map(|label| (label.clone(), all.clone())).collect(),
            default_label: None,
            value: None,
            default_labels: None,
            on_error: Fallback::Escalate,
            calibration: None,
            label_sets: None,
            novelty: None,
            certificate: None,
            rules: Vec::new(),
            assertions: Vec::new(),
            routes: Vec::new(),
            budget: None,
            kill_switch: Fallback::Escalate,
            suspended: Fallback::Escalate,
        }
    }

    /// Parses JSON; [`Policy::check`] is apart, since it needs the contract's outputs.
    ///
    /// # Errors
    /// [`ErrorCode::PolicySyntax`] with the line or path, [`ErrorCode::FormatVersion`],
    /// [`ErrorCode::InputTooLarge`].
    #[inline(never)]
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_DEFINITION_BYTES {
            return Err(Error::new(ErrorCode::InputTooLarge, "the policy is too large"));
        }
        read_json(bytes, ErrorCode::PolicySyntax, "policy")
    }

    /// Whether the policy fits the outputs.
    ///
    /// # Errors
    /// [`ErrorCode::FormatVersion`], or [`ErrorCode::PolicyInvalid`] with the entry's path.
    #[inline(never)]
    pub fn check(&self, outputs: &Outputs) -> Result<()> {
        if self.format != Self::FORMAT {
            return Err(Error::new(
                ErrorCode::FormatVersion,
                format!("the policy's format must be `{}`", Self::FORMAT),
            )
            .at_path("format"));
        }
        if let Some(calibration) = &self.calibration {
            calibration.check(outputs)?;
        }
        if let Some(sets) = &self.label_sets {
            sets.check(outputs)?;
        }
        if let Some(novelty) = &self.novelty {
            novelty.check()?;
        }
        match outputs.kind {
            OutputKind::Regression | OutputKind::Ranking => self.check_value()?,
            _ => self.check_labels(outputs)?,
        }
        self.check_terms(outputs)
    }

    /// Whether a strange record gets the lower-risk answer.
    fn defaults_novel(&self) -> bool {
        self.novelty.as_ref().is_some_and(|n| n.then == Fallback::Default)
    }

    fn check_labels(&self, outputs: &Outputs) -> Result<()> {
        if self.value.is_some() {
            return invalid("value", "the model answers labels, not a number");
        }
        for label in &outputs.labels {
            if !self.labels.contains_key(label) {
                return invalid("labels", &format!("the label `{label}` has no entry"));
            }
        }
        let several = outputs.kind == OutputKind::Multilabel;
        let mut defaults = self.defaults() || self.defaults_novel();
        for (label, entry) in &self.labels {
            let path = format!("labels.{label}");
            if !outputs.labels.contains(label) {
                return invalid(&path, &format!("the contract has no label `{label}`"));
            }
            if entry.threshold.is_some_and(|t| !(0.0..=1.0).contains(&t)) {
                return invalid(&format!("{path}.threshold"), "a threshold lies in [0, 1]");
            }
            match &entry.default_label {
                Some(_) if several => {
                    return invalid(&path, "of several labels at once, use `default_labels`");
                }
                Some(label) if !outputs.labels.contains(label) => {
                    return invalid(&path, &format!("the contract has no label `{label}`"));
                }
                own => defaults |= entry.below == Fallback::Default && own.is_none(),
            }
        }
        if several {
            return self.check_default_labels(outputs, defaults);
        }
        if self.default_labels.is_some() {
            return invalid("default_labels", "the model answers one label");
        }
        match &self.default_label {
            Some(label) if !outputs.labels.contains(label) => {
                invalid("default_label", &format!("the contract has no label `{label}`"))
            }
            None if defaults => invalid("default_label", "the action `default` needs a label"),
            _ => Ok(()),
        }
    }

    fn check_default_labels(&self, outputs: &Outputs, defaults: bool) -> Result<()> {
        if self.default_label.is_some() {
            return invalid("default_label", "of several labels at once, use `default_labels`");
        }
        match &self.default_labels {
            None if defaults => {
                invalid("default_labels", "the action `default` needs the labels, or none: `[]`")
            }
            Some(labels) if labels.iter().any(|label| !outputs.labels.contains(label)) => {
                invalid("default_labels", "the contract has no such label")
            }
            _ => Ok(()),
        }
    }

    fn check_value(&self) -> Result<()> {
        if !self.labels.is_empty() || self.default_label.is_some() || self.default_labels.is_some()
        {
            return invalid("labels", "the model answers a number, not labels");
        }
        let Some(value) = &self.value else {
            let message = "the action `default` needs a number";
            let defaults = self.defaults() || self.defaults_novel();
            return if defaults { invalid("value.default_value", message) } else { Ok(()) };
        };
        let bounds = [value.minimum, value.maximum, value.default_value];
        if bounds.iter().flatten().any(|x| !x.is_finite()) {
            return invalid("value", "the bounds must be finite");
        }
        if let (Some(low), Some(high)) = (value.minimum, value.maximum)
            && low > high
        {
            return invalid("value.minimum", "the minimum is above the maximum");
        }
        if let Some(interval) = &value.interval {
            interval.check()?;
        }
        let defaults =
            value.outside == Fallback::Default || self.defaults() || self.defaults_novel();
        if defaults && value.default_value.is_none() {
            return invalid("value.default_value", "the action `default` needs a number");
        }
        Ok(())
    }
}

pub(super) fn invalid<T>(path: &str, message: &str) -> Result<T> {
    Err(Error::new(ErrorCode::PolicyInvalid, message).at_path(path))
}
