//! `driftline drift`: what comes, beside what the model was trained on.

use super::load;
use crate::Outcome;
use crate::drift::offline::{self, Line, Question, Report};
use crate::drift::{beacons, counts, page, table};
use crate::output::{Output, read_file, write_file};
use crate::rows::{Format, Input};
use driftline::drift::{Criteria, Verdict};
use driftline::limits::MAX_DEFINITION_BYTES;
use driftline::{Error, ErrorCode, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Bins of a feature that the text names.
const MOVED_SHOWN: usize = 2;

/// What is compared.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    driftline drift --baseline flights-delay.driftline --current july.csv --html july.html\n  \
    driftline drift --baseline flights-delay.driftline --current beacons.jsonl\n  \
    driftline drift --counts counts.json --json\n\n\
    With --baseline the rows go through the bundle's gate, and what it counts is compared with the \
    training data's counts: every input, the predicted label, and performance as it is estimated \
    without labels. Exit status 1 if a feature drifted, for CI.\n\n\
    A file of counts holds {\"baseline_counts\": [...], \"current_counts\": [...], \"bin_edges\": \
    [...]|null, \"categories\": [...]|null} or a list of such, which is then one window's \
    features. docs/drift.md has every statistic with its formula and what it is if nothing \
    drifted.")]
#[command(group(clap::ArgGroup::new("what").required(true).args(["counts", "baseline"])))]
pub struct Args {
    /// Bare counts as JSON
    #[arg(long, value_name = "FILE")]
    counts: Option<PathBuf>,

    /// Bundle with a baseline, or a WebAssembly file that carries one
    #[arg(long, value_name = "BUNDLE", requires = "current")]
    baseline: Option<PathBuf>,

    /// Rows that came since: .jsonl, .csv or .parquet; the first two also as .gz; `-` reads
    /// standard input. Or what gates counted of them: beacons, one a line, or as .json what a
    /// collector answers at `/v1/models/{identity}/counts`
    #[arg(long, value_name = "ROWS|BEACONS", requires = "baseline")]
    current: Option<PathBuf>,

    /// Format of the rows [default: by the file's ending, JSONL for standard input]
    #[arg(long, value_name = "FORMAT", requires = "current")]
    format: Option<Format>,

    /// Columns to leave out before anything is checked, such as outcomes and row numbers
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', requires = "current")]
    ignore: Vec<String>,

    /// Segments and metrics that the hosts of the beacons declare, in JSON
    #[arg(long, value_name = "FILE", requires = "current")]
    declared: Option<PathBuf>,

    /// Weights of the inputs to the model as a JSON object, for the mean effect
    #[arg(long, value_name = "FILE", requires = "current")]
    importance: Option<PathBuf>,

    /// Write the report as one page, too
    #[arg(long, value_name = "FILE", requires = "current")]
    html: Option<PathBuf>,

    /// Exit status 1 if a feature has this verdict or a graver one [default: never with --counts,
    /// drifted with --baseline]
    #[arg(long, value_name = "VERDICT")]
    fail_on: Option<FailOn>,

    #[command(flatten)]
    criteria: CriteriaArgs,
}

/// Verdicts that may fail a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum FailOn {
    /// Whatever the verdict
    Never,
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
    let (worst, default) = match (&args.counts, &args.baseline, &args.current) {
        (Some(counts), ..) => (bare(counts, &criteria, json)?, FailOn::Never),
        (None, Some(baseline), Some(current)) => {
            let rows =
                Input { path: current.clone(), format: args.format, ignore: args.ignore.clone() };
            let importance = args.importance.as_deref().map(weights).transpose()?;
            let declared = args.declared.as_deref().map(load::declared).transpose()?;
            let form = if args.format.is_none() { beacons::form(current)? } else { None };
            let question =
                Question { bundle: baseline, rows: &rows, form, declared, criteria, importance };
            (offline(&question, args.html.as_deref(), json)?, FailOn::Drifted)
        }
        _ => return Err(Error::new(ErrorCode::BadUsage, "nothing to compare was named")),
    };
    let fails = match args.fail_on.unwrap_or(default) {
        FailOn::Never => false,
        FailOn::Slight => worst >= Verdict::Slight,
        FailOn::Drifted => worst >= Verdict::Drifted,
    };
    Ok(if fails { Outcome::CheckFailed } else { Outcome::Good })
}

fn weights(path: &Path) -> Result<BTreeMap<String, f64>> {
    let bytes = read_file(path, MAX_DEFINITION_BYTES)?;
    serde_json::from_slice(&bytes).map_err(|e| {
        Error::new(ErrorCode::BadInput, "this is no object of names and weights")
            .at_line(e.line() as u64, e.column().max(1) as u64)
            .in_file(path.display().to_string())
    })
}

/// The report of rows beside a bundle's baseline.
fn offline(question: &Question<'_>, html: Option<&Path>, json: bool) -> Result<Verdict> {
    let report = offline::report(question)?;
    if let Some(path) = html {
        write_file(path, page::html(&report).as_bytes())?;
    }
    let mut out = Output::stdout();
    if json {
        out.json(&report)?;
    } else {
        text(&report, &mut out)?;
    }
    out.finish()?;
    Ok(report.verdict)
}

fn text(report: &Report, out: &mut Output) -> Result<()> {
    // of beacons not every one reports on every input
    let records = |line: &Line| match &report.beacons {
        None => report.records,
        Some(_) => line.current_counts.iter().sum::<f64>().max(0.0).round() as u64,
    };
    let shown = report.features.iter().map(|line| (plain(&line.name), records(line), &line.found));
    table::print(shown, out)?;
    for line in report.features.iter().filter(|l| l.found.verdict >= Verdict::Slight) {
        let moved = line.moved.iter().filter(|named| named.moved.residual.abs() >= 3.0);
        for named in moved.take(MOVED_SHOWN) {
            let (from, to) = (100.0 * named.moved.baseline, 100.0 * named.moved.current);
            let (name, cell) = (plain(&line.name), plain(&named.cell));
            out.line(&format!("{name}  {cell}: {from:.1}% → {to:.1}%"))?;
        }
    }
    if let Some(effect) = report.weighted_effect {
        out.line(&format!("mean effect weighted by importance: {effect:.4}"))?;
    }
    if let Some(estimated) = &report.estimated {
        let accuracy = estimated.performance.accuracy;
        let (value, error) = (accuracy.value, 1.96 * accuracy.standard_error);
        out.line(&format!("accuracy without labels: {value:.3} ± {error:.3}"))?;
        out.line(estimated.warning)?;
    }
    if let Some(beacons) = &report.beacons {
        let (records, mode) = (report.records, beacons.mode.as_str());
        let count = beacons.count.map_or(String::new(), |count| format!("{count} beacons, "));
        out.line(&format!("{count}{records} records in mode {mode}"))?;
    }
    if report.unreadable > 0 {
        out.line(&format!("{} rows could not be read", report.unreadable))?;
    }
    Ok(())
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
