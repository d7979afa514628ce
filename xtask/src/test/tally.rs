//! Runs the commands of a stage and counts their tests.

use super::count::counts;
use crate::shell::line;
use anyhow::{Context, Result, bail};
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, Stdio};

/// Tests of one stage.
#[derive(Default)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
}

impl Tally {
    /// Runs a check that reports no counts: it is one by itself.
    pub fn check(&mut self, command: &mut Command) -> Result<()> {
        crate::shell::run(command)?;
        self.passed += 1;
        Ok(())
    }

    /// Runs a test runner, shows its output and counts what its closing lines say. One that
    /// fails, or runs no test at all, is an error.
    pub fn tests(&mut self, command: &mut Command) -> Result<()> {
        let line = line(command);
        println!("$ {line}");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("`{line}` could not be started"))?;
        let output = child.stdout.take().context("the output is piped")?;
        let (passed, failed) = (self.passed, self.failed);
        for line in BufReader::new(output).split(b'\n') {
            let line = line.context("the output could not be read")?;
            let line = String::from_utf8_lossy(&line);
            writeln!(io::stdout(), "{line}").context("the output could not be written")?;
            if let Some((passed, failed)) = counts(&line) {
                self.passed += passed;
                self.failed += failed;
            }
        }
        let status = child.wait().with_context(|| format!("`{line}` was lost"))?;
        if !status.success() {
            bail!("`{line}` ended with {status}");
        }
        if self.failed > failed {
            bail!("`{line}` reports failures, yet ended well");
        }
        if self.passed == passed {
            bail!("`{line}` ran no test");
        }
        Ok(())
    }
}

/// Runs all of them and gives back the first error, so that one failure does not hide another.
pub fn all<const N: usize>(results: [Result<()>; N]) -> Result<()> {
    results.into_iter().collect()
}
