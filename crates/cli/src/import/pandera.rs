//! pandera schemas in YAML, as `to_yaml()` writes them.
//!
//! Checks pass over nulls; a column without `nullable` refuses them, one without `required` must
//! be there.

use super::{Draft, MANY, bad, number, scalar};
use driftline::Result;
use driftline::contract::{
    Anchor, Check, InputType, Missing, Of, Scalar, Severity, UnknownFields, parse_rfc3339,
};
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
            "unique" => draft.leave("unique", MANY),
            "ordered" => draft.fields.ordered = true,
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
            "unique" if truth == Some(true) => draft.leave(&*self.path, MANY),
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
        if self.value.is_null() {
            return;
        }
        let name = self.value.as_str().unwrap_or_default().to_lowercase();
        let kind = match name.split(['[', '(']).next().unwrap_or_default() {
            "int64" | "int" | "int32" | "int16" | "int8" | "uint64" | "uint32" | "uint16"
            | "uint8" => Some(InputType::Integer),
            "float64" | "float" | "float32" => Some(InputType::Number),
            "string" | "str" | "category" => Some(InputType::Text),
            "bool" | "boolean" => Some(InputType::Boolean),
            "datetime64" => Some(InputType::Timestamp),
            _ => None,
        };
        let column = draft.column(self.column);
        column.kind = kind;
        column.declared = kind.is_some();
        column.width(&self.path, &name);
        if kind == Some(InputType::Timestamp) && !name.contains("utc") {
            draft.note(&*self.path, super::NAIVE);
        }
        if kind.is_none() && name != "object" {
            let why = format!("a contract has no type that is exactly `{name}`");
            draft.leave(&*self.path, why);
        }
    }

    fn check(&self, draft: &mut Draft) {
        let options = self.value.get("options").unwrap_or(self.value);
        let of = |name: &str| options.get(name).or_else(|| self.value.get(name));
        if of("ignore_na").and_then(Json::as_bool) == Some(false) {
            return draft.leave(&*self.path, "a contract's clauses pass over missing values");
        }
        let warn = of("raise_warning").and_then(Json::as_bool).unwrap_or(false);
        let severity = if warn { Severity::Warn } else { Severity::Reject };
        let column = draft.column(self.column);
        let instants = column.kind == Some(InputType::Timestamp);
        let end = |name: &str, open: bool| {
            // a check of one value is written without its name
            let value = of(name).or((!self.value.is_object()).then_some(self.value))?;
            let scalar = if instants { instant(value) } else { number(value) };
            scalar.map(|scalar| (scalar, open))
        };
        let include = |name: &str| of(name).and_then(Json::as_bool).unwrap_or(true);
        let ends = match self.key {
            "in_range" => {
                let low = end("min_value", !include("include_min"));
                let high = end("max_value", !include("include_max"));
                low.zip(high).map(|(low, high)| (Some(low), Some(high)))
            }
            "greater_than" | "greater_than_or_equal_to" => {
                end("min_value", self.key == "greater_than").map(|low| (Some(low), None))
            }
            "less_than" | "less_than_or_equal_to" => {
                end("max_value", self.key == "less_than").map(|high| (None, Some(high)))
            }
            _ => None,
        };
        if let Some((low, high)) = ends {
            let bounds = [&low, &high].into_iter().flatten().map(|(scalar, _)| scalar);
            let kind = super::kind_of_bounds(bounds);
            column.kind.get_or_insert(kind);
            return column.between(&self.path, low, high, severity);
        }
        let bare = |name: &str| of(name).unwrap_or(self.value);
        if self.key == "isin" {
            let list = bare("allowed_values").as_array().map(Vec::as_slice).unwrap_or_default();
            if !column.one_of(&self.path, list, severity) {
                draft.leave(&*self.path, "the list holds what is no value of a record");
            }
            return;
        }
        match self.one_check(&of, severity) {
            Some(check) => {
                if !matches!(check, Check::InSet { .. } | Check::NotInSet { .. }) {
                    column.kind.get_or_insert(InputType::Text);
                }
                column.checks.push((self.path.clone(), check));
            }
            None => draft.leave(&*self.path, "a contract has no clause for it"),
        }
    }

    /// The check of one value that pandera's check is.
    fn one_check<'j>(
        &'j self,
        of: &dyn Fn(&str) -> Option<&'j Json>,
        severity: Severity,
    ) -> Option<Check> {
        let bare = |name: &str| of(name).unwrap_or(self.value);
        let text = |name: &str| bare(name).as_str().map(str::to_owned);
        let regex = |pattern: String, anchor| Check::Regex {
            patterns: vec![pattern],
            of: Of::All,
            anchor,
            python: true,
            severity,
        };
        let like = |pattern: String| Check::Like { patterns: vec![pattern], of: Of::All, severity };
        Some(match self.key {
            "equal_to" => Check::InSet { values: vec![scalar(bare("value"))?], severity },
            "not_equal_to" => Check::NotInSet { values: vec![scalar(bare("value"))?], severity },
            "notin" => {
                let list = bare("forbidden_values").as_array()?;
                let values = list.iter().map(scalar).collect::<Option<Vec<_>>>()?;
                Check::NotInSet { values, severity }
            }
            // pandera matches at the start of the text, and searches in the other
            "str_matches" => regex(text("pattern")?, Anchor::Start),
            "str_contains" => regex(text("pattern")?, Anchor::Search),
            "str_startswith" => like(format!("{}%", plain(&text("string")?))),
            "str_endswith" => like(format!("%{}", plain(&text("string")?))),
            "str_length" => {
                let length = |name| of(name).and_then(Json::as_u64).and_then(|n| n.try_into().ok());
                let exact: Option<u32> = length("exact_value");
                let (minimum, maximum) =
                    (exact.or_else(|| length("min_value")), exact.or_else(|| length("max_value")));
                minimum.or(maximum)?;
                Check::Length { minimum, maximum, severity }
            }
            _ => return None,
        })
    }
}

/// A timestamp as pandera writes one: in UTC, without saying so.
fn instant(value: &Json) -> Option<Scalar> {
    let mut text = value.as_str()?.replacen(' ', "T", 1);
    if parse_rfc3339(&text).is_err() {
        text.push('Z');
    }
    parse_rfc3339(&text).is_ok().then_some(Scalar::Text(text))
}

/// A text in which nothing stands for another.
fn plain(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
