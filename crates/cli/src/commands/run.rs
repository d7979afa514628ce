//! `driftline run`: raw tensors through a model, without contract and policy.

use super::load::{self, Kind};
use crate::npz;
use crate::output::{Output, read_file};
use crate::{Outcome, output};
use driftline::bundle::{Bundle, part};
use driftline::limits::MAX_ONNX_BYTES;
use driftline::model::{Dim, Model, TensorInfo};
use driftline::tensor::{Tensor, TensorData};
use driftline::{Error, ErrorCode, Result};
use driftline_compiler::{Options, compile};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What is run on what.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    driftline run model.onnx --inputs x.npz --outputs y.npz\n\n\
    The arrays of the input archive are named as the model's inputs and have exactly their \
    element types; the output archive has one array for each output.")]
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
    runtime: Option<Runtime>,
}

/// Which runtime computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Runtime {
    /// driftline's own flat program
    Plan,
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
    let Some(Runtime::Plan) = args.runtime.or(Some(Runtime::Plan)) else {
        return Err(Error::new(ErrorCode::BadUsage, "the runtime is not known"));
    };
    let mut model = model(&args.model)?;
    let arrays = npz::read(&args.inputs)?;
    let named = |e: Error| e.in_file(args.inputs.display().to_string());
    let (rows, inputs) = arrange(model.inputs(), arrays).map_err(named)?;
    let data: Vec<&TensorData> = inputs.iter().map(Tensor::data).collect();
    model.run(rows, &data).map_err(named)?;
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

fn model(path: &Path) -> Result<Model> {
    let named = |e: Error| e.in_file(path.display().to_string());
    if load::kind_of(&output::read_head(path, 8)?) == Kind::Other {
        let onnx = read_file(path, MAX_ONNX_BYTES)?;
        let plan = compile(&onnx, &Options::default()).map_err(named)?.plan;
        return Model::from_bytes(&plan).map_err(named);
    }
    let bytes = load::bundle_bytes(path)?;
    Model::from_bytes(Bundle::read(&bytes)?.part(part::MODEL)?).map_err(named)
}

/// The arrays in the order of the model's inputs, and how many rows they have.
fn arrange(inputs: &[TensorInfo], arrays: Vec<(String, Tensor)>) -> Result<(usize, Vec<Tensor>)> {
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
        if tensor.shape().len() != info.shape.len() {
            return Err(unfit());
        }
        for (have, want) in tensor.shape().iter().zip(&info.shape) {
            match want {
                Dim::Fixed(n) if *have == *n as usize => {}
                Dim::Batch(per) => {
                    let n = have.checked_div(*per as usize).filter(|n| n * *per as usize == *have);
                    if n.is_none() || rows.is_some_and(|r| Some(r) != n) {
                        return Err(unfit());
                    }
                    rows = n;
                }
                Dim::Fixed(_) => return Err(unfit()),
            }
        }
        ordered.push(tensor);
    }
    match rest.first() {
        Some((name, _)) => {
            Err(Error::new(ErrorCode::ModelMismatch, format!("the model has no input `{name}`")))
        }
        None => Ok((rows.unwrap_or(1), ordered)),
    }
}

/// A dimension as text: its length, or `batch`.
pub fn dim(dim: &Dim) -> String {
    match dim {
        Dim::Fixed(n) => n.to_string(),
        Dim::Batch(1) => "batch".to_owned(),
        Dim::Batch(n) => format!("{n}·batch"),
    }
}
