//! A model that MLflow logged: which run, and whether its signature says what the contract says.

use super::references::{file_name, parse};
use crate::output::read_file;
use driftline::bundle::sha256_hex;
use driftline::contract::{Contract, Input, InputType};
use driftline::{Error, ErrorCode, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::path::Path;

/// Bytes of an MLmodel file that are read.
const MAX_BYTES: usize = 1 << 20;

/// A logged model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Name of the file.
    pub name: String,
    /// `sha256:` and the hash of the MLmodel file.
    pub digest: String,
    /// The run that logged it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// The logged model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_uuid: Option<String>,
    /// Version of MLflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mlflow_version: Option<String>,
    /// When it was logged, as MLflow spells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utc_time_created: Option<String>,
    /// Columns of the signature's inputs; none if it has no signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<u64>,
    /// Where the signature's inputs differ from the contract's, in the order of both.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
}

/// One difference between signature and contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// The column or input.
    pub input: String,
    /// What differs.
    pub what: Differing,
    /// What the signature says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// What the contract says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
}

/// What may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Differing {
    /// Only one of them has it.
    Name,
    /// The types do not hold the same values.
    Type,
    /// Whether it may be left out.
    Required,
}

impl Differing {
    /// As the JSON has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Type => "type",
            Self::Required => "required",
        }
    }
}

#[derive(Deserialize)]
struct MlModel {
    run_id: Option<String>,
    model_uuid: Option<String>,
    mlflow_version: Option<String>,
    utc_time_created: Option<String>,
    signature: Option<Signature>,
}

/// JSON inside a text.
#[derive(Deserialize)]
struct Signature {
    inputs: Option<String>,
}

impl Run {
    /// Reads an MLmodel file and compares its signature with the contract.
    ///
    /// # Errors
    /// [`ErrorCode::BadInput`] if the file is none, or names neither run nor model.
    pub fn read(path: &Path, contract: &Contract) -> Result<Self> {
        let file: MlModel = parse(path, "an MLmodel file")?;
        let placed = |e: Error| e.in_file(path.display().to_string());
        if file.run_id.is_none() && file.model_uuid.is_none() {
            let message = "the file names neither run nor model";
            return Err(placed(Error::new(ErrorCode::BadInput, message)));
        }
        let columns = match file.signature.as_ref().and_then(|s| s.inputs.as_deref()) {
            None => None,
            Some(text) => Some(serde_json::from_str::<Vec<Json>>(text).map_err(|_| {
                placed(Error::new(ErrorCode::BadInput, "the signature's inputs are no JSON list"))
            })?),
        };
        Ok(Self {
            name: file_name(path),
            digest: format!("sha256:{}", sha256_hex(&read_file(path, MAX_BYTES)?)),
            run_id: file.run_id,
            model_uuid: file.model_uuid,
            mlflow_version: file.mlflow_version,
            utc_time_created: file.utc_time_created,
            differences: columns.as_deref().map(|c| compare(c, contract)).unwrap_or_default(),
            columns: columns.map(|c| c.len() as u64),
        })
    }
}

fn compare(columns: &[Json], contract: &Contract) -> Vec<Difference> {
    let mut all = Vec::new();
    let name_of = |column: &Json| column.get("name").and_then(Json::as_str).map(str::to_owned);
    for (i, column) in columns.iter().enumerate() {
        let name = name_of(column).unwrap_or_else(|| format!("column {i}"));
        let kind = spelled(column);
        let mut found = |what, signature: Option<String>, contract: Option<String>| {
            all.push(Difference { input: name.clone(), what, signature, contract });
        };
        let Some(input) = contract.inputs.iter().find(|input| input.name == name) else {
            found(Differing::Name, Some(kind), None);
            continue;
        };
        if !alike(column, input) {
            found(Differing::Type, Some(kind), Some(said(input)));
        }
        let required = column.get("required").and_then(Json::as_bool).unwrap_or(true);
        if required != input.required {
            let word = |required: bool| {
                Some(if required { "required" } else { "may be absent" }.to_owned())
            };
            found(Differing::Required, word(required), word(input.required));
        }
    }
    for input in &contract.inputs {
        if !columns.iter().any(|column| name_of(column).as_deref() == Some(&input.name)) {
            let contract = Some(said(input));
            let (input, what) = (input.name.clone(), Differing::Name);
            all.push(Difference { input, what, signature: None, contract });
        }
    }
    all
}

/// Whether the column's values are those that the input takes.
fn alike(column: &Json, input: &Input) -> bool {
    match column.get("type").and_then(Json::as_str) {
        Some("integer" | "long") => input.kind == InputType::Integer,
        Some("float" | "double") => input.kind == InputType::Number,
        Some("string") => matches!(input.kind, InputType::Text | InputType::Category),
        Some("boolean") => input.kind == InputType::Boolean,
        Some("datetime") => input.kind == InputType::Timestamp,
        Some("tensor") => {
            let spec = column.get("tensor-spec");
            let dtype = spec.and_then(|s| s.get("dtype")).and_then(Json::as_str);
            let shape = spec.and_then(|s| s.get("shape")).and_then(Json::as_array);
            // the first dimension is that of the rows
            let row = shape.map(|s| s.iter().skip(1).map(length).collect::<Vec<_>>());
            input.kind == InputType::Array
                && input.dtype.map(|d| d.as_str()) == dtype
                && input.shape == row
        }
        _ => false,
    }
}

fn length(n: &Json) -> Option<u32> {
    n.as_u64().and_then(|n| u32::try_from(n).ok())
}

fn spelled(column: &Json) -> String {
    let kind = column.get("type").and_then(Json::as_str).unwrap_or("no type");
    match column.get("tensor-spec") {
        Some(spec) => format!("{kind} {spec}"),
        None => kind.to_owned(),
    }
}

fn said(input: &Input) -> String {
    let mut text = input.kind.as_str().to_owned();
    if let Some(dtype) = input.dtype {
        text += &format!(" {}", dtype.as_str());
    }
    if let Some(shape) = &input.shape {
        let dims: Vec<String> =
            shape.iter().map(|n| n.map_or("?".to_owned(), |n| n.to_string())).collect();
        text += &format!(" [{}]", dims.join(", "));
    }
    text
}
