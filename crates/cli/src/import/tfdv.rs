//! Schemas of TensorFlow Data Validation.

use super::pbtxt::{Field, Message};
use super::{Draft, MANY, SERVING, bad, windows};
use driftline::contract::{InputType, Missing, Scalar};
use driftline::summary::Against;
use driftline::{Error, ErrorCode, Result};

/// Clauses of a feature that name environments.
const OWN: [&str; 2] = ["in_environment", "not_in_environment"];

pub fn read(text: &str, environment: Option<&str>) -> Result<Draft> {
    let schema = Message::parse(text)?;
    if schema.message("feature").is_none() {
        return Err(bad("schema of TensorFlow Data Validation"));
    }
    let mut draft = Draft::new("");
    draft.pandas = false;
    let environment = chosen(&schema, environment)?;
    if environment.is_none() && !environments(&schema).is_empty() {
        let why = format!("no environment is called `{SERVING}`: name one by `--environment`");
        draft.note("default_environment", why);
    }
    for (name, field) in &schema.0 {
        match (name.as_str(), field) {
            ("feature", Field::Message(feature)) => {
                carry(&mut draft, &schema, feature, environment.as_deref());
            }
            // read by the features that name them
            ("string_domain" | "default_environment", _) => {}
            (other, _) => draft.leave(other, "a contract has no clause for it"),
        }
    }
    Ok(draft)
}

/// All environments that the schema names.
fn environments(schema: &Message) -> Vec<&str> {
    let features = schema.0.iter().filter_map(|(name, field)| match field {
        Field::Message(feature) if name == "feature" => Some(feature),
        _ => None,
    });
    let own = features.flat_map(|feature| OWN.iter().flat_map(|key| texts(feature, key)));
    texts(schema, "default_environment").chain(own).collect()
}

/// The environment whose features are taken; none if the schema has none of that name, and all
/// features count.
fn chosen(schema: &Message, wanted: Option<&str>) -> Result<Option<String>> {
    let known = environments(schema);
    let name = wanted.unwrap_or(SERVING);
    match known.iter().find(|known| known.eq_ignore_ascii_case(name)) {
        Some(known) => Ok(Some((*known).to_owned())),
        None if wanted.is_none() => Ok(None),
        None => {
            let message = format!("the schema has no environment `{name}`");
            let mut known: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
            known.sort();
            known.dedup();
            let help = match known.is_empty() {
                true => "it has no environments at all".to_owned(),
                false => format!("it has {}", known.join(", ")),
            };
            Err(Error::new(ErrorCode::BadUsage, message).with_help(help))
        }
    }
}

fn texts<'a>(message: &'a Message, key: &'static str) -> impl Iterator<Item = &'a str> {
    message.0.iter().filter_map(move |(name, field)| match field {
        Field::Text(text) if name == key => Some(text.as_str()),
        _ => None,
    })
}

/// Whether the feature is there in the environment, as the library decides it.
fn present(schema: &Message, feature: &Message, environment: &str) -> bool {
    let [into, out] = OWN;
    let has = |message, key| texts(message, key).any(|name| name == environment);
    !has(feature, out) && (has(feature, into) || has(schema, "default_environment"))
}

fn carry(draft: &mut Draft, schema: &Message, feature: &Message, environment: Option<&str>) {
    let name = feature.word("name").unwrap_or_default().to_owned();
    let path = |clause: &str| format!("feature `{name}`.{clause}");
    if let Some(environment) = environment
        && !present(schema, feature, environment)
    {
        let why = format!("the feature is not there in `{environment}`: left out");
        return draft.leave(path("environment"), why);
    }
    let stage = feature.word("lifecycle_stage");
    if matches!(stage, Some("DEPRECATED" | "DISABLED" | "PLANNED" | "ALPHA" | "DEBUG_ONLY")) {
        return draft.leave(path("lifecycle_stage"), "the library does not validate it: left out");
    }
    let column = draft.column(&name);
    column.kind = match feature.word("type") {
        Some("INT") => Some(InputType::Integer),
        Some("FLOAT") => Some(InputType::Number),
        Some("BYTES") => Some(InputType::Text),
        _ => None,
    };
    column.declared = true;
    let float = column.kind == Some(InputType::Number);
    let refused = |clause: &str| {
        let domain = feature.message("float_domain");
        domain.and_then(|d| d.word(clause)).is_some_and(|word| word == "true")
    };
    if float && !(refused("disallow_nan") && refused("disallow_inf")) {
        draft.note(path("type"), "NaN and infinity, which pass there, are refused");
    }
    for (clause, field) in &feature.0 {
        let at = path(clause);
        match (clause.as_str(), field) {
            ("name" | "type" | "in_environment" | "not_in_environment" | "lifecycle_stage", _) => {}
            ("presence", Field::Message(presence)) => {
                let all = presence.word("min_fraction").and_then(|f| f.parse::<f64>().ok());
                if all == Some(1.0) {
                    let input = &mut draft.column(&name).input;
                    input.required = true;
                    input.missing = Missing::Reject;
                } else {
                    let checks = windows::presence(&name, presence, &at);
                    draft.many(at, checks);
                }
            }
            ("int_domain" | "float_domain", Field::Message(domain)) => {
                range(draft, &name, &at, domain);
            }
            ("bool_domain", Field::Message(domain)) => {
                let column = draft.column(&name);
                if column.kind == Some(InputType::Integer) && domain.0.is_empty() {
                    column.input.values = Some(vec![Scalar::Integer(0), Scalar::Integer(1)]);
                } else {
                    draft.leave(at, "other words than 0 and 1 for a boolean");
                }
            }
            ("domain", Field::Text(domain)) => {
                values(draft, &name, &at, schema_domain(schema, domain));
            }
            ("string_domain", Field::Message(domain)) => values(draft, &name, &at, Some(domain)),
            ("shape", Field::Message(shape)) if is_scalar(shape) => {}
            ("value_count", Field::Message(count))
                if count.word("min") == Some("1") && count.word("max") == Some("1") => {}
            ("skew_comparator" | "drift_comparator", Field::Message(comparator)) => {
                let skew = clause == "skew_comparator";
                let against = if skew { Against::Baseline } else { Against::Previous };
                let checks = windows::comparator(&name, comparator, against, &at);
                draft.many(at, checks);
            }
            ("skew_comparator" | "drift_comparator" | "distribution_constraints", _) => {
                draft.leave(at, MANY);
            }
            _ => draft.leave(at, "a contract has no clause for it"),
        }
    }
}

fn range(draft: &mut Draft, name: &str, at: &str, domain: &Message) {
    for (key, field) in &domain.0 {
        let Field::Word(word) = field else { continue };
        let bound = match word.parse::<i64>() {
            Ok(i) => Some(Scalar::Integer(i)),
            Err(_) => word.parse().ok().filter(|x: &f64| x.is_finite()).map(Scalar::Number),
        };
        let input = &mut draft.column(name).input;
        match key.as_str() {
            "min" => input.minimum = bound,
            "max" => input.maximum = bound,
            // NaN and infinity are never valid here
            "disallow_nan" | "disallow_inf" => {}
            other => draft.leave(format!("{at}.{other}"), "a contract has no clause for it"),
        }
    }
}

fn schema_domain<'a>(schema: &'a Message, wanted: &str) -> Option<&'a Message> {
    schema.0.iter().find_map(|(name, field)| match field {
        Field::Message(domain)
            if name == "string_domain" && domain.word("name") == Some(wanted) =>
        {
            Some(domain)
        }
        _ => None,
    })
}

fn values(draft: &mut Draft, name: &str, at: &str, domain: Option<&Message>) {
    let Some(domain) = domain else {
        return draft.leave(at, "the domain is not in the file");
    };
    let texts = domain.0.iter().filter_map(|(key, field)| match field {
        Field::Text(text) if key == "value" => Some(Scalar::Text(text.clone())),
        _ => None,
    });
    draft.column(name).input.values = Some(texts.collect());
}

/// `dim { size: 1 }`, or no dimension.
fn is_scalar(shape: &Message) -> bool {
    shape.0.iter().all(|(name, field)| {
        name == "dim" && matches!(field, Field::Message(d) if d.word("size") == Some("1"))
    })
}
