//! The flights example, built with the command that users have.

use crate::shell::{at, cargo, command, run, say, target};
use crate::{dashboard, wasm};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Where the example is built.
pub const OUT: &str = "target/flights";
/// What `driftline build` writes there.
pub const BUNDLE: &str = "target/flights/flights-delay.driftline";
pub const PACKAGE: &str = "target/flights/package";

/// Builds the runtimes of plans, the dashboard and the command that carries them; the command's path.
pub fn driftline() -> Result<PathBuf> {
    wasm::plans(true)?;
    dashboard::build()?;
    say("cargo build --bin driftline");
    // with the features of the whole workspace: with others, everything below it is built again
    run(cargo().args(["build", "--workspace", "--bin", "driftline"]))?;
    Ok(target().join("debug/driftline"))
}

/// Builds the bundle and the package of the flights model; the command's path.
pub fn build() -> Result<PathBuf> {
    let driftline = driftline()?;
    empty(&at(OUT))?;
    say("driftline build examples/flights/model.onnx");
    run(command(&driftline)
        .args(["build", "examples/flights/model.onnx"])
        .args(["--contract", "examples/flights/contract.yaml"])
        .args(["--policy", "examples/flights/policy.yaml"])
        .args(["--baseline", "examples/flights/baseline.json"])
        .args(["--golden", "examples/flights/golden.csv"])
        .args(["--output", OUT]))?;
    Ok(driftline)
}

/// Removes a folder that an earlier build wrote.
pub fn empty(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    fs::remove_dir_all(folder).with_context(|| format!("`{}` cannot be emptied", folder.display()))
}
