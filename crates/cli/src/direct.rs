//! Models whose preprocessing is inside the graph: each field goes to the graph's input of its
//! name, and the contract needs no features.

use crate::suggest;
use driftline::contract::{Contract, Feature, Input, InputType, Missing, Step, TensorSpec};
use driftline::model::TensorInfo;
use driftline::tensor::DType;
use driftline::{Error, ErrorCode, Result};

/// Gives a contract without features one for each input of the model.
///
/// # Errors
/// [`ErrorCode::ModelMismatch`] naming the graph's input that no field feeds, and what to write;
/// [`ErrorCode::ContractInvalid`] where the field's values do not fit.
pub fn complete(contract: &mut Contract, inputs: &[TensorInfo]) -> Result<()> {
    if !contract.is_direct() {
        return Ok(());
    }
    for port in inputs {
        let found = contract.inputs.iter().enumerate().find(|(_, i)| i.name == port.name);
        let Some((at, input)) = found else {
            return Err(unfed(port, inputs, contract));
        };
        let steps = steps(input, port).map_err(|e| e.at_path(format!("inputs[{at}].missing")))?;
        contract.features.push(Feature { name: port.name.clone(), from: port.name.clone(), steps });
        contract.tensors.push(TensorSpec {
            name: port.name.clone(),
            dtype: port.dtype,
            features: vec![port.name.clone()],
        });
    }
    contract.check()
}

/// A graph that imputes takes NaN for a missing number; other types have nothing like it.
fn steps(input: &Input, port: &TensorInfo) -> Result<Vec<Step>> {
    if !matches!(input.missing, Missing::Allow | Missing::Impute) {
        return Ok(Vec::new());
    }
    let numeric = matches!(input.kind, InputType::Number | InputType::Integer | InputType::Boolean);
    if numeric && matches!(port.dtype, DType::Float32 | DType::Float64) {
        return Ok(vec![Step::MissingAsNan {}]);
    }
    let message = format!(
        "`{}` may be missing, and the model's input of type {} has no value for that",
        input.name,
        port.dtype.as_str()
    );
    Err(Error::new(ErrorCode::ContractInvalid, message).with_help(
        "write `features` and `tensors` in which a step such as `impute` gives the value that \
         training had in its place, or reject missing values",
    ))
}

fn unfed(port: &TensorInfo, inputs: &[TensorInfo], contract: &Contract) -> Error {
    let kind = match port.dtype {
        DType::Float32 | DType::Float64 => "number",
        DType::Bool => "boolean",
        DType::String => "text",
        _ => "integer",
    };
    let message = format!(
        "the contract has no `features`, and no input named `{}` for the model's input of type {}",
        port.name,
        port.dtype.as_str()
    );
    let columns = || {
        format!(
            "a model that takes columns gets an input for each, such as \
             `- {{name: {}, type: {kind}}}`",
            port.name
        )
    };
    let help = suggest::matrix(inputs, contract).unwrap_or_else(columns);
    Error::new(ErrorCode::ModelMismatch, message).with_help(help)
}
