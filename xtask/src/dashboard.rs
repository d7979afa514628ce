//! The collector's page, which the command carries if it is built before.

use crate::setup;
use crate::shell::{npm, run, say};
use anyhow::Result;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether this process has built it: the command is compiled again when its files are written.
static BUILT: AtomicBool = AtomicBool::new(false);

/// Builds it into `www/dist/dashboard`, once a process.
pub fn build() -> Result<()> {
    if BUILT.load(Ordering::Relaxed) {
        return Ok(());
    }
    setup::npm_packages("www")?;
    say("page www/dashboard");
    run(npm("www").args(["run", "--silent", "dashboard:build", "--", "--logLevel", "warn"]))?;
    BUILT.store(true, Ordering::Relaxed);
    Ok(())
}
