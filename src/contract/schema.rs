//! The contract file: what a record must be and what of it the model is given.

use super::check;
use super::clause::{Accept, Check, Fields, Rule};
use super::document::{parse_json, read_json};
use super::scalar::Scalar;
use super::step::{Feature, Step};
use super::value::Value;
use super::violation::Severity;
use crate::error::{Error, ErrorCode, Result};
use crate::limits::MAX_DEFINITION_BYTES;
use crate::tensor::DType;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

#[cfg(feature = "schema")]
use schemars::JsonSchema;

/// A contract: inputs, the features computed from them, the tensors that the model takes, and
/// what its outputs mean.
///
/// Without tensors and outputs it only validates. With outputs alone it is for a model that takes
/// the fields as they are: see [`Contract::is_direct`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// Always [`Contract::FORMAT`].
    pub format: String,
    /// Name of the contract and of what is built with it.
    pub name: String,
    /// What the records are, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What follows from a field that no input names.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unknown_fields: UnknownFields,
    /// The fields of a record.
    pub inputs: Vec<Input>,
    /// What the fields must be as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Fields>,
    /// Rules over several inputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// Columns computed from the inputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<Feature>,
    /// The model's input tensors, each a row of features.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tensors: Vec<TensorSpec>,
    /// What the model's outputs mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Outputs>,
}

/// What follows from a field that no input names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum UnknownFields {
    /// The record is refused: a misspelt field would otherwise be a missing one.
    #[default]
    Reject,
    /// The violation is noted and the field left out.
    Warn,
    /// The field is left out without a word.
    Ignore,
}

/// Type of an input. Nothing is converted from another type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum InputType {
    /// A finite binary64 number; integers that it holds exactly are welcome.
    Number,
    /// A whole number in [−2^63, 2^63); from a JavaScript number only within ±(2^53 − 1).
    Integer,
    /// Any text.
    Text,
    /// One of a closed list of texts, compared byte for byte.
    Category,
    /// True or false.
    Boolean,
    /// An instant: RFC 3339 text with an offset, or a JavaScript `Date`.
    Timestamp,
    /// Numbers of one element type in one shape, such as an image or an embedding: nested arrays, a
    /// flat typed array, or an object `{shape, data}` with a flat array under `data`.
    Array,
    /// Any value, restricted by `checks`; no feature can use it.
    Any,
}

impl InputType {
    /// The type's name as the file spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Text => "text",
            Self::Category => "category",
            Self::Boolean => "boolean",
            Self::Timestamp => "timestamp",
            Self::Array => "array",
            Self::Any => "any",
        }
    }
}

/// What follows from a missing value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// The record is refused.
    #[default]
    Reject,
    /// A person decides.
    Escalate,
    /// It is replaced as in training: every feature of the input has a step that handles it.
    Impute,
    /// It is a value like others; whatever features use the input handle it.
    Allow,
}

/// What follows from a category that the contract does not list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unseen {
    /// The record is refused.
    #[default]
    Reject,
    /// A person decides.
    Escalate,
    /// The violation is noted, and the category encoded as training encoded unseen ones.
    Warn,
    /// It is encoded as training encoded unseen ones, without a violation.
    Encode,
}

/// One field of a record.
///
/// `required` is about the key and `missing` about the value. A required input's key must be
/// there, else the record is refused with `missing_value` whatever `missing` says: an absent key
/// is a fault of the caller's program. A `null` under the key is a missing value, and `missing`
/// says what follows. With `required: false` an absent key counts as `null`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The field's name in the record.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: InputType,
    /// What it is, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its unit, for people; UCUM where there is a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Whether the key must be in the record; `true` if left out.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    #[cfg_attr(feature = "schema", schemars(default = "yes"))]
    pub required: bool,
    /// What follows from `null`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub missing: Missing,
    /// Element type of an array: a float, `int64`, `int32` or `uint8`. A typed array must have just
    /// this type; plain numbers must be exact in an integer type and finite in a float type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dtype: Option<DType>,
    /// Length of each dimension of an array, outermost first; `null` where any length from 1 will do. An
    /// image is height, width, channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Vec<Option<u32>>>,
    /// Lower end of the range, itself allowed unless `exclusive_minimum`. An RFC 3339 text for a
    /// timestamp; for an array the end of every element.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Scalar>,
    /// The range is open below.
    #[serde(default, skip_serializing_if = "is_default")]
    pub exclusive_minimum: bool,
    /// Upper end of the range, itself allowed unless `exclusive_maximum`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Scalar>,
    /// The range is open above.
    #[serde(default, skip_serializing_if = "is_default")]
    pub exclusive_maximum: bool,
    /// The allowed values. A category has them always; number, integer and text may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<Scalar>>,
    /// What follows from a category that `values` does not list.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unseen: Unseen,
    /// Shortest text, in characters (Unicode scalar values).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u32>,
    /// Longest text, in characters (Unicode scalar values).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// Whether a text may be empty.
    #[serde(default, skip_serializing_if = "is_default")]
    pub allow_empty: bool,
    /// What follows from a value outside the range, the length or the set (of a type other than
    /// category). A value of the wrong type is always refused.
    #[serde(default = "reject", skip_serializing_if = "is_reject")]
    #[cfg_attr(feature = "schema", schemars(default = "reject"))]
    pub severity: Severity,
    /// Values of another type that are taken all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accept: Vec<Accept>,
    /// More checks, each with its own severity, tried after the clauses above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
}

impl Input {
    /// An input of this name and type, required, without clauses.
    pub fn new(name: impl Into<String>, kind: InputType) -> Self {
        Self {
            name: name.into(),
            kind,
            description: None,
            unit: None,
            required: true,
            missing: Missing::Reject,
            dtype: None,
            shape: None,
            minimum: None,
            exclusive_minimum: false,
            maximum: None,
            exclusive_maximum: false,
            values: None,
            unseen: Unseen::Reject,
            min_length: None,
            max_length: None,
            allow_empty: false,
            severity: Severity::Reject,
            accept: Vec::new(),
            checks: Vec::new(),
        }
    }
}

/// One input tensor of the model: `[rows, width]`, the width being that of its features together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TensorSpec {
    /// Name of the ONNX graph's input.
    pub name: String,
    /// Element type. Features are computed in binary64 and cast once.
    pub dtype: DType,
    /// Names of the features, in the order of the columns.
    pub features: Vec<String>,
}

/// What the model's answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OutputKind {
    /// One of two labels.
    Binary,
    /// One of several labels.
    Multiclass,
    /// Any number of labels.
    Multilabel,
    /// A number.
    Regression,
    /// A relevance, of use only in comparison.
    Ranking,
}

/// What the model's outputs mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Outputs {
    /// What the answer is.
    pub kind: OutputKind,
    /// The labels in the order of the scores; none for regression and ranking.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Name of the ONNX graph's output with the scores.
    pub scores: String,
    /// Name of the ONNX graph's output with the label, if it is to be compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Unit of a regression's number, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

impl Contract {
    /// The format that this version reads and writes.
    pub const FORMAT: &'static str = "driftline.contract/1";

    /// A contract of these inputs that only validates, and refuses unknown fields.
    pub fn new(name: impl Into<String>, inputs: Vec<Input>) -> Self {
        Self {
            format: Self::FORMAT.to_owned(),
            name: name.into(),
            description: None,
            unknown_fields: UnknownFields::Reject,
            inputs,
            fields: None,
            rules: Vec::new(),
            features: Vec::new(),
            tensors: Vec::new(),
            outputs: None,
        }
    }

    /// Parses JSON and checks it.
    ///
    /// # Errors
    /// [`ErrorCode::ContractSyntax`] with the line or path for what is no contract,
    /// [`ErrorCode::FormatVersion`] for another format, [`ErrorCode::ContractInvalid`] with the
    /// clause's path for a contradiction, [`ErrorCode::InputTooLarge`] past the limit.
    #[inline(never)]
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_DEFINITION_BYTES {
            return Err(Error::new(ErrorCode::InputTooLarge, "the contract is too large"));
        }
        let read = read_json(bytes, ErrorCode::ContractSyntax, "contract");
        let contract: Self = read.map_err(|e| foreign_format(bytes).unwrap_or(e))?;
        contract.check()?;
        Ok(contract)
    }

    /// The canonical JSON: the same contract gives the same bytes, defaults are left out.
    ///
    /// # Errors
    /// [`ErrorCode::Internal`] if serialisation fails.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|e| Error::new(ErrorCode::Internal, e.to_string()))
    }

    /// Looks for contradictions, unknown names and broken limits.
    ///
    /// # Errors
    /// The first fault, [`ErrorCode::ContractInvalid`] with a path such as `inputs[3].minimum`.
    pub fn check(&self) -> Result<()> {
        check::check(self)
    }

    /// IANA names of the time zones whose rules the features need; UTC needs none.
    pub fn zones(&self) -> BTreeSet<String> {
        self.features
            .iter()
            .flat_map(|f| &f.steps)
            .filter_map(|step| match step {
                Step::Calendar { zone, .. } => Some(zone),
                _ => None,
            })
            .filter(|zone| !is_utc(zone))
            .cloned()
            .collect()
    }

    /// Whether the fields go to the model as they are, each to the graph's input of its name: the
    /// contract has outputs, and neither features nor tensors. `driftline build` writes those.
    pub fn is_direct(&self) -> bool {
        self.outputs.is_some() && self.features.is_empty() && self.tensors.is_empty()
    }

    /// The crate features that the checks need and a build may lack, sorted: a runtime without one
    /// of them refuses the contract.
    pub fn requires(&self) -> Vec<&'static str> {
        let checks = || self.inputs.iter().flat_map(|input| &input.checks);
        ["json-schema", "regex", "unicode"]
            .into_iter()
            .filter(|feature| checks().any(|check| check.requires() == Some(feature)))
            .collect()
    }

    /// What of the contract a build without the default crate features refuses: the place, and the
    /// feature.
    pub fn optional(&self) -> Vec<(String, &'static str)> {
        let mut found = Vec::new();
        for (i, input) in self.inputs.iter().enumerate() {
            if input.kind == InputType::Array {
                found.push((format!("inputs[{i}]"), "arrays"));
            }
            for (j, check) in input.checks.iter().enumerate() {
                if matches!(check, Check::Strftime { .. } | Check::Date { .. }) {
                    found.push((format!("inputs[{i}].checks[{j}]"), "text"));
                }
            }
        }
        for (i, feature) in self.features.iter().enumerate() {
            for (j, step) in feature.steps.iter().enumerate() {
                if matches!(step, Step::HashTokens { .. }) {
                    found.push((format!("features[{i}].steps[{j}]"), "text"));
                }
            }
        }
        found
    }

    /// The input of this name, with its index.
    pub fn input(&self, name: &str) -> Option<(usize, &Input)> {
        self.inputs.iter().enumerate().find(|(_, input)| input.name == name)
    }
}

/// Whether the zone is UTC itself, which needs no rules.
pub fn is_utc(zone: &str) -> bool {
    matches!(zone, "UTC" | "Etc/UTC")
}

fn foreign_format(bytes: &[u8]) -> Option<Error> {
    let Ok(Value::Object(members)) = parse_json(bytes, ErrorCode::ContractSyntax, "contract")
    else {
        return None;
    };
    match members.iter().find(|(name, _)| name == "format") {
        Some((_, Value::Text(format))) if format != Contract::FORMAT => {
            Some(check::format_error(format))
        }
        _ => None,
    }
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

pub(crate) fn yes() -> bool {
    true
}

pub(crate) fn is_true(value: &bool) -> bool {
    *value
}

pub(crate) fn reject() -> Severity {
    Severity::Reject
}

pub(crate) fn is_reject(value: &Severity) -> bool {
    *value == Severity::Reject
}
