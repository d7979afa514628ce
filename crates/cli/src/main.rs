//! The driftline command.
//!
//! `main` parses the arguments, runs one command and turns its outcome into an exit status:
//! 0 good, 1 a check failed, 2 wrong usage or input.

mod args;
mod assemble;
mod calibrate;
mod card;
mod channel;
mod commands;
mod definition;
mod diff;
mod direct;
mod drift;
mod export;
mod golden;
mod import;
mod npz;
mod output;
mod package;
mod parity;
mod profile;
mod progress;
mod provenance;
mod replay;
mod report;
mod rows;
mod shapes;
mod signature;
mod sizes;
mod suggest;
mod verify;
mod zones;

use args::Cli;
use clap::Parser;
use driftline::{Error, ErrorCode};
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// What was asked for is done and holds.
    Good,
    /// The command ran, and what it checked does not hold.
    CheckFailed,
    /// Some of the input could not be read; the rest was done.
    BadInput,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Good => Self::SUCCESS,
            Outcome::CheckFailed => Self::from(1),
            Outcome::BadInput => Self::from(2),
        }
    }
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match commands::run(&cli) {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            report::print(&error, cli.json);
            ExitCode::from(2)
        }
    }
}

/// Answers `--help`, `--version` and arguments that are wrong.
fn usage(error: &clap::Error) -> ExitCode {
    let json = std::env::args_os().any(|a| a == "--json");
    if !error.use_stderr() || !json {
        // nothing is left to say when the terminal is gone
        let _ = error.print();
        return ExitCode::from(u8::from(error.use_stderr()) * 2);
    }
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    let message = first.strip_prefix("error: ").unwrap_or(first).replace('\'', "`");
    report::print(&Error::new(ErrorCode::BadUsage, message), true);
    ExitCode::from(2)
}
