//! The data sheet: what a contract says, in tables that two writers lay out.

use crate::package::range;
use driftline::contract::{
    Contract, Input, InputType, Missing, Outputs, Scalar, Severity, UnknownFields, Unseen,
};
use driftline::decision::{Fallback, Policy};
use driftline::{Error, ErrorCode, Result};
use serde_json::Value as Json;

/// Values of a list that are shown.
const SHOWN: usize = 24;

/// A page: a title, lines of text, and tables under headings.
#[derive(Debug)]
pub struct Sheet {
    /// Heading of the page.
    pub title: String,
    /// Lines under it.
    pub lines: Vec<String>,
    /// The tables.
    pub sections: Vec<Section>,
}

/// One table.
#[derive(Debug)]
pub struct Section {
    /// Its heading.
    pub title: &'static str,
    /// A sentence above the table.
    pub text: String,
    /// Names of the columns.
    pub columns: &'static [&'static str],
    /// The cells; the first of each row names it.
    pub rows: Vec<Vec<String>>,
}

impl Sheet {
    /// The sheet of a contract; of a bundle also its identity and policy.
    ///
    /// # Errors
    /// [`ErrorCode::Internal`] if a clause cannot be written.
    pub fn new(contract: &Contract, bundle: Option<(&str, &Policy)>) -> Result<Self> {
        let mut lines: Vec<String> = contract.description.iter().cloned().collect();
        if let Some((identity, _)) = bundle {
            lines.push(format!("Identity: {identity}"));
        }
        lines.push(match contract.unknown_fields {
            UnknownFields::Reject => "A record with a field that is not listed is refused.".into(),
            UnknownFields::Warn => "Fields that are not listed are noted and left out.".into(),
            UnknownFields::Ignore => "Fields that are not listed are left out.".into(),
        });
        let requires = contract.requires();
        if !requires.is_empty() {
            lines.push(format!("Needs a runtime with {}.", requires.join(", ")));
        }
        let mut sections = vec![fields(contract)?];
        sections.extend(rules(contract)?);
        sections.extend(features(contract)?);
        sections.extend(tensors(contract));
        sections.extend(contract.outputs.as_ref().map(|o| answers(o, bundle.map(|(_, p)| p))));
        Ok(Self { title: contract.name.clone(), lines, sections })
    }
}

fn fields(contract: &Contract) -> Result<Section> {
    let row = |input: &Input| {
        Ok(vec![
            input.name.clone(),
            kind(input),
            input.unit.clone().unwrap_or_default(),
            missing(input).to_owned(),
            allowed(input),
            checks(input)?,
            input.description.clone().unwrap_or_default(),
        ])
    };
    Ok(Section {
        title: "Fields of a record",
        text: "A value that breaks a clause rejects the record unless another severity is given."
            .to_owned(),
        columns: &["field", "type", "unit", "missing", "allowed", "checks", "what it is"],
        rows: contract.inputs.iter().map(row).collect::<Result<_>>()?,
    })
}

fn kind(input: &Input) -> String {
    let (InputType::Array, Some(dtype)) = (input.kind, input.dtype) else {
        return input.kind.as_str().to_owned();
    };
    let length = |n: &Option<u32>| n.map_or("any".to_owned(), |n| n.to_string());
    let shape: Vec<String> = input.shape.iter().flatten().map(length).collect();
    format!("array of {} [{}]", dtype.as_str(), shape.join(", "))
}

fn missing(input: &Input) -> &'static str {
    match (input.missing, input.required) {
        (Missing::Reject, _) => "rejects",
        (Missing::Escalate, true) => "null escalates, an absent field rejects",
        (Missing::Escalate, false) => "escalates",
        (Missing::Impute, true) => "null is imputed, an absent field rejects",
        (Missing::Impute, false) => "is imputed",
        (Missing::Allow, true) => "null is allowed, an absent field rejects",
        (Missing::Allow, false) => "is allowed",
    }
}

fn allowed(input: &Input) -> String {
    let mut parts: Vec<String> = range(input).into_iter().collect();
    if let Some(values) = &input.values {
        let shown = values.iter().take(SHOWN).map(Scalar::to_string);
        let mut list = shown.collect::<Vec<_>>().join(", ");
        if values.len() > SHOWN {
            list.push_str(&format!(" and {} more", values.len() - SHOWN));
        }
        parts.push(list);
    }
    if input.kind == InputType::Category {
        match input.unseen {
            Unseen::Reject => {}
            Unseen::Escalate => parts.push("others escalate".to_owned()),
            Unseen::Warn => parts.push("others are noted and encoded as unseen".to_owned()),
            Unseen::Encode => parts.push("others are encoded as unseen".to_owned()),
        }
    }
    match (input.min_length, input.max_length) {
        (None, None) => {}
        (Some(low), Some(high)) => parts.push(format!("{low} to {high} characters")),
        (Some(low), None) => parts.push(format!("{low} characters or more")),
        (None, Some(high)) => parts.push(format!("{high} characters or fewer")),
    }
    if input.kind == InputType::Timestamp {
        parts.push("RFC 3339 with an offset".to_owned());
    }
    match input.severity {
        Severity::Reject => {}
        Severity::Escalate => parts.push("else it escalates".to_owned()),
        Severity::Warn => parts.push("else it is noted".to_owned()),
    }
    parts.join("; ")
}

fn checks(input: &Input) -> Result<String> {
    let accept = input.accept.iter().map(|a| Ok(format!("takes {}", plain(&json(a)?))));
    let checks = input.checks.iter().map(|c| Ok(plain(&json(c)?)));
    Ok(accept.chain(checks).collect::<Result<Vec<_>>>()?.join("; "))
}

fn rules(contract: &Contract) -> Result<Option<Section>> {
    if contract.rules.is_empty() {
        return Ok(None);
    }
    let rule = |rule| {
        Ok(match json(rule)? {
            Json::Object(map) => {
                map.iter().map(|(name, rest)| vec![name.clone(), plain(rest)]).next()
            }
            _ => None,
        })
    };
    let rows: Result<Vec<Option<Vec<String>>>> = contract.rules.iter().map(rule).collect();
    Ok(Some(Section {
        title: "Rules between fields",
        text: String::new(),
        columns: &["rule", "clauses"],
        rows: rows?.into_iter().flatten().collect(),
    }))
}

fn features(contract: &Contract) -> Result<Option<Section>> {
    if contract.features.is_empty() {
        return Ok(None);
    }
    let row = |feature: &driftline::contract::Feature| {
        let steps: Result<Vec<String>> =
            feature.steps.iter().map(|step| Ok(plain(&json(step)?))).collect();
        Ok(vec![feature.name.clone(), feature.from.clone(), steps?.join(" → ")])
    };
    Ok(Some(Section {
        title: "Features",
        text: "What is computed of the fields, step by step.".to_owned(),
        columns: &["feature", "from", "steps"],
        rows: contract.features.iter().map(row).collect::<Result<_>>()?,
    }))
}

fn tensors(contract: &Contract) -> Option<Section> {
    let row = |tensor: &driftline::contract::TensorSpec| {
        vec![tensor.name.clone(), tensor.dtype.as_str().to_owned(), tensor.features.join(", ")]
    };
    (!contract.tensors.is_empty()).then(|| Section {
        title: "Tensors",
        text: "What the model takes.".to_owned(),
        columns: &["tensor", "type", "features"],
        rows: contract.tensors.iter().map(row).collect(),
    })
}

fn answers(outputs: &Outputs, policy: Option<&Policy>) -> Section {
    let name = json(&outputs.kind).map(|k| plain(&k)).unwrap_or_default();
    let unit = outputs.unit.as_ref().map_or(String::new(), |u| format!(", in {u}"));
    let below = |fallback| match fallback {
        Fallback::Default => "the lower-risk answer",
        Fallback::Escalate => "a person decides",
        Fallback::Reject => "the record is refused",
    };
    let row = |label: &String| {
        let rule = policy.and_then(|p| p.labels.get(label));
        let (threshold, else_) = rule.map_or((String::new(), ""), |rule| {
            let threshold = rule.threshold.map_or("never".to_owned(), |t| t.to_string());
            (threshold, below(rule.below))
        });
        vec![label.clone(), threshold, else_.to_owned()]
    };
    Section {
        title: "Answers",
        text: format!("The model is a {name}{unit}; its scores are `{}`.", outputs.scores),
        columns: &["label", "accepted from", "below it"],
        rows: outputs.labels.iter().map(row).collect(),
    }
}

fn json(value: &impl serde::Serialize) -> Result<Json> {
    serde_json::to_value(value).map_err(|e| Error::new(ErrorCode::Internal, e.to_string()))
}

/// JSON with fewer signs: the outer braces and quotes left out, long lists cut.
fn plain(value: &Json) -> String {
    match value {
        Json::Object(map) if map.is_empty() => String::new(),
        Json::Object(map) => {
            let one = |(key, value): (&String, &Json)| {
                let value = match value {
                    // a clause that repeats its own name
                    Json::Object(inner) if inner.len() == 1 && inner.contains_key(key) => {
                        inner.get(key).map(plain).unwrap_or_default()
                    }
                    Json::Object(inner) if inner.len() > 1 => format!("({})", plain(value)),
                    _ => plain(value),
                };
                if value.is_empty() { key.clone() } else { format!("{key} {value}") }
            };
            map.iter().map(one).collect::<Vec<_>>().join(", ")
        }
        Json::Array(items) => {
            let shown: Vec<String> = items.iter().take(SHOWN).map(plain).collect();
            let more = if items.len() > SHOWN {
                format!(" and {} more", items.len() - SHOWN)
            } else {
                String::new()
            };
            format!("[{}{more}]", shown.join(", "))
        }
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
