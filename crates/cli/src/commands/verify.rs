//! `driftline verify`: everything that can be computed again.

use super::load;
use super::sign::{read, signature_path, wasm_digest};
use crate::Outcome;
use crate::output::Output;
use crate::signature::{PublicKey, Statement, Subject, Trust, time};
use crate::verify::{Finding, Status, parts};
use driftline::bundle::Bundle;
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
        findings,
    };
    if let Ok(bundle) = Bundle::read(&bytes) {
        report.name = Some(bundle.manifest().name.clone());
        signature(args, &bundle, &mut report)?;
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
