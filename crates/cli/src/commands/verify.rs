//! `driftline verify`: everything that can be computed again.

use super::load;
use super::sign::{read, signature_path, wasm_digest};
use crate::Outcome;
use crate::golden;
use crate::output::Output;
use crate::provenance::{self, Provenance};
use crate::signature::{PublicKey, Statement, Subject, Trust, time};
use crate::verify::folder::Folder;
use crate::verify::{Finding, Status, against, parts};
use driftline::bundle::{Bundle, part};
use driftline::contract::Contract;
use driftline::limits::MAX_SIGNATURES;
use driftline::{Error, ErrorCode, Result};
use serde::Serialize;
use std::path::PathBuf;

/// What is verified against what.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    driftline verify dist/flights-delay.driftline --key release.key.pub --minimum 7\n\n\
    What could not be computed here is told, and is no failure. Exit status 1 where something is \
    otherwise than stated, or where keys are given and no good signature of theirs is there.")]
pub struct Args {
    /// Bundle, or a WebAssembly file that carries one
    file: PathBuf,

    /// Public key whose signature is asked for; may be given again
    #[arg(long, value_name = "PUB")]
    key: Vec<PathBuf>,

    /// Signature file [default: the file's name and `.sig`]
    #[arg(long, value_name = "FILE", requires = "key")]
    signature: Option<PathBuf>,

    /// Least sequence number
    #[arg(long, value_name = "N", default_value_t = 0, requires = "key")]
    minimum: u64,

    /// Folder with what the bundle was made from: sources, data, DVC and MLflow files, a git work
    /// tree; their digests are computed again
    #[arg(long, value_name = "DIR")]
    against: Option<PathBuf>,

    /// The time at which it has to hold, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", requires = "key")]
    at: Option<String>,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Report {
    holds: bool,
    name: Option<String>,
    identity: Option<String>,
    /// The statement that the gates would take.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<Statement>,
    /// The signature's code, if it is not good.
    #[serde(skip_serializing_if = "Option::is_none")]
    signature_code: Option<ErrorCode>,
    /// What the golden rows gave here; none if the bundle has no rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    self_test: Option<golden::SelfTest>,
    findings: Vec<Finding>,
}

/// Computes again and tells.
pub fn run(args: &Args, json: bool) -> Result<Outcome> {
    let bytes = load::unchecked_bundle_bytes(&args.file)?;
    let (identity, findings) = parts::check(&bytes);
    let mut report = Report {
        holds: false,
        name: None,
        identity,
        statement: None,
        signature_code: None,
        self_test: None,
        findings,
    };
    if let Ok(bundle) = Bundle::read(&bytes) {
        report.name = Some(bundle.manifest().name.clone());
        signature(args, &bundle, &mut report)?;
        self_test(&bytes, &mut report);
        sources(args, &bundle, &mut report)?;
    }
    report.holds = report.findings.iter().all(|f| f.status != Status::Differs);
    let mut out = Output::stdout();
    if json {
        out.json(&report)?;
    } else {
        print(&report, &mut out)?;
    }
    out.finish()?;
    Ok(if report.holds { Outcome::Good } else { Outcome::CheckFailed })
}

fn signature(args: &Args, bundle: &Bundle<'_>, report: &mut Report) -> Result<()> {
    const WHAT: &str = "signature";
    let path = args.signature.clone().unwrap_or_else(|| signature_path(&args.file));
    if args.key.is_empty() {
        let note = if path.exists() {
            "there is one, and no `--key` to check it with"
        } else {
            "there is none beside the file"
        };
        report.findings.push(Finding::of(WHAT, Status::Unreachable, note));
        return Ok(());
    }
    if args.key.len() > MAX_SIGNATURES {
        return Err(Error::new(ErrorCode::BadUsage, format!("more than {MAX_SIGNATURES} keys")));
    }
    let keys: Vec<PublicKey> =
        args.key.iter().map(|p| PublicKey::read(p)).collect::<Result<_>>()?;
    let now = args.at.as_deref().map_or_else(|| Ok(time::now()), time::given)?;
    let wasm = wasm_digest(&args.file)?;
    let subject = Subject {
        identity: bundle.identity(),
        name: &bundle.manifest().name,
        wasm: wasm.as_deref(),
    };
    let trust = Trust { keys: &keys, minimum: args.minimum, now: &now };
    let judged = if path.exists() {
        read(&path).and_then(|file| file.verify(&subject, &trust))
    } else {
        let message = format!("there is no `{}`", path.display());
        Err(Error::new(ErrorCode::SignatureMissing, message))
    };
    match judged {
        Ok(statement) => {
            let note = format!("sequence {}, by {}", statement.sequence, statement.key);
            report.findings.push(Finding::of(WHAT, Status::Holds, note));
            report.statement = Some(statement);
        }
        Err(error) => {
            let note = format!("{}: {error}", error.code());
            report.findings.push(Finding::of(WHAT, Status::Differs, note));
            report.signature_code = Some(error.code());
        }
    }
    Ok(())
}

/// A bundle that does not load, or whose golden rows come out otherwise, does not hold.
fn self_test(bytes: &[u8], report: &mut Report) {
    const WHAT: &str = "golden rows";
    match golden::self_test(bytes) {
        Ok(None) => {
            let why = "the bundle has none";
            report.findings.push(Finding::of(WHAT, Status::Unreachable, why));
        }
        Ok(Some(test)) => {
            let good = test.first.is_none();
            let status = if good { Status::Holds } else { Status::Differs };
            report.findings.push(Finding::of(WHAT, status, test.text()));
            report.self_test = Some(test);
        }
        Err(error) => {
            let note = format!("{}: {error}", error.code());
            report.findings.push(Finding::of(WHAT, Status::Differs, note));
        }
    }
}

fn sources(args: &Args, bundle: &Bundle<'_>, report: &mut Report) -> Result<()> {
    let stated = bundle.optional_part(provenance::PART).map(Provenance::from_json).transpose()?;
    let references = &bundle.manifest().references;
    let Some(path) = &args.against else {
        report.findings.extend(against::unreachable(references, stated.as_ref()));
        return Ok(());
    };
    let folder = Folder::list(path)?;
    // what the part says more of is told once
    let plain: Vec<_> =
        references.iter().filter(|r| stated.is_none() || r.role != "dvc").cloned().collect();
    report.findings.extend(against::references(&plain, &folder)?);
    if let Some(stated) = &stated {
        let contract = Contract::from_json(bundle.part(part::CONTRACT)?)?;
        report.findings.extend(against::provenance(stated, &contract, &folder)?);
    }
    Ok(())
}

fn print(report: &Report, out: &mut Output) -> Result<()> {
    let name = report.name.as_deref().unwrap_or("the file");
    out.line(&format!("{name} {}", report.identity.as_deref().unwrap_or("has no identity")))?;
    for finding in &report.findings {
        let status = match finding.status {
            Status::Holds => "holds",
            Status::Differs => "DIFFERS",
            Status::Unreachable => "unknown",
        };
        let values = match (&finding.stated, &finding.found) {
            (Some(stated), Some(found)) if stated != found => {
                format!("  stated {stated}, found {found}")
            }
            (Some(stated), None) => format!("  stated {stated}"),
            (_, Some(found)) => format!("  {found}"),
            (None, None) => String::new(),
        };
        let note = finding.note.as_ref().map_or(String::new(), |n| format!("  {n}"));
        out.line(&format!("{status:<8} {}{values}{note}", finding.what))?;
    }
    let count = |s| report.findings.iter().filter(|f| f.status == s).count();
    out.line(&format!(
        "{} hold, {} differ, {} could not be computed here",
        count(Status::Holds),
        count(Status::Differs),
        count(Status::Unreachable)
    ))
}
