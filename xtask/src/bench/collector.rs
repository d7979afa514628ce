//! The collector under load.

use crate::shell::{cargo, run, say};
use anyhow::Result;

#[derive(clap::Args)]
pub struct Args {
    /// Seconds for each number of connections
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
}

pub fn main(args: &Args) -> Result<()> {
    say("cargo bench --package driftline-collector --bench load");
    let bench = ["bench", "--package", "driftline-collector", "--bench", "load", "--"];
    run(cargo().args(bench).arg(args.seconds.to_string()))
}
