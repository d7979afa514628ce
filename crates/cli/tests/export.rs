//! Contracts in the words of others.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Desk, flights};
use serde_json::{Value, json};

const CONTRACT: &str = r#"
format: driftline.contract/1
name: toy <b>&
description: "a | b */ <script>alert(1)</script>"
unknown_fields: reject
inputs:
  - {name: age, type: integer, minimum: 0, maximum: 150, exclusive_maximum: true, unit: a}
  - {name: amount, type: number, minimum: 0.5, missing: allow, required: false}
  - {name: code, type: text, max_length: 4, checks: [{like: {patterns: ["A%", "B_"], of: any}}]}
  - {name: word, type: text, allow_empty: true, checks: [{regex: {patterns: ['^[a-z]+$', 'x\d'], of: none}}, {charset: {charset: ascii}}]}
  - {name: kind, type: category, values: [x, "y"]}
  - {name: other, type: category, values: [p], unseen: escalate}
  - {name: at, type: timestamp}
  - {name: flag, type: boolean, missing: allow}
  - {name: image, type: array, dtype: uint8, shape: [null, 2, 1], maximum: 9}
  - {name: free, type: any, missing: allow, checks: [{types: {types: [text, boolean]}}]}
fields: {maximum: 10}
rules:
  - required_if: {input: amount, when: kind, values: [x]}
  - pair_in_set: {left: kind, right: flag, pairs: [[x, true], ["y", true], ["y", false]]}
"#;

const GOOD: &str = r#"{"age": 30, "amount": 1.5, "code": "Abc", "word": "", "kind": "x", "other": "q",
    "at": "2013-07-01T08:30:00-04:00", "flag": true, "image": [[[1], [2]], [[3], [9]]], "free": "t"}"#;

fn exported(contract: &str, format: &str) -> String {
    let desk = Desk::new();
    desk.write("contract.yaml", contract);
    desk.run(&["export", "contract.yaml", "--format", format]).good().out
}

/// Whether no clause of severity `reject` is broken, record by record.
fn judged(contract: &str, records: &[Value]) -> Vec<bool> {
    let desk = Desk::new();
    desk.write("contract.yaml", contract);
    let rows: Vec<String> = records.iter().map(Value::to_string).collect();
    let answer = desk.run_with(&["validate", "contract.yaml", "--input", "-"], &rows.join("\n"));
    assert!(answer.status < 2, "{answer:?}");
    let lines = answer.lines();
    assert_eq!(lines.len(), records.len());
    let rejected = |v: &Value| v["severity"] == "reject";
    lines.iter().map(|l| !l["violations"].as_array().unwrap().iter().any(rejected)).collect()
}

/// The record, and the record with one field replaced, left out or added.
fn variants(good: &Value) -> Vec<Value> {
    let mut records = vec![good.clone()];
    let others = [
        "null",
        "true",
        "false",
        "0",
        "-1",
        "1",
        "2.5",
        "150",
        "1e300",
        "\"\"",
        "\"A\"",
        "\"B\"",
        "\"Bc\"",
        "\"Bcd\"",
        "\"abcde\"",
        "\"x\"",
        "\"y\"",
        "\"z\"",
        "\"x1\"",
        "\"é\"",
        "[]",
        "{}",
        "\"2013-07-01T08:30:00Z\"",
        "\"2013-07-01T08:30:00\"",
        "\"2013-07-01\"",
        "[[[1],[2]]]",
        "[[[1],[10]]]",
        "[[[1]]]",
        "[[1,2]]",
        "[[[1],[2.5]]]",
        r#"{"shape":[1,2,1],"data":[1,2]}"#,
        r#"{"shape":[1,3,1],"data":[1,2,3]}"#,
    ];
    for name in good.as_object().unwrap().keys() {
        for other in others {
            let mut record = good.clone();
            record[name] = serde_json::from_str(other).unwrap();
            records.push(record);
        }
        let mut record = good.clone();
        record.as_object_mut().unwrap().remove(name);
        records.push(record.clone());
        record["more"] = json!(1);
        records.push(record);
    }
    records
}

#[track_caller]
fn schema_agrees(contract: &str, records: &[Value], unsaid: impl Fn(&Value) -> bool) -> usize {
    let schema: Value = serde_json::from_str(&exported(contract, "json-schema")).unwrap();
    assert!(jsonschema::meta::is_valid(&schema), "{schema:#}");
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    let verdicts = judged(contract, records);
    assert!(verdicts.contains(&true) && verdicts.contains(&false));
    let mut compared = 0;
    for (record, ours) in records.iter().zip(verdicts) {
        if !unsaid(record) {
            assert_eq!(schema.is_valid(record), ours, "{record}");
            compared += 1;
        }
    }
    compared
}

#[test]
fn the_json_schema_judges_as_the_contract() {
    let good: Value = serde_json::from_str(GOOD).unwrap();
    assert_eq!(judged(CONTRACT, std::slice::from_ref(&good)), [true]);
    let records = variants(&good);
    // an integer beyond 2^53 that is written with an exponent
    let huge = |record: &Value| record.as_object().unwrap().values().any(|v| v == &json!(1e300));
    let compared = schema_agrees(CONTRACT, &records, huge);
    println!("{compared} records of {} compared", records.len());
    assert!(compared > 300, "{compared}");
}

#[test]
fn the_json_schema_of_the_flights_judges_as_their_contract() {
    let contract = std::fs::read_to_string(flights("contract.yaml")).unwrap();
    let good = json!({"scheduled_departure": "2013-07-01T12:30:00Z", "carrier": "UA", "origin": "EWR",
        "dest": "MCO", "distance": 937, "plane_year": 1994, "plane_seats": 178, "temp": 64.04,
        "humidity": 22.51, "wind_speed": 11.5078, "precip": 0.0, "pressure": 1030.7, "visib": 10.0});
    let huge = |record: &Value| record.as_object().unwrap().values().any(|v| v == &json!(1e300));
    assert!(schema_agrees(&contract, &variants(&good), huge) > 400);
}

#[test]
fn what_json_schema_cannot_say_is_in_a_comment() {
    let contract = "
format: driftline.contract/1
name: t
inputs:
  - {name: a, type: number, maximum: 5, severity: warn}
  - {name: b, type: text, checks: [{regex: {patterns: ['(?i)^x\\b']}}, {strftime: {format: '%Y'}}]}
  - {name: t, type: timestamp, minimum: 2013-01-01T00:00:00Z}
  - {name: c, type: number}
rules:
  - greater: {left: a, right: c}
";
    let schema: Value = serde_json::from_str(&exported(contract, "json-schema")).unwrap();
    let comment = |name: &str| schema["properties"][name]["$comment"].as_str().unwrap_or("");
    assert!(comment("a").contains("(-∞, 5] does not reject"), "{schema:#}");
    assert!(comment("b").contains("(?i)^x\\b") && comment("b").contains("%Y"), "{schema:#}");
    assert!(comment("t").contains("2013-01-01T00:00:00Z"), "{schema:#}");
    assert_eq!(comment("c"), "");
    let whole = schema["$comment"].as_str().unwrap();
    assert!(whole.contains("the rule `greater` over `a`, `c`"), "{whole}");
}

#[test]
fn typescript_names_every_field() {
    insta::assert_snapshot!(exported(CONTRACT, "typescript"));
}

#[test]
fn the_data_sheet_is_markdown_and_a_page() {
    insta::assert_snapshot!(exported(CONTRACT, "markdown"));
    let page = exported(CONTRACT, "html");
    insta::assert_snapshot!(page);
    assert!(!page.contains("<script"), "foreign text is no markup");
    assert!(!page.contains("src=") && !page.contains("href="), "nothing is loaded");
}

#[test]
fn a_bundle_has_identity_and_policy_in_its_sheet() {
    let desk = Desk::new();
    desk.build_flights(&["--no-package"]).good();
    let bundle = "dist/flights-delay.driftline";
    let sheet = desk.run(&["export", bundle, "--format", "markdown"]).good().out;
    assert!(sheet.contains("Identity: sha256:"), "{sheet}");
    assert!(sheet.contains("## Answers") && sheet.contains("a person decides"), "{sheet}");
    let schema = desk.run(&["export", bundle, "--format", "json-schema", "-o", "r.json"]).good();
    assert_eq!(schema.out, "");
    let schema: Value = serde_json::from_slice(&desk.read("r.json")).unwrap();
    assert_eq!(schema["title"], "flights-delay");
}
