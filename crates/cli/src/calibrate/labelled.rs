//! Labelled rows through a gate: raw scores beside the truth.

use super::fits;
use crate::rows::{Cells, Input, Rows};
use driftline::contract::{Contract, OutputKind, Outputs, Severity};
use driftline::gate::Gate;
use driftline::preprocess::Features;
use driftline::{Error, ErrorCode, Result};

/// How far outside [0, 1] rounding may put a probability, as in the decider.
const SLACK: f64 = 1e-6;

/// One row that the model scored.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The model's scores, one a label, or one number.
    pub scores: Vec<f64>,
    /// The numbers that the model was given, by [`Samples::features`].
    pub features: Vec<f64>,
    /// Whether each label is the row's; empty for a number.
    pub truths: Vec<bool>,
    /// The true number; 0 or 1 for a ranking.
    pub number: f64,
    /// Part that fits, or else the part that certifies.
    pub fits: bool,
}

/// What a labelled file gave.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    /// Rows that thresholds are asked about.
    pub rows: Vec<Sample>,
    /// Names of the features that are single numbers.
    pub features: Vec<String>,
    /// Rows that the contract refuses or escalates, or that the model cannot score.
    pub refused: u64,
    /// Rows without a label.
    pub unlabelled: u64,
}

/// Where the truth stands.
#[derive(Clone, Debug)]
pub struct Labels {
    /// One column; for several labels at once one column each, in the contract's order.
    pub columns: Vec<String>,
}

impl Labels {
    /// The row's truth: which labels hold, and its number; `None` if it has none.
    ///
    /// # Errors
    /// What stands there instead.
    pub fn truth(
        &self,
        cells: &Cells<'_>,
        outputs: &Outputs,
    ) -> Result<Option<(Vec<bool>, f64)>, String> {
        let text = |column: &String| {
            if cells.has(column) {
                Ok(cells.text(column))
            } else {
                Err(format!("there is no column `{column}`"))
            }
        };
        match outputs.kind {
            OutputKind::Regression | OutputKind::Ranking => {
                let column = self.columns.first().map_or("", String::as_str);
                text(&column.to_owned())?;
                let found = cells.number(column).map_err(|t| format!("`{t}` is no number"))?;
                let Some(x) = found else { return Ok(None) };
                if outputs.kind == OutputKind::Ranking && x != 0.0 && x != 1.0 {
                    return Err(format!("`{x}` is neither 0 nor 1"));
                }
                if !x.is_finite() {
                    return Err(format!("`{x}` is not finite"));
                }
                Ok(Some((Vec::new(), x)))
            }
            OutputKind::Multilabel => {
                let mut truths = Vec::new();
                for column in &self.columns {
                    let Some(found) = text(column)? else { return Ok(None) };
                    truths.push(yes_or_no(&found).ok_or(format!("`{found}` is neither 0 nor 1"))?);
                }
                Ok(Some((truths, 0.0)))
            }
            kind => {
                let column = self.columns.first().cloned().unwrap_or_default();
                let Some(found) = text(&column)? else { return Ok(None) };
                let named = outputs.labels.iter().position(|label| *label == found);
                let second = || yes_or_no(&found).map(usize::from);
                let at = named.or_else(|| if kind == OutputKind::Binary { second() } else { None });
                let at = at.ok_or_else(|| format!("`{found}` is no label of the contract"))?;
                Ok(Some(((0..outputs.labels.len()).map(|i| i == at).collect(), 0.0)))
            }
        }
    }
}

fn yes_or_no(text: &str) -> Option<bool> {
    match text {
        "0" | "0.0" | "false" => Some(false),
        "1" | "1.0" | "true" => Some(true),
        _ => None,
    }
}

/// Scores every row of the file.
///
/// # Errors
/// A row or a label that cannot be read, with its line.
pub fn read(
    gate: &mut Gate,
    contract: &Contract,
    outputs: &Outputs,
    input: &Input,
    labels: &Labels,
    seed: u64,
) -> Result<Samples> {
    let mut rows = Rows::open(input, contract)?;
    let mut samples = Samples::default();
    let mut number = 0u64;
    while let Some(row) = rows.next()? {
        let at = number;
        number += 1;
        let truth = labels.truth(&rows.cells(&row)?, outputs).map_err(|message| {
            Error::new(ErrorCode::BadInput, message).at_line(row.line, 1).in_file(rows.file())
        })?;
        let Some((truths, number)) = truth else {
            samples.unlabelled += 1;
            continue;
        };
        let record = rows.record(&row, gate.reader())?;
        let decision = gate.predict(record.clone());
        let violated = decision.violations.iter().any(|v| v.severity >= Severity::Escalate);
        let explained = gate.explain(record).ok().flatten();
        let scored = explained.and_then(|(s, f)| Some((scores(s, outputs)?, f)));
        match scored.filter(|_| !violated) {
            Some((scores, features)) => {
                let features = numbers(features, &mut samples.features);
                samples.rows.push(Sample {
                    scores,
                    features,
                    truths,
                    number,
                    fits: fits(seed, at),
                });
            }
            None => samples.refused += 1,
        }
    }
    Ok(samples)
}

/// The features that are single numbers; their names are found with the first row.
fn numbers(features: &Features, names: &mut Vec<String>) -> Vec<f64> {
    let single = features.tensors().iter().filter(|t| t.shape.len() <= 1);
    let columns = single.flat_map(|t| (0..t.width).map(move |n| (t, n)));
    let known = !names.is_empty();
    let mut row = Vec::new();
    for (tensor, n) in columns {
        if let Some(x) = tensor.number(0, n) {
            row.push(x);
            if !known {
                names.push(tensor.column(n).into_owned());
            }
        }
    }
    row
}

/// The model's scores as the decider takes them; `None` if it would not.
fn scores(raw: &[f64], outputs: &Outputs) -> Option<Vec<f64>> {
    let sound = |p: &f64| (-SLACK..=1.0 + SLACK).contains(p);
    match (raw, outputs.labels.len()) {
        ([number], 0) => number.is_finite().then(|| vec![*number]),
        ([second], 2) => sound(second).then(|| vec![1.0 - second, *second]),
        (all, labels) if all.len() == labels && all.iter().all(sound) => Some(all.to_vec()),
        _ => None,
    }
}
