//! Measurements: `cargo xtask bench WHAT`. Never part of the tests.

mod collector;
mod contract;
mod drift;
mod engine;
mod gate;
mod privacy;
mod profile;

pub use gate::sizes;

use anyhow::Result;
use clap::Subcommand;

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The flights gate in WebAssembly, and the sizes of what ships
    Gate(gate::Args),
    /// The engine beside ONNX Runtime: latency, cold start, memory, bytes
    Engine(engine::Args),
    /// `driftline profile` on a CSV file: speed and peak memory, on a tenth of the size too
    Profile(profile::Args),
    /// Validation of the flights record: native, WebAssembly, ajv, pandera, Great Expectations
    Contract(contract::Args),
    /// The collector under load, under kills and under hostile clients: speed, totals, memory
    Collector(collector::Args),
    /// What drift is seen through each privacy mode, into docs/privacy.md
    Privacy(privacy::Args),
    /// A drift report of 1,000 features and 52 windows, beside Evidently
    Drift(drift::Args),
}

pub fn main(args: &Args) -> Result<()> {
    match &args.what {
        What::Gate(args) => gate::main(args),
        What::Engine(args) => engine::main(args),
        What::Profile(args) => profile::main(args),
        What::Contract(args) => contract::main(args),
        What::Collector(args) => collector::main(args),
        What::Privacy(args) => privacy::main(args),
        What::Drift(args) => drift::main(args),
    }
}
