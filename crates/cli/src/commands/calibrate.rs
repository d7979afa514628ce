//! `driftline calibrate`: thresholds that keep a promise, from labelled rows.

use super::load;
use crate::Outcome;
use crate::calibrate::{self as fit, Calibrated, Labels, Method, Promised, Report, Wishes};
use crate::definition::Source;
use crate::output::{Output, read_file, write_file};
use crate::rows::{Format, Input};
use driftline::bundle::{Bundle, part, sha256_hex};
use driftline::contract::{OutputKind, Outputs};
use driftline::decision::certify::{Costs, Promise};
use driftline::decision::fit::{NoveltyOptions, novelty};
use driftline::decision::{Certificate, Fallback, Policy};
use driftline::gate::Gate;
use driftline::limits::MAX_ONNX_BYTES;
use driftline::{Error, ErrorCode, Result};
use std::path::{Path, PathBuf};

/// What is promised, and from which rows.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    driftline calibrate dist/flights-delay.driftline --labelled may.csv.gz --label late \\\n    \
    --ignore row_id,p_late --max-error 0.2 --confidence 0.95 -o policy.json\n  \
    driftline calibrate --scores scores.csv --max-error 0.05 --confidence 0.95 --json\n\n\
    One half of the labelled rows fits the calibration, the other certifies the thresholds: with \
    the given confidence, at most the given share of the accepted answers is wrong, for records \
    that come from where the rows came from. `driftline build --policy` takes the file. If too \
    few rows are there, nothing is accepted, and the number of rows that would be needed is told.")]
pub struct Args {
    /// Bundle whose model is asked
    #[arg(required_unless_present = "scores", conflicts_with = "scores")]
    bundle: Option<PathBuf>,

    /// Rows with their outcome: .csv, .jsonl or .parquet
    #[arg(long, value_name = "ROWS", requires = "label", required_unless_present = "scores")]
    labelled: Option<PathBuf>,

    /// Column of the outcome: a label, 0 or 1 for a binary model, a number for a regression; for
    /// several labels at once their columns of 0 and 1, in the contract's order
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    label: Vec<String>,

    /// Columns to leave out before anything is checked, such as row numbers
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    ignore: Vec<String>,

    /// Format of the rows [default: by the file's ending]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,

    /// A file with the columns confidence and correct (0 or 1) in place of a bundle
    #[arg(long, value_name = "FILE")]
    scores: Option<PathBuf>,

    /// Largest share of wrong answers among the accepted; of a regression, of truths outside the
    /// interval; of several labels at once, of each label
    #[arg(long, value_name = "SHARE")]
    max_error: f64,

    /// Probability that the promise is kept
    #[arg(long, value_name = "SHARE", default_value_t = 0.95)]
    confidence: f64,

    /// Certify the action `default` too: the largest share of wrong answers among what it answers;
    /// where that cannot be shown, a person decides
    #[arg(long, value_name = "SHARE")]
    max_default_error: Option<f64>,

    /// Cost of a wrong answer that was accepted; chooses the cheapest certified threshold in place
    /// of the one that accepts most
    #[arg(long, value_name = "COST", requires = "cost_review")]
    cost_error: Option<f64>,

    /// Cost of a record that a person looks at
    #[arg(long, value_name = "COST", requires = "cost_error")]
    cost_review: Option<f64>,

    /// Map from scores to probabilities; auto takes the best on held-out rows
    #[arg(long, value_enum, default_value = "auto")]
    method: Method,

    /// One threshold for all labels, whose confidence then need not be divided; of several labels at
    /// once, promise that the accepted records have no label wrong
    #[arg(long)]
    pooled: bool,

    /// Add the labels that an escalated record may have, right with this probability
    #[arg(long, value_name = "SHARE")]
    label_sets: Option<f64>,

    /// Widest half of a regression's interval that is accepted
    #[arg(long, value_name = "WIDTH")]
    tolerance: Option<f64>,

    /// Bins of a regression's predicted number that have intervals of their own
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=100))]
    bins: u16,

    /// Stop records that are unlike the labelled ones: this share of those that are like them
    #[arg(long, value_name = "SHARE")]
    novelty: Option<f64>,

    /// What becomes of such a record: escalate, default or reject
    #[arg(long, value_name = "ACTION", default_value = "escalate", requires = "novelty")]
    novelty_then: Then,

    /// Policy whose actions and defaults are kept [default: the bundle's]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// Seed of the division of the rows
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Where the policy goes (JSON)
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Where a page with the report goes
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Where the picture goes
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// What becomes of a record that is too strange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Then {
    Escalate,
    Default,
    Reject,
}

impl From<Then> for Fallback {
    fn from(then: Then) -> Self {
        match then {
            Then::Escalate => Self::Escalate,
            Then::Default => Self::Default,
            Then::Reject => Self::Reject,
        }
    }
}

/// Certifies and tells.
pub fn run(args: &Args, json: bool) -> Result<Outcome> {
    let wishes = wishes(args)?;
    if let Some(scores) = &args.scores {
        let input = Input { path: scores.clone(), format: args.format, ignore: Vec::new() };
        return scores_only(&input, &wishes, json);
    }
    let (Some(bundle), Some(labelled)) = (&args.bundle, &args.labelled) else {
        return usage("a bundle and labelled rows are needed");
    };
    let bytes = load::bundle_bytes(bundle)?;
    let contract = load::contract_of(&bytes)?;
    let mut gate = Gate::from_bundle(&bytes)?;
    let outputs = contract.outputs.clone().ok_or_else(|| {
        Error::new(ErrorCode::ContractInvalid, "the contract does not say what the outputs mean")
    })?;
    let expected = if outputs.kind == OutputKind::Multilabel { outputs.labels.len() } else { 1 };
    if args.label.len() != expected {
        return usage(&format!("`--label` takes {expected} columns for this model"));
    }
    let base = base(args.policy.as_deref(), &bytes, &outputs)?;
    let named = |column: &&String| contract.input(column).is_none();
    let mut ignore = args.ignore.clone();
    ignore.extend(args.label.iter().filter(named).cloned());
    let input = Input { path: labelled.clone(), format: args.format, ignore };
    let labels = Labels { columns: args.label.clone() };
    let samples = fit::read(&mut gate, &contract, &outputs, &input, &labels, wishes.seed)?;
    let Calibrated { mut policy, report } = match outputs.kind {
        OutputKind::Regression => fit::intervals(&samples, &base, &wishes),
        OutputKind::Ranking => fit::ranking(&samples, &base, &wishes),
        _ => fit::labels(&samples, &outputs, &base, &wishes)?,
    };
    if let Some(p_below) = args.novelty {
        let options = NoveltyOptions {
            p_below: share("--novelty", p_below)?,
            then: args.novelty_then.into(),
            ..fit::NOVELTY
        };
        let part = |fits: bool| -> Vec<Vec<f64>> {
            let rows = samples.rows.iter().filter(|s| s.fits == fits);
            rows.map(|s| s.features.clone()).collect()
        };
        policy.novelty = novelty(&samples.features, &part(true), &part(false), options);
        if policy.novelty.is_none() {
            return usage("novelty needs labelled rows and features that are single numbers");
        }
    }
    let data = format!("sha256:{}", sha256_hex(&read_file(labelled, MAX_ONNX_BYTES)?));
    policy.certificate = Some(certificate(&report, outputs.kind, data, gate.identity()));
    policy.check(&outputs)?;
    if let Some(path) = &args.output {
        let text = serde_json::to_string_pretty(&policy)
            .map_err(|e| Error::new(ErrorCode::Internal, e.to_string()))?;
        write_file(path, format!("{text}\n").as_bytes())?;
    }
    if let Some(path) = &args.svg {
        write_file(path, fit::svg(&report).as_bytes())?;
    }
    if let Some(path) = &args.html {
        write_file(path, fit::html(&report, &contract.name).as_bytes())?;
    }
    let mut out = Output::stdout();
    if json {
        out.json(&report)?
    } else {
        print(&report, &mut out)?
    }
    out.finish()?;
    Ok(Outcome::Good)
}

fn usage<T>(message: &str) -> Result<T> {
    Err(Error::new(ErrorCode::BadUsage, message))
}

fn share(name: &str, x: f64) -> Result<f64> {
    if x > 0.0 && x < 1.0 { Ok(x) } else { usage(&format!("`{name}` lies between 0 and 1")) }
}

fn wishes(args: &Args) -> Result<Wishes> {
    let positive = |name: &str, x: f64| {
        if x.is_finite() && x >= 0.0 { Ok(x) } else { usage(&format!("`{name}` is at least 0")) }
    };
    let max_error = share("--max-error", args.max_error)?;
    // 1 − 0.95 is 0.05 and a bit
    let delta = ((1.0 - share("--confidence", args.confidence)?) * 1e12).round() / 1e12;
    let costs = match (args.cost_error, args.cost_review) {
        (Some(error), Some(review)) => Some(Costs {
            error: positive("--cost-error", error)?,
            review: positive("--cost-review", review)?,
        }),
        _ => None,
    };
    Ok(Wishes {
        promise: Promise { max_error, delta: delta.max(1e-12) },
        max_default_error: args
            .max_default_error
            .map(|x| share("--max-default-error", x))
            .transpose()?,
        costs,
        method: args.method,
        pooled: args.pooled,
        label_sets: args.label_sets.map(|x| share("--label-sets", x)).transpose()?,
        tolerance: args.tolerance.map(|x| positive("--tolerance", x)).transpose()?,
        bins: usize::from(args.bins),
        seed: args.seed,
    })
}

/// The policy whose actions are kept.
fn base(path: Option<&Path>, bundle: &[u8], outputs: &Outputs) -> Result<Policy> {
    let Some(path) = path else {
        return Policy::from_json(Bundle::read(bundle)?.part(part::POLICY)?);
    };
    let source = Source::read(path, ErrorCode::PolicySyntax)?;
    let policy: Policy = source.value()?;
    policy.check(outputs).map_err(|e| source.locate(e))?;
    Ok(policy)
}

fn certificate(report: &Report, kind: OutputKind, data: String, bundle: &str) -> Certificate {
    let method = if kind == OutputKind::Regression { "conformal" } else { "learn_then_test" };
    Certificate {
        method: method.to_owned(),
        max_error: report.max_error,
        confidence: report.confidence,
        split: report.split,
        data,
        bundle: bundle.to_owned(),
        certified: report.certified.iter().map(|(k, p)| (k.clone(), p.figures)).collect(),
    }
}

fn scores_only(input: &Input, wishes: &Wishes, json: bool) -> Result<Outcome> {
    let answer = fit::certify_scores(input, wishes.promise, wishes.costs)?;
    let mut out = Output::stdout();
    if json {
        out.json(&answer)?;
    } else if let Some(threshold) = answer.threshold {
        out.line(&format!(
            "accept from confidence {threshold}: {} of {} rows ({:.1}%), {} of them wrong",
            answer.accepted,
            answer.rows,
            100.0 * answer.coverage,
            answer.errors
        ))?;
    } else {
        out.line(answer.why.as_deref().unwrap_or_default())?;
    }
    out.finish()?;
    Ok(Outcome::Good)
}

fn print(report: &Report, out: &mut Output) -> Result<()> {
    out.line(&format!(
        "promise: at most {}% {}, with confidence {}%",
        percent(report.max_error),
        report.promised.words(),
        percent(report.confidence)
    ))?;
    out.line(&format!(
        "rows: {} fit, {} certify (seed {}); {} refused by the contract, {} without a label",
        report.split.fit,
        report.split.certify,
        report.split.seed,
        report.refused,
        report.unlabelled
    ))?;
    if let Some([before, after]) = &report.reliability {
        let method = report.calibration.map(|m| format!("{m:?}").to_lowercase());
        out.line(&format!(
            "calibration {}: ECE {:.4} before, {:.4} after; Brier {:.4} before, {:.4} after",
            method.as_deref().unwrap_or("none"),
            before.ece,
            after.ece,
            before.brier,
            after.brier
        ))?;
    }
    for (label, part) in &report.certified {
        let figures = &part.figures;
        match (&part.why, part.threshold) {
            (None, Some(threshold)) => out.line(&format!(
                "  {label:<24} {threshold:<8} accepts {} of {}, {} wrong, at most {:.2}% (δ {:.4})",
                figures.accepted,
                figures.rows,
                figures.errors,
                100.0 * figures.upper_bound,
                figures.delta
            ))?,
            (why, _) => out.line(&format!("  {label:<24} {}", why.as_deref().unwrap_or("–")))?,
        }
        if let Some(default) = &part.default {
            let kept = if default.certified { "kept" } else { "not shown, escalated instead" };
            out.line(&format!(
                "  {:<24} action `default` {kept}: {} of {} wrong, at most {:.2}%",
                "",
                default.errors,
                default.rows,
                100.0 * default.upper_bound
            ))?;
        }
    }
    out.line(&format!("accepted: {:.1}% of the certifying rows", 100.0 * report.coverage))?;
    match (report.promised, report.error) {
        (Promised::EachLabel, Some(error)) => out.line(&format!(
            "{:.1}% of them have a wrong label: `--pooled` promises about that",
            100.0 * error
        )),
        _ => Ok(()),
    }
}

/// A share in percent, without what binary fractions add to it.
fn percent(share: f64) -> f64 {
    (share * 1e8).round() / 1e6
}
