//! A full drift report of 1,000 features × 20 bins × 52 windows, beside Evidently's of a part.

use crate::setup;
use crate::shell::{at, cargo, command, read, say};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fs;

/// The first window's counts, for Evidently.
const FILE: &str = "target/bench/drift.json";

#[derive(clap::Args)]
pub struct Args {
    /// Features of one window that Evidently gets
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    features: u32,

    /// Turns, each of driftline and then of Evidently
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=20))]
    turns: u32,
}

pub fn main(args: &Args) -> Result<()> {
    fs::create_dir_all(at("target/bench"))?;
    let python = setup::python_in("benches/drift-requirements.txt", ".driftline/drift-venv")?;
    let mut medians: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for turn in 1..=args.turns {
        say(&format!("turn {turn}: cargo bench --bench drift, then Evidently"));
        let ours = ["bench", "--package", "driftline", "--bench", "drift", "--"];
        let mut told = read(cargo().args(ours).arg(at(FILE)))?;
        let peer = [at("benches/drift_peers.py"), at(FILE), args.features.to_string().into()];
        told += &read(command(&python).args(peer))?;
        print!("{told}");
        for line in told.lines() {
            // NAME: minimum X ms, median Y ms
            let Some((name, times)) = line.split_once(": minimum ") else { continue };
            let median = times.split_once("median ").and_then(|(_, rest)| rest.split(' ').next());
            let median =
                median.and_then(|text| text.parse().ok()).context("a line has no median")?;
            medians.entry(name.to_owned()).or_default().push(median);
        }
    }
    println!("medians of the turns' medians:");
    for (name, times) in &mut medians {
        times.sort_by(f64::total_cmp);
        let middle = times.get(times.len() / 2).copied().unwrap_or(f64::NAN);
        println!("{name}: {middle:.1} ms");
    }
    Ok(())
}
