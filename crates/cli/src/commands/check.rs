//! `driftline check`: whether serving computes what training computed.

use super::load;
use crate::Outcome;
use crate::golden;
use crate::output::Output;
use crate::parity::{self, Difference, Pair, Report};
use crate::rows::Input;
use driftline::{Error, ErrorCode, Result};
use serde::Serialize;
use std::path::PathBuf;

/// What is compared with what.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    driftline check dist/flights-delay.driftline --input golden.csv --expected golden_expected.csv\n\n\
    The expected file has a row for each row of the input, in the same order. Its columns \
    `p_LABEL` or `LABEL` are compared with the scores, `f_NAME` with the features, `f_NAME@N` with \
    a feature after its first N steps, `value` with a regression's number; an empty cell is not \
    compared. Exit status 1 on skew.")]
pub struct Args {
    /// Bundle, or a WebAssembly file that carries one
    bundle: PathBuf,

    #[command(flatten)]
    input: Input,

    /// What the training pipeline computed for the same rows: .jsonl, .csv or .parquet
    #[arg(long, value_name = "PREDS")]
    expected: PathBuf,

    /// Largest difference that is none; relative for values beyond ±1
    #[arg(long, default_value_t = 1e-6)]
    tolerance: f64,
}

/// The comparison, and what the bundle's own rows gave.
#[derive(Serialize)]
struct Checked<'a> {
    #[serde(flatten)]
    report: &'a Report,
    /// None if the bundle has no golden rows.
    self_test: &'a Option<golden::SelfTest>,
}

/// Compares and tells.
pub fn run(args: &Args, json: bool) -> Result<Outcome> {
    if !args.tolerance.is_finite() || args.tolerance < 0.0 {
        return Err(Error::new(
            ErrorCode::BadUsage,
            "the tolerance must be finite and not negative",
        ));
    }
    let bytes = load::bundle_bytes(&args.bundle)?;
    let expected = Input::of(&args.expected);
    let pair = Pair { rows: &args.input, expected: &expected, tolerance: args.tolerance };
    let report = parity::compare(&bytes, &pair)?;
    let test = golden::self_test(&bytes)?;
    let whole = test.as_ref().is_none_or(|t| t.first.is_none());
    let mut out = Output::stdout();
    if json {
        out.json(&Checked { report: &report, self_test: &test })?;
    } else {
        print(&report, args.tolerance, &mut out)?;
        if let Some(test) = &test {
            out.line(&test.text())?;
        }
    }
    out.finish()?;
    Ok(if report.holds() && whole { Outcome::Good } else { Outcome::CheckFailed })
}

fn print(report: &Report, tolerance: f64, out: &mut Output) -> Result<()> {
    out.line(&format!(
        "{} rows, {} score and {} feature columns, {} values compared",
        report.rows,
        report.scores.len(),
        report.features.len(),
        report.values
    ))?;
    if report.holds() {
        return out.line(&format!(
            "training and serving agree: largest difference {:e}, tolerance {tolerance:e}",
            report.largest
        ));
    }
    out.line(&format!(
        "training and serving differ: {} values beyond {tolerance:e}, {} rows refused",
        report.differing, report.refused
    ))?;
    if let Some(first) = &report.first {
        out.line(&format!("first  {}", text(first)))?;
        for step in &first.steps {
            out.line(&format!("       {:<18} {}", step.step, step.value))?;
        }
    }
    for difference in &report.worst {
        out.line(&format!("worst  {}", text(difference)))?;
    }
    Ok(())
}

fn text(d: &Difference) -> String {
    let after = d.step.as_ref().map_or(String::new(), |step| format!(" after `{step}`"));
    let place = format!("`{}` in line {}{after}", d.column, d.line);
    match (d.gate, d.difference) {
        (Some(gate), Some(by)) => {
            format!("{place}: {gate} here, {} expected, difference {by:e}", d.expected)
        }
        _ => format!("{place}: the contract refuses the record, {} expected", d.expected),
    }
}
