//! Typed arrays that go into a model and come out of it.

use crate::error::{Error, ErrorCode, Result};
use crate::limits::MAX_TENSOR_ELEMENTS;
use serde::{Deserialize, Serialize};

/// Element type of a tensor, under ONNX's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum DType {
    /// IEEE 754 binary32.
    Float32,
    /// IEEE 754 binary64.
    Float64,
    /// Signed, 64 bits.
    Int64,
    /// Signed, 32 bits.
    Int32,
    /// Unsigned, 8 bits.
    Uint8,
    /// True or false.
    Bool,
    /// UTF-8 text.
    String,
}

impl DType {
    /// ONNX's name of the type.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Int64 => "int64",
            Self::Int32 => "int32",
            Self::Uint8 => "uint8",
            Self::Bool => "bool",
            Self::String => "string",
        }
    }
}

/// The elements of a tensor, row-major.
#[derive(Clone, Debug, PartialEq)]
pub enum TensorData {
    /// Elements of [`DType::Float32`].
    Float32(Vec<f32>),
    /// Elements of [`DType::Float64`].
    Float64(Vec<f64>),
    /// Elements of [`DType::Int64`].
    Int64(Vec<i64>),
    /// Elements of [`DType::Int32`].
    Int32(Vec<i32>),
    /// Elements of [`DType::Uint8`].
    Uint8(Vec<u8>),
    /// Elements of [`DType::Bool`].
    Bool(Vec<bool>),
    /// Elements of [`DType::String`].
    String(Vec<String>),
}

impl TensorData {
    /// No elements, of the given type.
    pub fn empty(dtype: DType) -> Self {
        match dtype {
            DType::Float32 => Self::Float32(Vec::new()),
            DType::Float64 => Self::Float64(Vec::new()),
            DType::Int64 => Self::Int64(Vec::new()),
            DType::Int32 => Self::Int32(Vec::new()),
            DType::Uint8 => Self::Uint8(Vec::new()),
            DType::Bool => Self::Bool(Vec::new()),
            DType::String => Self::String(Vec::new()),
        }
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        match self {
            Self::Float32(_) => DType::Float32,
            Self::Float64(_) => DType::Float64,
            Self::Int64(_) => DType::Int64,
            Self::Int32(_) => DType::Int32,
            Self::Uint8(_) => DType::Uint8,
            Self::Bool(_) => DType::Bool,
            Self::String(_) => DType::String,
        }
    }

    /// How many elements.
    pub fn len(&self) -> usize {
        match self {
            Self::Float32(v) => v.len(),
            Self::Float64(v) => v.len(),
            Self::Int64(v) => v.len(),
            Self::Int32(v) => v.len(),
            Self::Uint8(v) => v.len(),
            Self::Bool(v) => v.len(),
            Self::String(v) => v.len(),
        }
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops the elements and keeps the memory.
    pub fn clear(&mut self) {
        match self {
            Self::Float32(v) => v.clear(),
            Self::Float64(v) => v.clear(),
            Self::Int64(v) => v.clear(),
            Self::Int32(v) => v.clear(),
            Self::Uint8(v) => v.clear(),
            Self::Bool(v) => v.clear(),
            Self::String(v) => v.clear(),
        }
    }
}

/// A dense array: shape and elements, row-major, `data.len() == shape.iter().product()`.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    data: TensorData,
}

impl Tensor {
    /// A tensor of this shape.
    ///
    /// # Errors
    /// [`ErrorCode::BadInput`] if the number of elements is not the shape's, and
    /// [`ErrorCode::InputTooLarge`] past the limit.
    pub fn new(shape: Vec<usize>, data: TensorData) -> Result<Self> {
        let elements = element_count(&shape)?;
        if elements != data.len() {
            return Err(Error::new(
                ErrorCode::BadInput,
                format!("{} elements cannot have the shape {shape:?}", data.len()),
            ));
        }
        Ok(Self { shape, data })
    }

    /// Length of each dimension, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements, row-major.
    pub fn data(&self) -> &TensorData {
        &self.data
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.data.dtype()
    }

    /// Takes the tensor apart.
    pub fn into_parts(self) -> (Vec<usize>, TensorData) {
        (self.shape, self.data)
    }
}

/// Number of elements of a shape; 1 for a scalar.
///
/// # Errors
/// [`ErrorCode::InputTooLarge`] past [`MAX_TENSOR_ELEMENTS`].
pub fn element_count(shape: &[usize]) -> Result<usize> {
    shape
        .iter()
        .try_fold(1usize, |n, d| n.checked_mul(*d))
        .filter(|n| *n <= MAX_TENSOR_ELEMENTS)
        .ok_or_else(|| {
            Error::new(
                ErrorCode::InputTooLarge,
                format!("the shape {shape:?} has too many elements"),
            )
        })
}
