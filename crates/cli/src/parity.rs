//! Training and serving compared on the same rows: features and scores.

use crate::commands::load;
use crate::rows::{Cells, Input, Row, Rows};
use driftline::bundle::Bundle;
use driftline::contract::Contract;
use driftline::gate::Gate;
use driftline::preprocess::{FeatureValue, Features, Pipeline, ZoneRules};
use driftline::tensor::DType;
use driftline::{Error, ErrorCode, Result};
use serde::Serialize;

/// Differences that are listed.
const LISTED: usize = 10;

/// Two files of the same rows in the same order.
#[derive(Debug)]
pub struct Pair<'a> {
    /// Raw records.
    pub rows: &'a Input,
    /// What the training pipeline made of them.
    pub expected: &'a Input,
    /// Largest difference that is none; relative where the value is beyond ±1.
    pub tolerance: f64,
}

/// One value that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Column of the expected file.
    pub column: String,
    /// Line of the row in the raw file.
    pub line: u64,
    /// What the gate computed; none if it refused the record.
    pub gate: Option<f64>,
    /// What the training pipeline computed.
    pub expected: f64,
    /// The distance, relative where the value is beyond ±1; none if the gate refused the record.
    pub difference: Option<f64>,
}

/// What the comparison found.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Rows of both files.
    pub rows: u64,
    /// Score columns that were compared.
    pub scores: Vec<String>,
    /// Feature columns that were compared.
    pub features: Vec<String>,
    /// Values that were compared.
    pub values: u64,
    /// Values that differ.
    pub differing: u64,
    /// Rows that the gate refused although the training pipeline has an answer.
    pub refused: u64,
    /// The largest distance found, differing or not.
    pub largest: f64,
    /// The first difference: the earliest row, its features before its scores.
    pub first: Option<Difference>,
    /// The worst differences, largest first.
    pub worst: Vec<Difference>,
}

impl Report {
    /// Whether training and serving agree.
    pub fn holds(&self) -> bool {
        self.differing == 0 && self.refused == 0
    }

    /// One sentence.
    pub fn summary(&self) -> String {
        match &self.first {
            None => format!("{} values of {} rows agree", self.values, self.rows),
            Some(d) => format!(
                "{} of {} values differ, {} rows were refused; first `{}` in line {}: {} here, {} expected",
                self.differing,
                self.values,
                self.refused,
                d.column,
                d.line,
                d.gate.map_or("no answer".to_owned(), |x| x.to_string()),
                d.expected,
            ),
        }
    }

    fn judge(&mut self, column: &str, line: u64, have: Option<Got>, want: f64, tolerance: f64) {
        let single = have.is_some_and(|g| g.single);
        let want = if single { f64::from(want as f32) } else { want };
        let distance = have.map(|g| (g.value - want).abs() / want.abs().max(1.0));
        self.values += 1;
        if let Some(distance) = distance {
            // NaN is a difference, not the largest one
            if distance <= tolerance {
                self.largest = self.largest.max(distance);
                return;
            }
            self.largest =
                self.largest.max(if distance.is_nan() { f64::INFINITY } else { distance });
            self.differing += 1;
        }
        self.note(Difference {
            column: column.to_owned(),
            line,
            gate: have.map(|g| g.value),
            expected: want,
            difference: distance,
        });
    }

    fn note(&mut self, difference: Difference) {
        if self.first.is_none() {
            self.first = Some(difference.clone());
        }
        let size = |d: &Difference| d.difference.unwrap_or(f64::INFINITY);
        let at = self.worst.partition_point(|d| size(d) >= size(&difference));
        if at < LISTED {
            self.worst.insert(at, difference);
            self.worst.truncate(LISTED);
        }
    }
}

/// A column of the expected file, and which of the gate's values it is compared with.
struct Column {
    name: String,
    at: usize,
}

/// One number of the gate.
#[derive(Clone, Copy)]
struct Got {
    value: f64,
    /// Held in binary32: the other side is cast before it is compared.
    single: bool,
}

/// Compares the gate with the training pipeline.
///
/// # Errors
/// [`ErrorCode::BadInput`] if a file cannot be read, the files differ in length, or the expected
/// file has no column to compare.
pub fn compare(bundle: &[u8], pair: &Pair<'_>) -> Result<Report> {
    let mut gate = Gate::from_bundle(bundle)?;
    let contract = load::contract_of(bundle)?;
    let names = feature_names(bundle, &contract)?;
    let mut rows = Rows::open(pair.rows, &contract)?;
    let mut expected = Rows::open_text(pair.expected)?;
    let mut report = Report::default();
    let mut columns: Option<[Vec<Column>; 2]> = None;
    loop {
        let (row, wanted) = match (rows.next()?, expected.next()?) {
            (None, None) => return Ok(report),
            (Some(row), Some(wanted)) => (row, wanted),
            (left, _) => {
                let file = if left.is_none() { rows.file() } else { expected.file() };
                let message =
                    format!("the file ends after {} rows, the other does not", report.rows);
                return Err(Error::new(ErrorCode::BadInput, message).in_file(file));
            }
        };
        report.rows += 1;
        let cells = expected.cells(&wanted)?;
        let columns = match &mut columns {
            Some(columns) => columns,
            none => {
                let found = [features(&names, &cells), scores(&contract, &cells)];
                if found.iter().all(Vec::is_empty) {
                    return Err(nothing(&contract).in_file(expected.file()));
                }
                let names = |c: &[Column]| c.iter().map(|c| c.name.clone()).collect();
                let [features, scores] = &found;
                report.features = names(features);
                report.scores = names(scores);
                none.insert(found)
            }
        };
        let got = answer(&mut gate, &contract, &rows, &row)?;
        let mut wants = 0;
        for (i, columns) in columns.iter().enumerate() {
            for column in columns {
                let want = cells.number(&column.name).map_err(|found| {
                    let name = &column.name;
                    let message = format!("`{found}` in column `{name}` is no number");
                    Error::new(ErrorCode::BadInput, message)
                        .at_line(wanted.line, 1)
                        .in_file(expected.file())
                })?;
                let Some(want) = want else { continue };
                wants += 1;
                let have = got.as_ref().and_then(|g| g.get(i)?.get(column.at)).copied();
                report.judge(&column.name, row.line, have, want, pair.tolerance);
            }
        }
        report.refused += u64::from(got.is_none() && wants > 0);
    }
}

/// Features and scores of a row; none if the gate refuses it.
fn answer(
    gate: &mut Gate,
    contract: &Contract,
    rows: &Rows,
    row: &Row,
) -> Result<Option<[Vec<Got>; 2]>> {
    let record = rows.record(row, gate.reader())?;
    let placed = |e: Error| e.at_line(row.line, 1).in_file(rows.file());
    let Some((scores, features)) = gate.explain(record).map_err(placed)? else { return Ok(None) };
    let labels = contract.outputs.as_ref().map_or(0, |o| o.labels.len());
    let of = |value: f64| Got { value, single: false };
    let scores = match scores {
        [second] if labels == 2 => vec![of(1.0 - second), of(*second)],
        all => all.iter().copied().map(of).collect(),
    };
    Ok(Some([numbers(features), scores]))
}

/// The features of the record, column by column; a text is NaN, which equals no number.
fn numbers(features: &Features) -> Vec<Got> {
    let singles = features
        .tensors()
        .iter()
        .flat_map(|t| std::iter::repeat_n(t.dtype == DType::Float32, t.width));
    let values = features.named(0).map(|(_, value)| match value {
        FeatureValue::Number(x) => x,
        FeatureValue::Integer(i) => i as f64,
        FeatureValue::Boolean(b) => f64::from(u8::from(b)),
        FeatureValue::Text(_) => f64::NAN,
    });
    values.zip(singles).map(|(value, single)| Got { value, single }).collect()
}

/// Names of the feature columns, tensor by tensor.
fn feature_names(bundle: &[u8], contract: &Contract) -> Result<Vec<String>> {
    let zones = Bundle::read(bundle)?.zones().map(|(n, r)| (n.to_owned(), r.to_vec())).collect();
    let pipeline = Pipeline::new(contract, &ZoneRules::new(zones)?)?;
    let features = Features::new(&pipeline);
    Ok(features.tensors().iter().flat_map(|t| t.columns.iter().map(|c| c.to_string())).collect())
}

/// The columns of the expected file that hold features.
fn features(names: &[String], cells: &Cells<'_>) -> Vec<Column> {
    let names = names.iter().map(|name| format!("f_{name}")).enumerate();
    names.filter(|(_, n)| cells.has(n)).map(|(at, name)| Column { name, at }).collect()
}

/// The columns of the expected file that hold scores.
fn scores(contract: &Contract, cells: &Cells<'_>) -> Vec<Column> {
    let Some(outputs) = &contract.outputs else { return Vec::new() };
    let value = ["value".to_owned()];
    let names = if outputs.labels.is_empty() { &value[..] } else { &outputs.labels };
    let choices = |label: &String| [format!("p_{label}"), label.clone()];
    let found = |label: &String| choices(label).into_iter().find(|name| cells.has(name));
    let columns = names.iter().enumerate();
    columns.filter_map(|(at, label)| Some(Column { name: found(label)?, at })).collect()
}

fn nothing(contract: &Contract) -> Error {
    let labels = contract.outputs.as_ref().map(|o| o.labels.as_slice()).unwrap_or_default();
    let wanted = labels.first().map_or("`value`".to_owned(), |l| format!("`p_{l}` or `{l}`"));
    Error::new(ErrorCode::BadInput, "the file has no column to compare")
        .with_help(format!("name score columns such as {wanted}, feature columns such as `f_NAME`"))
}
