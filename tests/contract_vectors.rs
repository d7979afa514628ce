//! The recorded verdicts of Great Expectations, pandera and MLflow in `tests/vectors`: the contract
//! that an import writes judges the same values the same way. What is left out is counted by
//! reason, and nothing else may be left out.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use driftline::contract::{Contract, HUGE_INTEGER, RecordReader, Validator, Value};
use serde_json::{Value as Json, json};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Why a recorded verdict is not compared.
fn left_out(
    id: &str,
    peer: &str,
    flavour: &str,
    verdict: &str,
    case: &Json,
    value: &Json,
) -> Option<&'static str> {
    let kind = case["constraint"]["kind"].as_str().unwrap();
    let dtype = case["dtype"].as_str().unwrap_or("");
    let narrow = |t: &str| matches!(t, "float32" | "int32" | "uint32" | "uint64");
    if matches!(verdict, "not_built_in" | "not_expressible") {
        return Some("the library has no such check");
    }
    if verdict.starts_with("error:") {
        return Some("the library raised");
    }
    if flavour == "coerce" || flavour.starts_with("json") {
        return Some("the library converts silently, which no contract does");
    }
    if kind == "localize_then_valid" {
        return Some("local times without offset have no instant");
    }
    if kind == "regex" && case["constraint"]["pattern"].as_str().unwrap().contains("(?=") {
        return Some("look-around is refused at build");
    }
    if id == "V036" && peer == "great_expectations" {
        return Some("known defect: the pattern is applied to str(number)");
    }
    if value.as_u64().is_some_and(|u| u > i64::MAX as u64) {
        return Some("integers beyond 64 bits with a sign are refused");
    }
    if kind == "type" {
        let wanted = case["constraint"]["type"].as_str().unwrap();
        if narrow(dtype) || narrow(wanted) {
            return Some("the width of a column is no property of a value");
        }
        if dtype == "object" && (peer, wanted) == ("mlflow", "string") && !value.is_string() {
            return Some("mlflow does not look into columns of objects");
        }
        if dtype == "object" && value.is_boolean() | value.is_null() && peer == "pandera" {
            return Some("a column of objects is judged by its dtype");
        }
    }
    None
}

/// The clauses that an import writes for one input.
fn input(peer: &str, flavour: &str, case: &Json) -> Json {
    let c = &case["constraint"];
    let nullable = flavour != "nullable_false";
    let mut input = json!({
        "name": "x", "type": "any", "required": false,
        "missing": if nullable { "allow" } else { "reject" },
        "accept": ["nan_as_missing", "infinity"],
    });
    let as_number = |v: &Json| match v {
        Json::Bool(b) => json!(u8::from(*b)),
        other => other.clone(),
    };
    let listed = || -> Vec<Json> {
        c["values"].as_array().unwrap().iter().filter(|v| !v.is_null()).map(as_number).collect()
    };
    let check = match c["kind"].as_str().unwrap() {
        "range" => {
            input["accept"] = json!(["nan_as_missing", "infinity", "boolean_as_number"]);
            let mut range = json!({});
            for end in ["min", "max"] {
                if !c[end].is_null() {
                    range[format!("{end}imum")] = c[end].clone();
                    range[format!("exclusive_{end}imum")] = c[format!("strict_{end}")].clone();
                }
            }
            json!({ "range": range })
        }
        "range_datetime" => {
            input["type"] = json!("timestamp");
            input["accept"] = json!(["nan_as_missing"]);
            let end = |e: &str| {
                let text = c[e].as_str().unwrap();
                if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() }
            };
            json!({"range": {"minimum": end("min"), "maximum": end("max")}})
        }
        "in_set" if listed().is_empty() => json!({"missing_only": {}}),
        "in_set" => {
            input["accept"] = json!(["nan_as_missing", "infinity", "boolean_as_number"]);
            json!({"in_set": {"values": listed()}})
        }
        "not_in_set" => json!({"not_in_set": {"values": listed()}}),
        "regex" => {
            let anchor =
                if peer == "pandera" && flavour != "str_contains" { "start" } else { "search" };
            json!({"regex": {"patterns": [c["pattern"]], "anchor": anchor, "python": true}})
        }
        "length" => {
            let mut length = json!({});
            for end in ["min", "max"] {
                if !c[end].is_null() {
                    length[format!("{end}imum")] = c[end].clone();
                }
            }
            json!({ "length": length })
        }
        "not_null" => {
            input["missing"] = json!("reject");
            return input;
        }
        "null" => json!({"missing_only": {}}),
        "strftime" => json!({"strftime": {"format": c["format"]}}),
        "dateutil_parseable" => json!({"date": {"lenient": true}}),
        "type" => {
            let wanted = c["type"].as_str().unwrap();
            if (peer, wanted) == ("mlflow", "float64") {
                input["type"] = json!("number");
                return input;
            }
            json!({"types": {"types": [match wanted {
                "int64" => "integer",
                "float64" => "number",
                "boolean" => "boolean",
                "datetime" => "date",
                _ => "text",
            }]}})
        }
        other => panic!("no clause for {other}"),
    };
    input["checks"] = json!([check]);
    input
}

/// The contract that an import writes for the case.
fn contract(peer: &str, flavour: &str, case: &Json) -> Json {
    let c = &case["constraint"];
    let kind = c["kind"].as_str().unwrap();
    let head = |inputs: Vec<Json>, rules: Vec<Json>, unknown: &str| json!({"format": Contract::FORMAT, "name": "t", "unknown_fields": unknown, "inputs": inputs, "rules": rules});
    let column = |name: &Json| json!({"name": name, "type": "any", "required": false, "missing": "allow", "accept": ["nan_as_missing", "infinity"]});
    let skip = match (flavour, c["ignore"].as_str()) {
        ("df_check_ignore_na_false", _) => "never",
        ("", Some("neither")) => "never",
        ("", Some("either_value_is_missing")) => "any_missing",
        _ => "all_missing",
    };
    let pair = || vec![column(&c["A"]), column(&c["B"])];
    let names = json!([c["A"], c["B"]]);
    match kind {
        "a_gt_b" => head(
            pair(),
            vec![
                json!({"greater": {"left": c["A"], "right": c["B"], "or_equal": c["or_equal"], "skip": skip}}),
            ],
            "reject",
        ),
        "a_eq_b" => head(pair(), vec![json!({"equal": {"inputs": names, "skip": skip}})], "reject"),
        "pair_in_set" => head(
            pair(),
            vec![
                json!({"pair_in_set": {"left": c["A"], "right": c["B"], "pairs": c["pairs"], "skip": skip}}),
            ],
            "reject",
        ),
        "sum_equals" => head(
            pair(),
            vec![json!({"sum_equals": {"inputs": names, "total": c["total"], "skip": skip}})],
            "reject",
        ),
        "unique_within_record" => {
            head(pair(), vec![json!({"unique": {"inputs": names, "skip": skip}})], "reject")
        }
        "columns" => {
            let required = c["required"].as_array().unwrap();
            let inputs =
                required.iter().map(|n| json!({"name": n, "type": "any", "missing": "allow"}));
            head(
                inputs.collect(),
                vec![],
                if flavour == "strict_true" { "reject" } else { "ignore" },
            )
        }
        _ => head(vec![input(peer, flavour, case)], vec![], "reject"),
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
            let t = driftline::contract::parse_rfc3339(&text).unwrap();
            Value::Date(t.seconds as f64 * 1e3)
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
        Json::Array(_) => panic!("no array is recorded"),
    }
}

/// Whether the contract takes the value; `None` if the contract itself is refused.
fn judge(contract: &Json, case: &Json, input: &Json) -> Option<bool> {
    let contract = Contract::from_json(contract.to_string().as_bytes()).ok()?;
    let dtype = case["dtype"].as_str().unwrap_or("");
    let pairs: Vec<(Cow<'_, str>, Value<'_>)> = match input {
        Json::Object(fields) if !fields.contains_key("$") => {
            fields.iter().map(|(k, v)| (Cow::Borrowed(k.as_str()), value(v, dtype))).collect()
        }
        one => vec![(Cow::Borrowed("x"), value(one, dtype))],
    };
    let mut violations = Vec::new();
    let record = RecordReader::new(&contract).read_pairs(pairs);
    Validator::new(&contract).unwrap().validate(record, &mut violations);
    Some(violations.is_empty())
}

#[test]
fn imported_contracts_judge_as_the_libraries_did() {
    let vectors: Json = serde_json::from_str(include_str!("vectors/validation.json")).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 90);
    let mut agreed: BTreeMap<String, usize> = BTreeMap::new();
    let mut skipped: BTreeMap<&str, usize> = BTreeMap::new();
    let mut differ = Vec::new();
    for case in cases {
        let id = case["id"].as_str().unwrap();
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
                    if let Some(why) = left_out(id, peer, flavour, verdict, case, &entry["input"]) {
                        *skipped.entry(why).or_default() += 1;
                        continue;
                    }
                    if !cfg!(feature = "regex") && case["constraint"]["kind"] == "regex" {
                        *skipped.entry("this build has no regular expressions").or_default() += 1;
                        continue;
                    }
                    let theirs = verdict.starts_with("pass") || verdict == "ignored_missing";
                    // a contract that contradicts itself takes nothing
                    let ours = judge(&contract(peer, flavour, case), case, &entry["input"]);
                    if ours.unwrap_or(false) == theirs {
                        *agreed.entry(format!("{peer} {flavour}")).or_default() += 1;
                    } else {
                        differ.push(format!(
                            "{id} {peer} {flavour}: {} they {verdict}",
                            entry["input"]
                        ));
                    }
                }
            }
        }
    }
    for (semantics, n) in &agreed {
        println!("{semantics:<45} {n:>4} agree");
    }
    for (why, n) in &skipped {
        println!("left out: {why:<60} {n:>4}");
    }
    assert!(differ.is_empty(), "{} differ:\n{}", differ.len(), differ.join("\n"));
    assert!(agreed.values().sum::<usize>() > 300, "{agreed:?}");
}

#[test]
fn our_own_contracts_differ_only_where_nothing_is_coerced() {
    let vectors: Json = serde_json::from_str(include_str!("vectors/validation.json")).unwrap();
    let (mut agreed, mut stricter) = (0, BTreeMap::<&str, usize>::new());
    for case in vectors["cases"].as_array().unwrap() {
        let kind = case["constraint"]["kind"].as_str().unwrap();
        let rows = case["dtype"].as_str().unwrap_or("").starts_with("rows");
        if (!cfg!(feature = "regex") && kind == "regex") || rows {
            continue;
        }
        for entry in case["values"].as_array().unwrap() {
            let peer = "great_expectations";
            let verdict = entry["verdicts"][peer].as_str().unwrap();
            let id = case["id"].as_str().unwrap();
            if left_out(id, peer, "", verdict, case, &entry["input"]).is_some() {
                continue;
            }
            let mut ours = contract(peer, "", case);
            // what an import relaxes, a contract of one's own does not
            ours["inputs"][0].as_object_mut().unwrap().remove("accept");
            let takes = judge(&ours, case, &entry["input"]).unwrap_or(false);
            let theirs = verdict == "pass" || verdict == "ignored_missing";
            if takes == theirs {
                agreed += 1;
                continue;
            }
            assert!(!takes, "{id}: {} is taken, they say {verdict}", entry["input"]);
            let why = match &entry["input"] {
                Json::Object(o) if o["$"] == "NaN" || o["$"] == "NaT" => "NaN is no missing value",
                Json::Object(_) => "infinity is no value",
                Json::Bool(_) => "booleans are no numbers",
                Json::Number(_) if case["constraint"]["values"] == json!([true, false]) => {
                    "numbers are no booleans"
                }
                other => panic!("{id}: {other} is refused, they say {verdict}"),
            };
            *stricter.entry(why).or_default() += 1;
        }
    }
    println!("ours: {agreed} agree, stricter by design: {stricter:?}");
    assert!(agreed > 120, "{agreed}");
}
