//! An imported contract as YAML that a person goes on with.

use super::Imported;
use driftline::contract::Input;
use driftline::{Error, ErrorCode, Result};
use serde_json::Value as Json;
use std::fmt::Write as _;

/// Keys of an input in the order in which they are read.
const ORDER: &[&str] = &["name", "type", "required", "missing"];

/// The contract as YAML; what was not carried stands above it.
///
/// # Errors
/// [`ErrorCode::Internal`] if an input cannot be written.
pub fn yaml(imported: &Imported, file: &str) -> Result<String> {
    let mut out = format!("# Imported from {}.\n", one_line(file));
    if !imported.not_carried.is_empty() {
        out.push_str("# Not carried:\n");
        for left in &imported.not_carried {
            let _ = writeln!(out, "#   {}: {}", one_line(&left.path), one_line(&left.why));
        }
    }
    if !imported.notes.is_empty() {
        out.push_str("# To look at:\n");
        for note in &imported.notes {
            let _ = writeln!(out, "#   {}: {}", one_line(&note.path), one_line(&note.why));
        }
    }
    let contract = &imported.contract;
    let _ = writeln!(
        out,
        "format: {}\nname: {}",
        contract.format,
        plain(&contract.name.as_str().into())
    );
    let unknown = json(&contract.unknown_fields)?;
    let _ = writeln!(out, "unknown_fields: {}\n\ninputs:", plain(&unknown));
    for input in &contract.inputs {
        write(input, &mut out)?;
    }
    if let Some(fields) = &contract.fields {
        let _ = writeln!(out, "\nfields: {}", json(fields)?);
    }
    if !contract.rules.is_empty() {
        out.push_str("\nrules:\n");
        for rule in &contract.rules {
            let _ = writeln!(out, "  - {}", json(rule)?);
        }
    }
    Ok(out)
}

fn write(input: &Input, out: &mut String) -> Result<()> {
    let Json::Object(map) = json(input)? else {
        return Err(Error::new(ErrorCode::Internal, "an input is no mapping"));
    };
    let first = ORDER.iter().filter_map(|k| map.get_key_value(*k));
    let rest = map.iter().filter(|(k, _)| !ORDER.contains(&k.as_str()));
    for (i, (key, value)) in first.chain(rest).enumerate() {
        let _ = writeln!(out, "  {} {key}: {}", if i == 0 { "-" } else { " " }, plain(value));
    }
    Ok(())
}

fn json(value: &impl serde::Serialize) -> Result<Json> {
    serde_json::to_value(value).map_err(|e| Error::new(ErrorCode::Internal, e.to_string()))
}

/// JSON is YAML; words that no reader takes for anything else stand without quotes.
pub fn plain(value: &Json) -> String {
    const TAKEN: &[&str] = &["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    match value.as_str() {
        Some(word)
            if word.starts_with(|c: char| c.is_ascii_lowercase())
                && word
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
                && !TAKEN.contains(&word) =>
        {
            word.to_owned()
        }
        _ => value.to_string(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
