//! Typed arrays that go into a model and come out of it.

use crate::error::{Error, ErrorCode, Result};
use crate::limits::MAX_TENSOR_ELEMENTS;
use serde::{Deserialize, Serialize};

macro_rules! element_types {
    ($($(#[$doc:meta])* $name:ident $onnx:literal $t:ty;)*) => {
        /// Element type of a tensor, under ONNX's names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "lowercase")]
        pub enum DType {
            $($(#[$doc])* $name,)*
        }

        impl DType {
            /// Every element type; the index is its code in the files.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// ONNX's name of the type.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $onnx,)*
                }
            }
        }

        /// The elements of a tensor, row-major.
        #[derive(Clone, Debug, PartialEq)]
        pub enum TensorData {
            $(#[doc = concat!("Elements of [`DType::", stringify!($name), "`].")] $name(Vec<$t>),)*
        }

        impl TensorData {
            /// No elements, of the given type.
            pub fn empty(dtype: DType) -> Self {
                match dtype {
                    $(DType::$name => Self::$name(Vec::new()),)*
                }
            }

            /// The element type.
            pub fn dtype(&self) -> DType {
                match self {
                    $(Self::$name(_) => DType::$name,)*
                }
            }

            /// How many elements.
            pub fn len(&self) -> usize {
                match self {
                    $(Self::$name(v) => v.len(),)*
                }
            }

            /// Drops the elements from the `n`th on and keeps the memory.
            pub fn truncate(&mut self, n: usize) {
                match self {
                    $(Self::$name(v) => v.truncate(n),)*
                }
            }
        }
    };
}

// the order is part of the file format: append only
element_types! {
    /// IEEE 754 binary32.
    Float32 "float32" f32;
    /// IEEE 754 binary64.
    Float64 "float64" f64;
    /// Signed, 64 bits.
    Int64 "int64" i64;
    /// Signed, 32 bits.
    Int32 "int32" i32;
    /// Unsigned, 8 bits.
    Uint8 "uint8" u8;
    /// True or false.
    Bool "bool" bool;
    /// UTF-8 text.
    String "string" String;
    /// Signed, 8 bits.
    Int8 "int8" i8;
    /// Signed, 16 bits.
    Int16 "int16" i16;
    /// Unsigned, 16 bits.
    Uint16 "uint16" u16;
    /// Unsigned, 32 bits.
    Uint32 "uint32" u32;
    /// Unsigned, 64 bits.
    Uint64 "uint64" u64;
}

impl TensorData {
    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops the elements and keeps the memory.
    pub fn clear(&mut self) {
        self.truncate(0);
    }

    /// Numbers as they stand in memory; `None` for bool and text.
    pub fn number_bytes(&self) -> Option<&[u8]> {
        Some(match self {
            Self::Float32(v) => bytemuck::cast_slice(v),
            Self::Float64(v) => bytemuck::cast_slice(v),
            Self::Int64(v) => bytemuck::cast_slice(v),
            Self::Int32(v) => bytemuck::cast_slice(v),
            Self::Int16(v) => bytemuck::cast_slice(v),
            Self::Int8(v) => bytemuck::cast_slice(v),
            Self::Uint64(v) => bytemuck::cast_slice(v),
            Self::Uint32(v) => bytemuck::cast_slice(v),
            Self::Uint16(v) => bytemuck::cast_slice(v),
            Self::Uint8(v) => v,
            Self::Bool(_) | Self::String(_) => return None,
        })
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
