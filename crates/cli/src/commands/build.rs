//! `driftline build`: model, contract and policy to one bundle and an npm package.

use super::load;
use crate::Outcome;
use crate::assemble::{self, Assembled, Sources};
use crate::output::{Output, write_file};
use crate::package;
use crate::provenance::mlflow;
use crate::sizes::Sizes;
use crate::verify::against::words;
use driftline::Result;
use serde::Serialize;
use std::path::PathBuf;

/// What the bundle is made from.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    driftline build model.onnx --contract contract.yaml --policy policy.yaml -o dist\n\n\
    Writes dist/NAME.driftline and dist/package/, an npm package that is ready to publish. The \
    same inputs give the same bytes.")]
pub struct Args {
    #[command(flatten)]
    sources: Sources,

    /// Version in the package's package.json
    #[arg(long, value_name = "SEMVER", default_value = "1.0.0")]
    package_version: String,

    /// Write the bundle only, without the npm package
    #[arg(long)]
    no_package: bool,

    /// Directory to write to; it is made if it does not exist
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

/// What was built.
#[derive(Debug, Serialize)]
struct Report {
    name: String,
    identity: String,
    runtime: &'static str,
    why: String,
    steps: usize,
    zones: Vec<String>,
    zone_database: Option<&'static str>,
    golden_rows: usize,
    /// Where MLflow's signature and the contract differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    signature_differences: Vec<mlflow::Difference>,
    /// Crate features that the runtime must have.
    requires: Vec<&'static str>,
    bundle: Written,
    #[serde(skip_serializing_if = "Option::is_none")]
    wasm: Option<Wasm>,
}

/// The package's WebAssembly.
#[derive(Debug, Serialize)]
struct Wasm {
    /// The runtime in it: `tabular`, `plan` or `tract`.
    variant: &'static str,
    /// Why this one.
    why: String,
    #[serde(flatten)]
    file: Written,
}

/// A file that was written.
#[derive(Debug, Serialize)]
struct Written {
    path: String,
    #[serde(flatten)]
    sizes: Sizes,
}

/// Builds, checks and writes.
pub fn run(args: &Args, json: bool) -> Result<Outcome> {
    let (contract, source) = load::contract(&args.sources.contract)?;
    let made = assemble::assemble(&args.sources, contract, source.as_ref())?;
    let name = &made.contract.name;
    let bundle_path = args.output.join(format!("{}.driftline", package::npm_name(name)));

    // everything that can fail has been done before anything is written
    let files = if args.no_package {
        None
    } else {
        package::fits(&made.contract).map_err(|e| match &source {
            Some(source) => source.locate(e),
            None => e,
        })?;
        let choice = package::choose(made.runtime, &made.compiled.steps, &made.contract);
        let files = package::files(&package::Plan {
            contract: &made.contract,
            runtime: choice.variant,
            bundle: &made.bundle,
            identity: &made.identity,
            version: &args.package_version,
        })?;
        Some((choice, files))
    };
    write_file(&bundle_path, &made.bundle)?;
    let bundle =
        Written { path: bundle_path.display().to_string(), sizes: Sizes::of(&made.bundle) };
    let mut wasm = None;
    for (file, bytes, choice) in files
        .iter()
        .flat_map(|(choice, files)| files.iter().map(move |(file, bytes)| (file, bytes, choice)))
    {
        let path = args.output.join("package").join(file);
        write_file(&path, bytes)?;
        if file == package::WASM {
            let path = path.display().to_string();
            let file = Written { path, sizes: Sizes::of(bytes) };
            wasm = Some(Wasm { variant: choice.variant.as_str(), why: choice.why.clone(), file });
        }
    }
    let report = report(made, bundle, wasm);
    let mut out = Output::stdout();
    if json {
        out.json(&report)?;
    } else {
        print(&report, &mut out)?;
    }
    out.finish()?;
    Ok(Outcome::Good)
}

fn report(made: Assembled, bundle: Written, wasm: Option<Wasm>) -> Report {
    Report {
        requires: made.contract.requires(),
        name: made.contract.name,
        identity: made.identity,
        runtime: made.compiled.runtime,
        why: made.compiled.why,
        steps: made.compiled.steps.len(),
        zone_database: (!made.zones.is_empty()).then(crate::zones::version),
        zones: made.zones,
        golden_rows: made.golden_rows,
        signature_differences: made
            .provenance
            .map(|p| p.mlflow.into_iter().flat_map(|run| run.differences).collect())
            .unwrap_or_default(),
        bundle,
        wasm,
    }
}

fn print(report: &Report, out: &mut Output) -> Result<()> {
    out.line(&format!("{} {}", report.name, report.identity))?;
    out.line(&format!("runtime  {}: {}", report.runtime, report.why))?;
    let steps = if report.steps == 1 { "step" } else { "steps" };
    out.line(&format!("plan     {} {steps}", report.steps))?;
    if let Some(version) = report.zone_database {
        out.line(&format!("zones    {} (IANA {version})", report.zones.join(", ")))?;
    }
    if !report.requires.is_empty() {
        out.line(&format!("needs    a runtime with {}", report.requires.join(", ")))?;
    }
    if report.golden_rows > 0 {
        out.line(&format!("golden   {} rows", report.golden_rows))?;
    }
    for d in &report.signature_differences {
        let (what, input) = (d.what.as_str(), &d.input);
        out.line(&format!("mlflow   {what} of `{input}`: signature {}", words(d)))?;
    }
    out.line(&format!("bundle   {}  {}", report.bundle.path, report.bundle.sizes))?;
    if let Some(wasm) = &report.wasm {
        out.line(&format!("package  {}: {}", wasm.variant, wasm.why))?;
        out.line(&format!("wasm     {}  {}", wasm.file.path, wasm.file.sizes))?;
    }
    Ok(())
}
