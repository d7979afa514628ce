//! The tract runtime: models that the plan cannot take.
//!
//! `crates/compiler` parses and simplifies the ONNX model with tract; what is stored is the graph in
//! NNEF and its constants, so that no ONNX parser is needed here. Nodes of ai.onnx.ml run as plans
//! inside the graph ([`PlanOp`]).

pub mod format;
mod plan_op;
mod registry;
pub mod tensors;

pub use plan_op::PlanOp;
pub use registry::framework;

use super::{Axis, TensorInfo};
use crate::error::{Error, ErrorCode, Result};
use crate::tensor::{Tensor, TensorData};
use format::{Header, Length, Port, ROWS};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tract_nnef::ast::parse::parse_document;
use tract_nnef::internal::{
    Framework, Identifier, IntoRunnable, IntoTValue, Symbol, TDim, TVec, TractError, TypedModel,
    TypedSimplePlan,
};
use tract_nnef::tensors::read_tensor;

/// Shapes that stay compiled: a host usually calls with one row and with one size of batch.
const KEPT: usize = 4;

/// A model in tract's hands.
pub struct TractModel {
    model: TypedModel,
    header: Header,
    inputs: Vec<TensorInfo>,
    outputs: Vec<TensorInfo>,
    /// Compiled for the shapes of its inputs, the last used one last.
    ready: Vec<(Vec<Vec<usize>>, Arc<TypedSimplePlan>)>,
    results: Vec<Tensor>,
}

impl std::fmt::Debug for TractModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TractModel").field("inputs", &self.inputs).finish_non_exhaustive()
    }
}

impl TractModel {
    /// Loads a stored model.
    ///
    /// # Errors
    /// As [`format::read`]; [`ErrorCode::PlanInvalid`] for a graph that tract refuses.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let parts = format::read(bytes)?;
        let damaged = |e: TractError| {
            Error::new(ErrorCode::PlanInvalid, format!("the model's graph is refused: {e:#}"))
        };
        let mut tensors = HashMap::new();
        for ((name, _), bytes) in parts.header.constants.iter().zip(&parts.constants) {
            let tensor = read_tensor(*bytes).map_err(damaged)?;
            tensors.insert(Identifier(name.clone()), Arc::new(tensor));
        }
        let proto = tract_nnef::ProtoModel {
            doc: parse_document(parts.graph).map_err(damaged)?,
            tensors,
            quantization: None,
            resources: HashMap::new(),
        };
        proto.validate().map_err(damaged)?;
        let model = framework().model_for_proto_model(&proto).map_err(damaged)?;
        let header = parts.header;
        let counts = (model.inputs.len(), model.outputs.len());
        if counts != (header.inputs.len(), header.outputs.len()) {
            return Err(Error::new(
                ErrorCode::PlanInvalid,
                "the model's graph has other inputs or outputs than its header",
            ));
        }
        let describe = |ports: &[Port]| ports.iter().map(info).collect();
        let (inputs, outputs) = (describe(&header.inputs), describe(&header.outputs));
        Ok(Self { model, header, inputs, outputs, ready: Vec::new(), results: Vec::new() })
    }

    /// Inputs in the order of the model.
    pub fn inputs(&self) -> &[TensorInfo] {
        &self.inputs
    }

    /// Outputs in the order of the model.
    pub fn outputs(&self) -> &[TensorInfo] {
        &self.outputs
    }

    /// An output of the last run.
    pub fn output(&self, i: usize) -> Option<&Tensor> {
        self.results.get(i)
    }

    /// Predicts; each call starts from nothing, so that no state of a loop survives it.
    ///
    /// # Errors
    /// [`ErrorCode::BadInput`] for shapes or types that do not fit, [`ErrorCode::ModelFailed`] if
    /// the model refuses the values.
    pub fn run(&mut self, shapes: &[Vec<usize>], data: &[&TensorData]) -> Result<()> {
        self.results.clear();
        let plan = self.compiled(shapes)?;
        let mut inputs = TVec::new();
        for ((info, shape), data) in self.inputs.iter().zip(shapes).zip(data) {
            if data.dtype() != info.dtype {
                return Err(Error::new(
                    ErrorCode::BadInput,
                    format!("input `{}` holds {}", info.name, info.dtype.as_str()),
                ));
            }
            inputs.push(tensors::to_tract(shape, data)?.into_tvalue());
        }
        // where panics unwind, one in tract is no more than an error
        let ran = catch_unwind(AssertUnwindSafe(|| plan.run(inputs)));
        let outputs = ran
            .map_err(|_| Error::new(ErrorCode::ModelFailed, "tract broke off"))?
            .map_err(|e| Error::new(ErrorCode::ModelFailed, format!("tract: {e:#}")))?;
        for (value, info) in outputs.iter().zip(&self.outputs) {
            self.results.push(tensors::from_tract(value, info.dtype)?);
        }
        Ok(())
    }

    /// The model compiled for these shapes.
    fn compiled(&mut self, shapes: &[Vec<usize>]) -> Result<Arc<TypedSimplePlan>> {
        if let Some(at) = self.ready.iter().position(|(known, _)| known == shapes) {
            let found = self.ready.remove(at);
            let plan = Arc::clone(&found.1);
            self.ready.push(found);
            return Ok(plan);
        }
        let mut symbols: HashMap<Symbol, TDim> = HashMap::new();
        for (port, shape) in self.header.inputs.iter().zip(shapes) {
            let misfit = || {
                let text = format!("input `{}` does not take the shape {shape:?}", port.name);
                Error::new(ErrorCode::BadInput, text)
            };
            if port.shape.len() != shape.len() {
                return Err(misfit());
            }
            for (want, have) in port.shape.iter().zip(shape) {
                match want {
                    Length::Fixed(n) if *n as usize == *have => {}
                    Length::Fixed(_) => return Err(misfit()),
                    Length::Symbol(name) => {
                        let length = TDim::Val(i64::try_from(*have).map_err(|_| misfit())?);
                        // a symbol that simplification did away with binds nothing
                        let Some(symbol) = self.model.symbols.get(name) else { continue };
                        if *symbols.entry(symbol).or_insert_with(|| length.clone()) != length {
                            return Err(misfit());
                        }
                    }
                }
            }
        }
        let refused = |e: TractError| {
            let text = format!("the model does not take inputs of the shapes {shapes:?}: {e:#}");
            Error::new(ErrorCode::BadInput, text)
        };
        let concrete = self.model.set_symbols(&symbols).map_err(refused)?;
        let plan =
            concrete.into_optimized().and_then(IntoRunnable::into_runnable).map_err(refused)?;
        if self.ready.len() == KEPT {
            self.ready.remove(0);
        }
        self.ready.push((shapes.to_vec(), Arc::clone(&plan)));
        Ok(plan)
    }
}

fn info(port: &Port) -> TensorInfo {
    let axis = |length: &Length| match length {
        Length::Fixed(n) => Axis::Fixed(*n),
        Length::Symbol(name) if name == ROWS => Axis::Batch(1),
        Length::Symbol(_) => Axis::Open,
    };
    let shape = port.shape.iter().map(axis).collect();
    TensorInfo { name: port.name.clone(), dtype: port.dtype, shape }
}
