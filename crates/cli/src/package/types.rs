//! TypeScript types of one model's record and labels.

use driftline::contract::{Contract, Input, InputType, Missing, Scalar, Severity, Unseen};
use driftline::tensor::DType;
use std::fmt::Write as _;

/// Name of the record's type, such as `FlightsDelayRecord`.
pub fn record_name(name: &str) -> String {
    let mut out = String::new();
    let mut upper = true;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() {
            upper = true;
        } else if upper {
            out.push(c.to_ascii_uppercase());
            upper = false;
        } else {
            out.push(c);
        }
    }
    if !out.starts_with(|c: char| c.is_ascii_alphabetic()) {
        out.insert_str(0, "Model");
    }
    out.push_str("Record");
    out
}

/// One property an input, with a comment that says what it is.
pub fn fields(contract: &Contract) -> String {
    let mut out = String::new();
    for input in &contract.inputs {
        let comment = describe(input);
        if !comment.is_empty() {
            let _ = writeln!(out, "  /** {} */", in_comment(&comment));
        }
        let missing = input.missing != Missing::Reject;
        let optional = if missing && !input.required { "?" } else { "" };
        let null = if missing { " | null" } else { "" };
        let _ =
            writeln!(out, "  {}{optional}: {}{null};", property(&input.name), value_type(input));
    }
    out.truncate(out.trim_end().len());
    out
}

/// The labels as a union, `string` if there are none.
pub fn labels(contract: &Contract) -> String {
    let labels = contract.outputs.as_ref().map(|o| o.labels.as_slice()).unwrap_or_default();
    if labels.is_empty() {
        return "string".to_owned();
    }
    union(labels.iter().map(|l| literal(l)))
}

/// What an input is, in one line: description, unit, range.
pub fn describe(input: &Input) -> String {
    let mut parts = Vec::new();
    parts.extend(input.description.clone());
    parts.extend(input.unit.clone());
    parts.extend(range(input));
    if let Some(shape) = &input.shape {
        let length = |n: &Option<u32>| n.map_or("any".to_owned(), |n| n.to_string());
        let lengths: Vec<String> = shape.iter().map(length).collect();
        parts.push(format!("shape {}", lengths.join(" × ")));
    }
    if input.kind == InputType::Timestamp {
        parts.push("RFC 3339 text with an offset, or a `Date`".to_owned());
    }
    parts.join(", ")
}

/// The range with its open and closed ends, such as `(0, 5500]`.
pub fn range(input: &Input) -> Option<String> {
    if input.minimum.is_none() && input.maximum.is_none() {
        return None;
    }
    let end = |bound: &Option<Scalar>, none: &str| {
        bound.as_ref().map_or_else(|| none.to_owned(), Scalar::to_string)
    };
    let open = input.minimum.is_none() || input.exclusive_minimum;
    let close = input.maximum.is_none() || input.exclusive_maximum;
    Some(format!(
        "{}{}, {}{}",
        if open { '(' } else { '[' },
        end(&input.minimum, "-∞"),
        end(&input.maximum, "∞"),
        if close { ')' } else { ']' },
    ))
}

fn value_type(input: &Input) -> String {
    let closed = match input.kind {
        InputType::Category => input.unseen == Unseen::Reject,
        _ => input.severity == Severity::Reject,
    };
    let values = input.values.as_deref().filter(|v| closed && !v.is_empty());
    match (input.kind, values) {
        (InputType::Text | InputType::Category, Some(values)) => {
            union(values.iter().filter_map(Scalar::as_text).map(literal))
        }
        (InputType::Number | InputType::Integer, Some(values)) => {
            union(values.iter().map(Scalar::to_string))
        }
        (InputType::Text | InputType::Category, None) => "string".to_owned(),
        (InputType::Number, None) => "number".to_owned(),
        (InputType::Integer, None) => "number | bigint".to_owned(),
        (InputType::Boolean, _) => "boolean".to_owned(),
        (InputType::Timestamp, _) => "string | Date".to_owned(),
        (InputType::Array, _) => array_type(input),
        (InputType::Any, _) => "unknown".to_owned(),
    }
}

/// Nested arrays, a flat typed array where that has one shape, or a flat one with its shape.
fn array_type(input: &Input) -> String {
    let shape = input.shape.as_deref().unwrap_or_default();
    let (typed, element) = match input.dtype {
        Some(DType::Float64) => ("Float64Array", "number"),
        Some(DType::Int64) => ("BigInt64Array", "(number | bigint)"),
        Some(DType::Int32) => ("Int32Array", "number"),
        Some(DType::Uint8) => ("Uint8Array | Uint8ClampedArray", "number"),
        _ => ("Float32Array", "number"),
    };
    let nested = format!("{element}{}", "[]".repeat(shape.len()));
    let described = format!("{{ shape: number[]; data: {typed} | {element}[] }}");
    if shape.iter().filter(|n| n.is_none()).count() > 1 {
        union([nested, described].into_iter())
    } else {
        union([nested, typed.to_owned(), described].into_iter())
    }
}

fn union(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(" | ")
}

fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A property's name, in quotes where TypeScript wants them.
fn property(name: &str) -> String {
    let mut chars = name.chars();
    let start = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || c == '$');
    if start && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$') {
        name.to_owned()
    } else {
        literal(name)
    }
}

/// A text that may stand in a comment.
pub fn in_comment(text: &str) -> String {
    text.replace("*/", "*\\/").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(kind: InputType) -> Input {
        Input::new("x", kind)
    }

    #[test]
    fn record_names_are_identifiers() {
        assert_eq!(record_name("flights-delay"), "FlightsDelayRecord");
        assert_eq!(record_name("2nd model"), "Model2ndModelRecord");
    }

    #[test]
    fn values_become_unions_only_where_others_are_refused() {
        let mut c = input(InputType::Category);
        c.values = Some(vec![Scalar::Text("a\"".into()), Scalar::Text("b".into())]);
        assert_eq!(value_type(&c), r#""a\"" | "b""#);
        c.unseen = Unseen::Escalate;
        assert_eq!(value_type(&c), "string");
        assert_eq!(value_type(&input(InputType::Integer)), "number | bigint");
        assert_eq!(value_type(&input(InputType::Timestamp)), "string | Date");
    }

    #[test]
    fn ranges_show_their_ends() {
        let mut n = input(InputType::Number);
        assert_eq!(range(&n), None);
        n.minimum = Some(Scalar::Integer(0));
        n.exclusive_minimum = true;
        assert_eq!(range(&n).unwrap(), "(0, ∞)");
        n.maximum = Some(Scalar::Number(5.5));
        assert_eq!(range(&n).unwrap(), "(0, 5.5]");
    }

    #[test]
    fn comments_and_names_cannot_break_out() {
        assert_eq!(in_comment("a */ b\nc"), "a *\\/ b c");
        assert_eq!(property("a-b"), "\"a-b\"");
        assert_eq!(property("ok_1"), "ok_1");
    }
}
