//! What cannot be compiled is named: node, operator, domain, version and what to do.
#![allow(clippy::unwrap_used)]

use driftline::ErrorCode;
use driftline_compiler::{Options, compile, operators};

/// Protobuf by hand: field number with length-delimited bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2, u8::try_from(bytes.len()).unwrap()];
    out.extend_from_slice(bytes);
    out
}

/// A model with one node `n` from `x` (float, N rows of 2) to `y`.
fn model(domain: &str, operator: &str) -> Vec<u8> {
    let node = [
        field(1, b"x"),
        field(2, b"y"),
        field(3, b"n"),
        field(4, operator.as_bytes()),
        field(7, domain.as_bytes()),
    ]
    .concat();
    let dims = [field(1, &field(2, b"N")), field(1, &[1 << 3, 2])].concat();
    let ty = field(1, &[vec![1 << 3, 1], field(2, &dims)].concat());
    let input = [field(1, b"x"), field(2, &ty)].concat();
    let graph = [field(1, &node), field(11, &input), field(12, &field(1, b"y"))].concat();
    let opset = [field(1, domain.as_bytes()), vec![2 << 3, 17]].concat();
    [vec![1 << 3, 8], field(7, &graph), field(8, &opset)].concat()
}

fn error(onnx: &[u8]) -> driftline::Error {
    compile(onnx, &Options::default()).map(|_| ()).unwrap_err()
}

#[test]
fn an_unknown_operator_is_named() {
    let error = error(&model("com.example", "Frobnicate"));
    assert_eq!(error.code(), ErrorCode::UnsupportedOperator);
    for part in ["`n`", "Frobnicate", "com.example", "17"] {
        assert!(error.message().contains(part), "{part} is not in `{error}`");
    }
    assert!(!error.help().is_empty());
}

#[test]
fn a_missing_input_is_named() {
    let error = error(&model("", "Add"));
    assert_eq!(error.code(), ErrorCode::ModelInvalid);
    assert!(error.message().contains("`n` (Add of ai.onnx version 17)"), "{error}");
}

#[test]
fn a_known_operator_compiles() {
    let compiled = compile(&model("", "Relu"), &Options::default()).unwrap();
    assert_eq!(compiled.report.steps, ["unary"]);
}

#[test]
fn other_bytes_are_no_model() {
    assert_eq!(error(b"not a model").code(), ErrorCode::ModelSyntax);
    assert_eq!(error(b"").code(), ErrorCode::ModelSyntax);
}

#[test]
fn truncated_models_are_refused_or_compile() {
    let onnx = model("", "Relu");
    for end in 0..onnx.len() {
        drop(compile(&onnx[..end], &Options::default()));
    }
}

#[test]
fn every_operator_stands_once() {
    let mut all: Vec<_> = operators().collect();
    all.sort_unstable();
    assert!(all.is_sorted_by(|a, b| a < b));
}
