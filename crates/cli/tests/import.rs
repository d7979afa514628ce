//! Schemas that the real libraries wrote, imported and used.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Desk, repository};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::io::Write as _;

fn peer(name: &str) -> String {
    repository().join("crates/cli/tests/peers").join(name).display().to_string()
}

/// Imports a sample; the contract.
fn import(desk: &Desk, origin: &str, name: &str) -> String {
    let answer = desk.run(&["import", origin, &peer(name), "-o", "contract.yaml"]);
    // each sample holds something that is about many rows
    assert_eq!(answer.status, 1, "{answer:?}");
    String::from_utf8(desk.read("contract.yaml")).unwrap()
}

/// Codes of the violations of one record.
fn verdict(desk: &Desk, record: &str) -> Vec<String> {
    let answer = desk.run_with(&["validate", "contract.yaml", "--input", "-"], record);
    assert!(answer.status < 2, "{answer:?}");
    let violations = &answer.lines()[0]["violations"];
    violations
        .as_array()
        .unwrap()
        .iter()
        .map(|v| format!("{} {}", v["input"].as_str().unwrap(), v["code"].as_str().unwrap()))
        .collect()
}

#[test]
fn great_expectations() {
    let desk = Desk::new();
    insta::assert_snapshot!(import(&desk, "great-expectations", "ge_suite.json"));
    let good = r#"{"account_id": 1, "age": 18, "amount": null, "country": "FR", "channel": "web", "opened": null, "closed": null, "email": null, "is_new": true, "label": 0}"#;
    assert!(verdict(&desk, good).is_empty());
    for (from, to, violations) in [
        (r#""email": null"#, r#""email": "a b@c""#, vec!["email pattern_mismatch"]),
        (r#""email": null"#, r#""email": "ab@c""#, vec![]),
        (r#""age": 18"#, r#""age": 120"#, vec!["age out_of_range"]),
        (r#""age": 18"#, r#""age": null"#, vec!["age missing_value"]),
        (r#""amount": null"#, r#""amount": 0"#, vec!["amount out_of_range"]),
        (r#""country": "FR""#, r#""country": "IT""#, vec!["country not_in_set"]),
        // a column without a type takes any value, and its key must be there
        (r#""is_new": true, "#, "", vec!["is_new missing_value"]),
        (r#""is_new": true"#, r#""is_new": null"#, vec![]),
        (r#""is_new": true"#, r#""is_old": true, "is_new": 1"#, vec!["is_old unknown_field"]),
        (
            r#""opened": null, "closed": null"#,
            r#""opened": "2024-01-02 00:00:00", "closed": "2024-01-01 00:00:00""#,
            vec!["closed rule_broken"],
        ),
        (
            r#""opened": null, "closed": null"#,
            r#""opened": "2024-01-02", "closed": null"#,
            vec!["opened bad_format"],
        ),
    ] {
        assert_eq!(verdict(&desk, &good.replace(from, to)), violations, "{to}");
    }
}

#[test]
fn tfdv() {
    let desk = Desk::new();
    insta::assert_snapshot!(import(&desk, "tfdv", "tfdv_schema.pbtxt"));
    let good = r#"{"account_id": 1, "age": 18, "country": "São Tomé", "channel": "web", "opened": "x", "closed": "y", "email": "z", "is_new": 1}"#;
    assert!(verdict(&desk, good).is_empty());
    assert_eq!(verdict(&desk, &good.replace("18", "17")), ["age out_of_range"]);
    assert_eq!(verdict(&desk, &good.replace("web", "shop")), ["channel not_in_set"]);
    assert_eq!(
        verdict(&desk, &good.replace("\"is_new\": 1", "\"is_new\": 2")),
        ["is_new not_in_set"]
    );
}

#[test]
fn mlflow() {
    let desk = Desk::new();
    insta::assert_snapshot!(import(&desk, "mlflow", "MLmodel"));
    let good = r#"{"account_id": 9007199254739993, "age": 66, "country": "DE", "channel": "web", "opened": "2024-01-01T01:00:00Z", "closed": "2024-01-02 01:00:00", "email": "", "is_new": false, "more": 1}"#;
    assert!(verdict(&desk, good).is_empty());
    // MLflow's JSON path makes 1 of this
    assert_eq!(verdict(&desk, &good.replace("66", "1.5")), ["age not_integer"]);
    assert_eq!(verdict(&desk, &good.replace("false", "\"false\"")), ["is_new wrong_type"]);
}

#[test]
fn pandera() {
    let desk = Desk::new();
    insta::assert_snapshot!(import(&desk, "pandera", "pandera_schema.yaml"));
    let good = r#"{"age": 18, "amount": null, "country": "FR", "email": "a@b", "opened": "2024-01-01T00:00:00Z", "more": 1}"#;
    assert!(verdict(&desk, good).is_empty());
    assert_eq!(verdict(&desk, &good.replace("18", "120")), ["age out_of_range"]);
    assert_eq!(verdict(&desk, &good.replace("null", "0")), ["amount out_of_range"]);
    assert_eq!(verdict(&desk, &good.replace("\"FR\"", "null")), ["country missing_value"]);
}

/// Why the library's verdict on a row of the sample file is none of the import's.
fn listed(library: &str, row: &Json) -> Option<&'static str> {
    let text = |field: &str| row[field].as_str();
    let naive = text("opened").is_some_and(|t| !t.ends_with('Z'));
    match library {
        "pandera" if text("amount").is_some() => Some("`columns.amount.coerce` is not carried"),
        "pandera" if naive => Some("`columns.opened.coerce` is not carried"),
        "tensorflow_data_validation" if row["amount"].is_i64() => {
            Some("a record's 7 and 7.0 are one number, columns of them are two there")
        }
        "tensorflow_data_validation" if row["amount"].as_f64() > Some(f64::from(f32::MAX)) => {
            Some("numbers have 32 bits there")
        }
        "mlflow" if row["amount"].is_i64() => {
            Some("defect: it takes 0 and 1 for a double and refuses 7")
        }
        _ => None,
    }
}

/// Whether the contract refuses the row, and whether it warns.
fn judged(line: &Json) -> (bool, bool) {
    let violations = line["violations"].as_array().unwrap();
    let has = |severity: &str| violations.iter().any(|v| v["severity"] == severity);
    (has("reject") || has("escalate"), has("warn"))
}

/// The rows of `tests/vectors/make_imports.py`, each judged by the library under its sample file.
#[test]
fn rows_are_judged_as_the_libraries_judged_them_under_the_same_file() {
    for (origin, library, sample) in [
        ("great-expectations", "great_expectations", "ge_suite.json"),
        ("pandera", "pandera", "pandera_schema.yaml"),
        ("mlflow", "mlflow", "MLmodel"),
        ("tfdv", "tensorflow_data_validation", "tfdv_schema.pbtxt"),
    ] {
        let file = repository().join(format!("tests/vectors/imports/{library}.json"));
        let recorded: Json = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let recorded = recorded["rows"].as_array().unwrap();
        let desk = Desk::new();
        import(&desk, origin, sample);
        let rows: Vec<String> = recorded.iter().map(|r| r["row"].to_string()).collect();
        desk.write("rows.jsonl", rows.join("\n"));
        let lines = desk.run(&["validate", "contract.yaml", "--input", "rows.jsonl"]).lines();
        assert_eq!(lines.len(), recorded.len());
        let (mut agree, mut other) = (0, BTreeMap::<&str, usize>::new());
        for (theirs, ours) in recorded.iter().zip(&lines) {
            if let Some(why) = listed(library, &theirs["row"]) {
                *other.entry(why).or_default() += 1;
                continue;
            }
            let (refused, warned) = judged(ours);
            assert_eq!(theirs["refused"], refused, "{library} {theirs} {ours}");
            // a clause on a field that is not there fails there, whatever it says
            if theirs["raised"] == false && !refused {
                assert_eq!(theirs["warned"], warned, "{library} {theirs} {ours}");
            }
            agree += 1;
        }
        let text = format!("{library}: {agree} rows of the sample agree, left out {other:?}\n");
        std::io::stderr().write_all(text.as_bytes()).unwrap();
        assert!(agree >= 45);
    }
}

#[test]
fn json_holds_contract_and_list() {
    let answer =
        Desk::new().run(&["import", "great-expectations", &peer("ge_suite.json"), "--json"]);
    assert_eq!(answer.status, 1);
    let value = &answer.lines()[0];
    assert_eq!(value["contract"]["name"], "credit_input_v1");
    let paths = |list: &str| -> Vec<&str> {
        let list = value[list].as_array().unwrap().iter();
        list.map(|l| l["path"].as_str().unwrap().split(' ').next().unwrap()).collect()
    };
    let rows = ["expectations[4]", "expectations[9]", "expectations[11]", "expectations[12]"];
    assert_eq!(paths("not_carried"), [&rows[..], &["expectations[13]"]].concat());
    let untyped = ["account_id", "channel", "closed", "is_new", "label"];
    assert_eq!(paths("notes"), [&untyped[..], &["accept"]].concat());
    assert!(answer.err.is_empty());
}

#[test]
fn what_is_about_many_rows_becomes_checks_of_windows() {
    let desk = Desk::new();
    for (origin, file, kinds) in [
        ("great-expectations", "ge_suite.json", vec!["mean", "non_null_share", "kl_divergence"]),
        (
            "tfdv",
            "tfdv_schema.pbtxt",
            vec!["non_null_share", "jensen_shannon", "linf", "jensen_shannon"],
        ),
    ] {
        let args =
            ["import", origin, &peer(file), "-o", "contract.yaml", "--window-checks", "w.json"];
        desk.run(&args);
        let written: Json = serde_json::from_slice(&desk.read("w.json")).unwrap();
        let checks = written["checks"].as_array().unwrap();
        let found: Vec<&str> = checks.iter().map(|c| c["of"]["kind"].as_str().unwrap()).collect();
        assert_eq!(found, kinds, "{origin}: {written:#}");
    }
    let build = |check: &str| {
        let file = format!("format: driftline.window_checks/1\nchecks:\n- {check}\n");
        desk.write("checks.yaml", file);
        desk.build_flights(&["--no-package", "--window-checks", "checks.yaml", "--json"])
    };
    let good = build("{input: temp, of: {kind: mean}, minimum: 30}").good();
    let with = serde_json::from_str::<Json>(&good.out).unwrap()["identity"].clone();
    // the identity covers the checks
    let without = desk.build_flights(&["--no-package", "--json"]).good();
    assert_ne!(with, serde_json::from_str::<Json>(&without.out).unwrap()["identity"]);
    for (fault, check) in [
        ("has no bins of `tmp`", "{input: tmp, of: {kind: mean}, minimum: 30}"),
        ("of another type", "{input: carrier, of: {kind: mean}, minimum: 30}"),
        ("needs a minimum or a maximum", "{input: temp, of: {kind: mean}}"),
        ("minimum is above its maximum", "{of: {kind: row_count}, minimum: 3, maximum: 2}"),
        ("level is not in [0, 1]", "{input: temp, of: {kind: quantile, level: 2}, maximum: 2}"),
        ("`average`", "{input: temp, of: {kind: average}, maximum: 2}"),
        ("`least`", "{input: temp, of: {kind: mean}, least: 2}"),
    ] {
        let answer = build(check);
        let error = answer.error();
        assert_eq!(error["code"], "baseline_invalid", "{error}");
        assert!(error["message"].as_str().unwrap().contains(fault), "{error}");
        assert_eq!(answer.place().0, 3, "{error}");
    }
}
