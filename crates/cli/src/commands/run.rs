//! `driftline run`: raw tensors through a model, without contract and policy.

use super::load::{self, Kind};
use crate::args::RuntimeName;
use crate::npz;
use crate::output::{Output, read_file};
use crate::shapes::dim;
use crate::{Outcome, output};
use driftline::bundle::{Bundle, part};
use driftline::limits::MAX_ONNX_BYTES;
use driftline::model::{Model, TensorInfo};
use driftline::tensor::Tensor;
use driftline::{Error, ErrorCode, Result};
use driftline_compiler::{Options, Runtime, compile};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What is run on what.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    driftline run model.onnx --inputs x.npz --outputs y.npz\n\n\
    The arrays of the input archive are named as the model's inputs and have exactly their \
    element types; a map `x` is two arrays, `x.keys` (ascending) and `x.values`. The output archive \
    has one array for each output.")]
pub struct Args {
    /// ONNX model, bundle, or a WebAssembly file that carries one
    model: PathBuf,

    /// Archive with one array for each input of the model
    #[arg(long, value_name = "FILE.npz")]
    inputs: PathBuf,

    /// Archive that the outputs are written to
    #[arg(long, value_name = "FILE.npz")]
    outputs: PathBuf,

    /// Runtime that computes [default: the one that `build` would pick]
    #[arg(long, value_name = "RUNTIME")]
    runtime: Option<RuntimeName>,
}

#[derive(Serialize)]
struct Report<'a> {
    runtime: &'a str,
    rows: usize,
    outputs: Vec<Array<'a>>,
}

#[derive(Serialize)]
struct Array<'a> {
    name: &'a str,
    dtype: &'static str,
    shape: &'a [usize],
}

/// Runs the model once.
pub fn run(args: &Args, json: bool) -> Result<Outcome> {
    let mut model = model(&args.model, args.runtime.map(Runtime::from))?;
    let arrays = npz::read(&args.inputs)?;
    let named = |e: Error| e.in_file(args.inputs.display().to_string());
    let inputs = arrange(model.inputs(), arrays).map_err(named)?;
    let rows = model.run_tensors(&inputs).map_err(named)?;
    let mut results = Vec::new();
    for (i, info) in model.outputs().iter().enumerate() {
        let view = model.output(i).ok_or_else(|| {
            Error::new(ErrorCode::Internal, format!("the output `{}` is not there", info.name))
        })?;
        results.push((info.name.clone(), Tensor::new(view.shape(), view.to_data())?));
    }
    npz::write(&args.outputs, &results)?;
    let outputs = results
        .iter()
        .map(|(name, t)| Array { name, dtype: t.dtype().as_str(), shape: t.shape() })
        .collect();
    let report = Report { runtime: model.runtime(), rows, outputs };
    let mut out = Output::stdout();
    if json {
        out.json(&report)?;
    } else {
        out.line(&format!("runtime  {}, {} rows", report.runtime, report.rows))?;
        for a in &report.outputs {
            out.line(&format!("output   {} {} {:?}", a.name, a.dtype, a.shape))?;
        }
    }
    out.finish()?;
    Ok(Outcome::Good)
}

fn model(path: &Path, runtime: Option<Runtime>) -> Result<Model> {
    let named = |e: Error| e.in_file(path.display().to_string());
    if load::kind_of(&output::read_head(path, 8)?) == Kind::Other {
        let onnx = read_file(path, MAX_ONNX_BYTES)?;
        let options = Options { runtime, ..Options::default() };
        let compiled = compile(&onnx, &options).map_err(named)?;
        return Model::from_bytes(&compiled.plan).map_err(named);
    }
    let bytes = load::bundle_bytes(path)?;
    let model = Model::from_bytes(Bundle::read(&bytes)?.part(part::MODEL)?).map_err(named)?;
    match runtime {
        Some(asked) if asked.as_str() != model.runtime() => Err(named(Error::new(
            ErrorCode::RuntimeMismatch,
            format!("the bundle was compiled for the runtime {}", model.runtime()),
        ))),
        _ => Ok(model),
    }
}

/// The arrays in the order of the model's inputs.
fn arrange(inputs: &[TensorInfo], arrays: Vec<(String, Tensor)>) -> Result<Vec<Tensor>> {
    let mut rest = arrays;
    let mut rows: Option<usize> = None;
    let mut ordered = Vec::new();
    for info in inputs {
        let Some(at) = rest.iter().position(|(name, _)| *name == info.name) else {
            let message = format!("the archive has no array `{}`", info.name);
            return Err(Error::new(ErrorCode::ModelMismatch, message));
        };
        let (_, tensor) = rest.swap_remove(at);
        if tensor.dtype() != info.dtype {
            return Err(Error::new(
                ErrorCode::ModelMismatch,
                format!(
                    "the array `{}` is {}, the model takes {}",
                    info.name,
                    tensor.dtype().as_str(),
                    info.dtype.as_str()
                ),
            )
            .with_help("save the array with the model's element type"));
        }
        let unfit = || {
            let dims: Vec<String> = info.shape.iter().map(dim).collect();
            Error::new(
                ErrorCode::ModelMismatch,
                format!(
                    "the array `{}` has the shape {:?}, the model takes [{}]",
                    info.name,
                    tensor.shape(),
                    dims.join(", ")
                ),
            )
        };
        let found = info.rows(tensor.shape()).ok_or_else(unfit)?;
        if rows.is_some() && found.is_some() && rows != found {
            return Err(unfit());
        }
        rows = rows.or(found);
        ordered.push(tensor);
    }
    match rest.first() {
        Some((name, _)) => {
            Err(Error::new(ErrorCode::ModelMismatch, format!("the model has no input `{name}`")))
        }
        None => Ok(ordered),
    }
}
