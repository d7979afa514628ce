//! The verdicts that Great Expectations, pandera and MLflow gave, recorded in `tests/vectors`: each
//! constraint is written as the library's own file, goes through its importer, and the contract
//! judges the same values. The exported JSON Schema of the same contract judges them too.

#[path = "../../../../tests/recorded/mod.rs"]
mod recorded;

use super::{Imported, Origin, import};
use crate::export::json_schema;
use driftline::ErrorCode;
use driftline::contract::{RecordReader, Severity, Validator, Violation, parse_rfc3339};
use recorded::{Counts, Recorded, each, vectors};
use serde_json::{Value as Json, json};

impl Recorded<'_> {
    /// Why the verdict is none of an import, beside what no contract can be held to.
    fn not_imported(&self) -> Option<&'static str> {
        if self.flavour.starts_with("df_check") {
            return Some("clause: a lambda is in no file");
        }
        if self.kind() != "type" || self.passed() {
            return None;
        }
        if self.input.is_number() && matches!(self.wanted(), "int64" | "float64") {
            let x = self.input.as_f64().unwrap();
            let exact = x.fract() == 0.0 && x.abs() < 9_007_199_254_740_992.0;
            if exact && self.dtype() != self.wanted() {
                return Some("value: a record's 1 and 1.0 are one number");
            }
        }
        let instant = self.input.as_str().is_some_and(|t| parse_rfc3339(t).is_ok());
        if self.wanted() == "datetime" && instant {
            return Some("value: an instant with its offset is written as text in JSON");
        }
        None
    }

    /// The library's own file, with the constraint and nothing else.
    fn file(&self) -> (Origin, String) {
        match self.peer {
            "great_expectations" => (Origin::GreatExpectations, self.suite().to_string()),
            "pandera" => (Origin::Pandera, self.schema().to_string()),
            _ => (Origin::Mlflow, self.signature().to_string()),
        }
    }

    fn suite(&self) -> Json {
        let c = self.constraint();
        let column = json!({"column": "x"});
        let (a, b) = (&c["A"], &c["B"]);
        let pair = json!({"column_A": a, "column_B": b});
        let list = json!({"column_list": [a, b]});
        let (kind, mut kwargs, more) = match self.kind() {
            "range" => (
                "expect_column_values_to_be_between",
                column,
                json!({"min_value": c["min"], "max_value": c["max"], "strict_min": c["strict_min"], "strict_max": c["strict_max"]}),
            ),
            "range_datetime" => (
                "expect_column_values_to_be_between",
                column,
                json!({"min_value": c["min"], "max_value": c["max"]}),
            ),
            "in_set" => {
                ("expect_column_values_to_be_in_set", column, json!({"value_set": c["values"]}))
            }
            "not_in_set" => {
                ("expect_column_values_to_not_be_in_set", column, json!({"value_set": c["values"]}))
            }
            "regex" => {
                ("expect_column_values_to_match_regex", column, json!({"regex": c["pattern"]}))
            }
            "length" => (
                "expect_column_value_lengths_to_be_between",
                column,
                json!({"min_value": c["min"], "max_value": c["max"]}),
            ),
            "not_null" => ("expect_column_values_to_not_be_null", column, json!({})),
            "null" => ("expect_column_values_to_be_null", column, json!({})),
            "strftime" => (
                "expect_column_values_to_match_strftime_format",
                column,
                json!({"strftime_format": c["format"]}),
            ),
            "dateutil_parseable" => {
                ("expect_column_values_to_be_dateutil_parseable", column, json!({}))
            }
            "type" => {
                let name = match c["type"].as_str().unwrap() {
                    "string" => "str",
                    "boolean" => "bool",
                    "datetime" => "datetime64[ns]",
                    other => other,
                };
                ("expect_column_values_to_be_of_type", column, json!({"type_": name}))
            }
            "a_gt_b" => (
                "expect_column_pair_values_a_to_be_greater_than_b",
                pair,
                json!({"or_equal": c["or_equal"], "ignore_row_if": c["ignore"]}),
            ),
            "a_eq_b" => (
                "expect_column_pair_values_to_be_equal",
                pair,
                json!({"ignore_row_if": c["ignore"]}),
            ),
            "pair_in_set" => (
                "expect_column_pair_values_to_be_in_set",
                pair,
                json!({"value_pairs_set": c["pairs"], "ignore_row_if": c["ignore"]}),
            ),
            "sum_equals" => {
                ("expect_multicolumn_sum_to_equal", list, json!({"sum_total": c["total"]}))
            }
            "unique_within_record" => {
                ("expect_select_column_values_to_be_unique_within_record", list, json!({}))
            }
            "columns" => (
                "expect_table_columns_to_match_set",
                json!({}),
                json!({"column_set": c["required"], "exact_match": false}),
            ),
            other => panic!("no expectation for {other}"),
        };
        kwargs.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"name": "t", "expectations": [{"type": kind, "kwargs": kwargs, "meta": {}}], "meta": {}})
    }

    fn schema(&self) -> Json {
        let c = self.constraint();
        let whole = |columns: Json, strict: bool| json!({"schema_type": "dataframe", "version": "0.35.0", "name": "t", "columns": columns, "strict": strict});
        let nullable = self.flavour != "nullable_false";
        let mut column = json!({"dtype": null, "nullable": nullable, "coerce": self.coerces()});
        let end = |name: &str| {
            // YAML of a timestamp has neither T nor offset
            c[name].as_str().map_or(c[name].clone(), |t| {
                let t = t.trim_end_matches('Z').replace('T', " ");
                json!(if t.len() == 10 { format!("{t} 00:00:00") } else { t })
            })
        };
        let open = |name: &str| c[name].as_bool().unwrap_or(false);
        let check = match self.kind() {
            "range" | "range_datetime" => {
                if self.kind() == "range_datetime" {
                    column["dtype"] = json!(self.dtype());
                }
                let (low, high) = (end("min"), end("max"));
                match (low.is_null(), high.is_null()) {
                    (false, false) => json!({"in_range": {
                        "min_value": low, "max_value": high,
                        "include_min": !open("strict_min"), "include_max": !open("strict_max")}}),
                    (false, true) if open("strict_min") => json!({ "greater_than": low }),
                    (false, true) => json!({ "greater_than_or_equal_to": low }),
                    _ if open("strict_max") => json!({ "less_than": high }),
                    _ => json!({ "less_than_or_equal_to": high }),
                }
            }
            "in_set" => json!({"isin": c["values"]}),
            "not_in_set" => json!({"notin": c["values"]}),
            "regex" if self.flavour == "str_contains" => json!({"str_contains": c["pattern"]}),
            "regex" => json!({"str_matches": c["pattern"]}),
            "length" => json!({"str_length": {"min_value": c["min"], "max_value": c["max"]}}),
            "not_null" => Json::Null,
            "type" => {
                column["dtype"] = json!(match c["type"].as_str().unwrap() {
                    "string" => "string[python]",
                    "boolean" => "bool",
                    "datetime" => "datetime64[ns]",
                    other => other,
                });
                Json::Null
            }
            "columns" => {
                let names = c["required"].as_array().unwrap().iter();
                let columns: serde_json::Map<String, Json> =
                    names.map(|n| (n.as_str().unwrap().to_owned(), column.clone())).collect();
                return whole(columns.into(), self.flavour == "strict_true");
            }
            other => panic!("no check for {other}"),
        };
        if let Json::Object(check) = check {
            column.as_object_mut().unwrap().extend(check);
        }
        whole(json!({"x": column}), true)
    }

    fn signature(&self) -> Json {
        let c = self.constraint();
        let required = self.flavour != "optional";
        let columns: Vec<Json> = if self.kind() == "columns" {
            let names = c["required"].as_array().unwrap().iter();
            names.map(|n| json!({"name": n, "type": "double", "required": true})).collect()
        } else {
            let kind = match c["type"].as_str().unwrap() {
                "int64" => "long",
                "int32" => "integer",
                "float64" => "double",
                "float32" => "float",
                other => other,
            };
            vec![json!({"name": "x", "type": kind, "required": required})]
        };
        json!({"model_uuid": "u", "signature": {"inputs": Json::from(columns).to_string()}})
    }

    /// The record as JSON, if it has no values that JSON lacks.
    fn json(&self) -> Option<Json> {
        let plain = |v: &Json| !v.is_object() && !self.dtype().contains("datetime");
        match self.input {
            Json::Object(fields) if !fields.contains_key("$") => {
                fields.values().all(plain).then(|| self.input.clone())
            }
            one => plain(one).then(|| json!({ "x": one })),
        }
    }
}

fn judge(imported: &Imported, recorded: &Recorded<'_>) -> Vec<Violation> {
    let mut violations = Vec::new();
    let record = RecordReader::new(&imported.contract).read_pairs(recorded.pairs());
    Validator::new(&imported.contract).unwrap().validate(record, &mut violations);
    violations
}

/// Whether the schema takes the record; none if it does not say all of the contract.
fn schema_takes(imported: &Imported, record: &Json) -> Option<bool> {
    let schema = json_schema(&imported.contract);
    let commented =
        schema["properties"].as_object().unwrap().values().any(|p| p.get("$comment").is_some());
    // the rules that JSON Schema cannot tell
    if commented || schema["$comment"].as_str().unwrap().contains("the rule") {
        return None;
    }
    Some(jsonschema::draft202012::new(&schema).unwrap().is_valid(record))
}

#[test]
fn imported_files_judge_as_the_libraries_did() {
    let mut counts = Counts::default();
    let (mut schemas, mut unsaid) = (0, 0);
    each(&vectors(), |recorded| {
        if let Some(why) = recorded.left_out().or_else(|| recorded.not_imported()) {
            return counts.leave(why);
        }
        let name = recorded.name();
        let (origin, text) = recorded.file();
        let imported = match import(origin, &text, None) {
            Ok(imported) => imported,
            // a file that contradicts itself takes nothing
            Err(error) => {
                assert_eq!(error.code(), ErrorCode::ContractInvalid, "{name}");
                return counts.compare(recorded, false, "");
            }
        };
        let mut left = imported.not_carried.iter();
        if let Some(left) = left.find(|left| !left.path.ends_with(".coerce")) {
            // look-around; bounds of times in a column of texts
            assert!(matches!(recorded.id, "V038" | "V102"), "{name}: {left:?}");
            return counts.leave("clause: not carried, and listed by the import");
        }
        let violations = judge(&imported, recorded);
        counts.compare(recorded, violations.is_empty(), &format!("{violations:?}"));
        let Some(record) = recorded.json() else { return };
        let inexact = |v: &Violation| {
            matches!(v.code, ErrorCode::NotRepresentable | ErrorCode::UnsafeInteger)
        };
        match schema_takes(&imported, &record) {
            Some(_) if violations.iter().any(inexact) => unsaid += 1,
            Some(takes) => {
                let ours = !violations.iter().any(|v| v.severity == Severity::Reject);
                assert_eq!(takes, ours, "{name}: {:#}", json_schema(&imported.contract));
                schemas += 1;
            }
            None => unsaid += 1,
        }
    });
    counts.close(&format!(
        "verdicts of the libraries and of imported files (JSON Schema of them: {schemas} agree, \
         {unsaid} it cannot say)"
    ));
    assert!(counts.agreed() > 570 && schemas > 120);
}
