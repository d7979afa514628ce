//! The flights gate in WebAssembly over real production rows, replayed into a running collector, and
//! the pages around them.

use crate::flights;
use crate::setup;
use crate::shell::{at, command, line, npm, run, say};
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The collector's counts, which begin anew with each demo.
const DATA: &str = "target/demo";

#[derive(clap::Args)]
pub struct Args {
    /// Does all but keep collector and page running
    #[arg(long)]
    once: bool,
}

pub fn main(args: &Args) -> Result<()> {
    setup::npm_packages("www")?;
    let driftline = flights::build()?;
    flights::empty(&at(DATA))?;
    say(
        "driftline collect, and the gate in WebAssembly over real flights of June to December 2013",
    );
    let collector = Collector::start(&driftline)?;
    let replay = ["xtask/js/demo.mjs", flights::OUT, &collector.url];
    run(command("node").args(replay))?;
    say("page www/demo");
    run(npm("www").args(["run", "--silent", "demo:build", "--", "--logLevel", "warn"]))?;
    if args.once {
        println!("page: {}", at("www/dist/demo/index.html").display());
        return Ok(());
    }
    println!("dashboard: {}/ until this ends", collector.url);
    run(npm("www").args(["run", "--silent", "demo:serve"]))
}

/// A collector of this demo, which ends with it.
struct Collector {
    child: Child,
    url: String,
}

impl Collector {
    /// Starts one on a free port of this machine, which knows the flights bundle and takes the
    /// windows of 2013.
    fn start(driftline: &Path) -> Result<Self> {
        let mut program: Command = command(driftline);
        program
            .args(["collect", "--json", "--listen", "127.0.0.1:0", "--accept-days", "36525"])
            .args(["--data", DATA, "--register", flights::BUNDLE])
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let shown = line(&program);
        let child = program.spawn().with_context(|| format!("`{shown}` could not be started"))?;
        let mut collector = Self { child, url: String::new() };
        let mut told = String::new();
        if let Some(out) = collector.child.stdout.take() {
            BufReader::new(out).read_line(&mut told)?;
        }
        let told: serde_json::Value =
            serde_json::from_str(&told).with_context(|| format!("`{shown}` did not start"))?;
        let Some(url) = told.get("listening").and_then(serde_json::Value::as_str) else {
            bail!("`{shown}` does not say where it listens");
        };
        url.clone_into(&mut collector.url);
        Ok(collector)
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // it may have ended with the terminal's signal
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
