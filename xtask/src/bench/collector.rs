//! The collector under load, under kills and under hostile clients.

use crate::shell::{cargo, run, say};
use anyhow::Result;

#[derive(clap::Args)]
pub struct Args {
    /// Seconds for each number of connections
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// How often the collector is killed under load
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    kills: u32,
    /// Only this part
    #[arg(long, value_parser = ["speed", "kills", "hostile"])]
    only: Option<String>,
}

pub fn main(args: &Args) -> Result<()> {
    say("cargo bench --package driftline-collector --bench load");
    let bench = ["bench", "--package", "driftline-collector", "--bench", "load", "--"];
    let numbers = [args.seconds.to_string(), args.kills.to_string()];
    run(cargo().args(bench).args(&args.only).args(numbers))
}
