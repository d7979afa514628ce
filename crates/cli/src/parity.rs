//! Training and serving compared on the same rows: features and scores.

use crate::commands::load;
use crate::rows::{Cells, Input, Row, Rows};
use driftline::bundle::Bundle;
use driftline::contract::{Contract, Step, Validator};
use driftline::gate::Gate;
use driftline::preprocess::{FeatureValue, Features, Pipeline, Traced, ZoneRules};
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

/// A feature's value after one of its steps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepValue {
    /// Name of the step; `input` for the value that the first one takes.
    pub step: String,
    /// The value, for people.
    pub value: String,
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
    /// The step after which the expected file has another value, if it has values of steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// How the gate came to a feature: its input, and the value after each step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepValue>,
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
    /// Columns of values between two steps that were compared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
    /// Values that were compared.
    pub values: u64,
    /// Values that differ.
    pub differing: u64,
    /// Rows that the gate refused although the training pipeline has an answer.
    pub refused: u64,
    /// The largest distance found, differing or not.
    pub largest: f64,
    /// The first difference: the earliest row, its features step by step before its scores.
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
                "{} of {} values differ, {} rows were refused; first `{}` in line {}{}: {} here, {} expected",
                self.differing,
                self.values,
                self.refused,
                d.column,
                d.line,
                d.step.as_ref().map_or(String::new(), |step| format!(" after `{step}`")),
                d.gate.map_or("no answer".to_owned(), |x| x.to_string()),
                d.expected,
            ),
        }
    }

    fn judge(&mut self, column: &Column, row: &Judged<'_>, have: Option<Got>, want: f64) {
        let tolerance = row.tolerance;
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
        let size = |distance: Option<f64>| distance.unwrap_or(f64::INFINITY);
        let at = self.worst.partition_point(|d| size(d.difference) >= size(distance));
        if at >= LISTED && self.first.is_some() {
            return;
        }
        let steps = column.feature.as_deref().map(|f| row.steps(f)).unwrap_or_default();
        let step = match column.source {
            Source::Step(n) => steps.get(n).map(|s| s.step.clone()),
            _ => None,
        };
        let difference = Difference {
            column: column.name.clone(),
            line: row.line,
            gate: have.map(|g| g.value),
            expected: want,
            difference: distance,
            step,
            steps,
        };
        if self.first.is_none() {
            self.first = Some(difference.clone());
        }
        self.worst.insert(at.min(self.worst.len()), difference);
        self.worst.truncate(LISTED);
    }
}

/// A column of the expected file, and which of the gate's values it is compared with.
struct Column {
    name: String,
    source: Source,
    /// The feature that it is of.
    feature: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// The feature's value after so many steps.
    Step(usize),
    /// A column of the features.
    Feature(usize),
    /// A score.
    Score(usize),
}

/// A row that is compared.
struct Judged<'a> {
    line: u64,
    tolerance: f64,
    trace: &'a dyn Fn(&str) -> Vec<Traced>,
    contract: &'a Contract,
}

impl Judged<'_> {
    fn steps(&self, feature: &str) -> Vec<StepValue> {
        let found = self.contract.features.iter().find(|f| f.name == feature);
        let names = found.into_iter().flat_map(|f| &f.steps).map(Step::name);
        let names = std::iter::once("input").chain(names);
        let traced = (self.trace)(feature);
        let pairs = names.zip(traced);
        pairs.map(|(step, t)| StepValue { step: step.to_owned(), value: t.shown }).collect()
    }

    /// The number after so many steps; NaN, which equals nothing, if there is none.
    fn after(&self, feature: &str, n: usize) -> Got {
        let number = (self.trace)(feature).get(n).and_then(|t| t.number);
        Got { value: number.unwrap_or(f64::NAN), single: false }
    }
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
    let pipeline = pipeline(bundle, &contract)?;
    let validator = Validator::new(&contract)?;
    let mut rows = Rows::open(pair.rows, &contract)?;
    let mut expected = Rows::open_text(pair.expected)?;
    let mut report = Report::default();
    let mut columns: Option<Vec<Column>> = None;
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
                let found = columns_of(&contract, &pipeline, &cells);
                if found.is_empty() {
                    return Err(nothing(&contract).in_file(expected.file()));
                }
                for column in &found {
                    let list = match column.source {
                        Source::Step(_) => &mut report.steps,
                        Source::Feature(_) => &mut report.features,
                        Source::Score(_) => &mut report.scores,
                    };
                    list.push(column.name.clone());
                }
                none.insert(found)
            }
        };
        let got = answer(&mut gate, &contract, &rows, &row)?;
        let trace = |feature: &str| -> Vec<Traced> {
            let Ok(record) = rows.record(&row, gate.reader()) else { return Vec::new() };
            pipeline.trace(&validator.validate(record, &mut Vec::new()), feature)
        };
        let judged = Judged {
            line: row.line,
            tolerance: pair.tolerance,
            trace: &trace,
            contract: &contract,
        };
        let mut wants = 0;
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
            let feature = column.feature.as_deref().unwrap_or_default();
            let have = got.as_ref().and_then(|[features, scores]| match column.source {
                Source::Step(n) => Some(judged.after(feature, n)),
                Source::Feature(at) => features.get(at).copied(),
                Source::Score(at) => scores.get(at).copied(),
            });
            report.judge(column, &judged, have, want);
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

/// The pipeline of the bundle, with its zones.
fn pipeline(bundle: &[u8], contract: &Contract) -> Result<Pipeline> {
    let zones = Bundle::read(bundle)?.zones().map(|(n, r)| (n.to_owned(), r.to_vec())).collect();
    Pipeline::new(contract, &ZoneRules::new(zones)?)
}

/// The columns of the expected file that are compared: feature by feature the values of its steps
/// and its columns, then the scores.
fn columns_of(contract: &Contract, pipeline: &Pipeline, cells: &Cells<'_>) -> Vec<Column> {
    let features = Features::new(pipeline);
    let tensors = features.tensors().iter();
    let names: Vec<String> =
        tensors.flat_map(|t| (0..t.width).map(|n| t.column(n).into_owned())).collect();
    let owners = contract.tensors.iter().flat_map(|t| &t.features);
    let mut columns = Vec::new();
    let mut at = 0;
    for (name, width) in owners.zip(features.widths().iter().copied()) {
        let found = contract.features.iter().find(|f| f.name == *name);
        let steps = found.map_or(0, |f| f.steps.len());
        for n in 0..=steps {
            let column = format!("f_{name}@{n}");
            if cells.has(&column) {
                let feature = Some(name.clone());
                columns.push(Column { name: column, source: Source::Step(n), feature });
            }
        }
        for (n, column) in names.iter().enumerate().skip(at).take(width) {
            let column = format!("f_{column}");
            if cells.has(&column) {
                let feature = Some(name.clone());
                columns.push(Column { name: column, source: Source::Feature(n), feature });
            }
        }
        at += width;
    }
    columns.extend(scores(contract, cells));
    columns
}

/// The columns of the expected file that hold scores.
fn scores(contract: &Contract, cells: &Cells<'_>) -> Vec<Column> {
    let Some(outputs) = &contract.outputs else { return Vec::new() };
    let value = ["value".to_owned()];
    let names = if outputs.labels.is_empty() { &value[..] } else { &outputs.labels };
    let choices = |label: &String| [format!("p_{label}"), label.clone()];
    let found = |label: &String| choices(label).into_iter().find(|name| cells.has(name));
    let columns = names.iter().enumerate();
    columns
        .filter_map(|(at, label)| {
            Some(Column { name: found(label)?, source: Source::Score(at), feature: None })
        })
        .collect()
}

fn nothing(contract: &Contract) -> Error {
    let labels = contract.outputs.as_ref().map(|o| o.labels.as_slice()).unwrap_or_default();
    let wanted = labels.first().map_or("`value`".to_owned(), |l| format!("`p_{l}` or `{l}`"));
    Error::new(ErrorCode::BadInput, "the file has no column to compare")
        .with_help(format!("name score columns such as {wanted}, feature columns such as `f_NAME`"))
}
