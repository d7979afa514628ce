//! A small bundle, made in place: one dense layer over a number, a category and a timestamp.

use driftline::bundle::{BundleWriter, RuntimeKind, part};
use driftline::model::Dim;
use driftline::model::plan::softmax::Kind;
use driftline::model::plan::{Draft, Shape, TensorType, dense::Dense, softmax::Softmax};
use driftline::tensor::{DType, Tensor, TensorData};

const NEW_YORK: &[u8] = include_bytes!("../vectors/zones/New_York.tzif");

const CONTRACT: &str = r#"{
  "format": "driftline.contract/1", "name": "tiny",
  "inputs": [
    {"name": "when", "type": "timestamp"},
    {"name": "x", "type": "number", "minimum": 0, "maximum": 10, "required": false, "missing": "impute"},
    {"name": "n", "type": "integer", "minimum": 0, "required": false, "missing": "impute"},
    {"name": "c", "type": "category", "values": ["a", "b"], "unseen": "escalate"}],
  "features": [
    {"name": "hour", "from": "when", "steps": [{"calendar": {"part": "hour", "zone": "America/New_York"}}]},
    {"name": "x", "from": "x", "steps": [{"impute": {"value": 5}}]},
    {"name": "n", "from": "n", "steps": [{"impute": {"value": 0}}]},
    {"name": "c", "from": "c", "steps": [{"ordinal": {"unseen": -1}}]}],
  "tensors": [{"name": "input", "dtype": "float32", "features": ["hour", "x", "n", "c"]}],
  "outputs": {"kind": "binary", "labels": ["no", "yes"], "scores": "probabilities"}
}"#;

const POLICY: &str = r#"{"format": "driftline.policy/1", "labels": {
    "no": {"threshold": 0.75}, "yes": {"threshold": 0.75, "below": "default"}},
    "default_label": "no"}"#;

/// softmax([0, hour − 2·x + 0·n + c])
fn plan() -> Vec<u8> {
    let weights = [1.0, -2.0, 0.0, 1.0];
    let mut draft = Draft::default();
    let shape = Shape::new(&[Dim::Batch(1), Dim::Fixed(4)]).unwrap();
    let input = draft.input("input", TensorType::new(DType::Float32, shape));
    let packed = Dense::pack(4, 2, |i, o| if o == 1 { weights[i] } else { 0.0 });
    let packed = Tensor::new(vec![packed.len()], TensorData::Float32(packed)).unwrap();
    let packed = draft.constant(packed).unwrap();
    let bias = Tensor::new(vec![2], TensorData::Float32(vec![0.0, 0.0])).unwrap();
    let bias = draft.constant(bias).unwrap();
    let dense = draft.step(Dense::new(4, 2), &[input, packed, bias]).unwrap();
    let scores = draft.step(Softmax::new(Kind::Softmax, 1), &dense).unwrap();
    draft.output("probabilities", scores[0]);
    draft.write()
}

/// The bytes of the bundle.
#[allow(dead_code, reason = "not where there is always a baseline")]
pub fn bundle() -> Vec<u8> {
    bundle_with(CONTRACT, POLICY, &plan())
}

/// A bundle of these parts.
pub fn bundle_with(contract: &str, policy: &str, model: &[u8]) -> Vec<u8> {
    write(contract, policy, model, None)
}

/// The same bundle with a baseline.
#[allow(dead_code, reason = "few tests count")]
pub fn with_baseline(baseline: &str) -> Vec<u8> {
    write(CONTRACT, POLICY, &plan(), Some(baseline))
}

fn write(contract: &str, policy: &str, model: &[u8], baseline: Option<&str>) -> Vec<u8> {
    let mut writer = BundleWriter::new("tiny", RuntimeKind::Plan);
    let json = "application/json";
    writer.part(part::CONTRACT, json, contract.as_bytes().to_vec()).unwrap();
    writer.part(part::POLICY, json, policy.as_bytes().to_vec()).unwrap();
    writer.part(part::MODEL, "application/octet-stream", model.to_vec()).unwrap();
    writer.part("zones/America/New_York", "application/tzif", NEW_YORK.to_vec()).unwrap();
    if let Some(baseline) = baseline {
        writer.part(part::BASELINE, json, baseline.as_bytes().to_vec()).unwrap();
    }
    writer.finish().unwrap().0
}

/// The same bundle with one change in its contract.
#[allow(dead_code, reason = "the browser's tests have no use for it")]
pub fn with_contract(from: &str, to: &str) -> Vec<u8> {
    assert!(CONTRACT.contains(from), "the contract has no {from}");
    bundle_with(&CONTRACT.replace(from, to), POLICY, &plan())
}

/// The same bundle with one change in its policy.
#[allow(dead_code, reason = "the browser's tests have no use for it")]
pub fn with_policy(from: &str, to: &str) -> Vec<u8> {
    assert!(POLICY.contains(from), "the policy has no {from}");
    bundle_with(CONTRACT, &POLICY.replace(from, to), &plan())
}
