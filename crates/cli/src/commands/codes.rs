//! `driftline codes`: every code that driftline answers with.

use crate::Outcome;
use crate::output::Output;
use driftline::error::CodeKind;
use driftline::{ErrorCode, Result};
use serde::Serialize;

/// Which codes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  driftline codes missing_offset")]
pub struct Args {
    /// Only these codes
    #[arg(value_name = "CODE")]
    codes: Vec<String>,
}

#[derive(Serialize)]
struct Line {
    code: &'static str,
    kind: CodeKind,
    meaning: &'static str,
    help: &'static str,
}

/// Prints the codes in the order of their groups.
pub fn run(args: &Args, json: bool) -> Result<Outcome> {
    let chosen: Vec<ErrorCode> = if args.codes.is_empty() {
        ErrorCode::ALL.to_vec()
    } else {
        args.codes.iter().map(|c| c.parse()).collect::<Result<_>>()?
    };
    let mut out = Output::stdout();
    for code in chosen {
        let line = Line {
            code: code.as_str(),
            kind: code.kind(),
            meaning: code.meaning(),
            help: code.help(),
        };
        if json {
            out.json(&line)?;
        } else {
            out.line(&format!("{}\n    {}\n    help: {}", line.code, line.meaning, line.help))?;
        }
    }
    out.finish()?;
    Ok(Outcome::Good)
}
