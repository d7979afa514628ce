//! What changed between contracts and between bundles.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Desk, flights};
use std::fs;

fn contract(edit: impl Fn(String) -> String) -> String {
    edit(fs::read_to_string(flights("contract.yaml")).unwrap())
}

#[test]
fn contracts_are_compared_clause_by_clause() {
    let desk = Desk::new();
    desk.write("a.yaml", contract(|t| t));
    desk.write(
        "b.yaml",
        contract(|t| {
            t.replace("maximum: 5500", "maximum: 5000")
                .replace("unit: \"degF\"", "unit: \"Cel\"")
                .replace(
                    "\"EWR\", \"JFK\", \"LGA\"\n    ]",
                    "\"EWR\", \"HPN\", \"JFK\", \"LGA\"\n    ]",
                )
                .replace("maximum: 900", "maximum: 1000")
                .replace("unknown_fields: reject", "unknown_fields: warn")
                .replace("description: air temperature", "description: temperature")
        }),
    );
    let answer = desk.run(&["diff", "a.yaml", "b.yaml"]).good();
    insta::assert_snapshot!(answer.out);
    for (level, status) in [("major", 1), ("minor", 1), ("patch", 1)] {
        let answer = desk.run(&["diff", "a.yaml", "b.yaml", "--fail-on", level]);
        assert_eq!(answer.status, status);
    }
    let same = desk.run(&["diff", "a.yaml", "a.yaml", "--fail-on", "patch", "--json"]).good();
    assert_eq!(same.lines()[0]["verdict"], "none");
    assert_eq!(same.lines()[0]["changes"].as_array().unwrap().len(), 0);
    let json = &desk.run(&["diff", "a.yaml", "b.yaml", "--json"]).good().lines()[0];
    assert_eq!(json["verdict"], "major");
    let distance = json["changes"].as_array().unwrap().iter();
    let distance = distance.filter(|c| c["path"] == "inputs.distance.maximum").collect::<Vec<_>>();
    assert_eq!((&distance[0]["before"], &distance[0]["breaking"]), (&"5500".into(), &true.into()));
}

#[test]
fn bundles_are_compared_with_policy_and_parts() {
    let desk = Desk::new();
    desk.build_flights(&["--no-package"]).good();
    fs::rename(desk.path("dist/flights-delay.driftline"), desk.path("a.driftline")).unwrap();
    let policy = fs::read_to_string(flights("policy.yaml")).unwrap();
    desk.write("policy.yaml", policy.replace("threshold: 0.69", "threshold: 0.75"));
    let (model, contract) = (flights("model.onnx"), flights("contract.yaml"));
    let build = ["build", &model, "--contract", &contract, "--policy", "policy.yaml"];
    desk.run(&[&build[..], &["--no-package", "-o", "dist"]].concat()).good();
    let b = "dist/flights-delay.driftline";
    let answer = desk.run(&["diff", "a.driftline", b, "--fail-on", "major", "--json"]);
    assert_eq!(answer.status, 1);
    let report = &answer.lines()[0];
    let changes = report["changes"].as_array().unwrap();
    let paths: Vec<&str> = changes.iter().map(|c| c["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["policy.labels.late.threshold", "parts.baseline", "references"]);
    assert_ne!(report["before"]["identity"], report["after"]["identity"]);
    let same = desk.run(&["diff", b, b, "--fail-on", "patch"]).good();
    assert!(same.out.ends_with("none: 0 major, 0 minor, 0 patch\n"), "{}", same.out);
    let uneven = desk.run(&["diff", b, &contract]).good();
    assert!(uneven.out.contains("only the contracts are compared"), "{}", uneven.out);
    assert!(uneven.out.ends_with("none: 0 major, 0 minor, 0 patch\n"), "{}", uneven.out);
}

#[test]
fn what_is_neither_is_refused_with_its_place() {
    let desk = Desk::new();
    desk.write("a.yaml", contract(|t| t)).write("b.yaml", "format: driftline.contract/1\nnme: x\n");
    let answer = desk.run(&["diff", "a.yaml", "b.yaml", "--json"]);
    assert_eq!(answer.code(), "contract_syntax");
    assert_eq!(answer.error()["place"]["file"], "b.yaml");
}
