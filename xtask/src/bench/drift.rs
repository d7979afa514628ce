//! A full drift report of 1,000 features × 20 bins × 52 windows, beside Evidently's of a part.

use crate::setup;
use crate::shell::{at, cargo, command, run, say};
use anyhow::Result;
use std::fs;

/// The first window's counts, for Evidently.
const FILE: &str = "target/bench/drift.json";

#[derive(clap::Args)]
pub struct Args {
    /// Features of one window that Evidently gets
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    features: u32,
}

pub fn main(args: &Args) -> Result<()> {
    fs::create_dir_all(at("target/bench"))?;
    let python = setup::python_in("benches/drift-requirements.txt", ".driftline/drift-venv")?;
    say("cargo bench --bench drift");
    run(cargo().args(["bench", "--package", "driftline", "--bench", "drift", "--"]).arg(at(FILE)))?;
    run(command(python)
        .arg(at("benches/drift_peers.py"))
        .arg(at(FILE))
        .arg(args.features.to_string()))
}
