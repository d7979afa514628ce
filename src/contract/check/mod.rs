//! Contradictions of a contract, found when it is loaded and not when a record meets them.

#[cfg_attr(not(feature = "arrays"), path = "arrays_absent.rs")]
mod arrays;
mod clauses;
mod features;
mod inputs;
mod names;
mod steps;
mod tensors;

pub(crate) use arrays::array_shape;
#[cfg(feature = "arrays")]
pub(crate) use arrays::shortest_side;

use super::schema::Contract;
use crate::error::{Error, ErrorCode, Result};

/// The first fault of the contract, in the order of the file.
pub(super) fn check(contract: &Contract) -> Result<()> {
    if contract.format != Contract::FORMAT {
        return Err(format_error(&contract.format));
    }
    names::check_name(&contract.name, "name")?;
    inputs::check(&contract.inputs)?;
    for (i, input) in contract.inputs.iter().enumerate() {
        clauses::check_input(contract, input, &format!("inputs[{i}]"))?;
    }
    clauses::check_rules(contract)?;
    features::check(contract)?;
    tensors::check(contract)
}

pub(super) fn format_error(found: &str) -> Error {
    Error::new(
        ErrorCode::FormatVersion,
        format!("the format is {}, not `{}`", super::quote::quote(found), Contract::FORMAT),
    )
    .at_path("format")
}

fn fault(path: impl Into<String>, message: impl Into<String>) -> Error {
    Error::new(ErrorCode::ContractInvalid, message).at_path(path)
}
