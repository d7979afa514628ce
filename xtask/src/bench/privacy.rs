//! What drift is seen through each privacy mode, and what ε adds up to, into docs/privacy.md.

use crate::shell::{at, cargo, read, run, say};
use anyhow::{Context, Result};
use std::fs;

#[derive(clap::Args)]
pub struct Args {
    /// Prints the tables only and leaves docs/privacy.md as it is
    #[arg(long)]
    print: bool,
}

const PAGE: &str = "docs/privacy.md";

/// The tables, by the words of the markers around them.
const TABLES: [&str; 3] = ["answers", "losses", "power"];

pub fn main(args: &Args) -> Result<()> {
    say("cargo bench --bench privacy: some minutes on one core");
    // the library alone: a release build of the whole workspace takes a quarter of an hour
    let bench = ["bench", "--package", "driftline", "--bench", "privacy"];
    run(cargo().args(bench).arg("--no-run"))?;
    let mut page = fs::read_to_string(at(PAGE)).with_context(|| format!("no `{PAGE}`"))?;
    for name in TABLES {
        let table = read(cargo().args(bench).args(["--", name]))?;
        println!("{table}");
        page = replaced(&page, name, &table)?;
    }
    if !args.print {
        fs::write(at(PAGE), page).with_context(|| format!("`{PAGE}` cannot be written"))?;
        say(&format!("wrote the tables into {PAGE}"));
    }
    Ok(())
}

/// The page with another text between the two markers of a name.
fn replaced(page: &str, name: &str, text: &str) -> Result<String> {
    let (start, end) = (format!("<!-- bench: {name} -->\n"), format!("<!-- end: {name} -->"));
    let found = page.split_once(&start).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(&end)?;
        Some(format!("{before}{start}{text}{end}{after}"))
    });
    found.with_context(|| format!("`{PAGE}` has no markers for `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn only_what_is_between_the_markers_is_replaced() {
        let page = "a\n<!-- bench: x -->\nold\n<!-- end: x -->\nb\n";
        let new = replaced(page, "x", "new\n").map_err(|e| e.to_string());
        assert_eq!(new.as_deref(), Ok("a\n<!-- bench: x -->\nnew\n<!-- end: x -->\nb\n"));
        assert!(replaced(page, "y", "").is_err());
    }
}
