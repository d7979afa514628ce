//! The operators' conformance tests: every one must compile for the plan runtime and give the
//! expected values. What is left out, and why, stands in tests/engine/exclusions.json.

mod common;

use common::{Case, compile_with, data_dir, difference, run};
use std::collections::BTreeMap;

#[test]
fn conformance() {
    let Some(dir) = data_dir("DRIFTLINE_CONFORMANCE_DIR", "tests/engine/conformance.py") else {
        return;
    };
    let mut passed = BTreeMap::new();
    let mut failures = Vec::new();
    for case in Case::all(&dir) {
        match check(&case) {
            Ok(()) => {
                let domain = case.entry["domain"].as_str().unwrap_or_default().to_owned();
                *passed.entry(domain).or_insert(0) += 1;
            }
            Err(text) => failures.push(format!("{}: {text}", case.name)),
        }
    }
    println!("passed: {passed:?}, failed: {}", failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn check(case: &Case) -> Result<(), String> {
    let onnx = case.model();
    for (inputs, expected) in case.data_sets() {
        let compiled = compile_with(&onnx, &inputs).map_err(|e| format!("{}: {e}", e.code()))?;
        let outputs = run(&compiled, &inputs).map_err(|e| format!("{}: {e}", e.code()))?;
        for (name, want) in &expected {
            let got = outputs.get(name).ok_or(format!("output `{name}` is missing"))?;
            let (rtol, atol) = (case.number("rtol"), case.number("atol"));
            if let Some(text) = difference(got, want, rtol, atol) {
                return Err(format!("output `{name}`: {text}"));
            }
        }
    }
    Ok(())
}
