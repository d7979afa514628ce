//! `driftline inspect`: what a bundle or a model is made of.

use super::load::{self, Kind};
use crate::Outcome;
use crate::card::{self, Told};
use crate::export::html;
use crate::output::{Output, read_file};
use crate::provenance::{self, Provenance};
use crate::shapes::tensor;
use crate::sizes::thousands;
use driftline::bundle::{Bundle, Manifest, part};
use driftline::contract::Contract;
use driftline::decision::Policy;
use driftline::limits::MAX_ONNX_BYTES;
use driftline::model::Model;
use driftline::model::plan::{AlignedBytes, Plan};
use driftline::{Error, ErrorCode, Result};
use driftline_compiler::{Options, compile};
use serde::Serialize;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What is looked at.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  driftline inspect dist/flights-delay.driftline\n  \
    driftline inspect dist/flights-delay.driftline --html -o card.html")]
pub struct Args {
    /// Bundle, a WebAssembly file that carries one, or an ONNX model
    file: PathBuf,

    /// Write the bundle's model card as one page without scripts
    #[arg(long)]
    html: bool,

    /// Write a bill of materials: CycloneDX 1.6, JSON
    #[arg(long, conflicts_with = "html")]
    bom: bool,

    /// Where the card or the bill goes; `-` is standard output
    #[arg(short, long, default_value = "-", value_name = "FILE")]
    output: PathBuf,
}

/// What a model takes and gives.
#[derive(Debug, Serialize)]
struct ModelView {
    runtime: String,
    why: Option<String>,
    inputs: Vec<String>,
    outputs: Vec<String>,
    steps: Vec<String>,
}

/// What a bundle holds.
#[derive(Debug, Serialize)]
struct BundleView {
    identity: String,
    manifest: Manifest,
    contract: Contract,
    policy: Policy,
    model: ModelView,
}

/// Prints the parts.
pub fn run(args: &Args, json: bool) -> Result<Outcome> {
    if args.html || args.bom {
        return told(args);
    }
    if args.output != Path::new("-") {
        let message = "`--output` goes with `--html` or `--bom`";
        return Err(Error::new(ErrorCode::BadUsage, message));
    }
    let mut out = Output::stdout();
    if load::kind_of(&crate::output::read_head(&args.file, 8)?) == Kind::Other {
        let model = onnx(&args.file)?;
        if json { out.json(&model)? } else { print_model(&model, &mut out)? }
    } else {
        let bundle = bundle(&args.file)?;
        if json { out.json(&bundle)? } else { print_bundle(&bundle, &mut out)? }
    }
    out.finish()?;
    Ok(Outcome::Good)
}

/// The card or the bill of materials.
fn told(args: &Args) -> Result<Outcome> {
    let named = |e: Error| e.in_file(args.file.display().to_string());
    let bytes = load::bundle_bytes(&args.file)?;
    let bundle = Bundle::read(&bytes).map_err(named)?;
    let provenance = bundle.optional_part(provenance::PART).map(Provenance::from_json);
    let provenance = provenance.transpose().map_err(named)?;
    let told = Told {
        identity: bundle.identity(),
        manifest: bundle.manifest(),
        contract: &load::contract_of(&bytes).map_err(named)?,
        policy: &Policy::from_json(bundle.part(part::POLICY)?).map_err(named)?,
        provenance: provenance.as_ref(),
    };
    let text = if args.html {
        html(&card::sheet(&told)?)
    } else {
        serde_json::to_string_pretty(&card::bom(&told))
            .map_err(|e| Error::new(ErrorCode::Internal, e.to_string()))?
    };
    let mut out = Output::open(&args.output)?;
    out.line(text.trim_end())?;
    out.finish()?;
    Ok(Outcome::Good)
}

fn onnx(path: &Path) -> Result<ModelView> {
    let bytes = read_file(path, MAX_ONNX_BYTES)?;
    let compiled = compile(&bytes, &Options::default())
        .map_err(|e| e.in_file(path.display().to_string()))?
        .report;
    Ok(ModelView {
        runtime: compiled.runtime.to_owned(),
        why: Some(compiled.why),
        inputs: compiled.inputs.iter().map(tensor).collect(),
        outputs: compiled.outputs.iter().map(|o| tensor(&o.tensor)).collect(),
        steps: compiled.steps.iter().map(|s| (*s).to_owned()).collect(),
    })
}

fn bundle(path: &Path) -> Result<BundleView> {
    let named = |e: Error| e.in_file(path.display().to_string());
    let bytes = load::bundle_bytes(path)?;
    let bundle = Bundle::read(&bytes).map_err(named)?;
    let bytes_of_model = bundle.part(part::MODEL)?;
    let model = Model::from_bytes(bytes_of_model).map_err(named)?;
    let steps = match model.runtime() {
        "plan" => Plan::from_bytes(AlignedBytes::copy_of(bytes_of_model))
            .map_err(named)?
            .steps()
            .iter()
            .map(|s| s.step.name().to_owned())
            .collect(),
        other => vec![other.to_owned()],
    };
    Ok(BundleView {
        identity: bundle.identity().to_owned(),
        manifest: bundle.manifest().clone(),
        contract: load::contract_of(&bytes).map_err(named)?,
        policy: Policy::from_json(bundle.part(part::POLICY)?).map_err(named)?,
        model: ModelView {
            runtime: model.runtime().to_owned(),
            why: None,
            inputs: model.inputs().iter().map(tensor).collect(),
            outputs: model.outputs().iter().map(tensor).collect(),
            steps,
        },
    })
}

fn print_model(model: &ModelView, out: &mut Output) -> Result<()> {
    match &model.why {
        Some(why) => out.line(&format!("runtime  {}: {why}", model.runtime))?,
        None => out.line(&format!("runtime  {}", model.runtime))?,
    }
    for (what, tensors) in [("input", &model.inputs), ("output", &model.outputs)] {
        for tensor in tensors {
            out.line(&format!("{what:<8} {tensor}"))?;
        }
    }
    out.line(&format!("steps    {}", model.steps.join(", ")))
}

fn print_bundle(view: &BundleView, out: &mut Output) -> Result<()> {
    let contract = &view.contract;
    out.line(&format!("{} {}", view.manifest.name, view.identity))?;
    if let Some(description) = &contract.description {
        out.line(description)?;
    }
    out.line(&format!("compiled by driftline {}", view.manifest.runtime.version))?;
    print_model(&view.model, out)?;
    out.line("\nparts")?;
    for p in &view.manifest.parts {
        let size = thousands(usize::try_from(p.bytes).unwrap_or(usize::MAX));
        out.line(&format!("  {:<24} {size:>12} bytes  sha256:{}", p.name, p.sha256))?;
    }
    if !view.manifest.references.is_empty() {
        out.line("\nmade from")?;
        for r in &view.manifest.references {
            out.line(&format!("  {:<12} {:<24} {}", r.role, r.name, r.digest))?;
        }
    }
    out.line("\ninputs")?;
    for input in &contract.inputs {
        let mut text = format!("  {:<24} {:<10}", input.name, input.kind.as_str());
        let optional = if input.required { "" } else { " may be absent" };
        let _ = write!(text, "{optional} {}", crate::package::describe(input));
        out.line(text.trim_end())?;
    }
    out.line(&format!("\nfeatures {}", contract.features.len()))?;
    if let Some(outputs) = &contract.outputs
        && !outputs.labels.is_empty()
    {
        out.line("labels")?;
        for label in &outputs.labels {
            let threshold = view.policy.labels.get(label).map_or(Some(0.0), |p| p.threshold);
            let accepted =
                threshold.map_or("never accepted".into(), |t| format!("accepted from {t}"));
            out.line(&format!("  {label:<24} {accepted}"))?;
        }
    }
    Ok(())
}
