//! The network of `tests/arrays` over an image and an embedding, built with the command that users
//! have.

use crate::flights;
use crate::shell::{at, command, run, say};
use anyhow::Result;

const OUT: &str = "target/arrays";

/// Builds bundle and package, and lets the command decide the checked-in rows.
pub fn build() -> Result<()> {
    let driftline = flights::driftline()?;
    flights::empty(&at(OUT))?;
    say("driftline build tests/arrays/model.onnx");
    run(command(&driftline).args(["build", "tests/arrays/model.onnx"]).args([
        "--contract",
        "tests/arrays/contract.yaml",
        "--output",
        OUT,
    ]))?;
    run(command(&driftline)
        .args(["predict", &format!("{OUT}/arrays.driftline")])
        .args(["--input", "tests/arrays/rows.jsonl"])
        .args(["--output", &format!("{OUT}/native.jsonl")]))
}
