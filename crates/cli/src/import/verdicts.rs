//! The verdicts that Great Expectations, pandera and MLflow gave, recorded in `tests/vectors`: each
//! constraint is written as the library's own file, goes through its importer, and the contract
//! judges the same values. The exported JSON Schema of the same contract judges them too.

use super::{Imported, Origin, import};
use crate::export::json_schema;
use driftline::ErrorCode;
use driftline::contract::{
    HUGE_INTEGER, RecordReader, Severity, Validator, Value, Violation, parse_rfc3339,
};
use driftline::tensor::TensorData;
use serde_json::{Value as Json, json};
use std::borrow::Cow;
use std::collections::BTreeMap;

const VECTORS: &str = include_str!("../../../../tests/vectors/validation.json");

/// One recorded verdict.
struct Recorded<'a> {
    id: &'a str,
    peer: &'a str,
    flavour: &'a str,
    verdict: &'a str,
    case: &'a Json,
    input: &'a Json,
}

impl Recorded<'_> {
    fn kind(&self) -> &str {
        self.case["constraint"]["kind"].as_str().unwrap()
    }

    fn dtype(&self) -> &str {
        self.case["dtype"].as_str().unwrap_or("")
    }

    /// Why the verdict is none of an import.
    fn left_out(&self) -> Option<&'static str> {
        let constraint = &self.case["constraint"];
        if matches!(self.verdict, "not_built_in" | "not_expressible") {
            return Some("the library has no such check");
        }
        if self.verdict.starts_with("error:") {
            return Some("the library raised");
        }
        if self.flavour == "coerce" || self.flavour.starts_with("json") {
            return Some("the library converts silently, which no contract does");
        }
        if self.flavour.starts_with("df_check") {
            return Some("a lambda is in no file");
        }
        if self.kind() == "localize_then_valid" {
            return Some("local times without offset have no instant");
        }
        if self.id == "V036" && self.peer == "great_expectations" {
            return Some("known defect: the pattern is applied to str(number)");
        }
        if self.input.as_u64().is_some_and(|u| u > i64::MAX as u64) {
            return Some("integers beyond 64 bits with a sign are refused");
        }
        if self.kind() != "type" {
            return None;
        }
        let wanted = constraint["type"].as_str().unwrap();
        let narrow = |t: &str| matches!(t, "float32" | "int32" | "uint32" | "uint64");
        if narrow(self.dtype()) || narrow(wanted) {
            return Some("the width of a column is no property of a value");
        }
        if self.input.is_number() && matches!(wanted, "int64" | "float64") {
            let x = self.input.as_f64().unwrap();
            let exact = x.fract() == 0.0 && x.abs() < 9_007_199_254_740_992.0;
            if exact && self.dtype() != wanted {
                return Some("a record's 1 and 1.0 are one number");
            }
        }
        if wanted == "datetime" && self.input.as_str().is_some_and(|t| parse_rfc3339(t).is_ok()) {
            return Some("an instant is written as text in JSON");
        }
        if self.dtype() == "object" && self.peer == "mlflow" && wanted == "string" {
            return (!self.input.is_string() && !self.input.is_null())
                .then_some("mlflow does not look into columns of objects");
        }
        if self.dtype() == "object" && self.peer == "pandera" && !self.input.is_string() {
            return Some("a column of objects is judged by its dtype");
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
        let c = &self.case["constraint"];
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
        let c = &self.case["constraint"];
        let whole = |columns: Json, strict: bool| json!({"schema_type": "dataframe", "version": "0.35.0", "name": "t", "columns": columns, "strict": strict});
        let mut column = json!({"dtype": null, "nullable": self.flavour != "nullable_false"});
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
        let c = &self.case["constraint"];
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

    fn pairs(&self) -> Vec<(Cow<'_, str>, Value<'_>)> {
        match self.input {
            Json::Object(fields) if !fields.contains_key("$") => {
                let pairs = fields.iter();
                pairs.map(|(k, v)| (k.as_str().into(), value(v, self.dtype()))).collect()
            }
            one => vec![("x".into(), value(one, self.dtype()))],
        }
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

/// A recorded value as the column's type held it.
fn value<'a>(json: &'a Json, dtype: &str) -> Value<'a> {
    match json {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(*b),
        Json::String(text) if dtype.contains("datetime64") => {
            let mut text = text.clone();
            if text.len() == 10 {
                text.push_str("T00:00:00");
            }
            if text.len() == 19 {
                text.push('Z');
            }
            Value::Date(parse_rfc3339(&text).unwrap().seconds as f64 * 1e3)
        }
        Json::String(text) => Value::Text(Cow::Borrowed(text)),
        Json::Number(n) => match n.as_i64() {
            Some(i) if dtype.contains("float") => Value::Number(i as f64),
            Some(i) => Value::Integer(i),
            None if n.is_u64() => Value::Other(HUGE_INTEGER),
            None => Value::Number(n.as_f64().unwrap()),
        },
        Json::Object(o) => match o["$"].as_str().unwrap() {
            "NaN" => Value::Number(f64::NAN),
            "NaT" => Value::Date(f64::NAN),
            "Infinity" => Value::Number(f64::INFINITY),
            _ => Value::Number(f64::NEG_INFINITY),
        },
        Json::Array(_) => Value::Typed(TensorData::Uint8(Vec::new())),
    }
}

/// Every recorded verdict, in the file's order.
fn each(vectors: &Json, mut visit: impl FnMut(&Recorded<'_>)) {
    for case in vectors["cases"].as_array().unwrap() {
        for entry in case["values"].as_array().unwrap() {
            for (peer, verdicts) in entry["verdicts"].as_object().unwrap() {
                let flavours: Vec<(&str, &str)> = match verdicts {
                    Json::String(verdict) => vec![("", verdict)],
                    other => other
                        .as_object()
                        .unwrap()
                        .iter()
                        .map(|(f, v)| (f.as_str(), v.as_str().unwrap()))
                        .collect(),
                };
                for (flavour, verdict) in flavours {
                    visit(&Recorded {
                        id: case["id"].as_str().unwrap(),
                        peer,
                        flavour,
                        verdict,
                        case,
                        input: &entry["input"],
                    });
                }
            }
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
    let vectors: Json = serde_json::from_str(VECTORS).unwrap();
    let mut agreed: BTreeMap<String, usize> = BTreeMap::new();
    let mut skipped: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut schemas, mut unsaid) = (0, 0);
    let mut differ = Vec::new();
    each(&vectors, |recorded| {
        if let Some(why) = recorded.left_out() {
            *skipped.entry(why).or_default() += 1;
            return;
        }
        let name =
            format!("{} {} {}: {}", recorded.id, recorded.peer, recorded.flavour, recorded.input);
        let theirs = recorded.verdict.starts_with("pass") || recorded.verdict == "ignored_missing";
        let (origin, text) = recorded.file();
        let imported = match import(origin, &text) {
            Ok(imported) => imported,
            // a file that contradicts itself takes nothing
            Err(error) => {
                assert_eq!((error.code(), theirs), (ErrorCode::ContractInvalid, false), "{name}");
                *agreed.entry(format!("{} {}", recorded.peer, recorded.flavour)).or_default() += 1;
                return;
            }
        };
        if let [left, ..] = imported.not_carried.as_slice() {
            // look-around; bounds of times in a column of texts
            assert!(matches!(recorded.id, "V038" | "V102"), "{name}: {left:?}");
            *skipped.entry("not carried, and listed").or_default() += 1;
            return;
        }
        let violations = judge(&imported, recorded);
        if violations.is_empty() == theirs {
            *agreed.entry(format!("{} {}", recorded.peer, recorded.flavour)).or_default() += 1;
        } else {
            differ.push(format!("{name}: they {}, {violations:?}", recorded.verdict));
        }
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
    for (semantics, n) in &agreed {
        println!("{semantics:<45} {n:>4} agree");
    }
    for (why, n) in &skipped {
        println!("left out: {why:<60} {n:>4}");
    }
    println!("JSON Schema: {schemas} agree, {unsaid} it cannot say");
    assert!(differ.is_empty(), "{} differ:\n{}", differ.len(), differ.join("\n"));
    assert!(agreed.values().sum::<usize>() > 250, "{agreed:?}");
    assert!(schemas > 120, "{schemas}");
}
