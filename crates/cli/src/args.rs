//! The command line as a type.

use crate::commands::{
    build, calibrate, channel, check, codes, collect, diff, drift, export, import, inspect, keygen,
    predict, profile, replay, run, sign, validate, verify,
};
use clap::{Parser, Subcommand, ValueEnum};
use driftline_compiler::Runtime;

/// A gate in front of an ONNX model: contract, preprocessing, inference and confidence policy in
/// one WebAssembly file.
#[derive(Debug, Parser)]
#[command(name = "driftline", version, max_term_width = 100, propagate_version = true)]
#[command(after_help = "Exit status: 0 good, 1 a check failed, 2 wrong usage or input.")]
pub struct Cli {
    /// Print for programs: JSON on standard output, an error as one JSON object on standard error
    #[arg(long, global = true)]
    pub json: bool,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// One subcommand each.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Infers a contract and a baseline from rows
    Profile(profile::Args),
    /// Compiles a model with its contract and policy into one bundle and an npm package
    Build(build::Args),
    /// Fits calibration and certifies thresholds from labelled rows
    Calibrate(calibrate::Args),
    /// Decides rows: one decision a line
    Predict(predict::Args),
    /// Checks rows against a contract, without a model
    Validate(validate::Args),
    /// Runs raw tensors through a model, without contract and policy
    Run(run::Args),
    /// Compares serving with training on the same rows: features and scores
    Check(check::Args),
    /// Prints what a bundle or a model is made of
    Inspect(inspect::Args),
    /// Tells what changed between two contracts or bundles, and whether it breaks callers
    Diff(diff::Args),
    /// Compares production with the training data: significance, effect, what moved
    Drift(drift::Args),
    /// Turns another library's schema into a contract
    Import(import::Args),
    /// Writes a contract as JSON Schema, TypeScript or a data sheet
    Export(export::Args),
    /// Takes beacons, merges and keeps their counts
    Collect(collect::Args),
    /// Sends rows to a collector as the beacons that they would have made
    Replay(replay::Args),
    /// Makes a key pair for signatures
    Keygen(keygen::Args),
    /// Signs a bundle
    Sign(sign::Args),
    /// Has an older key name its successor
    Rotate(sign::RotateArgs),
    /// Computes again what a bundle says of itself: parts, identity, signature
    Verify(verify::Args),
    /// Puts a bundle live in a channel
    Release(channel::Release),
    /// Gives a bundle to a share of a channel's clients
    Canary(channel::CanaryArgs),
    /// Puts a channel's canary live for all
    Promote(channel::Promote),
    /// Withdraws a canary, or goes back to the bundle before
    Rollback(channel::Rollback),
    /// Turns a channel's kill switch on
    Kill(channel::Kill),
    /// Turns a channel's kill switch off
    Resume(channel::Resume),
    /// Signs a channel anew: expiry, least runtime, telemetry
    Renew(channel::Renew),
    /// Prints what a channel says, and its steps
    History(channel::History),
    /// Lists every error code with its meaning and what to do
    Codes(codes::Args),
}

/// Which runtime computes: driftline's own flat program, or tract for what that cannot take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RuntimeName {
    // described without doc comments, which would turn the whole help into its long form
    Plan,
    Tract,
}

impl From<RuntimeName> for Runtime {
    fn from(name: RuntimeName) -> Self {
        match name {
            RuntimeName::Plan => Self::Plan,
            RuntimeName::Tract => Self::Tract,
        }
    }
}
