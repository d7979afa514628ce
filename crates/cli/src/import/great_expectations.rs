//! Expectation suites of Great Expectations 1.x.
//!
//! Expectations on a column's values pass over nulls; `expect_column_values_to_not_be_null` is
//! what refuses them.

use super::{Draft, bad, expectations, kind_of, number, scalar};
use driftline::Result;
use driftline::contract::{Check, InputType, Missing, Scalar, Severity, UnknownFields};
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
        if self.kwargs.contains_key("row_condition") {
            return draft.leave(&*self.path, "it holds only under a `row_condition`");
        }
        if self.kind == "expect_table_columns_to_match_set" {
            return self.columns(draft);
        }
        let Some(column) = self.kwargs.get("column").and_then(Json::as_str) else {
            return match expectations::rule(self.kind, self.kwargs, self.severity) {
                Some(rule) => draft.rules.push((self.path.clone(), rule)),
                None => draft.leave(&*self.path, "a contract has no clause for it"),
            };
        };
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
            "expect_column_value_lengths_to_be_between" => self.lengths(draft, column),
            "expect_column_values_to_be_of_type" | "expect_column_values_to_be_in_type_list" => {
                self.types(draft, column)
            }
            _ => {
                let why = if self.kind.starts_with("expect_column_values_to") {
                    "a contract has no clause for it"
                } else {
                    "it is about many rows, which a gate never sees together"
                };
                draft.column(column);
                return draft.leave(&*self.path, why);
            }
        };
        self.rest(draft, known);
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

    fn columns(&self, draft: &mut Draft) {
        let exact = self.kwargs.get("exact_match").and_then(Json::as_bool).unwrap_or(true);
        let set = self.kwargs.get("column_set").and_then(Json::as_array);
        let names: Vec<&str> = set.into_iter().flatten().filter_map(Json::as_str).collect();
        for name in names {
            draft.column(name).input.required = true;
        }
        if exact {
            draft.unknown_fields = UnknownFields::Reject;
        }
    }

    fn severity(&self, draft: &mut Draft, column: &str) {
        let input = &mut draft.column(column).input;
        let clauses = input.minimum.is_some() || input.maximum.is_some() || input.values.is_some();
        if clauses && input.severity != self.severity {
            let why = "an input's clauses have one severity: the gravest of them is taken";
            input.severity = input.severity.max(self.severity);
            draft.leave(&*self.path, why);
        } else {
            input.severity = self.severity;
        }
    }

    fn between(&self, draft: &mut Draft, column: &str) -> &'static [&'static str] {
        self.severity(draft, column);
        let truth = |name: &str| self.kwargs.get(name).and_then(Json::as_bool).unwrap_or(false);
        let bound = |name: &str| self.kwargs.get(name).filter(|v| !v.is_null());
        let (low, high) = (bound("min_value"), bound("max_value"));
        if [low, high].into_iter().flatten().any(|v| number(v).is_none()) {
            draft.leave(&*self.path, "bounds that are no numbers are compared as text there");
            return &["min_value", "max_value", "strict_min", "strict_max"];
        }
        let input = &draft.column(column).input;
        if (low.is_some() && input.minimum.is_some()) || (high.is_some() && input.maximum.is_some())
        {
            let end = |v: Option<&Json>| v.and_then(number);
            let check = Check::Range {
                minimum: end(low),
                exclusive_minimum: low.is_some() && truth("strict_min"),
                maximum: end(high),
                exclusive_maximum: high.is_some() && truth("strict_max"),
                severity: self.severity,
            };
            draft.column(column).checks.push((self.path.clone(), check));
            return &["min_value", "max_value", "strict_min", "strict_max"];
        }
        let column = draft.column(column);
        column.kind.get_or_insert(InputType::Number);
        if let Some(low) = low {
            column.input.minimum = number(low);
            column.input.exclusive_minimum = truth("strict_min");
        }
        if let Some(high) = high {
            column.input.maximum = number(high);
            column.input.exclusive_maximum = truth("strict_max");
        }
        &["min_value", "max_value", "strict_min", "strict_max"]
    }

    fn in_set(&self, draft: &mut Draft, column: &str) -> &'static [&'static str] {
        self.severity(draft, column);
        let set = self.kwargs.get("value_set").and_then(Json::as_array);
        let values: Option<Vec<Scalar>> = set.into_iter().flatten().map(scalar).collect();
        match values.filter(|v| kind_of(v).is_some()) {
            Some(values) => {
                let column = draft.column(column);
                column.kind = column.kind.or(kind_of(&values));
                column.input.values = Some(values);
            }
            None => draft.leave(&*self.path, "the values are not all texts or all numbers"),
        }
        &["value_set"]
    }

    fn lengths(&self, draft: &mut Draft, column: &str) -> &'static [&'static str] {
        let length = |name: &str, strict: &str| {
            let n = self.kwargs.get(name)?.as_u64()?;
            let strict = self.kwargs.get(strict).and_then(Json::as_bool).unwrap_or(false);
            Some((u32::try_from(n).ok()?, strict))
        };
        let column = draft.column(column);
        column.kind.get_or_insert(InputType::Text);
        column.input.min_length =
            length("min_value", "strict_min").map(|(n, strict)| n.saturating_add(strict.into()));
        column.input.max_length =
            length("max_value", "strict_max").map(|(n, strict)| n.saturating_sub(strict.into()));
        &["min_value", "max_value", "strict_min", "strict_max"]
    }

    fn types(&self, draft: &mut Draft, column: &str) -> &'static [&'static str] {
        let list = self.kwargs.get("type_list").and_then(Json::as_array);
        let one = self.kwargs.get("type_");
        let mut kinds: Vec<Option<InputType>> =
            list.into_iter().flatten().chain(one).filter_map(Json::as_str).map(type_of).collect();
        kinds.dedup();
        let numbers = [Some(InputType::Number), Some(InputType::Integer)];
        let kind = match kinds.as_slice() {
            [one] => *one,
            many if many.iter().all(|k| numbers.contains(k)) => Some(InputType::Number),
            _ => None,
        };
        match kind {
            Some(kind) => draft.column(column).kind = Some(kind),
            None => draft.leave(&*self.path, "a contract's input has one type, and not this one"),
        }
        &["type_list", "type_"]
    }
}

/// The type that a name of pandas, Python or SQL stands for.
fn type_of(name: &str) -> Option<InputType> {
    let lower = name.to_lowercase();
    let stem = lower.trim_end_matches(|c: char| c.is_ascii_digit());
    match stem {
        "int" | "integer" | "bigint" | "smallint" | "uint" => Some(InputType::Integer),
        "float" | "double" | "double_precision" | "real" => Some(InputType::Number),
        "str" | "string" | "text" | "varchar" => Some(InputType::Text),
        "bool" | "boolean" => Some(InputType::Boolean),
        _ => None,
    }
}
