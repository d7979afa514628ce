//! Images become the tensors that Pillow, onnxruntime and NumPy make of them. The vectors are
//! written by `tests/vectors/make_images.py`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use driftline::ErrorCode;
use driftline::contract::{Contract, RecordReader, Validator, Value, Violation};
use driftline::preprocess::{Features, Pipeline, ZoneRules};
use driftline::tensor::TensorData;
use serde_json::{Value as Json, json};

/// A contract with an image `x` that goes through these steps.
fn contract(dtype: &str, shape: &Json, steps: &Json, tensor: &str) -> Json {
    json!({
        "format": Contract::FORMAT, "name": "t",
        "inputs": [{"name": "x", "type": "array", "dtype": dtype, "shape": shape}],
        "features": [{"name": "x", "from": "x", "steps": steps}],
        "tensors": [{"name": "x", "dtype": tensor, "features": ["x"]}],
    })
}

fn run(contract: &Json, value: Value<'_>) -> (Features, Vec<Violation>) {
    let contract = Contract::from_json(contract.to_string().as_bytes())
        .unwrap_or_else(|e| panic!("{e}: {contract}"));
    let pipeline = Pipeline::new(&contract, &ZoneRules::default()).unwrap();
    let mut features = Features::new(&pipeline);
    let mut violations = Vec::new();
    let record = RecordReader::new(&contract).read_pairs([("x".into(), value)]);
    let record = Validator::new(&contract).unwrap().validate(record, &mut violations);
    if violations.is_empty() {
        pipeline.run(&record, &mut features, &mut violations);
    }
    (features, violations)
}

fn numbers(data: &TensorData) -> Vec<f64> {
    match data {
        TensorData::Float32(v) => v.iter().map(|x| f64::from(*x)).collect(),
        TensorData::Uint8(v) => v.iter().map(|x| f64::from(*x)).collect(),
        other => panic!("{:?}", other.dtype()),
    }
}

/// The pixels as a flat typed array with its shape, as JavaScript gives them.
fn pixels(case: &Json) -> Value<'static> {
    let flat = case["pixels"].as_array().unwrap().iter();
    let data = if case["dtype"] == "uint8" {
        TensorData::Uint8(flat.map(|x| u8::try_from(x.as_u64().unwrap()).unwrap()).collect())
    } else {
        TensorData::Float32(flat.map(|x| x.as_f64().unwrap() as f32).collect())
    };
    let shape = case["shape"].as_array().unwrap().iter();
    let shape = shape.map(|n| Value::Integer(n.as_i64().unwrap())).collect();
    Value::Object(vec![("shape".into(), Value::List(shape)), ("data".into(), Value::Typed(data))])
}

#[test]
fn images_equal_pillows_onnxruntimes_and_numpys() {
    let vectors: Json = serde_json::from_str(include_str!("vectors/images.json")).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() >= 20);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let tensor = case["tensor"].as_str().unwrap();
        let dtype = case["dtype"].as_str().unwrap();
        let contract = contract(dtype, &case["declared"], &case["steps"], tensor);
        let (features, violations) = run(&contract, pixels(case));
        assert_eq!(violations, [], "{name}");
        let tensor = &features.tensors()[0];
        let wanted = case["expected_shape"].as_array().unwrap();
        let shape: Vec<Json> = tensor.shape.iter().map(|n| json!(n)).collect();
        assert_eq!(&shape, wanted, "{name}");
        let ours = numbers(&tensor.data);
        let theirs = case["expected"].as_array().unwrap();
        assert_eq!(ours.len(), theirs.len(), "{name}");
        let tolerance = case["tolerance"].as_f64().unwrap();
        let mut worst = 0.0f64;
        for (at, (a, b)) in ours.iter().zip(theirs).enumerate() {
            let difference = (a - b.as_f64().unwrap()).abs();
            worst = worst.max(difference);
            assert!(difference <= tolerance, "{name}: element {at} is {a}, theirs {b}");
        }
        println!("{name:<36} {:>6} values, worst difference {worst:.1e}", ours.len());
    }
}

#[test]
fn embeddings_stand_beside_other_features() {
    let contract = json!({
        "format": Contract::FORMAT, "name": "t",
        "inputs": [
            {"name": "x", "type": "array", "dtype": "float32", "shape": [3]},
            {"name": "n", "type": "number", "required": false, "missing": "impute"}],
        "features": [
            {"name": "e", "from": "x", "steps": [{"normalize": {"mean": [1, 2, 3]}}]},
            {"name": "n", "from": "n", "steps": [{"impute": {"value": 7}}]}],
        "tensors": [{"name": "x", "dtype": "float32", "features": ["n", "e"]}],
    });
    let values = [1.5, 2.0, 3.0].map(Value::Number).to_vec();
    let (features, violations) = run(&contract, Value::List(values));
    assert_eq!(violations, []);
    assert_eq!(features.tensors()[0].data, TensorData::Float32(vec![7.0, 0.5, 0.0, 0.0]));
    let names: Vec<String> = features.named(0).map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["n", "e[0]", "e[1]", "e[2]"]);
}

#[test]
fn arrays_without_steps_arrive_bit_for_bit() {
    let big = (1i64 << 53) + 1;
    let whole = contract("int64", &json!([2]), &json!([]), "int64");
    let value = Value::List(vec![Value::Integer(big), Value::Integer(-1)]);
    let (features, _) = run(&whole, value.clone());
    assert_eq!(features.tensors()[0].data, TensorData::Int64(vec![big, -1]));
    // no float is that integer
    let float = contract("int64", &json!([2]), &json!([]), "float32");
    let (features, violations) = run(&float, value);
    assert_eq!(violations[0].code, ErrorCode::NotRepresentable);
    assert_eq!((features.rows(), features.tensors()[0].data.len()), (0, 0));
}

#[test]
fn an_image_that_is_too_small_is_a_violation() {
    let steps = json!([{"center_crop": {"height": 4, "width": 4}}]);
    let contract = contract("uint8", &json!([null, null, 1]), &steps, "uint8");
    let image = |h: usize, w: usize| {
        let row = Value::List(vec![Value::List(vec![Value::Integer(9)]); w]);
        Value::List(vec![row; h])
    };
    assert_eq!(run(&contract, image(4, 5)).1, []);
    let (features, violations) = run(&contract, image(3, 5));
    assert_eq!(violations[0].code, ErrorCode::WrongShape);
    assert_eq!(features.rows(), 0);
}

#[test]
fn an_image_cannot_grow_without_end() {
    let steps = json!([
        {"resize": {"shortest": 1000, "method": "nearest"}},
        {"center_crop": {"height": 4, "width": 4}}]);
    let contract = contract("uint8", &json!([null, null, 1]), &steps, "uint8");
    let row = Value::List(vec![Value::List(vec![Value::Integer(9)]); 60_000]);
    let (_, violations) = run(&contract, Value::List(vec![row]));
    assert_eq!(violations[0].code, ErrorCode::WrongShape);
}

#[test]
fn steps_that_do_not_fit_are_refused_at_load() {
    let image = json!([null, null, 3]);
    let refused = |shape: &Json, steps: Json, tensor: &str, path: &str| {
        let text = contract("uint8", shape, &steps, tensor).to_string();
        let error = Contract::from_json(text.as_bytes()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ContractInvalid, "{error}");
        assert_eq!(error.place().path.as_deref(), Some(path), "{error}");
    };
    let resize = json!({"resize": {"height": 2, "width": 2, "method": "bilinear"}});
    refused(&image, json!([]), "uint8", "features[0].steps");
    refused(
        &image,
        json!([{"resize": {"height": 2, "method": "nearest"}}]),
        "uint8",
        "features[0].steps[0].resize",
    );
    refused(
        &image,
        json!([{"resize": {"height": 0, "width": 2, "method": "nearest"}}]),
        "uint8",
        "features[0].steps[0].resize.height",
    );
    refused(
        &image,
        json!([resize, {"center_crop": {"height": 3, "width": 1}}]),
        "float32",
        "features[0].steps[1].center_crop",
    );
    // fractions do not fit bytes
    refused(&image, json!([resize]), "uint8", "tensors[0].features[0]");
    refused(
        &image,
        json!([resize, {"channels": {"take": [3]}}]),
        "float32",
        "features[0].steps[1].channels.take",
    );
    refused(
        &image,
        json!([resize, {"normalize": {"mean": [1, 2]}}]),
        "float32",
        "features[0].steps[1].normalize.mean",
    );
    refused(
        &image,
        json!([resize, {"normalize": {"std": [1, 0, 1]}}]),
        "float32",
        "features[0].steps[1].normalize.std",
    );
    refused(
        &image,
        json!([resize, {"channels_first": {}}, {"normalize": {}}]),
        "float32",
        "features[0].steps[2].normalize",
    );
    refused(&image, json!([{"log1p": {}}]), "float32", "features[0].steps[0].log1p");
    refused(&json!([4]), json!([resize]), "float32", "features[0].steps[0].resize");
}
