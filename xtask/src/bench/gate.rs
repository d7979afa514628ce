//! Speed of the gate in WebAssembly, and the sizes of what ships.

use crate::flights;
use crate::shell::{command, run};
use anyhow::Result;

#[derive(clap::Args)]
pub struct Args {
    /// Rounds of each measurement; minimum and median are printed
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(3..=1000))]
    rounds: u32,
}

pub fn main(args: &Args) -> Result<()> {
    flights::build()?;
    let rounds = args.rounds.to_string();
    run(command("node").args(["xtask/js/bench.mjs", flights::OUT, &rounds]))?;
    run(command("node").args(["xtask/js/sizes.mjs", flights::OUT]))
}

pub fn sizes() -> Result<()> {
    flights::build()?;
    run(command("node").args(["xtask/js/sizes.mjs", flights::OUT]))
}
