//! The npm package that `driftline build` writes for one model.

mod readme;
mod runtime;
mod types;
mod variant;

pub use types::{describe, fields, in_comment, labels, range, record_name};
pub use variant::{Variant, choose};

use driftline::bundle::wasm;
use driftline::contract::Contract;
use driftline::{Error, ErrorCode, Result};
use runtime::Runtime;
use std::collections::BTreeMap;

/// Name of the WebAssembly file; the scripts look for it.
pub const WASM: &str = "driftline_bg.wasm";

/// What a package is made from.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The model's contract.
    pub contract: &'a Contract,
    /// The runtime that the package carries.
    pub runtime: Variant,
    /// The stand-alone bundle.
    pub bundle: &'a [u8],
    /// The bundle's identity.
    pub identity: &'a str,
    /// Version in `package.json`.
    pub version: &'a str,
}

/// The package's files by name; the same plan and runtime give the same bytes.
///
/// # Errors
/// [`ErrorCode::Io`] if the runtime is not at hand, and those of embedding the bundle.
pub fn files(plan: &Plan<'_>) -> Result<BTreeMap<String, Vec<u8>>> {
    let runtime = Runtime::find(plan.runtime)?;
    let mut files = BTreeMap::new();
    for (name, bytes) in runtime.files() {
        match name.strip_suffix(".in") {
            None if name == WASM => {
                files.insert(name.to_owned(), wasm::embed(&bytes, plan.bundle)?);
            }
            None => {
                files.insert(name.to_owned(), bytes.into_owned());
            }
            Some(target) => {
                let text = String::from_utf8(bytes.into_owned()).map_err(|_| {
                    Error::new(ErrorCode::Internal, format!("the template `{name}` is not UTF-8"))
                })?;
                files.insert(target.to_owned(), fill(&text, plan, target)?.into_bytes());
            }
        }
    }
    if let Some(types) = files.get("index.d.ts") {
        let text = String::from_utf8_lossy(types).replace(".js\"", ".cjs\"");
        files.insert("index.d.cts".to_owned(), text.into_bytes());
    }
    files.insert("README.md".to_owned(), readme::text(plan).into_bytes());
    Ok(files)
}

/// Whether the runtime that packages carry can run every check: it leaves out what few contracts
/// need and all would have to download.
///
/// # Errors
/// [`ErrorCode::RuntimeMismatch`] naming the check.
pub fn fits(contract: &Contract) -> Result<()> {
    for (i, input) in contract.inputs.iter().enumerate() {
        for (j, check) in input.checks.iter().enumerate() {
            if check.requires().is_some() {
                return Err(Error::new(
                    ErrorCode::RuntimeMismatch,
                    format!("the runtime of npm packages has no check `{}`", check.name()),
                )
                .with_help("leave the check out, or build with --no-package for native hosts")
                .at_path(format!("inputs[{i}].checks[{j}]")));
            }
        }
    }
    Ok(())
}

/// Puts the model's own words into a template.
fn fill(template: &str, plan: &Plan<'_>, target: &str) -> Result<String> {
    let contract = plan.contract;
    let description = contract.description.as_deref().unwrap_or(&contract.name);
    let json = target.ends_with(".json");
    let description = if json { json_inside(description) } else { in_comment(description) };
    let filled = template
        .replace("{{name}}", &npm_name(&contract.name))
        .replace("{{version}}", plan.version)
        .replace("{{type}}", &record_name(&contract.name))
        .replace("{{fields}}", &fields(contract))
        .replace("{{labels}}", &labels(contract))
        .replace("{{description}}", &description);
    if json && serde_json::from_str::<serde_json::Value>(&filled).is_err() {
        return Err(Error::new(
            ErrorCode::Internal,
            format!("the template of `{target}` is broken"),
        ));
    }
    Ok(filled)
}

/// A text as it stands between the quotes of JSON.
fn json_inside(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}

/// A name that npm accepts: lower case, letters, digits, dots, hyphens and underscores.
pub fn npm_name(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| c.to_ascii_lowercase())
        .map(|c| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '-' })
        .collect();
    let trimmed = plain.trim_matches(['-', '.', '_']);
    if trimmed.is_empty() { "model".to_owned() } else { trimmed.chars().take(200).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_npm_names() {
        assert_eq!(npm_name("flights-delay"), "flights-delay");
        assert_eq!(npm_name("Flights Delay v2"), "flights-delay-v2");
        assert_eq!(npm_name("_é_"), "model");
    }

    #[test]
    fn text_keeps_its_place_in_json() {
        assert_eq!(json_inside("a \"b\"\n"), "a \\\"b\\\"\\n");
    }
}
