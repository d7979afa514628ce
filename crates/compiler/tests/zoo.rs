//! Models that real libraries trained: labels equal ONNX Runtime's, scores are close.

mod common;

use common::{Case, compile_with, data_dir, difference, run};
use driftline::error::ErrorCode;
use driftline::tensor::{Tensor, TensorData};

/// Relative to the largest expected value of the output: ONNX Runtime sums binary32 numbers of that
/// size, so that this is what its smaller values are good for.
const TOLERANCE: f64 = 1e-5;

#[test]
fn zoo() {
    let Some(dir) = data_dir("DRIFTLINE_ZOO_DIR", "tests/engine/zoo.py") else { return };
    let (mut passed, mut missing, mut failures) = (0, Vec::new(), Vec::new());
    for case in Case::all(&dir) {
        match check(&case) {
            Ok(()) => passed += 1,
            Err((Some(ErrorCode::UnsupportedOperator), text)) => {
                missing.push(format!("{}: {text}", case.name));
            }
            Err((_, text)) => failures.push(format!("{}: {text}", case.name)),
        }
    }
    println!(
        "passed: {passed}, without an operator: {}, failed: {}",
        missing.len(),
        failures.len()
    );
    if std::env::var_os("DRIFTLINE_ENGINE_VERBOSE").is_some() {
        println!("{}", missing.join("\n"));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn check(case: &Case) -> Result<(), (Option<ErrorCode>, String)> {
    let onnx = case.model();
    for (inputs, expected) in case.data_sets() {
        let compiled = compile_with(&onnx, &inputs).map_err(|e| (Some(e.code()), e.to_string()))?;
        let outputs = run(&compiled, &inputs).map_err(|e| (None, format!("{}: {e}", e.code())))?;
        for (name, want) in &expected {
            let got = outputs.get(name).ok_or((None, format!("output `{name}` is missing")))?;
            if let Some(text) = difference(got, want, 0.0, TOLERANCE * largest(want)) {
                return Err((None, format!("output `{name}`: {text}")));
            }
        }
    }
    Ok(())
}

/// Largest magnitude.
fn largest(tensor: &Tensor) -> f64 {
    let most = |m: f64, x: f64| if x.is_finite() { m.max(x.abs()) } else { m };
    match tensor.data() {
        TensorData::Float32(v) => v.iter().fold(1e-3, |m, x| most(m, f64::from(*x))),
        TensorData::Float64(v) => v.iter().fold(1e-3, |m, x| most(m, *x)),
        _ => 0.0,
    }
}
