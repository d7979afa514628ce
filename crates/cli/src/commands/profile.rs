//! `driftline profile`: a contract and a baseline inferred from rows.

use crate::Outcome;
use crate::output::{Output, write_file};
use crate::profile;
use crate::report;
use crate::rows::{Format, Input};
use driftline::bundle::to_canonical_json;
use driftline::{Error, ErrorCode, Result};
use std::path::{Path, PathBuf};

/// What is profiled.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    driftline profile rows.csv --target late -o contract.yaml --baseline-out baseline.json\n\n\
    The contract accepts the rows that it was inferred from, but for what the profile calls \
    refused. It is a draft: its comments say what was seen and why a clause was chosen. One pass, \
    memory does not grow with the file; counts past 4,096 distinct values are estimates, and \
    marked. Values of columns that seem to hold personal data are never shown. Exit status 2 if \
    rows cannot be read; the others are profiled all the same.")]
pub struct Args {
    /// Rows: .csv, .jsonl or .parquet; the first two also as .gz; `-` reads standard input
    #[arg(value_name = "DATA")]
    data: PathBuf,

    /// Format of the rows [default: by the file's ending, JSONL for standard input]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,

    /// Column that the model is to predict: it is no input, and columns that tell it are suspicious
    #[arg(long, value_name = "COL")]
    target: Option<String>,

    /// Columns to leave out, such as row numbers
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    ignore: Vec<String>,

    /// Name of the contract [default: the file's]
    #[arg(long)]
    name: Option<String>,

    /// Where the contract goes, YAML; `-` is standard output, which then has nothing else
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Where the baseline goes, JSON: the rows' histograms for `driftline build --baseline`
    #[arg(long, value_name = "FILE")]
    baseline_out: Option<PathBuf>,
}

/// Profiles, drafts and writes.
pub fn run(args: &Args, json: bool) -> Result<Outcome> {
    let input = Input { path: args.data.clone(), format: args.format, ignore: args.ignore.clone() };
    let dash = Some(Path::new("-"));
    if json && args.output.as_deref() == dash {
        return Err(Error::new(
            ErrorCode::BadUsage,
            "`--json` and `-o -` both want standard output",
        ));
    }
    let done = profile::profile(&input, args.target.as_deref())?;
    let profile = &done.profile;
    let name = args.name.clone().unwrap_or_else(|| stem(&args.data));
    let draft = match profile::draft(profile, &name) {
        Ok(draft) => Some(draft),
        // a profile alone needs no contract
        Err(_) if args.output.is_none() && args.baseline_out.is_none() => None,
        Err(error) => return Err(error),
    };
    // everything that can fail has been done before anything is written
    let yaml = draft.as_ref().map(profile::yaml).transpose()?;
    let baseline = match (&args.baseline_out, &draft) {
        (Some(path), Some(draft)) => {
            Some((path, to_canonical_json(&profile::baseline(profile, draft)?)?))
        }
        _ => None,
    };
    if let Some((path, bytes)) = baseline {
        write_file(path, &bytes)?;
    }
    if let (Some(path), Some(yaml)) = (&args.output, &yaml) {
        let mut out = Output::open(path)?;
        out.line(yaml.trim_end())?;
        out.finish()?;
    }
    if args.output.as_deref() != dash {
        let mut out = Output::stdout();
        if json {
            out.json(profile)?;
        } else {
            for line in profile::table(profile) {
                out.line(&line)?;
            }
        }
        out.finish()?;
    }
    for fault in &done.faults {
        report::print_line(fault, json);
    }
    let shown = done.faults.len() as u64;
    if !json && profile.unreadable > shown {
        eprintln!("{} more rows could not be read", profile.unreadable - shown);
    }
    Ok(if profile.unreadable == 0 { Outcome::Good } else { Outcome::BadInput })
}

/// The file's name without endings, as far as a contract may be named so.
fn stem(path: &Path) -> String {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let name = name.split('.').next().unwrap_or_default();
    let name: String = name
        .chars()
        .map(|c| if c.is_alphanumeric() || "-_".contains(c) { c } else { '-' })
        .collect();
    if name.trim_matches('-').is_empty() { "rows".to_owned() } else { name }
}
