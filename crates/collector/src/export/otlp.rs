//! OTLP's request for metrics in its JSON encoding: field names in lower camel case, times as decimal
//! texts, enumerations as numbers.

use super::points::{Kind, Point, families};
use serde_json::{Value, json};

/// `AGGREGATION_TEMPORALITY_CUMULATIVE`
const CUMULATIVE: u8 = 2;

/// Writes points. `started` and `now`: seconds since 1970.
pub fn request(points: &[Point], started: i64, now: i64) -> Value {
    let nanoseconds = |seconds: i64| match seconds {
        ..=0 => "0".to_owned(),
        _ => format!("{seconds}000000000"),
    };
    let metrics: Vec<Value> = families(points)
        .into_iter()
        .map(|(family, points)| {
            let points: Vec<Value> = points
                .into_iter()
                .map(|point| {
                    // a gauge has no beginning
                    let begun = if family.kind == Kind::Counter { started } else { 0 };
                    json!({
                        "attributes": attributes(&point.labels),
                        "startTimeUnixNano": nanoseconds(begun),
                        "timeUnixNano": nanoseconds(now),
                        "asDouble": point.value,
                    })
                })
                .collect();
            // OTLP has no suffix: that the sum only rises says the same
            let name = family.name.trim_end_matches("_total");
            let (unit, description) = (family.unit, family.help);
            match family.kind {
                Kind::Gauge => json!({
                    "name": name, "unit": unit, "description": description,
                    "gauge": { "dataPoints": points },
                }),
                Kind::Counter => json!({
                    "name": name, "unit": unit, "description": description,
                    "sum": {
                        "dataPoints": points,
                        "aggregationTemporality": CUMULATIVE,
                        "isMonotonic": true,
                    },
                }),
            }
        })
        .collect();
    let version = env!("CARGO_PKG_VERSION");
    json!({ "resourceMetrics": [{
        "resource": { "attributes": attributes(&[
            ("service.name", "driftline-collector".to_owned()),
            ("service.version", version.to_owned()),
        ]) },
        "scopeMetrics": [{
            "scope": { "name": "driftline", "version": version },
            "metrics": metrics,
        }],
    }] })
}

fn attributes(labels: &[(&str, String)]) -> Vec<Value> {
    labels
        .iter()
        .map(|(name, value)| json!({ "key": name, "value": { "stringValue": value } }))
        .collect()
}
