//! The engine against the ONNX specification and against other engines.

use super::tally::Tally;
use crate::shell::{at, cargo, command, npm, run, say};
use crate::{flights, setup, wasm};
use anyhow::Result;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const SCRIPTS: &str = "tests/engine";

pub fn engine(tally: &mut Tally) -> Result<()> {
    let python = setup::python(setup::ENGINE_REQUIREMENTS)?;
    let conformance = data(&python, "conformance")?;
    let zoo = data(&python, "zoo")?;
    let nets = data(&python, "nets")?;
    tally.tests(
        cargo()
            // of the workspace, so that what the stage `native` has built serves here too
            .args(["test", "--workspace", "--no-fail-fast"])
            // what they count is in their output
            .args(["--test", "conformance", "--test", "zoo", "--test", "nets", "--", "--nocapture"])
            .env("DRIFTLINE_CONFORMANCE_DIR", conformance)
            .env("DRIFTLINE_ZOO_DIR", zoo)
            .env("DRIFTLINE_NETS_DIR", nets)
            .env("DRIFTLINE_ENGINE_DATA", "required"),
    )
}

pub fn tract(tally: &mut Tally) -> Result<()> {
    wasm::build(true, wasm::Flavor::Tract)?;
    // the command has both runtimes inside
    let driftline = flights::driftline()?;
    let nets = data(&setup::python(setup::ENGINE_REQUIREMENTS)?, "nets")?;
    tally.tests(
        npm("tests")
            .args(["run", "--silent", "tract"])
            .env("DRIFTLINE", driftline)
            .env("NETS", nets),
    )
}

/// The folder of cases that a script writes; written again when a script has changed.
pub fn data(python: &Path, name: &str) -> Result<PathBuf> {
    let out = at(".driftline/engine").join(name);
    let written = modified(&out.join("index.json"));
    if written.is_none() || written < newest(&at(SCRIPTS)) {
        say(&format!("{SCRIPTS}/{name}.py"));
        run(command(python).arg(format!("{SCRIPTS}/{name}.py")).arg("--out").arg(&out))?;
    }
    Ok(out)
}

fn modified(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).ok()?.modified().ok()
}

fn newest(dir: &Path) -> Option<SystemTime> {
    let files = fs::read_dir(dir).ok()?.flatten();
    files.filter(|entry| entry.path().is_file()).filter_map(|entry| modified(&entry.path())).max()
}
