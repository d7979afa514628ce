//! The YAML reader's errors in this product's words.

use super::tree::Node;
use driftline::{Error, ErrorCode};
use serde_saphyr::Error as Yaml;

/// Converts an error; with the tree at hand the place is the offending value itself.
pub fn convert(error: &Yaml, code: ErrorCode, tree: Option<&Node>) -> Error {
    let inner = error.without_snippet();
    let mut at = inner.location().map(|l| (l.line(), l.column())).filter(|(line, _)| *line > 0);
    let (message, help) = describe(inner);
    if let (Yaml::SerdeUnknownField { field, .. }, Some(tree), Some(from)) = (inner, tree, at) {
        at = tree.find_key(from, field).or(at);
    }
    let mut converted = Error::new(code, message);
    if let Some(help) = help {
        converted = converted.with_help(help);
    }
    match at {
        Some((line, column)) => converted.at_line(line, column),
        None => converted,
    }
}

fn describe(error: &Yaml) -> (String, Option<String>) {
    match error {
        Yaml::DuplicateMappingKey { key: Some(key), .. } => {
            (format!("the key `{key}` stands twice"), Some("keep one of the two".into()))
        }
        Yaml::DuplicateMappingKey { .. } => {
            ("a key stands twice".into(), Some("keep one of the two".into()))
        }
        Yaml::SerdeUnknownField { field, expected, .. } => {
            (format!("unknown key `{field}`"), Some(choices(field, expected)))
        }
        Yaml::SerdeUnknownVariant { variant, expected, .. } => {
            (format!("`{variant}` is no choice here"), Some(choices(variant, expected)))
        }
        Yaml::SerdeMissingField { field, .. } => {
            (format!("the key `{field}` is missing"), Some(format!("add `{field}:` here")))
        }
        Yaml::SerdeInvalidType { unexpected, expected, .. }
        | Yaml::SerdeInvalidValue { unexpected, expected, .. } => {
            (format!("{} stands where {} is needed", plain(unexpected), plain(expected)), None)
        }
        Yaml::InvalidScalar { ty, .. } => {
            (format!("the value is not {}", plain(ty)), Some("correct the value".into()))
        }
        Yaml::Unexpected { expected, .. } => (format!("{} is needed here", plain(expected)), None),
        Yaml::InvalidBooleanStrict { .. } => (
            "the value is no boolean".into(),
            Some("write `true` or `false`; text needs quotes".into()),
        ),
        Yaml::NullIntoString { .. } => {
            ("text is needed here, the value is null".into(), Some("quote it if it is text".into()))
        }
        Yaml::MultipleDocuments { .. } => {
            ("the file holds more than one document".into(), Some("remove the `---`".into()))
        }
        Yaml::Eof { .. } => ("the file ends where a value is needed".into(), None),
        Yaml::MergeKeyNotAllowed { .. } => {
            ("merge keys `<<` are not supported".into(), Some("write the keys out".into()))
        }
        other => (foreign(&other.to_string()), None),
    }
}

/// A message of the parser itself, without its own place, and with what it says about quoting.
fn foreign(text: &str) -> String {
    let text = text.rsplit_once(" at line ").map_or(text, |(head, _)| head);
    if let Some(rest) = text.strip_prefix("The string value [")
        && let Some((value, _)) = rest.split_once(']')
    {
        return format!(
            "`{value}` looks like a number or a boolean where text is needed: quote it"
        );
    }
    let mut chars = text.trim_end_matches('.').chars();
    chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

fn choices(got: &str, expected: &[&str]) -> String {
    let near = expected
        .iter()
        .map(|e| (distance(got, e), *e))
        .min()
        .filter(|(d, e)| *d <= 1 + e.len() / 3);
    match near {
        Some((_, near)) => format!("did you mean `{near}`?"),
        None => format!("known here: `{}`", expected.join("`, `")),
    }
}

/// Levenshtein distance in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            left = (*cell + 1).min(left + 1).min(diagonal + usize::from(x != *y));
            diagonal = std::mem::replace(cell, left);
        }
    }
    row.last().copied().unwrap_or_default()
}

/// Serde's names of types in the words of the field.
fn plain(text: &str) -> String {
    let word = match text {
        "f32" | "f64" | "float" => "a number",
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" | "integer" => {
            "an integer"
        }
        "bool" | "boolean" => "a boolean",
        "string" | "str" | "string scalar" => "a text",
        "a sequence" | "sequence" | "sequence start" => "a list",
        "map" | "a map" | "mapping start" => "a mapping",
        "unit value" | "null" => "null",
        _ if text.starts_with("struct ") => "a mapping",
        _ if text.starts_with("enum ") => "one of the known names",
        _ => return text.replace("floating point", "the number").replace("string \"", "text \""),
    };
    word.to_owned()
}
