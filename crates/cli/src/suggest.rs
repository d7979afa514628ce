//! What to write into a contract that says too little for its model: text to paste, and no guess in
//! its place, since only training knows the order of columns and labels.

use crate::import::plain;
use crate::shapes::tensor;
use driftline::contract::{Contract, InputType};
use driftline::model::{Axis, TensorInfo};
use driftline::tensor::{DType, TensorData};
use driftline_compiler::OutputInfo;
use serde_json::Value as Json;
use std::fmt::Write as _;

/// More columns than this are not written out.
const MAX_COLUMNS: usize = 64;

/// For a model that takes one matrix: the features that feed it with the contract's numbers.
/// `None` for other inputs, such as a column each.
pub fn matrix(inputs: &[TensorInfo], contract: &Contract) -> Option<String> {
    let [port] = inputs else { return None };
    let [Axis::Batch(_), Axis::Fixed(width)] = port.shape.as_slice() else { return None };
    if *width < 2 || !matches!(port.dtype, DType::Float32 | DType::Float64) {
        return None;
    }
    let width = *width as usize;
    let numeric =
        |kind| matches!(kind, InputType::Number | InputType::Integer | InputType::Boolean);
    let numbers = contract.inputs.iter().filter(|i| numeric(i.kind));
    let names: Vec<String> = numbers.map(|i| plain(&Json::from(&*i.name))).collect();
    let name = plain(&Json::from(&*port.name));
    let mut text = format!("the model takes one matrix of {width} columns");
    if names.len() != width || width > MAX_COLUMNS {
        let _ = write!(
            text,
            ", and the contract has {} numbers: write `features` that compute its columns, and \
             `tensors: [{{name: {name}, dtype: {}, features: [...]}}]` with them in their order",
            names.len(),
            port.dtype.as_str(),
        );
        return Some(text);
    }
    let _ =
        write!(text, "; if they are the contract's numbers in this order, append\n\nfeatures:\n");
    for name in &names {
        let _ = writeln!(text, "  - {{name: {name}, from: {name}}}");
    }
    let features = names.join(", ");
    let dtype = port.dtype.as_str();
    let _ = write!(text, "tensors:\n  - {{name: {name}, dtype: {dtype}, features: [{features}]}}");
    Some(text)
}

/// For a contract without `outputs`: those that the model has, and what to write for one of them.
pub fn outputs(outputs: &[OutputInfo]) -> String {
    let all: Vec<String> = outputs.iter().map(|o| format!("`{}`", tensor(&o.tensor))).collect();
    let mut text = format!("the model's outputs are {}", all.join(", "));
    let float = |o: &&OutputInfo| matches!(o.tensor.dtype, DType::Float32 | DType::Float64);
    let mut floats = outputs.iter().filter(float);
    let (Some(scores), None) = (floats.next(), floats.next()) else {
        return text + "; name the one with the scores, as in `outputs: {kind: ..., scores: NAME}`";
    };
    let name = plain(&Json::from(&*scores.tensor.name));
    let width = width(&scores.tensor);
    if width < 2 {
        let _ = write!(text, "; append\n\noutputs: {{kind: regression, scores: {name}}}");
        return text;
    }
    // a column of answers for each label
    let several = outputs.iter().any(|o| !float(&o) && self::width(&o.tensor) == width);
    let kind = match width {
        _ if several => "multilabel",
        2 => "binary",
        _ => "multiclass",
    };
    let labels = match &scores.keys {
        Some(TensorData::String(keys)) => {
            keys.iter().map(|k| Json::from(&**k).to_string()).collect()
        }
        Some(TensorData::Int64(keys)) => keys.iter().map(|k| format!("\"{k}\"")).collect(),
        _ => vec!["...".to_owned()],
    };
    let _ = write!(
        text,
        "; append, with the {width} labels in the order of the scores,\n\n\
         outputs: {{kind: {kind}, labels: [{}], scores: {name}}}",
        labels.join(", ")
    );
    text
}

/// Columns of an output, 1 if it has one number a row.
fn width(tensor: &TensorInfo) -> usize {
    match tensor.shape.as_slice() {
        [_, .., Axis::Fixed(width)] => *width as usize,
        _ => 1,
    }
}
