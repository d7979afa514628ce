//! Features equal scikit-learn's within 1e-6, missing and unseen values included. The vectors are
//! written by `tests/vectors/make_sklearn.py`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use driftline::contract::{Contract, RecordReader, Validator, Value};
use driftline::preprocess::{Features, Pipeline, ZoneRules};
use driftline::tensor::TensorData;
use serde_json::Value as Json;

#[test]
fn features_equal_scikit_learns() {
    let vectors: Json = serde_json::from_str(include_str!("vectors/sklearn.json")).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() >= 12);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let contract = Contract::from_json(case["contract"].to_string().as_bytes())
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        let reader = RecordReader::new(&contract);
        let validator = Validator::new(&contract).unwrap();
        let pipeline = Pipeline::new(&contract, &ZoneRules::default()).unwrap();
        let (mut worst, mut compared) = (0.0f64, 0);
        let rows = case["values"].as_array().unwrap();
        assert!(rows.len() >= 200, "{name}");
        for (value, expected) in rows.iter().zip(case["expected"].as_array().unwrap()) {
            let raw = match value {
                Json::Null => Value::Null,
                Json::String(text) => Value::Text(text.into()),
                number => Value::Number(number.as_f64().unwrap()),
            };
            let mut violations = Vec::new();
            let mut features = Features::new(&pipeline);
            let record = reader.read_pairs([("x".into(), raw)]);
            let record = validator.validate(record, &mut violations);
            pipeline.run(&record, &mut features, &mut violations);
            assert_eq!(violations, [], "{name}: {value}");
            let TensorData::Float64(ours) = &features.tensors()[0].data else {
                panic!("{name} is no float64 tensor");
            };
            let theirs: Vec<f64> =
                expected.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
            assert_eq!(ours.len(), theirs.len(), "{name}");
            for (a, b) in ours.iter().zip(&theirs) {
                worst = worst.max((a - b).abs());
                compared += 1;
                assert!((a - b).abs() <= 1e-6, "{name}: {value}: {a} is not {b}");
            }
        }
        println!("{name:<36} {compared:>6} values, worst difference {worst:.1e}");
    }
}
