//! Cost of validation and preprocessing on the flights record: `cargo bench --bench contract`.

#![allow(clippy::unwrap_used)]

use driftline::contract::{Contract, RawRecord, RecordReader, Validator};
use driftline::preprocess::{Features, Pipeline, ZoneRules};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

const CONTRACT: &str = include_str!("../examples/flights/contract.yaml");
const NEW_YORK: &[u8] = include_bytes!("../tests/vectors/zones/New_York.tzif");
const RECORD: &str = r#"{"scheduled_departure": "2013-07-01T12:30:00Z", "carrier": "UA",
    "origin": "EWR", "dest": "MCO", "distance": 937, "plane_year": 1994, "plane_seats": 178,
    "temp": 64.04, "humidity": 22.51, "wind_speed": 11.5078, "precip": 0.0, "pressure": 1030.7,
    "visib": 10.0}"#;

/// Median over 31 runs of the nanoseconds that one call takes.
fn measure(name: &str, mut call: impl FnMut()) {
    const CALLS: u32 = 20_000;
    let mut runs: Vec<f64> = (0..31)
        .map(|_| {
            let start = Instant::now();
            (0..CALLS).for_each(|_| call());
            start.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS)
        })
        .collect();
    runs.sort_by(f64::total_cmp);
    let median = runs.get(runs.len() / 2).copied().unwrap_or(f64::NAN);
    println!("{name:<36} {median:>8.0} ns");
}

fn main() {
    let contract: Contract = serde_saphyr::from_str(CONTRACT).unwrap();
    let zones =
        ZoneRules::new(BTreeMap::from([("America/New_York".to_owned(), NEW_YORK.to_vec())]));
    let reader = RecordReader::new(&contract);
    let validator = Validator::new(&contract).unwrap();
    let pipeline = Pipeline::new(&contract, &zones.unwrap()).unwrap();
    let mut features = Features::new(&pipeline);
    let mut violations = Vec::new();
    let raw: RawRecord<'_> = reader.read_json(RECORD).unwrap();
    let valid = validator.validate(raw.clone(), &mut violations);
    assert!(violations.is_empty(), "{violations:?}");

    measure("read JSON", || {
        black_box(reader.read_json(black_box(RECORD)).unwrap());
    });
    measure("clone the raw record", || {
        black_box(black_box(&raw).clone());
    });
    measure("clone and validate", || {
        black_box(validator.validate(black_box(&raw).clone(), &mut violations));
    });
    measure("preprocess", || {
        features.clear();
        black_box(pipeline.run(black_box(&valid), &mut features, &mut violations));
    });
    measure("clone, validate and preprocess", || {
        features.clear();
        let valid = validator.validate(black_box(&raw).clone(), &mut violations);
        black_box(pipeline.run(&valid, &mut features, &mut violations));
    });
    assert!(violations.is_empty(), "{violations:?}");
}
