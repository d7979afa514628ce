//! The parts of a bundle put together and tried out.

use crate::args::RuntimeName;
use crate::definition::Source;
use crate::direct;
use crate::golden;
use crate::output::read_file;
use crate::provenance::{self, Provenance};
use crate::{progress, suggest, zones};
use driftline::bundle::{BundleWriter, Reference, RuntimeKind, part, to_canonical_json};
use driftline::contract::{Contract, Outputs};
use driftline::decision::{Decider, Policy};
use driftline::gate::Gate;
use driftline::limits::{MAX_DEFINITION_BYTES, MAX_ONNX_BYTES};
use driftline::summary::{Baseline, WindowChecks};
use driftline::{Error, ErrorCode, Result};
use driftline_compiler::{Options, Report, Runtime, compile};
use std::path::{Path, PathBuf};

const JSON: &str = "application/json";

/// The files that a bundle is made from.
#[derive(Debug, clap::Args)]
pub struct Sources {
    /// Model in ONNX format
    pub model: PathBuf,

    /// Contract (YAML or JSON): what a record must be and how it becomes the model's input
    #[arg(long, value_name = "FILE")]
    pub contract: PathBuf,

    /// Policy (YAML or JSON): when the model is trusted [default: every answer is accepted]
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// The training data's histograms (JSON)
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,

    /// What the collector checks of every window (YAML or JSON), as `driftline import` writes it
    #[arg(long, value_name = "FILE", requires = "baseline")]
    pub window_checks: Option<PathBuf>,

    /// Rows whose scores travel with the bundle, so that any host can test itself
    #[arg(long, value_name = "ROWS")]
    pub golden: Option<PathBuf>,

    /// The training pipeline's scores of the golden rows; the build fails where they differ
    #[arg(long, value_name = "PREDS", requires = "golden")]
    pub expected: Option<PathBuf>,

    /// Files that the model comes from, such as data, scripts, .dvc, dvc.lock, MLmodel and
    /// requirements files; a role may stand before the name, as in data=flights.csv. `git`, or
    /// git=DIR, is the commit that the folder has checked out
    #[arg(long, value_name = "[ROLE=]FILE", num_args = 1..)]
    pub provenance: Vec<String>,

    /// Who builds it; nothing is said without it
    #[arg(long, value_name = "NAME")]
    pub author: Option<String>,

    /// When it is built, RFC 3339; nothing is said without it
    #[arg(long, value_name = "TIME")]
    pub created: Option<String>,

    /// The model's licence, an SPDX expression
    #[arg(long, visible_alias = "license", value_name = "SPDX")]
    pub licence: Option<String>,

    /// Model card (YAML or JSON): intended use, limits, metrics and what else people know
    #[arg(long, value_name = "FILE")]
    pub card: Option<PathBuf>,

    /// Runtime that the model is compiled for [default: the smaller one that can run it]
    #[arg(long, value_name = "RUNTIME")]
    pub runtime: Option<RuntimeName>,

    /// Name of the model [default: the contract's]
    #[arg(long)]
    pub name: Option<String>,
}

/// A bundle with what is told of it.
#[derive(Debug)]
pub struct Assembled {
    /// The contract, under the name that was asked for.
    pub contract: Contract,
    /// The runtime that the model needs.
    pub runtime: RuntimeKind,
    /// What the compiler says.
    pub compiled: Report,
    /// Zones whose rules are in the bundle.
    pub zones: Vec<String>,
    /// Rows of the golden part.
    pub golden_rows: usize,
    /// What the part `provenance` says.
    pub provenance: Option<Provenance>,
    /// The stand-alone bundle.
    pub bundle: Vec<u8>,
    /// Its identity.
    pub identity: String,
}

/// Compiles the model, collects the parts and loads the result as a gate would.
///
/// # Errors
/// Whatever is wrong with one of the files, with its place; [`ErrorCode::ModelMismatch`] if model
/// and contract do not fit.
pub fn assemble(
    sources: &Sources,
    mut contract: Contract,
    source: Option<&Source>,
) -> Result<Assembled> {
    let at = |error: Error| source.map_or(error.clone(), |s| s.locate(error));
    if let Some(name) = &sources.name {
        contract.name.clone_from(name);
        contract.check().map_err(|e| e.in_file("--name"))?;
    }
    let onnx = read_file(&sources.model, MAX_ONNX_BYTES)?;
    let spinner = progress::spinner("compiling");
    let runtime = sources.runtime.map(Runtime::from);
    let compiled = compile(&onnx, &Options { runtime, ..Options::default() })
        .map_err(|e| e.in_file(sources.model.display().to_string()))?;
    spinner.finish_and_clear();

    let outputs = contract.outputs.as_ref().ok_or_else(|| {
        at(Error::new(ErrorCode::ContractInvalid, "a contract with a model needs `outputs`")
            .with_help(suggest::outputs(&compiled.report.outputs)))
    })?;
    let policy = policy(sources.policy.as_deref(), &contract, outputs)?;
    direct::complete(&mut contract, &compiled.report.inputs).map_err(at)?;
    let baseline = match &sources.baseline {
        Some(path) => Some(baseline(path, sources.window_checks.as_deref(), &contract)?),
        None => None,
    };
    let rules = zones::rules(&contract, baseline.as_ref()).map_err(at)?;

    let kind = match compiled.report.runtime {
        "tract" => RuntimeKind::Tract,
        _ => RuntimeKind::Plan,
    };
    let mut parts = vec![
        (part::CONTRACT.to_owned(), JSON, to_canonical_json(&contract)?),
        (part::POLICY.to_owned(), JSON, to_canonical_json(&policy)?),
        (part::MODEL.to_owned(), "application/octet-stream", compiled.plan),
    ];
    for (zone, rules) in &rules {
        parts.push((format!("{}{zone}", part::ZONE_PREFIX), "application/tzif", rules.clone()));
    }
    if let Some(baseline) = &baseline {
        parts.push((part::BASELINE.to_owned(), JSON, to_canonical_json(baseline)?));
    }
    let provenance = provenance::collect(sources, &contract)?;
    if let Some(provenance) = &provenance {
        parts.push((provenance::PART.to_owned(), JSON, to_canonical_json(provenance)?));
    }
    let references = provenance::references::references(sources, provenance.as_ref())?;
    let (mut bundle, mut identity) = write(&contract.name, kind, &parts, &references)?;
    // loading finds what does not fit: tensors, features, labels
    Gate::from_bundle(&bundle).map_err(at)?;
    let mut golden_rows = 0;
    if let Some(rows) = &sources.golden {
        let golden = golden::make(&bundle, &contract, rows, sources.expected.as_deref())?;
        golden_rows = golden.rows;
        parts.push((part::GOLDEN.to_owned(), JSON, golden.json));
        (bundle, identity) = write(&contract.name, kind, &parts, &references)?;
    }
    Ok(Assembled {
        runtime: kind,
        compiled: compiled.report,
        zones: rules.into_keys().collect(),
        contract,
        golden_rows,
        provenance,
        bundle,
        identity,
    })
}

fn write(
    name: &str,
    runtime: RuntimeKind,
    parts: &[(String, &str, Vec<u8>)],
    references: &[Reference],
) -> Result<(Vec<u8>, String)> {
    let mut writer = BundleWriter::new(name, runtime);
    for (name, media_type, bytes) in parts {
        writer.part(name, media_type, bytes.clone())?;
    }
    for reference in references {
        writer.reference(reference.clone());
    }
    writer.finish()
}

fn policy(path: Option<&Path>, contract: &Contract, outputs: &Outputs) -> Result<Policy> {
    let Some(path) = path else { return Ok(Policy::accept_all(outputs)) };
    let source = Source::read(path, ErrorCode::PolicySyntax)?;
    let policy: Policy = source.value()?;
    let decider = Decider::new(&policy, outputs, "").and_then(|d| d.watching(contract));
    decider.map_err(|e| source.locate(e))?;
    Ok(policy)
}

/// The baseline with the window checks of a file of their own.
fn baseline(path: &Path, checks: Option<&Path>, contract: &Contract) -> Result<Baseline> {
    let named = |e: Error| e.in_file(path.display().to_string());
    let bytes = read_file(path, MAX_DEFINITION_BYTES)?;
    let mut baseline = Baseline::from_json(&bytes).map_err(named)?;
    baseline.check(contract).map_err(named)?;
    if let Some(path) = checks {
        let source = Source::read(path, ErrorCode::BaselineInvalid)?;
        let read: WindowChecks = source.value()?;
        if read.format != WindowChecks::FORMAT {
            let message = format!("the format must be `{}`", WindowChecks::FORMAT);
            let error = Error::new(ErrorCode::FormatVersion, message).at_path("format");
            return Err(source.locate(error));
        }
        // the file's own paths, so that the place is found in it
        let own = |e: Error| match e.place().path.clone() {
            Some(path) => e.at_path(path.replacen("window_checks", "checks", 1)),
            None => e,
        };
        baseline.window_checks.extend(read.checks.iter().cloned());
        let alone = Baseline { window_checks: read.checks, ..baseline.clone() };
        alone.check(contract).map_err(|e| source.locate(own(e)))?;
        baseline.check(contract).map_err(named)?;
    }
    Ok(baseline)
}
