//! Certified thresholds by the command: from bare confidences, and from labelled flights.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Desk, flights, repository};
use serde_json::Value;
use std::fmt::Write as _;

const BUNDLE: &str = "dist/flights-delay.driftline";

#[test]
fn confidences_give_the_thresholds_of_the_vectors() {
    let desk = Desk::new();
    let path = repository().join("tests/vectors/policy.json");
    let vectors: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let cases = vectors["threshold_selection"].as_array().unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let mut text = String::from("confidence,correct\n");
        let wrong = case["error"].as_array().unwrap();
        for (c, w) in case["confidence"].as_array().unwrap().iter().zip(wrong) {
            writeln!(text, "{c},{}", 1 - w.as_u64().unwrap()).unwrap();
        }
        desk.write("scores.csv", &text);
        let alpha = case["alpha"].as_f64().unwrap();
        let confidence = (1.0 - case["delta"].as_f64().unwrap()).to_string();
        let args = ["calibrate", "--scores", "scores.csv", "--max-error", &alpha.to_string()];
        let args = [&args[..], &["--confidence", &confidence]].concat();
        let answer = desk.run(&[&args[..], &["--json"]].concat()).good();
        let found: Value = serde_json::from_str(&answer.out).unwrap();
        let keys: Vec<&String> = found.as_object().unwrap().keys().collect();
        assert_eq!(keys.len(), 5, "{found}");
        for key in ["threshold", "accepted", "errors", "coverage", "rows_needed"] {
            assert!(keys.iter().any(|k| *k == key), "{found}");
        }
        assert_eq!(found["threshold"], case["ltt_threshold"], "{}", case["id"]);
        let rows = case["grid_rows"].as_array().unwrap();
        let chosen = rows.iter().find(|r| r[0] == found["threshold"]);
        let counts = chosen.map_or((0, 0), |r| (r[1].as_u64().unwrap(), r[2].as_u64().unwrap()));
        assert_eq!(
            (found["accepted"].as_u64().unwrap(), found["errors"].as_u64().unwrap()),
            counts
        );
        let total = wrong.len() as f64;
        assert_eq!(found["coverage"].as_f64().unwrap(), counts.0 as f64 / total);
        let plain = desk.run(&args).good().out;
        if found["threshold"].is_null() {
            assert!(plain.contains("escalate all"), "{plain}");
        } else {
            assert!(plain.starts_with("accept from confidence "), "{plain}");
        }
        if case["id"] == "T5" {
            assert_eq!(found["rows_needed"], 598);
            assert!(plain.starts_with("too few rows: escalate all; 598 accepted rows"), "{plain}");
        }
    }
}

#[test]
fn files_of_confidences_that_are_none_are_refused_with_their_line() {
    let desk = Desk::new();
    for (text, line) in [
        ("confidence,correct\n0.5,1\n1.5,1\n", 3),
        ("confidence,correct\nNaN,1\n", 2),
        ("confidence,correct\n0.5,2\n", 2),
        ("confidence,correct\n0.5,\n", 2),
        ("confidence,right\n0.5,1\n", 2),
        ("confidence,correct\n0.5,1,1\n", 2),
        ("confidence,correct\nhigh,1\n", 2),
    ] {
        desk.write("scores.csv", text);
        let args = ["calibrate", "--scores", "scores.csv", "--max-error", "0.05", "--json"];
        let answer = desk.run(&args);
        assert_eq!((answer.code().as_str(), answer.place().0), ("bad_input", line), "{text}");
    }
    desk.write("scores.csv", "confidence,correct\n");
    for (name, value) in [("--max-error", "0"), ("--max-error", "1"), ("--max-error", "nan")] {
        let answer = desk.run(&["calibrate", "--scores", "scores.csv", name, value, "--json"]);
        assert_eq!(answer.code(), "bad_usage");
    }
    let empty = desk.run(&["calibrate", "--scores", "scores.csv", "--max-error", "0.05"]).good();
    assert!(empty.out.contains("118 accepted rows are needed"), "{}", empty.out);
}

#[test]
fn flights_get_a_certified_policy_that_build_takes() {
    let desk = Desk::new();
    desk.build_flights(&["--no-package"]).good();
    let rows = flights("calibration.csv.gz");
    let args = ["calibrate", BUNDLE, "--labelled", &rows, "--label", "late"];
    let args = [&args[..], &["--ignore", "row_id,p_late", "--max-error", "0.2"]].concat();
    let args = [&args[..], &["--max-default-error", "0.6", "--label-sets", "0.9"]].concat();
    let files = ["-o", "policy.json", "--html", "report.html", "--svg", "report.svg"];
    let answer = desk.run(&[&args[..], &files, &["--json"]].concat()).good();
    let report: Value = serde_json::from_str(&answer.out).unwrap();
    let split = &report["split"];
    let used = split["fit"].as_u64().unwrap() + split["certify"].as_u64().unwrap();
    assert_eq!(used + report["refused"].as_u64().unwrap(), 6_000, "{split}");
    let reliability = &report["reliability"];
    let ece = |i: usize| reliability[i]["ece"].as_f64().unwrap();
    assert!(ece(1) < ece(0), "calibration helps: {} to {}", ece(0), ece(1));
    let policy: Value = serde_json::from_slice(&desk.read("policy.json")).unwrap();
    let on_time = &policy["certificate"]["certified"]["on_time"];
    assert!(on_time["accepted"].as_u64().unwrap() > 1_000, "{policy}");
    assert!(on_time["upper_bound"].as_f64().unwrap() <= 0.2, "{policy}");
    assert!(policy["certificate"]["data"].as_str().unwrap().starts_with("sha256:"));
    let picture = String::from_utf8(desk.read("report.svg")).unwrap();
    assert!(picture.starts_with("<svg") && !picture.contains("NaN"), "{picture}");
    assert!(String::from_utf8(desk.read("report.html")).unwrap().contains("on_time"));
    let again = desk.run(&[&args[..], &["-o", "again.json", "--json"]].concat()).good();
    assert_eq!((again.out, desk.read("again.json")), (answer.out, desk.read("policy.json")));

    // the same rows, told otherwise
    let build = ["build", &flights("model.onnx"), "--contract", &flights("contract.yaml")];
    let build = [&build[..], &["--policy", "policy.json", "--no-package", "-o", "out"]].concat();
    desk.run(&build).good();
    let predict = ["predict", "out/flights-delay.driftline", "--ignore", "row_id,late,p_late"];
    let predicted = desk.run(&[&predict[..], &["--input", &rows]].concat()).good().lines();
    let count = |key: &str, value: &str| predicted.iter().filter(|d| d[key] == value).count();
    assert!(count("action", "accept") > 2_000);
    let escalated =
        predicted.iter().filter(|d| d["action"] == "escalate" && !d["scores"].is_null());
    assert!(escalated.clone().count() > 0);
    assert!(escalated.clone().all(|d| !d["label_set"].as_array().unwrap().is_empty()));
}

#[test]
fn too_few_labelled_rows_give_a_policy_that_accepts_nothing() {
    let desk = Desk::new();
    desk.build_flights(&["--no-package"]).good();
    let golden = std::fs::read_to_string(flights("golden.csv")).unwrap();
    let labelled = golden.lines().enumerate().map(|(i, line)| match i {
        0 => format!("{line},outcome\n"),
        i if i % 7 == 0 => format!("{line},\n"),
        i => format!("{line},{}\n", if i % 4 == 0 { "late" } else { "on_time" }),
    });
    desk.write("rows.csv", labelled.take(60).collect::<String>());
    let args = ["calibrate", BUNDLE, "--labelled", "rows.csv", "--label", "outcome"];
    let args = [&args[..], &["--max-error", "0.05", "-o", "policy.json"]].concat();
    let out = desk.run(&args).good().out;
    assert!(
        out.contains("too few rows: escalate all") && out.contains("8 without a label"),
        "{out}"
    );
    let policy: Value = serde_json::from_slice(&desk.read("policy.json")).unwrap();
    assert!(policy["labels"]["late"]["threshold"].is_null(), "{policy}");

    desk.write("rows.csv", golden.lines().take(3).collect::<Vec<_>>().join("\n"));
    let missing = desk.run(&[&args[..], &["--json"]].concat());
    assert_eq!(missing.code(), "bad_input", "{missing:?}");
    let unnamed = ["calibrate", BUNDLE, "--labelled", "rows.csv", "--label", "a,b"];
    let answer = desk.run(&[&unnamed[..], &["--max-error", "0.05", "--json"]].concat());
    assert_eq!(answer.code(), "bad_usage");
}
