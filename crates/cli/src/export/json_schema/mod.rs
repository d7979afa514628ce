//! JSON Schema of a record, draft 2020-12: a record is valid if no clause of severity `reject` is
//! broken. What JSON Schema cannot say stands in `$comment`, beside the field that it is about.

mod checks;
mod pattern;
mod rules;

use driftline::contract::{
    Accept, Contract, Input, InputType, Missing, RecordReader, Scalar, Severity, UnknownFields,
    Unseen, Validator, Value,
};
use driftline::tensor::DType;
use serde_json::{Map, Value as Json, json};

/// What no JSON Schema can say of any record.
const ALWAYS: &str = "not said here: a field may stand only once; text has whole characters and at \
                      most 65536 bytes; a number that its type does not hold exactly is refused, so \
                      beyond 2^53 an integer is written without fraction and exponent; a date is one \
                      of its month";

/// The schema.
pub fn json_schema(contract: &Contract) -> Json {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for input in &contract.inputs {
        if input.required || input.missing == Missing::Reject {
            required.push(Json::from(&*input.name));
        }
        properties.insert(input.name.clone(), property(input));
    }
    let mut comments = vec![ALWAYS.to_owned()];
    let rules = rules::rules(contract, &mut comments);
    let mut schema = Map::new();
    let mut put = |key: &str, value: Json| schema.insert(key.to_owned(), value);
    put("$schema", "https://json-schema.org/draft/2020-12/schema".into());
    put("title", contract.name.as_str().into());
    if let Some(description) = &contract.description {
        put("description", description.as_str().into());
    }
    put("type", "object".into());
    put("properties", properties.into());
    put("required", required.into());
    put("additionalProperties", (contract.unknown_fields != UnknownFields::Reject).into());
    if let Some(fields) = &contract.fields {
        for (key, bound) in [("minProperties", fields.minimum), ("maxProperties", fields.maximum)] {
            if let Some(bound) = bound {
                put(key, bound.into());
            }
        }
        if fields.ordered {
            comments.push("the fields stand in the order of the properties".to_owned());
        }
    }
    if !rules.is_empty() {
        put("allOf", rules.into());
    }
    put("$comment", comments.join("; ").into());
    schema.into()
}

/// A schema in the making, with what it cannot say.
#[derive(Default)]
struct Clauses {
    schema: Map<String, Json>,
    /// Further schemas that must hold.
    all: Vec<Json>,
    comments: Vec<String>,
}

impl Clauses {
    fn put(&mut self, key: &str, value: impl Into<Json>) {
        self.schema.insert(key.to_owned(), value.into());
    }

    fn comment(&mut self, text: impl Into<String>) {
        self.comments.push(text.into());
    }
}

/// The schema of one field.
fn property(input: &Input) -> Json {
    let mut clauses = Clauses::default();
    typed(input, &mut clauses);
    for check in &input.checks {
        checks::check(check, input, &mut clauses);
    }
    let Clauses { mut schema, all, comments } = clauses;
    if !all.is_empty() {
        schema.insert("allOf".to_owned(), all.into());
    }
    let mut others: Vec<Json> = Vec::new();
    if input.missing != Missing::Reject {
        others.push(json!({"type": "null"}));
    }
    others.extend(booleans(input));
    if input.accept.contains(&Accept::DecimalText) {
        others.push(json!({"type": "string", "pattern": "^-?(0|[1-9][0-9]*)$"}));
    }
    let mut whole = if others.is_empty() {
        schema
    } else {
        others.insert(0, schema.into());
        Map::from_iter([("anyOf".to_owned(), others.into())])
    };
    let unit = input.unit.as_deref().map(|unit| format!("unit: {unit}"));
    let description: Vec<String> = input.description.iter().cloned().chain(unit).collect();
    if !description.is_empty() {
        whole.insert("description".to_owned(), description.join("; ").into());
    }
    if !comments.is_empty() {
        whole.insert(
            "$comment".to_owned(),
            format!("not said here: {}", comments.join("; ")).into(),
        );
    }
    whole.into()
}

/// The clauses of the input itself.
fn typed(input: &Input, clauses: &mut Clauses) {
    match input.kind {
        InputType::Number => {
            clauses.put("type", "number");
            range(input, clauses);
        }
        InputType::Integer => {
            clauses.put("type", "integer");
            clauses.put("minimum", i64::MIN);
            clauses.put("maximum", i64::MAX);
            range(input, clauses);
            if input.accept.contains(&Accept::DecimalText) {
                clauses.comment("decimal text obeys the same clauses");
            }
        }
        InputType::Text => {
            clauses.put("type", "string");
            length(input, clauses);
        }
        InputType::Category => {
            clauses.put("type", "string");
            clauses.put("minLength", 1);
        }
        InputType::Boolean => clauses.put("type", "boolean"),
        InputType::Timestamp => {
            clauses.put("type", "string");
            clauses.put("format", "date-time");
            // `format` alone need not be checked
            clauses.put(
                "pattern",
                r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$",
            );
            if input.minimum.is_some() || input.maximum.is_some() {
                clauses.comment(format!("the instant lies in {}", shown_range(input)));
            }
        }
        InputType::Array => array(input, clauses),
        InputType::Any => {
            clauses.put("type", json!(["boolean", "number", "string", "array", "object"]));
        }
    }
    let closed = match input.kind {
        InputType::Category => input.unseen == Unseen::Reject,
        _ => input.severity == Severity::Reject,
    };
    match &input.values {
        Some(values) if closed => clauses.put("enum", scalars(values)),
        Some(_) => clauses.comment("other values than the listed ones do not reject the record"),
        None => {}
    }
}

fn scalars(values: &[Scalar]) -> Vec<Json> {
    values.iter().map(|v| json!(v)).collect()
}

fn range(input: &Input, clauses: &mut Clauses) {
    if input.minimum.is_none() && input.maximum.is_none() {
        return;
    }
    if input.severity != Severity::Reject {
        return clauses
            .comment(format!("a value outside {} does not reject the record", shown_range(input)));
    }
    ends(
        (&input.minimum, input.exclusive_minimum),
        (&input.maximum, input.exclusive_maximum),
        &mut clauses.schema,
    );
}

fn ends(low: (&Option<Scalar>, bool), high: (&Option<Scalar>, bool), to: &mut Map<String, Json>) {
    for ((end, open), closed_key, open_key) in
        [(low, "minimum", "exclusiveMinimum"), (high, "maximum", "exclusiveMaximum")]
    {
        if let Some(end) = end {
            let key = if open { open_key } else { closed_key };
            to.insert(key.to_owned(), json!(end));
        }
    }
}

fn length(input: &Input, clauses: &mut Clauses) {
    if !input.allow_empty {
        clauses.put("minLength", 1);
    }
    if input.severity == Severity::Reject {
        if let Some(n) = input.min_length.filter(|n| *n > 0) {
            clauses.put("minLength", n);
        }
        if let Some(n) = input.max_length {
            clauses.put("maxLength", n);
        }
    } else if input.min_length.is_some() || input.max_length.is_some() {
        clauses.comment("a text of another length does not reject the record");
    }
}

/// Nested arrays, or `{shape, data}`.
fn array(input: &Input, clauses: &mut Clauses) {
    let mut element = Clauses::default();
    let whole = match input.dtype {
        Some(DType::Int64) => Some((i64::MIN, i64::MAX)),
        Some(DType::Int32) => Some((i32::MIN.into(), i32::MAX.into())),
        Some(DType::Uint8) => Some((0, 255)),
        _ => None,
    };
    element.put("type", if whole.is_some() { "integer" } else { "number" });
    if let Some((low, high)) = whole {
        element.put("minimum", low);
        element.put("maximum", high);
    }
    range(input, &mut element);
    clauses.comments.append(&mut element.comments);
    let element = Json::from(element.schema);
    let shape = input.shape.as_deref().unwrap_or_default();
    let nested = shape.iter().rev().fold(element.clone(), |items, length| {
        let mut level = json!({"type": "array", "items": items, "minItems": length.unwrap_or(1)});
        if let (Some(n), Json::Object(level)) = (length, &mut level) {
            level.insert("maxItems".to_owned(), (*n).into());
        }
        level
    });
    let lengths: Vec<Json> = shape
        .iter()
        .map(|n| n.map_or(json!({"type": "integer", "minimum": 1}), |n| json!({"const": n})))
        .collect();
    let described = json!({
        "type": "object",
        "properties": {
            "shape": {"type": "array", "prefixItems": lengths, "minItems": shape.len(), "maxItems": shape.len()},
            "data": {"type": "array", "items": element},
        },
        "required": ["shape", "data"],
        "additionalProperties": false,
    });
    clauses.put("anyOf", json!([nested, described]));
    clauses.comment("rows have one length, and `data` has as many elements as `shape` says");
}

/// True and false, where the contract takes them for numbers that it allows.
fn booleans(input: &Input) -> Vec<Json> {
    if !input.accept.contains(&Accept::BooleanAsNumber) {
        return Vec::new();
    }
    let allowed = |b: &bool| {
        let alone = Contract::new("alone", vec![input.clone()]);
        let Ok(validator) = Validator::new(&alone) else { return false };
        let mut violations = Vec::new();
        let pair = [(input.name.as_str().into(), Value::Bool(*b))];
        validator.validate(RecordReader::new(&alone).read_pairs(pair), &mut violations);
        !violations.iter().any(|v| v.severity == Severity::Reject)
    };
    [true, false].into_iter().filter(allowed).map(|b| json!({"const": b})).collect()
}

fn shown_range(input: &Input) -> String {
    crate::package::range(input).unwrap_or_default()
}
