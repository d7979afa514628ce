//! Every check and test, as stages that run on after a failure.

mod count;
mod engine;
mod parity;
mod stages;
mod tally;

pub use engine::data as engine_data;

use crate::shell::say;
use stages::{STAGES, Stage};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tally::Tally;

#[derive(clap::Args)]
pub struct Args {
    /// Only what needs neither npm packages nor a browser
    #[arg(long, conflicts_with = "only")]
    quick: bool,
    /// Only these stages
    #[arg(long, value_name = "STAGE", value_parser = stage)]
    only: Vec<&'static Stage>,
    /// Names the stages, and runs none
    #[arg(long)]
    list: bool,
}

fn stage(name: &str) -> Result<&'static Stage, String> {
    STAGES.iter().find(|stage| stage.name == name).ok_or_else(|| {
        let names: Vec<&str> = STAGES.iter().map(|stage| stage.name).collect();
        format!("there is {}", names.join(", "))
    })
}

struct Outcome {
    stage: &'static Stage,
    tally: Tally,
    error: Option<String>,
    took: Duration,
}

impl Outcome {
    fn failed(&self) -> u64 {
        // a stage that broke without a failing test counts as one
        self.tally.failed.max(u64::from(self.error.is_some()))
    }
}

pub fn main(args: &Args) -> ExitCode {
    if args.list {
        for stage in STAGES {
            println!("{:<14}{}", stage.name, stage.about);
        }
        return ExitCode::SUCCESS;
    }
    let chosen: Vec<&'static Stage> = match args.only.as_slice() {
        [] => STAGES.iter().filter(|stage| stage.quick || !args.quick).collect(),
        only => only.to_vec(),
    };
    let outcomes: Vec<Outcome> = chosen.into_iter().map(run).collect();
    summary(&outcomes)
}

fn run(stage: &'static Stage) -> Outcome {
    println!();
    say(&format!("stage {}: {}", stage.name, stage.about));
    let start = Instant::now();
    let mut tally = Tally::default();
    let error = (stage.run)(&mut tally).err().map(|error| format!("{error:#}"));
    let outcome = Outcome { stage, tally, error, took: start.elapsed() };
    if let Some(error) = &outcome.error {
        eprintln!("error: {error}");
    }
    println!("── stage {}", row(&outcome));
    outcome
}

fn row(outcome: &Outcome) -> String {
    format!(
        "{:<14}{:>7.1} s {:>6} passed {:>4} failed",
        outcome.stage.name,
        outcome.took.as_secs_f64(),
        outcome.tally.passed,
        outcome.failed()
    )
}

fn summary(outcomes: &[Outcome]) -> ExitCode {
    println!("\nstages");
    for outcome in outcomes {
        println!("  {}", row(outcome));
        if let Some(error) = &outcome.error {
            println!("    {error}");
        }
    }
    let took: Duration = outcomes.iter().map(|outcome| outcome.took).sum();
    let passed: u64 = outcomes.iter().map(|outcome| outcome.tally.passed).sum();
    let failed: u64 = outcomes.iter().map(Outcome::failed).sum();
    println!("  {:<14}{:>7.1} s", "all", took.as_secs_f64());
    println!("\n{passed} passed, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
