//! MLmodel files of MLflow: the signature's columns.
//!
//! MLflow leaves out columns that the signature does not name.

use super::{Draft, bad};
use driftline::Result;
use driftline::contract::{InputType, Missing};
use driftline::tensor::DType;
use serde::Deserialize;
use serde_json::Value as Json;

#[derive(Deserialize)]
struct MlModel {
    signature: Option<Signature>,
    #[serde(default)]
    model_uuid: Option<String>,
}

/// Each is JSON inside a text.
#[derive(Deserialize)]
struct Signature {
    inputs: Option<String>,
    outputs: Option<String>,
    params: Option<String>,
}

pub fn read(text: &str) -> Result<Draft> {
    let model: MlModel = serde_saphyr::from_str(text).map_err(|_| bad("MLmodel file"))?;
    let signature = model.signature.ok_or_else(|| bad("MLmodel file with a signature"))?;
    let mut draft =
        Draft::new(&model.model_uuid.map_or(String::new(), |id| format!("mlflow-{id}")));
    for (i, column) in list(signature.inputs.as_deref())?.iter().enumerate() {
        carry(&mut draft, i, column);
    }
    for (i, output) in list(signature.outputs.as_deref())?.iter().enumerate() {
        let name = output.get("name").and_then(Json::as_str).unwrap_or("without a name");
        let why = format!("the output `{name}`: say in `outputs` what it means");
        draft.leave(format!("signature.outputs[{i}]"), why);
    }
    for (i, _) in list(signature.params.as_deref())?.iter().enumerate() {
        draft.leave(format!("signature.params[{i}]"), "a contract is about records, not calls");
    }
    Ok(draft)
}

fn list(text: Option<&str>) -> Result<Vec<Json>> {
    let Some(text) = text else { return Ok(Vec::new()) };
    serde_json::from_str(text).map_err(|_| bad("MLmodel file with a readable signature"))
}

fn carry(draft: &mut Draft, i: usize, column: &Json) {
    let path = format!("signature.inputs[{i}]");
    let Some(name) = column.get("name").and_then(Json::as_str) else {
        return draft.leave(path, "a column without a name cannot be a field");
    };
    let kind = column.get("type").and_then(Json::as_str).unwrap_or_default();
    let required = column.get("required").and_then(Json::as_bool).unwrap_or(true);
    let target = draft.column(name);
    target.input.required = required;
    // a required column must be there; only columns of whole numbers cannot hold nulls
    let whole = matches!(kind, "long" | "integer");
    target.input.missing = if required && whole { Missing::Reject } else { Missing::Allow };
    target.declared = true;
    target.kind = match kind {
        "long" | "integer" => Some(InputType::Integer),
        "double" | "float" => Some(InputType::Number),
        "string" => Some(InputType::Text),
        "boolean" => Some(InputType::Boolean),
        "datetime" => Some(InputType::Timestamp),
        _ => None,
    };
    match kind {
        "integer" => target.width(&path, "int32"),
        "datetime" => {
            draft.note(path, super::NAIVE);
        }
        "tensor" => tensor(draft, name, &path, column.get("tensor-spec")),
        "long" | "double" | "float" | "string" | "boolean" => {}
        other => draft.leave(path, format!("a contract has no type `{other}`")),
    }
}

/// A tensor's rows as arrays: the first dimension is that of the rows.
fn tensor(draft: &mut Draft, name: &str, path: &str, spec: Option<&Json>) {
    let dtype = match spec.and_then(|s| s.get("dtype")).and_then(Json::as_str) {
        Some("float32") => Some(DType::Float32),
        Some("float64") => Some(DType::Float64),
        Some("int64") => Some(DType::Int64),
        Some("int32") => Some(DType::Int32),
        Some("uint8") => Some(DType::Uint8),
        _ => None,
    };
    let shape = spec.and_then(|s| s.get("shape")).and_then(Json::as_array);
    let length = |n: &Json| match n.as_i64() {
        Some(-1) => Some(None),
        Some(n) => u32::try_from(n).ok().map(Some),
        None => None,
    };
    let lengths: Option<Vec<Option<u32>>> = shape.and_then(|s| s.iter().map(length).collect());
    match (dtype, lengths.as_deref()) {
        (Some(dtype), Some([None, row @ ..])) if !row.is_empty() => {
            let target = draft.column(name);
            target.kind = Some(InputType::Array);
            target.input.missing = Missing::Reject;
            target.input.dtype = Some(dtype);
            target.input.shape = Some(row.to_vec());
        }
        _ => draft.leave(path, "a contract has no array of this element type and shape"),
    }
}
