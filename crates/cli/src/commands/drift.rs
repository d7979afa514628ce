//! `driftline drift`: what comes, beside what the model was trained on.

use crate::Outcome;
use crate::drift::{counts, table};
use crate::output::{Output, read_file};
use driftline::drift::{Criteria, Verdict};
use driftline::limits::MAX_DEFINITION_BYTES;
use driftline::{Error, ErrorCode, Result};
use std::path::{Path, PathBuf};

/// What is compared.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    driftline drift --counts counts.json --json\n\n\
    A file of counts holds {\"baseline_counts\": [...], \"current_counts\": [...], \"bin_edges\": \
    [...]|null, \"categories\": [...]|null} or a list of such, which is then one window's \
    features. docs/drift.md has every statistic with its formula and what it is if nothing \
    drifted.")]
pub struct Args {
    /// Bare counts as JSON; `-` is not read
    #[arg(long, value_name = "FILE")]
    counts: PathBuf,

    /// Exit status 1 if a feature has this verdict or a graver one [default: never]
    #[arg(long, value_name = "VERDICT")]
    fail_on: Option<FailOn>,

    #[command(flatten)]
    criteria: CriteriaArgs,
}

/// Verdicts that may fail a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum FailOn {
    /// More than chance, even if small
    Slight,
    /// More than chance, and large
    Drifted,
}

#[derive(Clone, Copy, Debug, clap::Args)]
struct CriteriaArgs {
    /// Expected share of false ones among the features that are called significant
    #[arg(long, value_name = "SHARE", default_value_t = Criteria::default().false_discovery_rate)]
    fdr: f64,

    /// Least effect that is drift: Hellinger's distance beyond what sampling alone gives
    #[arg(long, value_name = "DISTANCE", default_value_t = Criteria::default().effect)]
    min_effect: f64,

    /// Records of either side below which nothing is said
    #[arg(long, value_name = "RECORDS", default_value_t = Criteria::default().least_records)]
    min_records: u64,
}

impl CriteriaArgs {
    fn checked(self) -> Result<Criteria> {
        let inside = |x: f64| x.is_finite() && (0.0..=1.0).contains(&x);
        if !inside(self.fdr) || !inside(self.min_effect) {
            let message = "`--fdr` and `--min-effect` must be between 0 and 1";
            return Err(Error::new(ErrorCode::BadUsage, message));
        }
        Ok(Criteria {
            false_discovery_rate: self.fdr,
            effect: self.min_effect,
            least_records: self.min_records,
        })
    }
}

/// Compares and tells.
pub fn run(args: &Args, json: bool) -> Result<Outcome> {
    let criteria = args.criteria.checked()?;
    let worst = bare(&args.counts, &criteria, json)?;
    let fails = match args.fail_on {
        None => false,
        Some(FailOn::Slight) => worst >= Verdict::Slight,
        Some(FailOn::Drifted) => worst >= Verdict::Drifted,
    };
    Ok(if fails { Outcome::CheckFailed } else { Outcome::Good })
}

/// The statistics of bare counts.
fn bare(path: &Path, criteria: &Criteria, json: bool) -> Result<Verdict> {
    let named = |e: Error| e.in_file(path.display().to_string());
    let bytes = read_file(path, MAX_DEFINITION_BYTES)?;
    let (cases, listed) = counts::read(&bytes).map_err(named)?;
    let rows = counts::rows(&cases, criteria).map_err(named)?;
    let mut out = Output::stdout();
    if !json {
        let shown = rows.iter().enumerate().map(|(at, row)| {
            let name = row.case.id.as_deref().map(plain).unwrap_or_else(|| format!("[{at}]"));
            (name, row.case.current.iter().sum(), &row.found)
        });
        table::print(shown, &mut out)?;
    } else if listed {
        out.json(&rows)?;
    } else if let Some(row) = rows.first() {
        out.json(row)?;
    }
    out.finish()?;
    let verdicts = rows.iter().map(|row| row.found.verdict);
    Ok(verdicts.max().unwrap_or(Verdict::TooFew))
}

/// A name without what moves a terminal's cursor.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
