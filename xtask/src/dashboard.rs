//! The collector's page, which the command carries if it is built before.

use crate::setup;
use crate::shell::{npm, run, say};
use anyhow::Result;

/// Builds it into `www/dist/dashboard`.
pub fn build() -> Result<()> {
    setup::npm_packages("www")?;
    say("page www/dashboard");
    run(npm("www").args(["run", "--silent", "dashboard:build", "--", "--logLevel", "warn"]))
}
