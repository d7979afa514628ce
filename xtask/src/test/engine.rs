//! The engine against the ONNX specification and against other engines.

use super::tally::Tally;
use crate::setup;
use crate::shell::{at, cargo, command, run, say};
use anyhow::Result;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const SCRIPTS: &str = "tests/engine";

pub fn engine(tally: &mut Tally) -> Result<()> {
    let python = setup::python(setup::ENGINE_REQUIREMENTS)?;
    let conformance = data(&python, "conformance")?;
    let zoo = data(&python, "zoo")?;
    tally.tests(
        cargo()
            // of the workspace, so that what the stage `native` has built serves here too
            .args(["test", "--workspace", "--no-fail-fast"])
            // what they count is in their output
            .args(["--test", "conformance", "--test", "zoo", "--", "--nocapture"])
            .env("DRIFTLINE_CONFORMANCE_DIR", conformance)
            .env("DRIFTLINE_ZOO_DIR", zoo)
            .env("DRIFTLINE_ENGINE_DATA", "required"),
    )
}

/// The folder of cases that a script writes; written again when a script has changed.
fn data(python: &Path, name: &str) -> Result<PathBuf> {
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
