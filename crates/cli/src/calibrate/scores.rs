//! A threshold from a file of confidences, without a model.

use super::why_nothing;
use crate::rows::{Input, Rows};
use driftline::decision::certify::{Answers, Costs, Promise};
use driftline::{Error, ErrorCode, Result};
use serde::Serialize;

/// The answer; others script against it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// Lowest certified threshold; `null`: escalate all.
    pub threshold: Option<f64>,
    /// Rows that it accepts.
    pub accepted: u64,
    /// Wrong answers among them.
    pub errors: u64,
    /// Accepted rows as a share of all.
    pub coverage: f64,
    /// Accepted rows that the first test asks for.
    pub rows_needed: u64,
    /// Why there is no threshold, in plain words.
    #[serde(skip)]
    pub why: Option<String>,
    /// All rows.
    #[serde(skip)]
    pub rows: u64,
}

/// Reads columns `confidence` and `correct` and certifies a threshold.
///
/// # Errors
/// [`ErrorCode::BadInput`] with the line of a row that is none.
pub fn certify_scores(input: &Input, promise: Promise, costs: Option<Costs>) -> Result<Answer> {
    let mut rows = Rows::open_text(input)?;
    let mut answers = Answers::default();
    while let Some(row) = rows.next()? {
        let cells = rows.cells(&row)?;
        let bad = |message: String| {
            Error::new(ErrorCode::BadInput, message)
                .with_help("columns `confidence` in [0, 1] and `correct`, 0 or 1, are needed")
                .at_line(row.line, 1)
                .in_file(rows.file())
        };
        let number = |name: &str| match cells.number(name) {
            Ok(Some(x)) => Ok(x),
            Ok(None) => Err(bad(format!("the row has no `{name}`"))),
            Err(found) => Err(bad(format!("`{found}` is no number, in column `{name}`"))),
        };
        let confidence = number("confidence")?;
        if !(0.0..=1.0).contains(&confidence) {
            return Err(bad(format!("the confidence `{confidence}` lies outside [0, 1]")));
        }
        let correct = match number("correct")? {
            0.0 => false,
            1.0 => true,
            other => return Err(bad(format!("`{other}` is neither 0 nor 1, in column `correct`"))),
        };
        answers.add(confidence, !correct);
    }
    let found = answers.certify(promise, costs);
    let rows = answers.total();
    let first =
        answers.curve(promise).into_iter().find(|point| point.accepted >= promise.first_rows());
    Ok(Answer {
        threshold: found.map(|p| p.threshold),
        accepted: found.map_or(0, |p| p.accepted),
        errors: found.map_or(0, |p| p.errors),
        coverage: found.map_or(0.0, |p| p.accepted as f64 / rows as f64),
        rows_needed: promise.first_rows(),
        why: found.is_none().then(|| why_nothing(rows, answers.wrong(), first, promise)),
        rows,
    })
}
