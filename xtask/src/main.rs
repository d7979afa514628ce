//! Set-up, build, test and demo of this repository: `cargo xtask --help`.

mod arrays;
mod bench;
mod dashboard;
mod demo;
mod flights;
mod kinds;
mod setup;
mod shell;
mod test;
mod wasm;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Set-up, build, test and demo of this repository")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Installs what the other tasks need; they do it by themselves, as far as they need it
    Setup(setup::Args),
    /// Builds the runtimes of plans and the npm package into pkg/dist-tabular and pkg/dist
    Wasm(wasm::Args),
    /// Builds the collector's page into www/dist/dashboard, from where the command takes it
    Dashboard,
    /// Replays real production rows through the flights gate in WebAssembly into a collector, then
    /// serves a page
    Demo(demo::Args),
    /// Runs every check and test
    Test(test::Args),
    /// Measures: the gate, the engine beside others, the profiler
    Bench(bench::Args),
    /// Prints the sizes of what ships: raw, gzip, brotli
    Sizes,
}

fn main() -> ExitCode {
    let result = match Cli::parse().task {
        Task::Setup(args) => setup::main(&args),
        Task::Wasm(args) => wasm::main(&args),
        Task::Dashboard => dashboard::build(),
        Task::Demo(args) => demo::main(&args),
        Task::Test(args) => return test::main(&args),
        Task::Bench(args) => bench::main(&args),
        Task::Sizes => bench::sizes(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
