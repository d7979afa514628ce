//! The types that a model's own package has, without the package.

use crate::package::{fields, in_comment, labels, record_name};
use driftline::contract::Contract;
use std::fmt::Write as _;

/// Types of a record and, if the contract has outputs, of the labels.
pub fn typescript(contract: &Contract) -> String {
    let mut out = String::new();
    let description = contract.description.as_deref().unwrap_or(&contract.name);
    let _ = write!(
        out,
        "/** {} */\nexport interface {} {{\n{}\n}}\n",
        in_comment(description),
        record_name(&contract.name),
        fields(contract)
    );
    if contract.outputs.as_ref().is_some_and(|o| !o.labels.is_empty()) {
        let _ = write!(
            out,
            "\n/** What the model answers with. */\nexport type Label = {};\n",
            labels(contract)
        );
    }
    out
}
