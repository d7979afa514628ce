//! The drafted contract as YAML with comments.

use super::draft::{Draft, Notes};
use crate::definition::Source;
use crate::import::plain;
use driftline::contract::{Contract, Input};
use driftline::{Error, ErrorCode, Result};
use serde_json::Value as Json;
use std::fmt::Write as _;

/// Widest line.
const WIDTH: usize = 98;

/// Values of a category that have a line each.
const LINES: usize = 24;

/// Clauses in the order in which a person reads them; those that are not here follow.
const ORDER: &[&str] = &[
    "name",
    "type",
    "required",
    "missing",
    "accept",
    "minimum",
    "maximum",
    "min_length",
    "max_length",
    "allow_empty",
    "unseen",
    "values",
];

/// Writes the contract, and reads it again to be sure of it.
///
/// # Errors
/// [`ErrorCode::Internal`] if it does not come back as it was.
pub fn yaml(draft: &Draft) -> Result<String> {
    let contract = &draft.contract;
    let mut out = String::new();
    for line in &draft.head {
        comment(&mut out, "", line);
    }
    let name = plain(&Json::from(contract.name.as_str()));
    let _ = writeln!(out, "format: {}\nname: {name}", contract.format);
    comment(&mut out, "", &draft.unknown);
    let unknown = json(&contract.unknown_fields)?;
    let _ = writeln!(out, "unknown_fields: {}\n\ninputs:", plain(&unknown));
    for (input, notes) in contract.inputs.iter().zip(&draft.notes) {
        write(&mut out, input, notes)?;
    }
    let back: Contract =
        Source::parse("contract".into(), out.clone(), ErrorCode::Internal)?.value()?;
    if back != *contract {
        return Err(Error::new(ErrorCode::Internal, "the contract does not come back from YAML"));
    }
    Ok(out)
}

fn write(out: &mut String, input: &Input, notes: &Notes) -> Result<()> {
    let Json::Object(mut map) = json(input)? else {
        return Err(Error::new(ErrorCode::Internal, "an input is no mapping"));
    };
    // said even where it is the default: these are the clauses to think about
    map.entry("required").or_insert(Json::Bool(true));
    map.entry("missing").or_insert(Json::from("reject"));
    for line in &notes.seen {
        comment(out, "  ", line);
    }
    let first = ORDER.iter().filter_map(|k| map.get_key_value(*k));
    let rest = map.iter().filter(|(k, _)| !ORDER.contains(&k.as_str()));
    for (i, (key, value)) in first.chain(rest).enumerate() {
        for (_, note) in notes.clauses.iter().filter(|(clause, _)| clause == key) {
            comment(out, "    ", note);
        }
        let dash = if i == 0 { "-" } else { " " };
        match (key.as_str(), value) {
            ("values", Json::Array(all)) => values(out, all, &notes.counts),
            _ => {
                let _ = writeln!(out, "  {dash} {key}: {}", plain(value));
            }
        }
    }
    Ok(())
}

fn values(out: &mut String, all: &[Json], counts: &[u64]) {
    if all.len() <= LINES {
        out.push_str("    values:\n");
        let texts: Vec<String> = all.iter().map(Json::to_string).collect();
        let width = texts.iter().map(|t| t.chars().count()).max().unwrap_or(0);
        for (text, n) in texts.iter().zip(counts) {
            let _ = writeln!(out, "      - {text:<width$}  # {n}");
        }
        return;
    }
    out.push_str("    values: [\n");
    let mut line = String::new();
    for (i, value) in all.iter().enumerate() {
        let text = format!("{value}{}", if i + 1 < all.len() { "," } else { "" });
        if !line.is_empty() && 7 + line.chars().count() + text.chars().count() > WIDTH {
            let _ = writeln!(out, "      {line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&text);
    }
    let _ = writeln!(out, "      {line}\n    ]");
}

/// A comment, folded; nothing of the file's can end it.
fn comment(out: &mut String, indent: &str, text: &str) {
    let mut line = String::new();
    for word in text.split_whitespace() {
        let word: String = word.chars().filter(|c| !c.is_control()).take(WIDTH).collect();
        if !line.is_empty()
            && indent.len() + 3 + line.chars().count() + word.chars().count() > WIDTH
        {
            let _ = writeln!(out, "{indent}# {line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    let _ = writeln!(out, "{indent}# {line}");
}

fn json(value: &impl serde::Serialize) -> Result<Json> {
    serde_json::to_value(value).map_err(|e| Error::new(ErrorCode::Internal, e.to_string()))
}
