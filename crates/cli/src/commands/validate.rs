//! `driftline validate`: what breaks the contract, without a model.

use super::load;
use crate::Outcome;
use crate::output::Output;
use crate::rows::{Input, Rows};
use driftline::contract::{RecordReader, Severity, Validator, Violation};
use driftline::{Error, Result};
use serde::Serialize;
use std::path::PathBuf;

/// What is checked against what.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    driftline validate contract.yaml --input rows.csv --ignore outcome\n\n\
    One line of JSON a row: {\"line\": 2, \"violations\": [...]}. Exit status 1 if any row breaks \
    the contract as gravely as --fail-on says, 2 if a row cannot be read.")]
pub struct Args {
    /// Contract (YAML or JSON), or a bundle
    contract: PathBuf,

    #[command(flatten)]
    input: Input,

    /// Leave out the rows that keep the contract
    #[arg(long)]
    broken_only: bool,

    /// Least severity of a broken clause that fails the check; `reject` lets records pass that a
    /// person would decide
    #[arg(long, value_enum, default_value = "warn", value_name = "SEVERITY")]
    fail_on: FailOn,

    /// Where the lines go; `-` is standard output
    #[arg(long, default_value = "-", value_name = "FILE")]
    output: PathBuf,
}

/// [`Severity`] on the command line.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum FailOn {
    Warn,
    Escalate,
    Reject,
}

impl From<FailOn> for Severity {
    fn from(least: FailOn) -> Self {
        match least {
            FailOn::Warn => Self::Warn,
            FailOn::Escalate => Self::Escalate,
            FailOn::Reject => Self::Reject,
        }
    }
}

#[derive(Serialize)]
struct Line {
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    violations: Option<Vec<Violation>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Error>,
}

/// Validates every row.
pub fn run(args: &Args, json: bool) -> Result<Outcome> {
    let (contract, _) = load::contract(&args.contract)?;
    let reader = RecordReader::new(&contract);
    let validator = Validator::new(&contract)?;
    let mut rows = Rows::open(&args.input, &contract)?;
    let mut out = Output::open(&args.output)?;
    let least = Severity::from(args.fail_on);
    let (mut total, mut broken, mut failed, mut unreadable) = (0u64, 0u64, 0u64, 0u64);
    while let Some(row) = rows.next()? {
        total += 1;
        let mut line = Line { line: row.line, violations: None, error: None };
        match rows.record(&row, &reader) {
            Ok(record) => {
                let mut violations = Vec::new();
                validator.validate(record, &mut violations);
                if violations.is_empty() && args.broken_only {
                    continue;
                }
                broken += u64::from(!violations.is_empty());
                failed += u64::from(violations.iter().any(|v| v.severity >= least));
                line.violations = Some(violations);
            }
            Err(error) => {
                unreadable += 1;
                line.error = Some(error);
            }
        }
        out.json(&line)?;
    }
    out.finish()?;
    if !json {
        let which = match least {
            Severity::Warn => String::new(),
            _ => format!(" ({failed} of them fail the check)"),
        };
        eprintln!("{total} rows: {broken} break the contract{which}, {unreadable} cannot be read");
    }
    Ok(match (unreadable, failed) {
        (0, 0) => Outcome::Good,
        (0, _) => Outcome::CheckFailed,
        _ => Outcome::BadInput,
    })
}
