//! Golden rows: records with the scores that every host must give, and the one rule by which they
//! are compared, [`bound`].

use crate::parity::{self, Pair};
use crate::rows::{Input, Rows};
use driftline::bundle::to_canonical_json;
use driftline::bundle::{Bundle, RuntimeKind, part};
use driftline::contract::{Contract, RawRecord, Value};
use driftline::gate::Gate;
use driftline::{Error, ErrorCode, Result};
use serde::{Deserialize, Serialize};
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

/// Value of the part's `format`.
const FORMAT: &str = "driftline.golden/1";

#[derive(Debug, Serialize, Deserialize)]
struct Part {
    format: String,
    rows: Vec<GoldenRow>,
}

/// A record, and the model's scores of it; none where the contract refuses it.
#[derive(Debug, Serialize, Deserialize)]
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
    let json = to_canonical_json(&Part { format: FORMAT.to_owned(), rows: all })?;
    Ok(Golden { json, rows })
}

/// Largest distance between a golden score and the one computed here, in units of 2⁻²³ (the last
/// place of binary32 at 1) of the larger of 1 and the golden score's magnitude.
///
/// The plan has the same bits on every host of one version. A later version may improve a kernel.
/// tract picks its kernels by the processor, so that sums have another order: 84 units are 10⁻⁵.
pub const fn bound(kind: RuntimeKind, same_version: bool) -> u32 {
    match (kind, same_version) {
        (RuntimeKind::Plan, true) => 0,
        (RuntimeKind::Plan, false) => 4,
        (RuntimeKind::Tract, _) => 84,
    }
}

/// What the golden rows gave on this host.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SelfTest {
    /// Rows that were computed.
    pub rows: usize,
    /// The bound, as [`bound`] has it.
    pub bound: u32,
    /// The largest distance, in the same unit.
    pub largest: f64,
    /// The first row that differs, from 1, and how.
    pub first: Option<(usize, String)>,
}

impl SelfTest {
    /// In one line.
    pub fn text(&self) -> String {
        let Self { rows, bound, largest, first } = self;
        match first {
            None => format!(
                "self-test of {rows} golden rows: at most {largest} ulp off, {bound} allowed"
            ),
            Some((row, why)) => format!(
                "self_test_failed in golden row {row} of {rows}: {why}; {bound} ulp are allowed"
            ),
        }
    }
}

/// Computes the golden rows of a bundle again; `None` if it has none.
///
/// # Errors
/// [`ErrorCode::BundlePart`] if the part cannot be read, and those of loading the bundle.
pub fn self_test(bytes: &[u8]) -> Result<Option<SelfTest>> {
    let bundle = Bundle::read(bytes)?;
    let Some(json) = bundle.optional_part(part::GOLDEN) else { return Ok(None) };
    let fault = |text: String| Error::new(ErrorCode::BundlePart, text).at_path(part::GOLDEN);
    let golden: Part =
        serde_json::from_slice(json).map_err(|e| fault(format!("the part cannot be read: {e}")))?;
    if golden.format != FORMAT {
        let message = format!("the part's format is not `{FORMAT}`");
        return Err(Error::new(ErrorCode::FormatVersion, message).at_path(part::GOLDEN));
    }
    let runtime = &bundle.manifest().runtime;
    let bound = bound(runtime.kind, runtime.version == env!("CARGO_PKG_VERSION"));
    let mut test = SelfTest { rows: golden.rows.len(), bound, largest: 0.0, first: None };
    let mut gate = Gate::from_bundle(bytes)?;
    for (n, row) in golden.rows.iter().enumerate() {
        let text = crate::output::to_json(&row.record)?;
        let record = gate.reader().read_json(&text)?;
        let scores = gate.explain(record)?.map(|(scores, _)| scores.to_vec());
        let (distance, why) = match (&row.scores, &scores) {
            (None, None) => (0.0, None),
            (Some(_), None) => (f64::INFINITY, Some("the contract refuses the record".to_owned())),
            (None, Some(_)) => (f64::INFINITY, Some("the contract takes the record".to_owned())),
            (Some(want), Some(have)) => compare(want, have),
        };
        test.largest = test.largest.max(distance);
        if distance > f64::from(bound) && test.first.is_none() {
            let why = why.unwrap_or_else(|| format!("{scores:?} here, {:?} golden", row.scores));
            test.first = Some((n + 1, why));
        }
    }
    Ok(Some(test))
}

/// The largest distance; infinite where one is NaN or missing.
fn compare(want: &[f64], have: &[f64]) -> (f64, Option<String>) {
    if want.len() != have.len() {
        return (f64::INFINITY, Some(format!("{} scores, {} golden", have.len(), want.len())));
    }
    let distance = |(a, b): (&f64, &f64)| {
        if a.to_bits() == b.to_bits() {
            return 0.0;
        }
        let unit = f64::from(f32::EPSILON) * a.abs().max(1.0);
        // a distance of nothing is none even where the unit cannot tell
        let units = ((a - b).abs() / unit).max(f64::MIN_POSITIVE);
        if units.is_nan() { f64::INFINITY } else { units }
    };
    (want.iter().zip(have).map(distance).fold(0.0, f64::max), None)
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
