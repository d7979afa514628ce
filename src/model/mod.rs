//! The model: features in, raw outputs out.

pub mod plan;
#[cfg(feature = "tract")]
pub mod tract;

use crate::error::{Error, ErrorCode, Result};
use crate::tensor::{DType, Tensor, TensorData};
use plan::{AlignedBytes, Executor, OutputView, Plan};
#[cfg(feature = "tract")]
use tract::TractModel;

pub use plan::Dim;

/// First bytes of a model that the tract runtime runs.
pub const TRACT_MAGIC: &[u8; 8] = b"dltract\0";

/// Length of one dimension of an input or output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Always this long.
    Fixed(u32),
    /// This many times the number of rows of the call.
    Batch(u32),
    /// As long as the caller's data; tract runtime only.
    Open,
}

impl From<Dim> for Axis {
    fn from(dim: Dim) -> Self {
        match dim {
            Dim::Fixed(n) => Self::Fixed(n),
            Dim::Batch(k) => Self::Batch(k),
        }
    }
}

impl Axis {
    /// The length, if it is always the same.
    pub const fn fixed(self) -> Option<usize> {
        match self {
            Self::Fixed(n) => Some(n as usize),
            Self::Batch(_) | Self::Open => None,
        }
    }
}

/// Name, element type and shape of an input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Name as in the ONNX model.
    pub name: String,
    /// Element type.
    pub dtype: DType,
    /// Dimensions, outermost first.
    pub shape: Vec<Axis>,
}

impl TensorInfo {
    /// The rows of a call with data of this shape: `None` if the shape does not fit, `Some(None)`
    /// if it says nothing about the rows.
    pub fn rows(&self, shape: &[usize]) -> Option<Option<usize>> {
        if shape.len() != self.shape.len() {
            return None;
        }
        let mut rows = None;
        for (have, want) in shape.iter().zip(&self.shape) {
            match *want {
                Axis::Fixed(n) if *have == n as usize => {}
                Axis::Fixed(_) => return None,
                Axis::Open => {}
                Axis::Batch(k) => {
                    let k = k as usize;
                    let n = have.checked_div(k).filter(|n| n.checked_mul(k) == Some(*have))?;
                    if rows.is_some_and(|known| known != n) {
                        return None;
                    }
                    rows = Some(n);
                }
            }
        }
        Some(rows)
    }
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
    #[cfg(feature = "tract")]
    Tract(Box<TractModel>),
}

impl Model {
    /// Loads what `driftline build` compiled.
    ///
    /// # Errors
    /// [`ErrorCode::PlanInvalid`] for damaged bytes, [`ErrorCode::RuntimeMismatch`] for a model that
    /// needs a runtime that is not in this build.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        if bytes.starts_with(TRACT_MAGIC) {
            return Self::from_tract(bytes);
        }
        let plan = Plan::from_bytes(AlignedBytes::copy_of(bytes))?;
        let describe = |ports: &[plan::format::Port]| {
            ports
                .iter()
                .filter_map(|port| {
                    let ty = plan.ty(port.tensor)?;
                    let shape = ty.shape.dims().iter().map(|d| Axis::from(*d)).collect();
                    Some(TensorInfo { name: port.name.clone(), dtype: ty.dtype, shape })
                })
                .collect()
        };
        let (inputs, outputs) = (describe(plan.inputs()), describe(plan.outputs()));
        let runtime = Runtime::Plan(Box::new(Executor::new(plan)?));
        Ok(Self { runtime, inputs, outputs })
    }

    #[cfg(feature = "tract")]
    fn from_tract(bytes: &[u8]) -> Result<Self> {
        let model = TractModel::from_bytes(bytes)?;
        let (inputs, outputs) = (model.inputs().to_vec(), model.outputs().to_vec());
        Ok(Self { runtime: Runtime::Tract(Box::new(model)), inputs, outputs })
    }

    #[cfg(not(feature = "tract"))]
    fn from_tract(_: &[u8]) -> Result<Self> {
        Err(Error::new(
            ErrorCode::RuntimeMismatch,
            "the model needs the tract runtime, which this build leaves out",
        ))
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
            #[cfg(feature = "tract")]
            Runtime::Tract(_) => "tract",
        }
    }

    /// Predicts `batch` rows; the inputs stand in the order of [`Self::inputs`].
    ///
    /// # Errors
    /// [`ErrorCode::BadInput`] for inputs that do not fit, [`ErrorCode::InputTooLarge`] for too
    /// many rows, [`ErrorCode::ModelFailed`] if the model refuses the values.
    pub fn run(&mut self, batch: usize, inputs: &[&TensorData]) -> Result<()> {
        self.expect(inputs.len())?;
        match &mut self.runtime {
            Runtime::Plan(executor) => {
                executor.prepare(batch)?;
                for (i, data) in inputs.iter().enumerate() {
                    executor.set_input(i, data)?;
                }
                executor.run()
            }
            #[cfg(feature = "tract")]
            Runtime::Tract(model) => {
                let shapes = self.inputs.iter().map(|info| rows_shape(info, batch));
                model.run(&shapes.collect::<Result<Vec<_>>>()?, inputs)
            }
        }
    }

    /// Predicts from tensors with shapes of their own, in the order of [`Self::inputs`]; answers
    /// the rows of the call.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_tensors(&mut self, inputs: &[Tensor]) -> Result<usize> {
        self.expect(inputs.len())?;
        let mut batch = None;
        for (info, tensor) in self.inputs.iter().zip(inputs) {
            let rows = info.rows(tensor.shape());
            let fits = rows.is_some_and(|n| n.is_none() || batch.is_none() || n == batch);
            if !fits {
                return Err(Error::new(
                    ErrorCode::BadInput,
                    format!("input `{}` does not take the shape {:?}", info.name, tensor.shape()),
                ));
            }
            batch = batch.or(rows.flatten());
        }
        let data: Vec<&TensorData> = inputs.iter().map(Tensor::data).collect();
        let batch = batch.unwrap_or(1);
        match &mut self.runtime {
            Runtime::Plan(_) => self.run(batch, &data)?,
            #[cfg(feature = "tract")]
            Runtime::Tract(model) => {
                let shapes: Vec<_> = inputs.iter().map(|t| t.shape().to_vec()).collect();
                model.run(&shapes, &data)?;
            }
        }
        Ok(batch)
    }

    fn expect(&self, inputs: usize) -> Result<()> {
        if inputs == self.inputs.len() {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::BadInput,
            format!("the model takes {} inputs, not {inputs}", self.inputs.len()),
        ))
    }

    /// An output of the last run.
    pub fn output(&self, i: usize) -> Option<Output<'_>> {
        match &self.runtime {
            Runtime::Plan(executor) => executor.output(i).map(Output::Plan),
            #[cfg(feature = "tract")]
            Runtime::Tract(model) => model.output(i).map(Output::Tensor),
        }
    }

    /// Index of an output by its name.
    pub fn output_index(&self, name: &str) -> Option<usize> {
        self.outputs.iter().position(|o| o.name == name)
    }
}

/// The shape of an input for a call of `batch` rows.
#[cfg(feature = "tract")]
fn rows_shape(info: &TensorInfo, batch: usize) -> Result<Vec<usize>> {
    let length = |axis: &Axis| match *axis {
        Axis::Fixed(n) => Some(n as usize),
        Axis::Batch(k) => batch.checked_mul(k as usize),
        Axis::Open => None,
    };
    info.shape.iter().map(length).collect::<Option<_>>().ok_or_else(|| {
        let text = format!("the shape of the input `{}` is not known", info.name);
        Error::new(ErrorCode::BadInput, text)
    })
}

/// An output of the last run, in place.
#[derive(Clone, Copy, Debug)]
pub enum Output<'a> {
    /// In the arena of a plan.
    Plan(OutputView<'a>),
    /// A tensor of its own.
    Tensor(&'a Tensor),
}

impl Output<'_> {
    /// Element type.
    pub fn dtype(&self) -> DType {
        match self {
            Self::Plan(view) => view.dtype(),
            Self::Tensor(tensor) => tensor.dtype(),
        }
    }

    /// Length of each dimension, outermost first.
    pub fn shape(&self) -> Vec<usize> {
        match self {
            Self::Plan(view) => view.shape(),
            Self::Tensor(tensor) => tensor.shape().to_vec(),
        }
    }

    /// A copy of the elements.
    pub fn to_data(&self) -> TensorData {
        match self {
            Self::Plan(view) => view.to_data(),
            Self::Tensor(tensor) => tensor.data().clone(),
        }
    }

    /// Appends the elements of a float output; `false` if it is none.
    pub fn append_floats(&self, to: &mut Vec<f64>) -> bool {
        let (single, double): (&[f32], &[f64]) = match self {
            Self::Plan(view) => match view.dtype() {
                DType::Float32 => (view.elements(), &[]),
                DType::Float64 => (&[], view.elements()),
                _ => return false,
            },
            Self::Tensor(tensor) => match tensor.data() {
                TensorData::Float32(v) => (v, &[]),
                TensorData::Float64(v) => (&[], v),
                _ => return false,
            },
        };
        to.extend(single.iter().map(|x| f64::from(*x)));
        to.extend_from_slice(double);
        true
    }
}
