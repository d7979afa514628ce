//! The checks of one field.

use super::pattern::{like, portable};
use super::{Clauses, ends, scalars};
use driftline::contract::{Charset, Check, Input, InputType, Of, Severity, ValueType};
use serde_json::{Map, Value as Json, json};

/// Adds one check; what only warns or escalates is said in the comment.
pub fn check(check: &Check, input: &Input, clauses: &mut Clauses) {
    if check.severity() != Severity::Reject {
        let text = format!("a broken `{}` does not reject the record", check.name());
        return clauses.comment(text);
    }
    match check {
        Check::Range { .. } if input.kind == InputType::Timestamp => {
            clauses.comment("the instant lies in the range of a check");
        }
        Check::Range { minimum, exclusive_minimum, maximum, exclusive_maximum, .. } => {
            let mut schema = Map::from_iter([("type".to_owned(), "number".into())]);
            ends((minimum, *exclusive_minimum), (maximum, *exclusive_maximum), &mut schema);
            clauses.all.push(schema.into());
        }
        Check::InSet { values, .. } => clauses.all.push(json!({"enum": scalars(values)})),
        Check::NotInSet { values, .. } => {
            clauses.all.push(json!({"not": {"enum": scalars(values)}}));
        }
        Check::Length { minimum, maximum, .. } => {
            let mut schema = Map::from_iter([("type".to_owned(), "string".into())]);
            for (key, bound) in [("minLength", minimum), ("maxLength", maximum)] {
                if let Some(bound) = bound {
                    schema.insert(key.to_owned(), (*bound).into());
                }
            }
            clauses.all.push(schema.into());
        }
        Check::Regex { patterns, of, anchor, python, .. } => {
            let translated: Option<Vec<String>> =
                patterns.iter().map(|p| portable(p, *anchor, *python)).collect();
            match translated {
                Some(patterns) => matching(&patterns, *of, clauses),
                None => clauses.comment(format!(
                    "{} of these expressions match: {}",
                    how_many(*of),
                    patterns.join(" , ")
                )),
            }
        }
        Check::Like { patterns, of, .. } => {
            let patterns: Vec<String> = patterns.iter().map(|p| like(p)).collect();
            matching(&patterns, *of, clauses);
        }
        Check::Strftime { format, .. } => text(clauses, format!("a time of the form {format}")),
        Check::Date { lenient, .. } => {
            text(clauses, if *lenient { "a date as people write it" } else { "an RFC 3339 date" });
        }
        Check::Json { .. } => {
            clauses.put("contentMediaType", "application/json");
            text(clauses, "the text is JSON");
        }
        Check::JsonSchema { schema, .. } => {
            clauses.put("contentMediaType", "application/json");
            clauses.put("contentSchema", schema.clone());
            text(clauses, "the text is JSON of the `contentSchema`");
        }
        Check::MissingOnly { .. } => clauses.all.push(json!({"type": "null"})),
        Check::Types { types, .. } => of_types(types, clauses),
        Check::Nfc { .. } => text(clauses, "the text is in Unicode's normal form C"),
        Check::Charset { charset, .. } => {
            let pattern = match charset {
                Charset::Ascii => r"^[\x00-\x7f]*$",
                Charset::Latin1 => r"^[\x00-\xff]*$",
                Charset::Printable => r"^[^\x00-\x1f\x7f-\x9f]*$",
            };
            clauses.all.push(json!({"type": "string", "pattern": pattern}));
        }
    }
}

/// A check of text that only a comment can describe further.
fn text(clauses: &mut Clauses, comment: impl Into<String>) {
    clauses.all.push(json!({"type": "string"}));
    clauses.comment(comment);
}

fn how_many(of: Of) -> &'static str {
    match of {
        Of::All => "all",
        Of::Any => "any",
        Of::None => "none",
    }
}

fn matching(patterns: &[String], of: Of, clauses: &mut Clauses) {
    clauses.all.push(json!({"type": "string"}));
    let one = |p: &String| json!({"pattern": p});
    match of {
        Of::All => clauses.all.extend(patterns.iter().map(one)),
        Of::Any => {
            let any: Vec<Json> = patterns.iter().map(one).collect();
            clauses.all.push(json!({"anyOf": any}));
        }
        Of::None => {
            clauses.all.extend(patterns.iter().map(|p| json!({"not": {"pattern": p}})));
        }
    }
}

fn of_types(types: &[ValueType], clauses: &mut Clauses) {
    let name = |t: &ValueType| match t {
        ValueType::Number => Some("number"),
        ValueType::Integer => Some("integer"),
        ValueType::Text => Some("string"),
        ValueType::Boolean => Some("boolean"),
        ValueType::Array => Some("array"),
        ValueType::Object => Some("object"),
        // JSON has none
        ValueType::Date => None,
    };
    let names: Vec<&str> = types.iter().filter_map(name).collect();
    if names.is_empty() {
        clauses.all.push(Json::Bool(false));
    } else {
        clauses.all.push(json!({"type": names}));
    }
    if types.contains(&ValueType::Number) != types.contains(&ValueType::Integer) {
        clauses.comment("1.0 is a number and no integer, 1 an integer and no number");
    }
}
