//! The flagship's contract gives the features that its training pipeline gave, bit for bit.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use driftline::contract::{Contract, RecordReader, Validator, Value};
use driftline::preprocess::{FeatureValue, Features, Pipeline, ZoneRules};
use std::borrow::Cow;
use std::collections::BTreeMap;

const CONTRACT: &str = include_str!("../examples/flights/contract.yaml");
const ROWS: &str = include_str!("../examples/flights/golden.csv");
const EXPECTED: &str = include_str!("../examples/flights/golden_expected.csv");
const NEW_YORK: &[u8] = include_bytes!("vectors/zones/New_York.tzif");

#[test]
fn features_equal_the_training_pipelines() {
    let contract: Contract = serde_saphyr::from_str(CONTRACT).unwrap();
    contract.check().unwrap();
    assert_eq!(Contract::from_json(&contract.to_json().unwrap()).unwrap(), contract);
    let zones =
        ZoneRules::new(BTreeMap::from([("America/New_York".to_owned(), NEW_YORK.to_vec())]));
    let reader = RecordReader::new(&contract);
    let validator = Validator::new(&contract).unwrap();
    let pipeline = Pipeline::new(&contract, &zones.unwrap()).unwrap();
    let mut features = Features::new(&pipeline);
    let mut violations = Vec::new();

    let mut lines = ROWS.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut expected = EXPECTED.lines();
    let names: Vec<&str> = expected.next().unwrap().split(',').collect();
    let mut compared = 0;
    for (line, wanted) in lines.zip(expected) {
        let pairs = header.iter().zip(line.split(',')).map(|(name, cell)| {
            let value = match (cell, *name) {
                ("", _) => Value::Null,
                (text, "scheduled_departure" | "carrier" | "origin" | "dest") => {
                    Value::Text(text.into())
                }
                (number, _) => number
                    .parse()
                    .map(Value::Integer)
                    .unwrap_or_else(|_| Value::Number(number.parse().unwrap())),
            };
            (Cow::Borrowed(*name), value)
        });
        let record = validator.validate(reader.read_pairs(pairs), &mut violations);
        features.clear();
        pipeline.run(&record, &mut features, &mut violations);
        assert_eq!(violations, [], "{line}");
        let ours: Vec<(Cow<'_, str>, FeatureValue<'_>)> = features.named(0).collect();
        let wanted: Vec<&str> = wanted.split(',').collect();
        for ((name, value), (column, cell)) in
            ours.iter().zip(names.iter().zip(&wanted).filter(|(n, _)| n.starts_with("f_")))
        {
            assert_eq!(format!("f_{name}"), **column);
            let theirs = cell.parse::<f64>().unwrap() as f32;
            assert_eq!(*value, FeatureValue::Number(f64::from(theirs)), "{name} of {line}");
            compared += 1;
        }
    }
    assert!(compared >= 20 * 100, "only {compared} values compared");
    println!("{compared} feature values equal");
}
