//! Rules over several fields, as far as JSON Schema can tell two values together.

use super::scalars;
use driftline::contract::{Contract, Rule, Severity, Skip};
use serde_json::{Value as Json, json};

/// A schema for each rule that has one; the others are named in the comments.
pub fn rules(contract: &Contract, comments: &mut Vec<String>) -> Vec<Json> {
    contract
        .rules
        .iter()
        .filter_map(|rule| {
            let schema = schema(rule);
            if schema.is_none() {
                let inputs = rule.inputs().join("`, `");
                comments.push(format!("the rule `{}` over `{inputs}`", rule.name()));
            }
            schema
        })
        .collect()
}

fn schema(rule: &Rule) -> Option<Json> {
    match rule {
        Rule::RequiredIf { input, when, values, severity: Severity::Reject } => {
            let decides = match values {
                Some(values) => json!({"enum": scalars(values)}),
                None => json!({"not": {"type": "null"}}),
            };
            Some(json!({
                "if": {"properties": {when: decides}, "required": [when]},
                "then": {"properties": {input: {"not": {"type": "null"}}}, "required": [input]},
            }))
        }
        Rule::PairInSet { left, right, pairs, skip, severity: Severity::Reject } => {
            let pair = |(a, b): &(_, _)| json!({"properties": {left: {"const": a}, right: {"const": b}}, "required": [left, right]});
            let mut any: Vec<Json> = pairs.iter().map(pair).collect();
            match skip {
                Skip::AnyMissing => any.extend([missing(left), missing(right)]),
                Skip::AllMissing => any.push(json!({"allOf": [missing(left), missing(right)]})),
                Skip::Never => {}
            }
            Some(json!({"anyOf": any}))
        }
        _ => None,
    }
}

/// The field is absent or null.
fn missing(name: &str) -> Json {
    json!({"properties": {name: {"type": "null"}}})
}
