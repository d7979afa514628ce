//! One file a command.

pub mod build;
pub mod calibrate;
pub mod channel;
pub mod check;
pub mod codes;
pub mod collect;
pub mod diff;
pub mod drift;
pub mod export;
pub mod import;
pub mod inspect;
pub mod keygen;
pub mod load;
pub mod predict;
pub mod profile;
pub mod replay;
pub mod run;
pub mod sign;
pub mod validate;
pub mod verify;

use crate::Outcome;
use crate::args::{Cli, Command};
use driftline::Result;

/// Runs the command that was asked for.
pub fn run(cli: &Cli) -> Result<Outcome> {
    match &cli.command {
        Command::Profile(args) => profile::run(args, cli.json),
        Command::Build(args) => build::run(args, cli.json),
        Command::Calibrate(args) => calibrate::run(args, cli.json),
        Command::Predict(args) => predict::run(args, cli.json),
        Command::Validate(args) => validate::run(args, cli.json),
        Command::Run(args) => run::run(args, cli.json),
        Command::Check(args) => check::run(args, cli.json),
        Command::Inspect(args) => inspect::run(args, cli.json),
        Command::Diff(args) => diff::run(args, cli.json),
        Command::Drift(args) => drift::run(args, cli.json),
        Command::Import(args) => import::run(args, cli.json),
        Command::Export(args) => export::run(args),
        Command::Collect(args) => collect::run(args, cli.json),
        Command::Replay(args) => replay::run(args, cli.json),
        Command::Keygen(args) => keygen::run(args, cli.json),
        Command::Sign(args) => sign::run(args, cli.json),
        Command::Rotate(args) => sign::rotate(args, cli.json),
        Command::Verify(args) => verify::run(args, cli.json),
        Command::Release(args) => channel::release(args, cli.json),
        Command::Canary(args) => channel::canary(args, cli.json),
        Command::Promote(args) => channel::promote(args, cli.json),
        Command::Rollback(args) => channel::rollback(args, cli.json),
        Command::Kill(args) => channel::kill(args, cli.json),
        Command::Resume(args) => channel::resume(args, cli.json),
        Command::Renew(args) => channel::renew(args, cli.json),
        Command::History(args) => channel::history(args, cli.json),
        Command::Codes(args) => codes::run(args, cli.json),
    }
}
