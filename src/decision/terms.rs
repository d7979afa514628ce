//! The parts of the policy file beyond thresholds: rules, assertions, routes, the budget.

use super::{Fallback, Reason};
use crate::contract::Scalar;
use serde::{Deserialize, Serialize};

/// One condition on a record or on the model's answer. A missing value meets none but `missing`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The input that is looked at; either this or `answer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// What of the model's answer is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// The value is one of these; for `predicted`, labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub is: Vec<Scalar>,
    /// Lower end, itself included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// Upper end, itself excluded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    /// Whether the input has no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<bool>,
}

/// A part of the model's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The label with the highest score; of several labels at once, each whose score is at least
    /// one half.
    Predicted,
    /// The confidence, in [0, 1].
    Confidence,
    /// The predicted number.
    Value,
}

/// What is done with records that meet every condition, whatever the threshold says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Name, which the decision repeats.
    pub name: String,
    /// All have to hold; at least one.
    pub when: Vec<Condition>,
    /// What happens.
    pub action: Fallback,
    /// The lower-risk label of this rule; without it, the policy's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_label: Option<String>,
    /// The lower-risk number of this rule; without it, the policy's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_value: Option<f64>,
    /// Where escalated records go; without it, the first route that fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
}

/// What the answers to several records must agree in. Model assertions after Kang, Raghavan,
/// Bailis and Zaharia, "Model Assertions for Monitoring and Improving ML Models", MLSys 2020.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    /// Name, which decisions and counts repeat.
    pub name: String,
    /// What is asserted.
    pub check: AssertionCheck,
    /// Inputs that tell whom the record is about; kept as keyed hashes only. Not for `implies`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identifier: Vec<String>,
    /// The input that must agree; without it, the predicted label or number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The timestamp input that tells when it was; without it, the host's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Records further apart are not compared; without it, all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_seconds: Option<u32>,
    /// Of `implies`: if all of these hold …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<Condition>,
    /// … then all of these must.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub then: Vec<Condition>,
    /// What happens to the record that breaks it; without it, it is only counted and named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Fallback>,
    /// Where escalated records go; without it, the first route that fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
}

/// The kinds of assertions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AssertionCheck {
    /// Records of one identifier have the same value as the one before.
    Consistent,
    /// The value of one identifier does not go A, B, and back to A.
    Flicker,
    /// What `when` says implies what `then` says; within one record.
    Implies,
}

/// Where escalated records go. The first route that fits is taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Name, which the decision repeats and the host ties to a desk.
    pub name: String,
    /// Only decisions with one of these reasons; of any, if there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Only records for which the model predicts one of these labels; any, if there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Minutes within which an answer is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_minutes: Option<u32>,
    /// What happens if no answer came in time; `escalate` goes on waiting.
    #[serde(default)]
    pub unanswered: Fallback,
}

/// How many records a day may be escalated by one gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Escalations a day.
    pub per_day: u32,
    /// What happens to those beyond it.
    pub used_up: UsedUp,
    /// When the day begins: minutes east of UTC, the whole year the same; 0 is UTC.
    #[serde(default)]
    pub utc_offset_minutes: i32,
}

/// What happens to an escalation beyond the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum UsedUp {
    /// The lower-risk answer is given.
    Default,
    /// The record is refused.
    Reject,
    /// The model's answer is taken, with the reason as its flag; refused if it has no sound one.
    Accept,
}

/// The order in which reasons decide: of two that hold, the one that stands first here does.
/// `budget_used_up` and `timed_out` come after, and only to what is escalated.
pub const PRECEDENCE: &[Reason] = &[
    Reason::Killed,
    Reason::Violation,
    Reason::ModelFailed,
    Reason::BadScores,
    Reason::Assertion,
    Reason::Rule,
    Reason::Novel,
    Reason::LowConfidence,
    Reason::NoThreshold,
    Reason::OutOfBounds,
    Reason::WideInterval,
    Reason::Suspended,
    Reason::Confident,
    Reason::WithinBounds,
];
