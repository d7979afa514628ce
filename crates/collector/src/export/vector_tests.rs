//! What was printed once was read by other programs: `metrics.txt` by prometheus_client 0.26 (PyPI),
//! whose reading is `metrics.parsed.json`, and `otlp.json` by opentelemetry-proto 1.45 with
//! protobuf's strict reader of JSON. The files say what is printed today.

use super::otlp::request;
use super::points::{FAMILIES, Point};
use super::prometheus::text;
use serde_json::{Value, json};
use std::path::Path;

/// A point of each name, with values and labels that are hard to write.
fn points() -> Vec<Point> {
    let values = [0.0_f64, 1.0, -0.25, 1e21, 1.5e-9, 4_503_599_627_370_497.5, 1e300, 0.1];
    let texts =
        ["plain", "with \"quotes\"", "back\\slash\\n", "two\nlines", "größe {x=\"y\"} 1", ""];
    let mut points = Vec::new();
    for (at, family) in FAMILIES.iter().enumerate() {
        let value = values.iter().cycle().nth(at).copied().unwrap_or(0.0).abs();
        let text = texts.iter().cycle().nth(at).copied().unwrap_or("");
        points.push(Point::of(family.name, &[], value));
        points.push(Point::of(family.name, &[("model", text), ("mode", "x")], value));
    }
    points.push(Point::of("driftline_calibration_z", &[("model", "negative")], -3.5));
    // what is no number is not told
    points.push(Point::of("driftline_calibration_z", &[("model", "nan")], f64::NAN));
    points.push(Point::of("driftline_calibration_z", &[("model", "inf")], f64::INFINITY));
    points
}

fn compare(name: &str, printed: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    if std::env::var_os("DRIFTLINE_UPDATE").is_some() {
        std::fs::write(&path, printed).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == printed, "{} is stale: see the head of this file", path.display());
}

#[test]
fn what_is_printed_is_what_other_programs_read() {
    let printed = text(&points());
    compare("metrics.txt", &printed);
    let read = include_str!("../../tests/vectors/metrics.parsed.json");
    let read: Vec<(String, Value, f64)> = serde_json::from_str(read).unwrap();
    let told: Vec<(String, Value, f64)> = super::points::families(&points())
        .into_iter()
        .flat_map(|(_, points)| points)
        .map(|point| {
            let labels = point.labels.iter().map(|(k, v)| ((*k).to_owned(), json!(v)));
            (point.name.to_owned(), Value::Object(labels.collect()), point.value)
        })
        .collect();
    assert_eq!(read, told);
}

#[test]
fn otlp_is_what_other_programs_read() {
    let request = request(&points(), 1_700_000_000, 1_700_000_060);
    compare("otlp.json", &format!("{request:#}\n"));
}
