//! Expectation suites of Great Expectations 1.x.
//!
//! Expectations on a column's values pass over nulls; `expect_column_values_to_not_be_null` is
//! what refuses them.

use super::{Draft, bad, expectations, kind_of_bounds, number, windows};
use driftline::Result;
use driftline::contract::{
    Check, InputType, Missing, Scalar, Severity, UnknownFields, ValueType, parse_rfc3339,
};
use serde_json::{Map, Value as Json};

/// Arguments that say nothing about the values.
const SILENT: &[&str] = &["column", "catch_exceptions", "result_format", "batch_id", "meta"];

pub fn read(text: &str) -> Result<Draft> {
    let suite: Json = serde_json::from_str(text).map_err(|_| bad("expectation suite"))?;
    let name = suite.get("name").or_else(|| suite.get("expectation_suite_name"));
    let expectations = suite.get("expectations").and_then(Json::as_array);
    let mut draft = Draft::new(name.and_then(Json::as_str).unwrap_or_default());
    for (i, item) in expectations.ok_or_else(|| bad("expectation suite"))?.iter().enumerate() {
        let kind = item.get("type").or_else(|| item.get("expectation_type"));
        let kind = kind.and_then(Json::as_str).ok_or_else(|| bad("expectation suite"))?;
        let empty = Map::new();
        let kwargs = item.get("kwargs").and_then(Json::as_object).unwrap_or(&empty);
        let path = format!("expectations[{i}] {kind}");
        let severity = match item.get("severity").and_then(Json::as_str) {
            Some("warning" | "info") => Severity::Warn,
            _ => Severity::Reject,
        };
        Expectation { path, kind, kwargs, severity }.carry(&mut draft);
    }
    Ok(draft)
}

struct Expectation<'a> {
    path: String,
    kind: &'a str,
    kwargs: &'a Map<String, Json>,
    severity: Severity,
}

impl Expectation<'_> {
    fn carry(&self, draft: &mut Draft) {
        if self.kwargs.get("row_condition").is_some_and(|condition| !condition.is_null()) {
            return draft.leave(&*self.path, "it holds only under a `row_condition`");
        }
        match self.kind {
            "expect_table_columns_to_match_set" => return self.columns(draft, "column_set"),
            "expect_table_columns_to_match_ordered_list" => {
                draft.fields.ordered = true;
                return self.columns(draft, "column_list");
            }
            "expect_table_column_count_to_equal" => return self.count(draft, "value", "value"),
            "expect_table_column_count_to_be_between" => {
                return self.count(draft, "min_value", "max_value");
            }
            _ => {}
        }
        let Some(column) = self.kwargs.get("column").and_then(Json::as_str) else {
            return match expectations::rule(self.kind, self.kwargs, self.severity) {
                Some((rule, known)) => {
                    for name in rule.inputs() {
                        draft.column(name);
                    }
                    draft.rules.push((self.path.clone(), rule));
                    self.rest(draft, &known.concat());
                }
                None if self.kind.starts_with("expect_query") => {
                    draft.leave(&*self.path, "a contract runs no queries");
                }
                None if self.about_many_rows() => {
                    draft.many(
                        &*self.path,
                        windows::expectation(self.kind, self.kwargs, &self.path),
                    );
                }
                None => draft.leave(&*self.path, "a contract has no clause for it"),
            };
        };
        draft.column(column);
        if let Some((check, known)) = expectations::check(self.kind, self.kwargs, self.severity) {
            let target = draft.column(column);
            if !matches!(check, Check::NotInSet { .. } | Check::MissingOnly { .. }) {
                target.kind.get_or_insert(InputType::Text);
            }
            target.checks.push((self.path.clone(), check));
            return self.rest(draft, known);
        }
        let known: &[&str] = match self.kind {
            "expect_column_to_exist" => {
                draft.column(column).input.required = true;
                &["column_index"]
            }
            "expect_column_values_to_not_be_null" => {
                let input = &mut draft.column(column).input;
                input.missing = Missing::Reject;
                input.required = true;
                &[]
            }
            "expect_column_values_to_be_between" => self.between(draft, column),
            "expect_column_values_to_be_in_set" => self.in_set(draft, column),
            "expect_column_values_to_be_of_type"
            | "expect_column_values_to_be_in_type_list"
            | "expect_column_type_to_be" => self.types(draft, column),
            _ => {
                draft.column(column);
                if !self.about_many_rows() {
                    return draft.leave(&*self.path, "a contract has no clause for it");
                }
                let checks = windows::expectation(self.kind, self.kwargs, &self.path);
                return draft.many(&*self.path, checks);
            }
        };
        self.rest(draft, known);
    }

    /// Whether one row says nothing about it: a figure of a column or table, or an order of rows.
    fn about_many_rows(&self) -> bool {
        const ORDERED: [&str; 6] = [
            "expect_column_values_to_be_unique",
            "expect_column_values_to_be_increasing",
            "expect_column_values_to_be_decreasing",
            "expect_column_values_to_not_be_outliers",
            "expect_compound_columns_to_be_unique",
            "expect_multicolumn_values_to_be_unique",
        ];
        let value = ["expect_column_value", "expect_column_pair_value", "expect_multicolumn"]
            .iter()
            .any(|start| self.kind.starts_with(start));
        let known = self.kind.starts_with("expect_column") || self.kind.starts_with("expect_table");
        ORDERED.contains(&self.kind) || self.kind.contains("_z_scores_") || (known && !value)
    }

    /// Lists the arguments that were not carried.
    fn rest(&self, draft: &mut Draft, known: &[&str]) {
        for (name, value) in self.kwargs {
            let silent = SILENT.contains(&name.as_str()) || known.contains(&name.as_str());
            if name == "mostly" && value.as_f64() != Some(1.0) {
                let why = format!("`mostly` {value} is about many rows: here each row counts");
                draft.leave(&*self.path, why);
            } else if name == "column_index" && !value.is_null() {
                draft.leave(&*self.path, "records have no order of columns");
            } else if !silent && name != "mostly" && !value.is_null() {
                draft.leave(&*self.path, format!("a contract has no clause for `{name}`"));
            }
        }
    }

    fn columns(&self, draft: &mut Draft, list: &str) {
        let exact = self.kwargs.get("exact_match").and_then(Json::as_bool).unwrap_or(true);
        let set = self.kwargs.get(list).and_then(Json::as_array);
        let names: Vec<&str> = set.into_iter().flatten().filter_map(Json::as_str).collect();
        for name in names {
            draft.column(name).input.required = true;
        }
        if exact {
            draft.unknown_fields = UnknownFields::Reject;
        }
        self.rest(draft, &["exact_match", list]);
    }

    fn count(&self, draft: &mut Draft, low: &str, high: &str) {
        let end = |name: &str| {
            let n = self.kwargs.get(name)?.as_f64()?;
            (n >= 0.0 && n.fract() == 0.0).then_some(n as u32)
        };
        draft.fields.minimum = end(low);
        draft.fields.maximum = end(high);
        self.rest(draft, &[low, high]);
    }

    fn between(&self, draft: &mut Draft, column: &str) -> &'static [&'static str] {
        const KNOWN: &[&str] = &["min_value", "max_value", "strict_min", "strict_max"];
        let truth = |name: &str| self.kwargs.get(name).and_then(Json::as_bool).unwrap_or(false);
        let bound = |name: &str| self.kwargs.get(name).filter(|v| !v.is_null());
        let given = [(bound("min_value"), "strict_min"), (bound("max_value"), "strict_max")];
        let (mut ends, mut kind) = ([None, None], None);
        for (end, (value, strict)) in ends.iter_mut().zip(given) {
            let Some(value) = value else { continue };
            let instant = value.as_str().filter(|t| parse_rfc3339(t).is_ok());
            let scalar = match instant {
                Some(text) => Some(Scalar::Text(text.to_owned())),
                None => number(value),
            };
            let Some(scalar) = scalar else {
                draft.leave(&*self.path, "bounds that are no numbers are compared as text there");
                return KNOWN;
            };
            if instant.is_some() {
                kind = Some(InputType::Timestamp);
            }
            *end = Some((scalar, truth(strict)));
        }
        let kind = kind.unwrap_or_else(|| kind_of_bounds(ends.iter().flatten().map(|(s, _)| s)));
        if kind == InputType::Timestamp {
            draft.note(&*self.path, "bounds that are RFC 3339 are taken for those of timestamps");
        }
        let [low, high] = ends;
        let target = draft.column(column);
        target.kind.get_or_insert(kind);
        target.between(&self.path, low, high, self.severity);
        KNOWN
    }

    fn in_set(&self, draft: &mut Draft, column: &str) -> &'static [&'static str] {
        let set = self.kwargs.get("value_set").and_then(Json::as_array);
        let list = set.map(Vec::as_slice).unwrap_or_default();
        if !draft.column(column).one_of(&self.path, list, self.severity) {
            draft.leave(&*self.path, "the list holds what is no value of a record");
        }
        &["value_set"]
    }

    fn types(&self, draft: &mut Draft, column: &str) -> &'static [&'static str] {
        let list = self.kwargs.get("type_list").and_then(Json::as_array);
        let one = self.kwargs.get("type_");
        let names: Vec<&str> =
            list.into_iter().flatten().chain(one).filter_map(Json::as_str).collect();
        let mut kinds: Vec<Option<InputType>> = names.iter().map(|name| type_of(name)).collect();
        kinds.dedup();
        let numbers = [Some(InputType::Number), Some(InputType::Integer)];
        let kind = match kinds.as_slice() {
            [one] => *one,
            many if many.iter().all(|k| numbers.contains(k)) => Some(InputType::Number),
            _ => None,
        };
        let target = draft.column(column);
        let types: Option<Vec<ValueType>> = kinds.iter().map(|k| value_type((*k)?)).collect();
        match (kind, types) {
            (Some(kind), _) => {
                target.kind = Some(kind);
                target.declared = true;
                if let [name] = names.as_slice() {
                    target.width(&self.path, name);
                }
                if kind == InputType::Timestamp {
                    draft.note(&*self.path, super::NAIVE);
                }
            }
            (None, Some(types)) if !types.is_empty() => {
                target.kind = Some(InputType::Any);
                let check = Check::Types { types, severity: self.severity };
                target.checks.push((self.path.clone(), check));
            }
            _ => draft.leave(&*self.path, "a contract has no type that is just this one"),
        }
        &["type_list", "type_"]
    }
}

/// The type as values are told apart by.
fn value_type(kind: InputType) -> Option<ValueType> {
    Some(match kind {
        InputType::Integer => ValueType::Integer,
        InputType::Number => ValueType::Number,
        InputType::Text => ValueType::Text,
        InputType::Boolean => ValueType::Boolean,
        InputType::Timestamp => ValueType::Date,
        _ => return None,
    })
}

/// The type that a name of pandas, Python or SQL stands for.
fn type_of(name: &str) -> Option<InputType> {
    let lower = name.to_lowercase();
    let stem = lower.split('[').next().unwrap_or_default();
    match stem.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "int" | "integer" | "bigint" | "smallint" | "tinyint" | "uint" => Some(InputType::Integer),
        "float" | "double" | "double_precision" | "double precision" | "real" => {
            Some(InputType::Number)
        }
        "str" | "string" | "text" | "varchar" | "char" => Some(InputType::Text),
        "bool" | "boolean" => Some(InputType::Boolean),
        "datetime" | "timestamp" => Some(InputType::Timestamp),
        _ => None,
    }
}
