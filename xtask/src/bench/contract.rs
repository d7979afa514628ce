//! Validation of the flights record: native, in WebAssembly, and beside other libraries.

use crate::shell::{at, cargo, command, run, say};
use crate::{flights, setup};
use anyhow::Result;

#[derive(clap::Args)]
pub struct Args {
    /// Rounds of each measurement; minimum and median are printed
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(3..=1000))]
    rounds: u32,
}

pub fn main(args: &Args) -> Result<()> {
    let rounds = args.rounds.to_string();
    let driftline = flights::build()?;
    setup::npm_packages("xtask/js")?;
    let python = setup::python_in("benches/requirements.txt", ".driftline/bench-venv")?;
    let schema = format!("{}/record.schema.json", flights::OUT);
    run(command(driftline)
        .args(["export", "examples/flights/contract.yaml", "--format", "json-schema"])
        .args(["--output", &schema]))?;
    say("cargo bench --bench contract");
    run(cargo().args(["bench", "--workspace", "--bench", "contract"]))?;
    run(command("node").args(["xtask/js/bench-contract.mjs", flights::OUT, &rounds]))?;
    run(command(python).arg(at("benches/contract_peers.py")).arg(&rounds))
}
