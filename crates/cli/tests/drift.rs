//! Drift from bare counts, and from rows beside a bundle's baseline.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Desk, flights, repository};
use serde_json::{Value, json};
use std::fs;
use std::io::Read;

const BUNDLE: &str = "dist/flights-delay.driftline";

const OUTCOMES: &str = "row_id,late,p_late";

const METRICS: [&str; 17] = [
    "psi_raw",
    "psi_jeffreys0.5",
    "kl_current_baseline_nat",
    "js_distance_base2",
    "hellinger",
    "tvd",
    "linf",
    "ks_binned_D",
    "wasserstein_mid",
    "wasserstein_mid_norm_by_baseline_std",
    "chi2_contingency_no_correction_stat",
    "chi2_contingency_no_correction_p",
    "chi2_contingency_no_correction_dof",
    "g_test_contingency_stat",
    "g_test_contingency_p",
    "psi_null_expectation",
    "psi_null_q95",
];

fn vectors() -> Vec<Value> {
    let text = fs::read(repository().join("tests/vectors/drift.json")).unwrap();
    serde_json::from_slice::<Value>(&text).unwrap()["cases"].as_array().unwrap().clone()
}

/// A case as the interface has it, without what the vectors add.
fn bare(case: &Value) -> Value {
    let keys = ["baseline_counts", "current_counts", "bin_edges", "categories"];
    Value::Object(keys.map(|key| (key.to_owned(), case[key].clone())).into_iter().collect())
}

fn compare(case: &Value, found: &Value) -> usize {
    let expected = &case["values"]["reference(scipy/numpy)"];
    for name in METRICS {
        let place = format!("{} {name}", case["id"]);
        assert!(found.get(name).is_some(), "{place} is not printed");
        match (&expected[name], &found[name]) {
            (Value::Number(expected), Value::Number(found)) => {
                let (expected, found) = (expected.as_f64().unwrap(), found.as_f64().unwrap());
                let error = (found - expected).abs();
                assert!(error <= 1e-9 * expected.abs(), "{place}: {found} for {expected}");
            }
            (expected, found) => assert_eq!(found, expected, "{place}"),
        }
    }
    METRICS.len()
}

#[test]
fn all_cases_equal_the_vectors_one_by_one_and_as_a_list() {
    let desk = Desk::new();
    let cases = vectors();
    let mut values = 0;
    desk.write("all.json", Value::Array(cases.iter().map(bare).collect()).to_string());
    let all = desk.run(&["drift", "--counts", "all.json", "--json"]).good();
    let all = all.lines().remove(0);
    assert_eq!(all.as_array().unwrap().len(), 51);
    for (case, found) in cases.iter().zip(all.as_array().unwrap()) {
        values += compare(case, found);
        assert!(found["verdict"]["verdict"].is_string());
    }
    for case in &cases {
        desk.write("one.json", bare(case).to_string());
        let one = desk.run(&["drift", "--counts", "one.json", "--json"]).good();
        values += compare(case, &one.lines()[0]);
    }
    println!("51 cases, {values} values equal the vectors to 1e-9");
}

#[test]
fn the_vectors_own_cases_are_taken_and_named() {
    let desk = Desk::new();
    desk.write("cases.json", Value::Array(vectors()).to_string());
    let answer = desk.run(&["drift", "--counts", "cases.json", "--json"]).good();
    assert_eq!(answer.lines()[0][0]["id"], "N01");
    let table = desk.run(&["drift", "--counts", "cases.json"]).good();
    assert!(table.out.contains("51 features: "), "{}", table.out);
    insta::assert_snapshot!(table.out);
}

#[test]
fn the_exit_status_follows_the_verdict_that_was_asked_for() {
    let desk = Desk::new();
    desk.write("drifted.json", r#"{"baseline_counts": [500, 500], "current_counts": [300, 700]}"#);
    desk.write(
        "slight.json",
        r#"{"baseline_counts": [500000, 500000], "current_counts": [495000, 505000]}"#,
    );
    desk.write("few.json", r#"{"baseline_counts": [500, 500], "current_counts": [1, 0]}"#);
    for (file, level, status) in [
        ("drifted.json", None, 0),
        ("drifted.json", Some("drifted"), 1),
        ("slight.json", Some("drifted"), 0),
        ("slight.json", Some("slight"), 1),
        ("few.json", Some("slight"), 0),
    ] {
        let mut args = vec!["drift", "--counts", file];
        args.extend(level.map(|level| ["--fail-on", level]).into_iter().flatten());
        assert_eq!(desk.run(&args).status, status, "{args:?}");
    }
    let few = desk.run(&["drift", "--counts", "few.json", "--json"]).good();
    assert_eq!(few.lines()[0]["verdict"]["verdict"], "too_few");
}

#[test]
fn an_empty_side_has_no_statistics_and_too_few_records() {
    let desk = Desk::new();
    desk.write("none.json", r#"{"baseline_counts": [5, 5], "current_counts": [0, 0]}"#);
    let answer = &desk.run(&["drift", "--counts", "none.json", "--json"]).good().lines()[0];
    assert!(METRICS.iter().all(|name| answer[name].is_null()), "{answer}");
    assert_eq!(answer["verdict"]["verdict"], "too_few");
    desk.write("empty.json", "[]");
    assert_eq!(desk.run(&["drift", "--counts", "empty.json", "--json"]).good().out, "[]\n");
}

#[test]
fn bad_counts_are_refused_with_their_place() {
    let desk = Desk::new();
    let good = json!({"baseline_counts": [5, 5], "current_counts": [4, 6]});
    let with = |key: &str, value: Value| {
        let mut case = good.clone();
        case[key] = value;
        case.to_string()
    };
    for (text, place) in [
        (with("current_counts", json!([1])), "current_counts"),
        (with("baseline_counts", json!([])), "baseline_counts"),
        (with("bin_edges", json!([0, 1])), "bin_edges"),
        (with("bin_edges", json!([0, 2, 1])), "bin_edges"),
        (with("categories", json!(["a"])), "categories"),
        (with("categories", json!(["a", "a"])), "categories"),
        (with("current_counts", json!([9007199254740992u64, 0])), "current_counts"),
    ] {
        desk.write("bad.json", &text);
        let answer = desk.run(&["drift", "--counts", "bad.json", "--json"]);
        assert_eq!(answer.code(), "bad_input", "{text}");
        assert_eq!(answer.error()["place"]["path"], place, "{text}");
        desk.write("bad.json", format!("[{good}, {text}]"));
        let answer = desk.run(&["drift", "--counts", "bad.json", "--json"]);
        assert_eq!(answer.error()["place"]["path"], format!("[1].{place}"), "{text}");
        assert_eq!(answer.error()["place"]["file"], "bad.json");
    }
    for text in [
        with("current_counts", json!([4.5, 6])),
        with("current_counts", json!([-4, 6])),
        with("current_counts", json!(["4", 6])),
        with("current_counts", json!([null, 6])),
        with("bin_edge", json!([0, 1, 2])),
        good.to_string().replace("[4,6]", "[4,NaN]"),
        good.to_string().replace("[4,6]", "[4,1e999]"),
        "{\"baseline_counts\": [1]}".to_owned(),
        "7".to_owned(),
        String::new(),
    ] {
        desk.write("bad.json", &text);
        let answer = desk.run(&["drift", "--counts", "bad.json", "--json"]);
        assert_eq!(answer.code(), "bad_input", "{text}");
        let error = answer.error();
        assert!(error["place"]["line"].is_u64() && error["place"]["column"].is_u64(), "{error}");
        for name in ["u64", "f64", "i64", "struct", "Written"] {
            assert!(!error["message"].as_str().unwrap().contains(name), "{error}");
        }
    }
    assert_eq!(desk.run(&["drift", "--counts", "absent.json", "--json"]).code(), "io");
    let usage = desk.run(&["drift", "--counts", "bad.json", "--fdr", "2", "--json"]);
    assert_eq!(usage.code(), "bad_usage");
}

/// The first `rows` production rows of one month.
fn month(month: &str, rows: usize) -> String {
    let text = fs::read(flights("production.csv.gz")).unwrap();
    let mut csv = String::new();
    flate2::read::GzDecoder::new(&text[..]).read_to_string(&mut csv).unwrap();
    let mut lines = csv.lines();
    let header = lines.next().unwrap();
    let at = format!("2013-{month}-");
    let of = lines.filter(|line| line.contains(&at)).take(rows);
    std::iter::once(header).chain(of).collect::<Vec<_>>().join("\n")
}

#[test]
fn july_drifts_from_the_spring_and_the_report_says_where() {
    let desk = Desk::new();
    desk.build_flights(&["--no-package"]).good();
    desk.write("july.csv", month("07", 2_000));
    desk.write("weights.json", r#"{"temp": 3, "humidity": 1}"#);
    let drift = ["drift", "--baseline", BUNDLE, "--current", "july.csv", "--ignore", OUTCOMES];
    let more = ["--json", "--html", "july.html", "--importance", "weights.json"];
    let answer = desk.run(&[&drift[..], &more].concat());
    assert_eq!(answer.status, 1, "{}", answer.err);
    let report = &answer.lines()[0];
    assert_eq!(report["verdict"], "drifted");
    let features = report["features"].as_array().unwrap();
    let of = |name: &str| features.iter().find(|f| f["name"] == name).unwrap();
    // July is hotter than the months of the baseline
    assert_eq!(of("temp")["verdict"], "drifted");
    assert!(of("temp")["moved"][0]["residual"].as_f64().unwrap().abs() > 3.0);
    assert_eq!(of("origin")["verdict"], "stable");
    assert_eq!(of("temp")["unit"], "degF");
    assert!(features.iter().any(|f| f["name"] == "predicted label"));
    for feature in features {
        let sum = |key: &str| -> u64 {
            feature[key].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).sum()
        };
        assert_eq!(sum("current_counts"), report["records"].as_u64().unwrap());
        assert_eq!(sum("baseline_counts"), report["baseline_rows"].as_u64().unwrap());
    }
    let accuracy = report["estimated"]["accuracy"]["value"].as_f64().unwrap();
    assert!((0.5..1.0).contains(&accuracy));
    assert!(
        report["weighted_effect"].as_f64().unwrap() > of("humidity")["effect"].as_f64().unwrap()
    );

    let page = String::from_utf8(desk.read("july.html")).unwrap();
    assert_eq!(page.matches("<svg").count(), features.len());
    assert!(page.contains("temp<span class=\"soft\">, in degF</span>"));
    for absent in ["<script", "http:", "https:", "src=", "NaN", ">inf"] {
        assert!(!page.contains(absent), "{absent}");
    }
    let text = desk.run(&drift);
    assert_eq!(text.status, 1);
    assert!(text.out.contains("accuracy without labels") && text.out.contains("temp  "));
}

#[test]
fn a_report_that_asks_for_what_is_not_there_is_refused() {
    let desk = Desk::new();
    let (model, contract) = (flights("model.onnx"), flights("contract.yaml"));
    let build = ["build", &model, "--contract", &contract, "--policy", &flights("policy.yaml")];
    desk.run(&[&build[..], &["--no-package", "-o", "dist"]].concat()).good();
    desk.write("rows.csv", month("06", 3));
    let drift = ["drift", "--baseline", BUNDLE, "--current", "rows.csv", "--ignore", OUTCOMES];
    assert_eq!(desk.run(&[&drift[..], &["--json"]].concat()).code(), "bundle_part");
    desk.build_flights(&["--no-package"]).good();
    let few = desk.run(&[&drift[..], &["--json"]].concat()).good();
    assert_eq!(few.lines()[0]["verdict"], "too_few");
    for (weights, code) in [
        (r#"{"tmp": 1}"#, "bad_usage"),
        (r#"{"temp": -1}"#, "bad_usage"),
        (r#"{"temp": "1"}"#, "bad_input"),
    ] {
        desk.write("weights.json", weights);
        let asked = [&drift[..], &["--json", "--importance", "weights.json"]].concat();
        assert_eq!(desk.run(&asked).code(), code, "{weights}");
    }
    assert_eq!(desk.run(&["drift", "--json"]).code(), "bad_usage");
    assert_eq!(desk.run(&["drift", "--baseline", BUNDLE, "--json"]).code(), "bad_usage");
    let both = ["drift", "--baseline", BUNDLE, "--counts", "x", "--current", "y", "--json"];
    assert_eq!(desk.run(&both).code(), "bad_usage");
}
