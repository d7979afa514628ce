//! The operators' conformance tests: every one that compiles must give the expected values.

mod common;

use common::{Case, compile_with, data_dir, difference, run};
use driftline::error::ErrorCode;
use std::collections::BTreeMap;

#[test]
fn conformance() {
    let Some(dir) = data_dir("DRIFTLINE_CONFORMANCE_DIR", "tests/engine/conformance.py") else {
        return;
    };
    let mut passed = BTreeMap::new();
    let mut missing = BTreeMap::new();
    let mut failures = Vec::new();
    for case in Case::all(&dir) {
        let domain = case.entry["domain"].as_str().unwrap_or_default().to_owned();
        match check(&case) {
            Ok(()) => *passed.entry(domain).or_insert(0) += 1,
            Err((Some(code), text)) if not_carried(code) => {
                *missing.entry((domain, code.as_str())).or_insert(0) += 1;
                if std::env::var_os("DRIFTLINE_ENGINE_VERBOSE").is_some() {
                    println!("{}: {text}", case.name);
                }
            }
            Err((_, text)) => failures.push(format!("{}: {text}", case.name)),
        }
    }
    println!("passed: {passed:?}, not carried: {missing:?}, failed: {}", failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Codes that say that the plan runtime does not take the model.
fn not_carried(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::UnsupportedOperator | ErrorCode::UnsupportedType | ErrorCode::DynamicShape
    )
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
