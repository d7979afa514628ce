//! A network over an image and an embedding, from rows of JSON to scores. The model, the rows and
//! onnxruntime's scores after Pillow's preparation are written by `tests/arrays/make.py`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Desk, repository};

fn file(name: &str) -> String {
    repository().join("tests/arrays").join(name).display().to_string()
}

fn built(desk: &Desk) {
    let (model, contract) = (file("model.onnx"), file("contract.yaml"));
    desk.run(&["build", &model, "--contract", &contract, "-o", "dist"]).good();
}

#[test]
fn scores_are_onnxruntimes_after_pillow() {
    let desk = Desk::new();
    built(&desk);
    let args = ["check", "dist/arrays.driftline", "--input", &file("rows.jsonl"), "--json"];
    let answer = desk.run(&[&args[..], &["--expected", &file("expected.csv")]].concat());
    assert_eq!(answer.status, 0, "{answer:?}");
    let report = &answer.lines()[0];
    assert_eq!((report["rows"].as_u64(), report["values"].as_u64()), (Some(8), Some(24)));
}

#[test]
fn arrays_that_break_the_contract_are_refused_and_nothing_is_reshaped() {
    let desk = Desk::new();
    built(&desk);
    let profile = "[0, 0, 0, 0]";
    let photo = "[[[1, 2, 3, 255]]]";
    for (photo, profile, violation) in [
        ("[[[1, 2, 3]]]", profile, "photo wrong_shape"),
        ("[[1, 2, 3, 4]]", profile, "photo wrong_shape"),
        ("[[[1, 2, 3, 256]]]", profile, "photo not_representable"),
        ("[[[1, 2, 3, -1]]]", profile, "photo not_representable"),
        ("[[[1, 2, 3, 0.5]]]", profile, "photo not_integer"),
        ("\"AQIDBA==\"", profile, "photo wrong_type"),
        ("null", profile, "photo missing_value"),
        (photo, "[0, 0, 0]", "profile wrong_shape"),
        (photo, "[0, 0, 0, 10.5]", "profile out_of_range"),
        (photo, "[0, 0, null, 0]", "profile wrong_type"),
        (photo, "[0, 0, \"0\", 0]", "profile wrong_type"),
    ] {
        let row = format!("{{\"photo\": {photo}, \"profile\": {profile}}}");
        let answer = desk.run_with(&["predict", "dist/arrays.driftline", "--input", "-"], &row);
        let decision = &answer.lines()[0];
        let found = &decision["violations"][0];
        let found =
            format!("{} {}", found["input"].as_str().unwrap(), found["code"].as_str().unwrap());
        assert_eq!((decision["action"].as_str(), &*found), (Some("reject"), violation), "{row}");
    }
}
