//! `driftline export`: a contract as JSON Schema, TypeScript or a data sheet.

use super::load::{self, Kind};
use crate::Outcome;
use crate::export::{Format, Sheet, html, json_schema, markdown, typescript};
use crate::output::{Output, read_head};
use driftline::bundle::{Bundle, part};
use driftline::decision::Policy;
use driftline::{Error, ErrorCode, Result};
use std::path::PathBuf;

/// What is written, and how.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    driftline export contract.yaml --format json-schema -o record.schema.json\n\n\
    The JSON Schema says in `$comment` what it cannot express; the contract says all.")]
pub struct Args {
    /// Contract (YAML or JSON), or a bundle
    contract: PathBuf,

    /// What is written
    #[arg(long, value_name = "FORMAT")]
    format: Format,

    /// Where it goes; `-` is standard output
    #[arg(short, long, default_value = "-", value_name = "FILE")]
    output: PathBuf,
}

/// Writes the contract in the format.
pub fn run(args: &Args) -> Result<Outcome> {
    let (contract, _) = load::contract(&args.contract)?;
    let bytes = match load::kind_of(&read_head(&args.contract, 8)?) {
        Kind::Other => None,
        Kind::Bundle | Kind::Wasm => Some(load::bundle_bytes(&args.contract)?),
    };
    let bundle = bytes.as_deref().map(Bundle::read).transpose()?;
    let policy = bundle.as_ref().map(|b| Policy::from_json(b.part(part::POLICY)?)).transpose()?;
    let built = bundle.as_ref().map(Bundle::identity).zip(policy.as_ref());
    let text = match args.format {
        Format::JsonSchema => serde_json::to_string_pretty(&json_schema(&contract))
            .map_err(|e| Error::new(ErrorCode::Internal, e.to_string()))?,
        Format::Typescript => typescript(&contract),
        Format::Markdown => markdown(&Sheet::new(&contract, built)?),
        Format::Html => html(&Sheet::new(&contract, built)?),
    };
    let mut out = Output::open(&args.output)?;
    out.line(text.trim_end())?;
    out.finish()?;
    Ok(Outcome::Good)
}
