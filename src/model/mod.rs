//! The model: features in, raw outputs out.

pub mod plan;

use crate::error::{Error, ErrorCode, Result};
use crate::tensor::{DType, TensorData};
use plan::{AlignedBytes, Executor, OutputView, Plan};

pub use plan::Dim;

/// Name, element type and shape of an input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Name as in the ONNX model.
    pub name: String,
    /// Element type.
    pub dtype: DType,
    /// Dimensions, outermost first.
    pub shape: Vec<Dim>,
}

/// A model that is ready to predict.
#[derive(Debug)]
pub struct Model {
    runtime: Runtime,
    inputs: Vec<TensorInfo>,
    outputs: Vec<TensorInfo>,
}

#[derive(Debug)]
enum Runtime {
    Plan(Box<Executor>),
}

impl Model {
    /// Loads what `driftline build` compiled.
    ///
    /// # Errors
    /// As [`Plan::from_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let plan = Plan::from_bytes(AlignedBytes::copy_of(bytes))?;
        let describe = |ports: &[plan::format::Port]| {
            ports
                .iter()
                .filter_map(|port| {
                    let ty = plan.ty(port.tensor)?;
                    let shape = ty.shape.dims().to_vec();
                    Some(TensorInfo { name: port.name.clone(), dtype: ty.dtype, shape })
                })
                .collect()
        };
        let (inputs, outputs) = (describe(plan.inputs()), describe(plan.outputs()));
        let runtime = Runtime::Plan(Box::new(Executor::new(plan)?));
        Ok(Self { runtime, inputs, outputs })
    }

    /// Inputs in the order of the model.
    pub fn inputs(&self) -> &[TensorInfo] {
        &self.inputs
    }

    /// Outputs in the order of the model.
    pub fn outputs(&self) -> &[TensorInfo] {
        &self.outputs
    }

    /// Which runtime runs it.
    pub const fn runtime(&self) -> &'static str {
        match self.runtime {
            Runtime::Plan(_) => "plan",
        }
    }

    /// Predicts `batch` rows; the inputs stand in the order of [`Self::inputs`].
    ///
    /// # Errors
    /// [`ErrorCode::BadInput`] for inputs that do not fit, [`ErrorCode::InputTooLarge`] for too
    /// many rows, [`ErrorCode::ModelFailed`] if the model refuses the values.
    pub fn run(&mut self, batch: usize, inputs: &[&TensorData]) -> Result<()> {
        if inputs.len() != self.inputs.len() {
            return Err(Error::new(
                ErrorCode::BadInput,
                format!("the model takes {} inputs, not {}", self.inputs.len(), inputs.len()),
            ));
        }
        match &mut self.runtime {
            Runtime::Plan(executor) => {
                executor.prepare(batch)?;
                for (i, data) in inputs.iter().enumerate() {
                    executor.set_input(i, data)?;
                }
                executor.run()
            }
        }
    }

    /// An output of the last run.
    pub fn output(&self, i: usize) -> Option<OutputView<'_>> {
        match &self.runtime {
            Runtime::Plan(executor) => executor.output(i),
        }
    }

    /// Index of an output by its name.
    pub fn output_index(&self, name: &str) -> Option<usize> {
        self.outputs.iter().position(|o| o.name == name)
    }
}
