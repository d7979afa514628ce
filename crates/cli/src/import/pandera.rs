//! pandera schemas in YAML, as `to_yaml()` writes them.
//!
//! Checks pass over nulls; a column without `nullable` refuses them, one without `required` must
//! be there.

use super::{Draft, bad, kind_of, number, scalar};
use driftline::Result;
use driftline::contract::{Anchor, Check, InputType, Missing, Of, Scalar, Severity, UnknownFields};
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::Value as Json;
use std::fmt;

/// Keys and values in the file's order.
#[derive(Debug, Default)]
struct Pairs(Vec<(String, Json)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Order;
        impl<'de> Visitor<'de> for Order {
            type Value = Pairs;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Order)
    }
}

#[derive(Deserialize)]
struct Schema {
    schema_type: String,
    name: Option<String>,
    columns: Pairs,
    #[serde(default)]
    strict: Json,
    #[serde(flatten)]
    rest: serde_json::Map<String, Json>,
}

pub fn read(text: &str) -> Result<Draft> {
    let schema: Schema = serde_saphyr::from_str(text).map_err(|_| bad("pandera schema"))?;
    if schema.schema_type != "dataframe" {
        return Err(bad("pandera schema of a dataframe"));
    }
    let mut draft = Draft::new(schema.name.as_deref().unwrap_or_default());
    if schema.strict == Json::Bool(true) {
        draft.unknown_fields = UnknownFields::Reject;
    }
    for (name, clauses) in schema.columns.0 {
        let Json::Object(clauses) = clauses else { return Err(bad("pandera schema")) };
        let column = draft.column(&name);
        column.input.required = true;
        column.input.missing = Missing::Reject;
        let checks = clauses.get("checks").and_then(Json::as_object);
        let nested = checks.into_iter().flatten().map(|(k, v)| (format!("checks.{k}"), k, v));
        let own = clauses.iter().filter(|(k, _)| *k != "checks").map(|(k, v)| (k.clone(), k, v));
        for (under, key, value) in own.chain(nested) {
            let path = format!("columns.{name}.{under}");
            Clause { column: &name, path, key, value }.carry(&mut draft);
        }
    }
    for (key, value) in &schema.rest {
        let empty = match value {
            Json::Null | Json::Bool(false) => true,
            Json::Array(items) => items.is_empty(),
            Json::Object(items) => items.is_empty(),
            _ => false,
        };
        match key.as_str() {
            "api" | "version" | "title" | "description" | "metadata" => {}
            _ if empty => {}
            "unique" => draft.leave("unique", "it is about many rows"),
            _ => draft.leave(key, "a contract has no clause for it"),
        }
    }
    Ok(draft)
}

struct Clause<'a> {
    column: &'a str,
    path: String,
    key: &'a str,
    value: &'a Json,
}

impl Clause<'_> {
    fn carry(&self, draft: &mut Draft) {
        let truth = self.value.as_bool();
        match self.key {
            "dtype" => self.dtype(draft),
            "nullable" if truth == Some(true) => {
                draft.column(self.column).input.missing = Missing::Allow;
            }
            "required" if truth == Some(false) => {
                let input = &mut draft.column(self.column).input;
                input.required = false;
                input.missing = Missing::Allow;
                draft
                    .leave(&*self.path, "here an absent key counts as null, which is then allowed");
            }
            "coerce" if truth == Some(true) => {
                draft.leave(&*self.path, "nothing is coerced: send the declared type");
            }
            "unique" if truth == Some(true) => draft.leave(&*self.path, "it is about many rows"),
            "default" if !self.value.is_null() => {
                draft.leave(&*self.path, "write an `impute` step in the feature that uses it");
            }
            "nullable" | "required" | "coerce" | "unique" | "default" | "title" | "description"
            | "metadata" => {}
            "regex" if truth != Some(true) => {}
            _ if self.value.is_null() => {}
            _ => self.check(draft),
        }
    }

    fn dtype(&self, draft: &mut Draft) {
        let name = self.value.as_str().unwrap_or_default().to_lowercase();
        let kind = match name.split(['[', '(']).next().unwrap_or_default() {
            "int64" | "int" => Some(InputType::Integer),
            "float64" | "float" => Some(InputType::Number),
            "string" | "str" | "category" => Some(InputType::Text),
            "bool" | "boolean" => Some(InputType::Boolean),
            "datetime64" if name.contains("utc") => Some(InputType::Timestamp),
            _ => None,
        };
        draft.column(self.column).kind = kind;
        if kind.is_none() {
            let why = format!("a contract has no type that is exactly `{name}`");
            draft.leave(&*self.path, why);
        }
    }

    fn check(&self, draft: &mut Draft) {
        let options = self.value.get("options").unwrap_or(self.value);
        let of = |name: &str| options.get(name).or_else(|| self.value.get(name));
        let bare = |name: &str| of(name).unwrap_or(self.value);
        let warn = of("raise_warning").and_then(Json::as_bool).unwrap_or(false);
        if of("ignore_na").and_then(Json::as_bool) == Some(false) {
            return draft.leave(&*self.path, "a contract's clauses pass over missing values");
        }
        let truth = |name: &str| of(name).and_then(Json::as_bool).unwrap_or(true);
        let severity = if warn { Severity::Warn } else { Severity::Reject };
        let input = &mut draft.column(self.column).input;
        let ranged = input.minimum.is_some() || input.maximum.is_some() || input.values.is_some();
        let mixed = ranged && input.severity != severity;
        let carried = match self.key {
            "in_range" => {
                input.minimum = of("min_value").and_then(number);
                input.maximum = of("max_value").and_then(number);
                input.exclusive_minimum = !truth("include_min");
                input.exclusive_maximum = !truth("include_max");
                input.minimum.is_some() && input.maximum.is_some()
            }
            "greater_than" | "greater_than_or_equal_to" if input.minimum.is_none() => {
                input.minimum = number(bare("min_value"));
                input.exclusive_minimum = self.key == "greater_than" && input.minimum.is_some();
                input.minimum.is_some()
            }
            "less_than" | "less_than_or_equal_to" if input.maximum.is_none() => {
                input.maximum = number(bare("max_value"));
                input.exclusive_maximum = self.key == "less_than" && input.maximum.is_some();
                input.maximum.is_some()
            }
            "isin" => {
                let list = bare("allowed_values").as_array();
                let values: Option<Vec<Scalar>> = list.into_iter().flatten().map(scalar).collect();
                input.values = values.filter(|v| kind_of(v).is_some());
                input.values.is_some()
            }
            "str_length" => {
                let length = |name| of(name).and_then(Json::as_u64).and_then(|n| n.try_into().ok());
                input.min_length = length("min_value");
                input.max_length = length("max_value");
                input.min_length.is_some() || input.max_length.is_some()
            }
            // pandera matches at the start of the text
            "str_matches" => match bare("pattern").as_str() {
                Some(pattern) => {
                    let check = Check::Regex {
                        patterns: vec![pattern.to_owned()],
                        of: Of::All,
                        anchor: Anchor::Start,
                        python: true,
                        severity,
                    };
                    let column = draft.column(self.column);
                    return column.checks.push((self.path.clone(), check));
                }
                None => false,
            },
            _ => false,
        };
        if !carried {
            return draft.leave(&*self.path, "a contract has no clause for it");
        }
        input.severity = if mixed { input.severity.max(severity) } else { severity };
        if mixed {
            let why = "an input's clauses have one severity: the gravest of them is taken";
            draft.leave(&*self.path, why);
        }
    }
}
