//! The operators' conformance tests: every one must compile for the plan runtime and give the
//! expected values. What is left out, and why, stands in tests/engine/exclusions.json.

mod common;

use common::{Case, compile_with, data_dir, difference, run};
use driftline::error::ErrorCode;
use std::collections::BTreeMap;

/// Tests whose expected values are onnxruntime's and against the specification, with the reason.
const AGAINST_THE_TEXT: &[(&str, &str)] = &[
    (
        "ml_tree_classifier_3_classes_probit",
        "near 0.5 onnxruntime's binary32 inverse error function cancels to 0",
    ),
    (
        "ml_tree_classifier_binary_positive_class0_probit",
        "onnxruntime leaves the second score unwritten: it is what the memory held before",
    ),
    (
        "ml_tree_classifier_binary_two_weights_none_base",
        "onnxruntime answers 0 and 1 although the class labels are 3 and 9",
    ),
    (
        "ml_tree_classifier_binary_two_weights_logistic_base",
        "onnxruntime answers 0 and 1 although the class labels are 3 and 9",
    ),
];

#[test]
fn conformance() {
    let Some(dir) = data_dir("DRIFTLINE_CONFORMANCE_DIR", "tests/engine/conformance.py") else {
        return;
    };
    let mut passed = BTreeMap::new();
    let mut failures = Vec::new();
    let excepted = &mut 0;
    for case in Case::all(&dir) {
        let domain = case.entry["domain"].as_str().unwrap_or_default().to_owned();
        let against = AGAINST_THE_TEXT.iter().find(|(name, _)| *name == case.name);
        match check(&case) {
            Ok(()) if against.is_some() => {
                failures.push(format!("{}: now as expected; remove the exception", case.name));
            }
            Err((None, _)) if against.is_some() => *excepted += 1,
            Ok(()) => *passed.entry(domain).or_insert(0) += 1,
            Err((_, text)) => failures.push(format!("{}: {text}", case.name)),
        }
    }
    println!("passed: {passed:?}, against the text: {excepted}, failed: {}", failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn check(case: &Case) -> Result<(), (Option<ErrorCode>, String)> {
    let onnx = case.model();
    for (inputs, expected) in case.data_sets() {
        let compiled = compile_with(&onnx, &inputs).map_err(|e| (Some(e.code()), e.to_string()))?;
        let outputs = run(&compiled, &inputs).map_err(|e| (None, format!("{}: {e}", e.code())))?;
        for (name, want) in &expected {
            let got = outputs.get(name).ok_or((None, format!("output `{name}` is missing")))?;
            let (rtol, atol) = (case.number("rtol"), case.number("atol"));
            if let Some(text) = difference(got, want, rtol, atol) {
                return Err((None, format!("output `{name}`: {text}")));
            }
        }
    }
    Ok(())
}
