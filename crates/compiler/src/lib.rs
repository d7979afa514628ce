//! ONNX models to driftline plans.
//!
//! The graph is lowered node by node: types and shapes come from the steps' own rules, constants
//! are folded by running the step, and what no output needs is left out. One dimension may stay
//! open, the batch.

mod graph;
mod lower;
mod maps;
mod node;
mod onnx;
mod sizes;
mod tract;

use driftline::error::{Error, Result};
use driftline::model::plan::trees::Walk;
use driftline::model::{Model, TensorInfo};
use driftline::tensor::{Tensor, TensorData};
use std::collections::BTreeMap;
use tract_onnx::pb::ModelProto;

/// What the compiler may be told.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The order of the walk through trees; chosen by their shape if not given.
    pub walk: Option<Walk>,
    /// The runtime; the smaller one that can run the model if not given.
    pub runtime: Option<Runtime>,
    /// Inputs of the model that are constants from now on, by name; plan runtime only.
    pub bound: BTreeMap<String, Tensor>,
    /// Shapes of inputs that the model leaves open, by name.
    pub shapes: BTreeMap<String, Vec<usize>>,
}

/// What runs a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// driftline's own flat program.
    Plan,
    /// tract, for what the plan cannot take; the larger one.
    Tract,
}

impl Runtime {
    /// As reports name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Tract => "tract",
        }
    }
}

/// A compiled model.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The bytes of the plan or of tract's graph; the same model and options give the same bytes.
    pub plan: Vec<u8>,
    /// What was made of the model.
    pub report: Report,
}

/// What was made of a model.
#[derive(Clone, Debug)]
pub struct Report {
    /// The runtime that it needs: `plan` or `tract`.
    pub runtime: &'static str,
    /// Why this runtime.
    pub why: String,
    /// Inputs in the order of the model.
    pub inputs: Vec<TensorInfo>,
    /// Outputs in the order of the model.
    pub outputs: Vec<OutputInfo>,
    /// Names of the steps in the order in which they run.
    pub steps: Vec<&'static str>,
}

/// An output of a compiled model.
#[derive(Clone, Debug)]
pub struct OutputInfo {
    /// Name, type and shape.
    pub tensor: TensorInfo,
    /// If it is a map in ONNX (`ZipMap`): the keys of the last dimension, int64 or string.
    pub keys: Option<TensorData>,
}

/// Compiles an ONNX model.
///
/// # Errors
/// `model_syntax` for bytes that are no ONNX model; `model_invalid`, `unsupported_operator`,
/// `unsupported_type`, `dynamic_shape` or `model_too_large`, naming the node, its operator, domain
/// and version.
pub fn compile(onnx: &[u8], options: &Options) -> Result<Compiled> {
    let model = onnx::decode(onnx)?;
    let refused = match options.runtime {
        Some(Runtime::Tract) => None,
        asked => match to_plan(&model, &maps::inputs(onnx)?, options) {
            Err(error) if asked.is_none() && tract_may_take(&error) => Some(error),
            other => return other,
        },
    };
    let (plan, keys) = match (tract::compile(&model), refused.clone()) {
        (Ok(made), _) => made,
        (Err(error), None) => return Err(error),
        // the plan's answer names the node
        (Err(also), Some(error)) => {
            return Err(error.with_help(format!("the tract runtime cannot take it either: {also}")));
        }
    };
    let loaded = Model::from_bytes(&plan)?;
    let why = match refused {
        Some(error) => format!("the plan runtime cannot take the model: {error}"),
        None => "it was asked for".to_owned(),
    };
    let report = report("tract", why, &loaded, &keys, vec!["tract"]);
    Ok(Compiled { plan, report })
}

fn tract_may_take(error: &Error) -> bool {
    use driftline::ErrorCode::{DynamicShape, UnsupportedOperator, UnsupportedType};
    matches!(error.code(), UnsupportedOperator | UnsupportedType | DynamicShape)
}

fn to_plan(model: &ModelProto, maps: &maps::Maps, options: &Options) -> Result<Compiled> {
    let builder = graph::Builder::build(model, maps, options)?;
    let plan = builder.draft.write();
    // what the compiler wrote must pass the checks that every plan passes
    let loaded = Model::from_bytes(&plan).map_err(|e| {
        let text = format!("the compiled plan does not load: {e}");
        match e.code() {
            driftline::ErrorCode::PlanInvalid => Error::new(driftline::ErrorCode::Internal, text),
            code => Error::new(code, text),
        }
    })?;
    let why = "every operator has a step in the plan runtime, which is the smaller one".to_owned();
    let steps = builder.draft.step_names();
    Ok(Compiled { plan, report: report("plan", why, &loaded, &builder.keys, steps) })
}

fn report(
    runtime: &'static str,
    why: String,
    loaded: &Model,
    keys: &BTreeMap<String, TensorData>,
    steps: Vec<&'static str>,
) -> Report {
    let outputs = loaded
        .outputs()
        .iter()
        .map(|tensor| OutputInfo { tensor: tensor.clone(), keys: keys.get(&tensor.name).cloned() });
    Report { runtime, why, inputs: loaded.inputs().to_vec(), outputs: outputs.collect(), steps }
}

/// Operators that can be compiled: domain and name.
pub fn operators() -> impl Iterator<Item = (&'static str, &'static str)> {
    lower::all()
}
