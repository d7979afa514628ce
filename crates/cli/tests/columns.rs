//! A scikit-learn pipeline whose preprocessing is inside the ONNX graph, one input a column: the
//! contract has no features, and each field goes to the graph's input of its name. The model and
//! scikit-learn's scores are written by `columns/make.py`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Answer, Desk, repository};

const CONTRACT: &str = "\
format: driftline.contract/1
name: visits
inputs:
  - {name: age, type: number, minimum: 0}
  - {name: income, type: number, minimum: 0}
  - {name: visits, type: integer, minimum: 0}
outputs: {kind: binary, labels: ['no', 'yes'], scores: probabilities}
";

fn file(name: &str) -> String {
    repository().join("crates/cli/tests/columns").join(name).display().to_string()
}

fn build(desk: &Desk, contract: &str) -> Answer {
    desk.write("contract.yaml", contract);
    let model = file("model.onnx");
    desk.run(&["build", &model, "--contract", "contract.yaml", "-o", "dist", "--json"])
}

#[test]
fn fields_go_to_the_graphs_inputs_of_their_names() {
    let desk = Desk::new();
    build(&desk, CONTRACT).good();
    let check = ["check", "dist/visits.driftline", "--input", &file("rows.csv")];
    let answer = desk.run(&[&check[..], &["--expected", &file("expected.csv"), "--json"]].concat());
    assert_eq!(answer.status, 0, "{answer:?}");
    let report = &answer.lines()[0];
    assert_eq!((report["rows"].as_u64(), report["values"].as_u64()), (Some(50), Some(100)));
    // an integer input takes no fraction, and neither does the graph
    let row = r#"{"age": 30, "income": 1000, "visits": 1.5}"#;
    let answer = desk.run_with(&["predict", "dist/visits.driftline", "--input", "-"], row);
    assert_eq!(answer.lines()[0]["violations"][0]["code"], "not_integer", "{answer:?}");
}

#[test]
fn a_missing_number_is_nan_for_the_graph_that_imputes() {
    let desk = Desk::new();
    let allowed = CONTRACT
        .replace("name: income, type: number", "name: income, type: number, missing: allow");
    build(&desk, &allowed).good();
    let view = desk.run(&["inspect", "dist/visits.driftline", "--json"]).good();
    let steps = &view.lines()[0]["contract"]["features"][1];
    assert_eq!(steps["steps"], serde_json::json!([{"missing_as_nan": {}}]), "{steps}");
    // an integer has no NaN
    let visits = CONTRACT.replace("type: integer", "type: integer, missing: allow");
    let answer = build(&desk, &visits);
    assert_eq!((answer.code(), answer.place().0), ("contract_invalid".into(), 6));
    assert!(answer.error()["help"].as_str().unwrap().contains("features"), "{answer:?}");
}

#[test]
fn an_input_of_the_graph_that_no_field_feeds_is_named() {
    let contract = CONTRACT.replace("name: income", "name: earnings");
    let answer = build(&Desk::new(), &contract);
    assert_eq!(answer.code(), "model_mismatch");
    let error = answer.error();
    assert!(error["message"].as_str().unwrap().contains("`income`"), "{error}");
    let help = error["help"].as_str().unwrap();
    assert!(help.contains("{name: income, type: number}"), "{error}");
}

#[test]
fn a_field_of_another_type_than_the_graphs_input_is_refused() {
    let contract = CONTRACT.replace("name: visits, type: integer", "name: visits, type: number");
    let answer = build(&Desk::new(), &contract);
    assert_eq!(answer.code(), "contract_invalid", "{answer:?}");
    let message = answer.error()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("gives a number, which a tensor of int64 cannot hold"), "{message}");
}
