//! `driftline diff`: what changed between two contracts or bundles, and whom it breaks.

use super::load::{self, Kind};
use crate::Outcome;
use crate::diff::{self, Change, Parts, Verdict, Version};
use crate::output::{Output, read_head};
use driftline::bundle::{Bundle, part};
use driftline::decision::Policy;
use driftline::{Error, Result};
use serde::Serialize;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

/// Characters of a value that the text output shows.
const SHOWN: usize = 40;

/// What is compared.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    driftline diff contract-v1.yaml contract-v2.yaml --fail-on major\n\n\
    major: a record that was decided may now be refused or go to a person, or the answer means \
    something else. minor: more is taken, or answers differ within the same meaning. patch: no \
    decision differs. Of a bundle the policy and the parts are compared too.")]
pub struct Args {
    /// The older contract (YAML or JSON) or bundle
    a: PathBuf,

    /// The newer one
    b: PathBuf,

    /// Exit status 1 if the verdict is this or graver
    #[arg(long, value_name = "VERDICT")]
    fail_on: Option<Verdict>,
}

#[derive(Serialize)]
struct Report {
    verdict: Verdict,
    before: Side,
    after: Side,
    changes: Vec<Change>,
}

#[derive(Serialize)]
struct Side {
    file: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<String>,
}

/// Compares and lists.
pub fn run(args: &Args, json: bool) -> Result<Outcome> {
    let (a, b) = (version(&args.a)?, version(&args.b)?);
    let changes = diff::diff(&a, &b);
    let verdict = changes.verdict();
    let report = Report {
        verdict,
        before: side(&args.a, &a),
        after: side(&args.b, &b),
        changes: changes.into_vec(),
    };
    let mut out = Output::stdout();
    if json {
        out.json(&report)?;
    } else {
        print(&report, a.bundle.is_some() != b.bundle.is_some(), &mut out)?;
    }
    out.finish()?;
    let fails = args.fail_on.is_some_and(|least| verdict >= least);
    Ok(if fails { Outcome::CheckFailed } else { Outcome::Good })
}

fn version(path: &Path) -> Result<Version> {
    if load::kind_of(&read_head(path, 8)?) == Kind::Other {
        return Ok(Version { contract: load::contract(path)?.0, bundle: None });
    }
    let named = |e: Error| e.in_file(path.display().to_string());
    let bytes = load::bundle_bytes(path)?;
    let bundle = Bundle::read(&bytes).map_err(named)?;
    let parts = Parts {
        identity: bundle.identity().to_owned(),
        manifest: bundle.manifest().clone(),
        policy: Policy::from_json(bundle.part(part::POLICY)?).map_err(named)?,
    };
    Ok(Version { contract: load::contract_of(&bytes).map_err(named)?, bundle: Some(parts) })
}

fn side(path: &Path, version: &Version) -> Side {
    Side {
        file: path.display().to_string(),
        name: version.contract.name.clone(),
        identity: version.bundle.as_ref().map(|b| b.identity.clone()),
    }
}

fn print(report: &Report, uneven: bool, out: &mut Output) -> Result<()> {
    for (mark, side) in [("-", &report.before), ("+", &report.after)] {
        let identity = side.identity.as_deref().unwrap_or_default();
        let line = format!("{mark} {} {} {identity}", side.file, side.name);
        out.line(line.trim_end())?;
    }
    if uneven {
        out.line("one is a bundle, the other a contract: only the contracts are compared")?;
    }
    let width = report.changes.iter().map(|c| c.path.chars().count()).max().unwrap_or(0);
    if !report.changes.is_empty() {
        out.line("")?;
    }
    for verdict in [Verdict::Major, Verdict::Minor, Verdict::Patch] {
        for change in report.changes.iter().filter(|c| c.verdict == verdict) {
            let values = match (shown(&change.before), shown(&change.after)) {
                (None, None) => String::new(),
                (Some(a), None) => format!("{a} → nothing: "),
                (None, Some(b)) => format!("nothing → {b}: "),
                (Some(a), Some(b)) => format!("{a} → {b}: "),
            };
            let (name, path) = (verdict.as_str(), &change.path);
            out.line(&format!("{name:<5}  {path:<width$}  {values}{}", change.why))?;
        }
    }
    out.line("")?;
    let count = |verdict| report.changes.iter().filter(|c| c.verdict == verdict).count();
    out.line(&format!(
        "{}: {} major, {} minor, {} patch",
        report.verdict.as_str(),
        count(Verdict::Major),
        count(Verdict::Minor),
        count(Verdict::Patch)
    ))
}

/// A value in a few characters.
fn shown(value: &Json) -> Option<String> {
    let text = match value {
        Json::Null => return None,
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut out: String =
        text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() > SHOWN {
        out.push('…');
    }
    Some(out)
}
