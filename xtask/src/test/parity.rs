//! The same rows on every host.

use super::tally::Tally;
use crate::flights;
use crate::setup;
use crate::shell::{at, command, npm, run, run_into, say};
use anyhow::{Context, Result};
use std::fs;

const OUT: &str = "target/parity";

/// Files of examples/flights, and their columns that are no inputs.
const ROWS: [&str; 3] = ["golden.csv", "production.csv.gz", "calibration.csv.gz"];
const OUTCOMES: &str = "row_id,late,p_late";

pub fn parity(tally: &mut Tally) -> Result<()> {
    let driftline = flights::build()?;
    setup::npm_packages("tests")?;
    let browser = setup::browser()?;
    fs::create_dir_all(at(OUT)).with_context(|| format!("`{OUT}` cannot be made"))?;
    say("driftline predict, native");
    for rows in ROWS {
        run(command(&driftline)
            .args(["predict", flights::BUNDLE, "--ignore", OUTCOMES, "--input"])
            .arg(format!("examples/flights/{rows}"))
            .arg("--output")
            .arg(format!("{OUT}/{rows}.jsonl")))?;
    }
    for host in ["node", "chromium"] {
        say(&format!("scores of the WebAssembly in {host}"));
        run_into(
            npm("tests")
                .args(["run", "--silent", &format!("parity:{host}")])
                .env("CHROMIUM", &browser.chromium),
            &at(OUT).join(format!("{host}.txt")),
        )?;
    }
    tally.tests(command("node").args(["xtask/js/parity.mjs", OUT, flights::PACKAGE]))
}
