//! One broken clause of a contract.

use crate::error::ErrorCode;
use serde::Serialize;
use std::sync::Arc;

/// What follows from a broken clause. The order is that of gravity.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, serde::Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Noted in the decision; the model answers.
    Warn,
    /// The model does not decide; a person does.
    Escalate,
    /// The record is refused.
    Reject,
}

/// One broken clause: stable code, the input, and a message for people.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Violation {
    /// The stable code, always of kind `violation`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub code: ErrorCode,
    /// The input's name; for an unknown field, the field's. Empty for the record as a whole.
    pub input: Arc<str>,
    /// What follows.
    pub severity: Severity,
    /// What was found and what was expected, user input in backticks and cut short.
    pub message: String,
}
