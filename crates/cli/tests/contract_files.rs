//! Contracts and policies with faults: each is refused with its code, line and column.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Desk, flights};
use std::fs;

const CONTRACT: &str = "\
format: driftline.contract/1
name: toy
inputs:
  - name: age
    type: integer
    minimum: 0
    maximum: 150
  - name: colour
    type: category
    values: [red, green]
";

fn validate(contract: &str) -> common::Answer {
    let desk = Desk::new();
    desk.write("contract.yaml", contract).write("rows.csv", "age,colour\n3,red\n");
    desk.run(&["validate", "contract.yaml", "--input", "rows.csv", "--json"])
}

#[test]
fn a_good_contract_in_yaml_and_in_json_is_the_same() {
    let yaml = validate(CONTRACT).good();
    let value: serde_json::Value = serde_json::json!({
        "format": "driftline.contract/1", "name": "toy", "inputs": [
            {"name": "age", "type": "integer", "minimum": 0, "maximum": 150},
            {"name": "colour", "type": "category", "values": ["red", "green"]}]});
    let json = validate(&serde_json::to_string_pretty(&value).unwrap()).good();
    assert_eq!(yaml.out, json.out);
    assert_eq!(yaml.out, "{\"line\":2,\"violations\":[]}\n");
}

#[test]
fn unknown_key_has_its_line() {
    let answer = validate(&CONTRACT.replace("minimum: 0", "minimun: 0"));
    assert_eq!((answer.code(), answer.place()), ("contract_syntax".into(), (6, 5)));
    assert!(answer.error()["help"].as_str().unwrap().contains("`minimum`"), "{answer:?}");
}

#[test]
fn duplicate_key_has_its_line() {
    let answer = validate(&CONTRACT.replace("maximum: 150", "minimum: 150"));
    assert_eq!((answer.code(), answer.place()), ("contract_syntax".into(), (7, 5)));
}

#[test]
fn wrong_type_has_its_line() {
    let answer = validate(&CONTRACT.replace("name: toy", "name: [toy]"));
    assert_eq!((answer.code(), answer.place().0), ("contract_syntax".into(), 2));
    let answer = validate(&CONTRACT.replace("type: integer", "type: int"));
    assert_eq!((answer.code(), answer.place()), ("contract_syntax".into(), (5, 11)));
    assert!(answer.error()["help"].as_str().unwrap().contains("`"), "{answer:?}");
}

#[test]
fn unquoted_no_is_neither_text_nor_boolean() {
    let answer = validate(&CONTRACT.replace("red, green", "red, no"));
    assert_eq!((answer.code(), answer.place()), ("contract_syntax".into(), (10, 19)));
    validate(&CONTRACT.replace("red, green", "red, \"no\"")).good();
    validate(&CONTRACT.replace("red, green", "red, 9E")).good();
}

#[test]
fn contradiction_has_the_line_of_its_clause() {
    let answer = validate(&CONTRACT.replace("minimum: 0", "minimum: 200"));
    assert_eq!(answer.code(), "contract_invalid");
    assert_eq!(answer.place().0, 6);
    assert_eq!(answer.error()["place"]["file"], "contract.yaml");
}

#[test]
fn the_error_shows_the_line_to_people() {
    let desk = Desk::new();
    desk.write("contract.yaml", CONTRACT.replace("minimum: 0", "minimum: low"))
        .write("rows.csv", "age,colour\n");
    let answer = desk.run(&["validate", "contract.yaml", "--input", "rows.csv"]);
    assert_eq!(answer.status, 2);
    insta::assert_snapshot!(answer.err);
}

#[test]
fn unknown_zone_names_the_clause() {
    let desk = Desk::new();
    let contract = fs::read_to_string(flights("contract.yaml")).unwrap();
    let line = contract.lines().position(|l| l.contains("America/New_York")).unwrap() + 1;
    desk.write("contract.yaml", contract.replacen("America/New_York", "America/NewYork", 1));
    let answer = desk.run(&[
        "build",
        &flights("model.onnx"),
        "--contract",
        "contract.yaml",
        "-o",
        "dist",
        "--json",
    ]);
    assert_eq!(answer.code(), "unknown_zone");
    assert_eq!(answer.place().0, line as u64);
    assert!(!desk.path("dist").exists(), "nothing is written");
}

#[test]
fn policy_that_does_not_fit_has_its_line() {
    let desk = Desk::new();
    let policy = "format: driftline.policy/1\nlabels:\n  on_time: { threshold: 0.5 }\n  \
                  late: { threshold: 1.5 }\n";
    desk.write("policy.yaml", policy);
    let (model, contract) = (flights("model.onnx"), flights("contract.yaml"));
    let build = ["build", &model, "--contract", &contract, "--policy", "policy.yaml"];
    let build = |desk: &Desk| desk.run(&[&build[..], &["-o", "dist", "--json"]].concat());
    assert_eq!((build(&desk).code(), build(&desk).place().0), ("policy_invalid".into(), 4));
    desk.write("policy.yaml", policy.replace("threshold: 1.5", "treshold: 0.5"));
    assert_eq!((build(&desk).code(), build(&desk).place()), ("policy_syntax".into(), (4, 11)));
}

#[test]
fn the_check_fails_from_the_severity_that_was_asked_for() {
    let desk = Desk::new();
    let contract = CONTRACT.replace("minimum: 0", "minimum: 0\n    severity: warn");
    desk.write("contract.yaml", contract.replace("green]", "green]\n    unseen: escalate"))
        .write("warned.csv", "age,colour\n-1,red\n")
        .write("escalated.csv", "age,colour\n-1,red\n3,blue\n")
        .write("refused.csv", "age,colour\n3,blue\n,red\n")
        .write("unread.csv", "age,colour\n3,red,4\n");
    let status = |rows: &str, least: &[&str]| {
        let args = [&["validate", "contract.yaml", "--input", rows], least].concat();
        desk.run(&args).status
    };
    for (rows, expected) in [
        ("warned.csv", [1, 1, 0, 0]),
        ("escalated.csv", [1, 1, 1, 0]),
        ("refused.csv", [1, 1, 1, 1]),
        ("unread.csv", [2, 2, 2, 2]),
    ] {
        let asked = ["warn", "escalate", "reject"].map(|s| status(rows, &["--fail-on", s]));
        assert_eq!([status(rows, &[]), asked[0], asked[1], asked[2]], expected, "{rows}");
    }
    let args = ["validate", "contract.yaml", "--input", "escalated.csv", "--fail-on", "reject"];
    let answer = desk.run(&args).good();
    assert_eq!(answer.lines().len(), 2, "every row is told all the same");
    assert!(
        answer.err.contains("2 rows: 2 break the contract (0 of them fail the check)"),
        "{answer:?}"
    );
}

/// What the help of an error asks to append: all after its first empty line.
fn to_append(answer: &common::Answer) -> String {
    let error = answer.error();
    let (_, text) = error["help"].as_str().unwrap().split_once("\n\n").unwrap();
    format!("{text}\n")
}

#[test]
fn what_a_contract_says_too_little_of_can_be_pasted_from_the_help() {
    let kinds = common::repository().join("tests/kinds/regression");
    let whole = fs::read_to_string(kinds.join("contract.yaml")).unwrap();
    let inputs = whole.split("features:").next().unwrap();
    let model = kinds.join("model.onnx").display().to_string();
    let desk = Desk::new();
    let build = |contract: &str| {
        desk.write("contract.yaml", contract);
        desk.run(&["build", &model, "--contract", "contract.yaml", "-o", "out", "--json"])
    };
    let answer = build(inputs);
    assert_eq!(answer.code(), "contract_invalid");
    let outputs = to_append(&answer);
    assert_eq!(outputs, "outputs: {kind: regression, scores: variable}\n");
    let answer = build(&format!("{inputs}{outputs}"));
    assert_eq!(answer.code(), "model_mismatch");
    let features = to_append(&answer).replace("\"X\"", "X");
    build(&format!("{inputs}{features}{outputs}")).good();
    assert_eq!(format!("{inputs}{features}"), whole.split("outputs:").next().unwrap());

    // one number less than the model has columns: nothing is guessed
    let fewer = inputs.replacen("  - {name: age, type: number}\n", "", 1);
    let answer = build(&format!("{fewer}{outputs}"));
    let help = answer.error()["help"].as_str().unwrap().to_owned();
    assert!(help.contains("10 columns, and the contract has 9 numbers"), "{help}");
    assert!(!help.contains("\n"), "{help}");
}

#[test]
fn labels_are_counted_in_the_help_and_not_guessed() {
    let kinds = common::repository().join("tests/kinds/multilabel");
    let contract = fs::read_to_string(kinds.join("contract.yaml")).unwrap();
    let desk = Desk::new();
    desk.write("contract.yaml", contract.split("outputs:").next().unwrap());
    let model = kinds.join("model.onnx").display().to_string();
    let answer = desk.run(&["build", &model, "--contract", "contract.yaml", "-o", "out"]);
    assert_eq!(answer.status, 2);
    insta::assert_snapshot!(answer.err);
}
