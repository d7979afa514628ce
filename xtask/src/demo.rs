//! The flights gate in WebAssembly over real production rows, and the page around it.

use crate::flights;
use crate::setup;
use crate::shell::{at, command, npm, run, say};
use anyhow::Result;

#[derive(clap::Args)]
pub struct Args {
    /// Does all but serve the page
    #[arg(long)]
    once: bool,
}

pub fn main(args: &Args) -> Result<()> {
    setup::npm_packages("www")?;
    flights::build()?;
    say("the gate in WebAssembly over real flights of June to December 2013");
    run(command("node").args(["xtask/js/demo.mjs", flights::OUT]))?;
    say("page www/demo");
    run(npm("www").args(["run", "--silent", "demo:build", "--", "--logLevel", "warn"]))?;
    if args.once {
        println!("page: {}", at("www/dist/demo/index.html").display());
        return Ok(());
    }
    run(npm("www").args(["run", "--silent", "demo:serve"]))
}
