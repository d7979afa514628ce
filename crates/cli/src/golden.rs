//! Golden rows: records with the scores that every host must give, to the bit.

use crate::parity::{self, Pair};
use crate::rows::{Input, Rows};
use driftline::bundle::to_canonical_json;
use driftline::contract::{Contract, RawRecord, Value};
use driftline::gate::Gate;
use driftline::{Error, ErrorCode, Result};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use std::path::Path;

/// Largest difference from the training pipeline's scores.
const TOLERANCE: f64 = 1e-6;

/// The golden part.
#[derive(Debug)]
pub struct Golden {
    /// Canonical JSON.
    pub json: Vec<u8>,
    /// How many rows.
    pub rows: usize,
}

#[derive(Debug, Serialize)]
struct Part {
    format: &'static str,
    rows: Vec<GoldenRow>,
}

/// A record, and the model's scores of it; none where the contract refuses it.
#[derive(Debug, Serialize)]
struct GoldenRow {
    record: Map<String, Json>,
    scores: Option<Vec<f64>>,
}

/// Computes the scores of the rows, and compares them with the training pipeline's where given.
///
/// # Errors
/// [`ErrorCode::BadInput`] for a row that cannot be read or written as JSON, and
/// [`ErrorCode::ModelMismatch`] where the scores differ.
pub fn make(
    bundle: &[u8],
    contract: &Contract,
    rows: &Path,
    expected: Option<&Path>,
) -> Result<Golden> {
    let input = Input::of(rows);
    if let Some(expected) = expected {
        let pair = Pair { rows: &input, expected: &Input::of(expected), tolerance: TOLERANCE };
        let report = parity::compare(bundle, &pair)?;
        if !report.holds() {
            return Err(Error::new(ErrorCode::ModelMismatch, report.summary())
                .with_help("`driftline check` lists the differences; mend the contract's features")
                .in_file(rows.display().to_string()));
        }
    }
    let mut gate = Gate::from_bundle(bundle)?;
    let names: Vec<String> = gate.reader().names().map(str::to_owned).collect();
    let mut source = Rows::open(&input, contract)?;
    let mut all = Vec::new();
    while let Some(row) = source.next()? {
        let record = source.record(&row, gate.reader())?;
        let placed = |e: Error| e.at_line(row.line, 1).in_file(rows.display().to_string());
        let json = object(&names, &record).map_err(placed)?;
        let scores = gate.explain(record).map_err(placed)?.map(|(scores, _)| scores.to_vec());
        all.push(GoldenRow { record: json, scores });
    }
    let rows = all.len();
    let json = to_canonical_json(&Part { format: "driftline.golden/1", rows: all })?;
    Ok(Golden { json, rows })
}

fn object(names: &[String], record: &RawRecord<'_>) -> Result<Map<String, Json>> {
    if let Some(name) = record.unknown.first() {
        return Err(Error::new(
            ErrorCode::BadInput,
            format!("the golden rows have the column `{name}`, which the contract does not know"),
        ));
    }
    let mut object = Map::new();
    for (name, value) in names.iter().zip(&record.values) {
        if *value != Value::Absent {
            object.insert(name.clone(), json(name, value)?);
        }
    }
    Ok(object)
}

fn json(name: &str, value: &Value<'_>) -> Result<Json> {
    let refused = || {
        let message = format!("the value of `{name}` cannot stand in JSON: {}", value.type_name());
        Error::new(ErrorCode::BadInput, message)
    };
    Ok(match value {
        Value::Null => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        Value::Integer(i) => Json::from(*i),
        Value::Number(x) => {
            serde_json::Number::from_f64(*x).map(Json::Number).ok_or_else(refused)?
        }
        Value::Text(text) => Json::String(text.to_string()),
        Value::List(items) => {
            Json::Array(items.iter().map(|v| json(name, v)).collect::<Result<_>>()?)
        }
        _ => return Err(refused()),
    })
}
