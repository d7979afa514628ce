//! Tensors between driftline and tract.

use crate::error::{Error, ErrorCode, Result};
use crate::tensor::{DType, Tensor, TensorData, element_count};
use tract_nnef::internal::{Datum, DatumType, Tensor as TractTensor, tract_ndarray};

/// tract's element type.
pub const fn datum_type(dtype: DType) -> DatumType {
    match dtype {
        DType::Float32 => DatumType::F32,
        DType::Float64 => DatumType::F64,
        DType::Int64 => DatumType::I64,
        DType::Int32 => DatumType::I32,
        DType::Int16 => DatumType::I16,
        DType::Int8 => DatumType::I8,
        DType::Uint64 => DatumType::U64,
        DType::Uint32 => DatumType::U32,
        DType::Uint16 => DatumType::U16,
        DType::Uint8 => DatumType::U8,
        DType::Bool => DatumType::Bool,
        DType::String => DatumType::String,
    }
}

/// Our element type; symbolic integers arrive as int64.
pub const fn dtype(datum: DatumType) -> Option<DType> {
    Some(match datum {
        DatumType::F32 => DType::Float32,
        DatumType::F64 => DType::Float64,
        DatumType::I64 | DatumType::TDim => DType::Int64,
        DatumType::I32 => DType::Int32,
        DatumType::I16 => DType::Int16,
        DatumType::I8 => DType::Int8,
        DatumType::U64 => DType::Uint64,
        DatumType::U32 => DType::Uint32,
        DatumType::U16 => DType::Uint16,
        DatumType::U8 => DType::Uint8,
        DatumType::Bool => DType::Bool,
        DatumType::String => DType::String,
        _ => return None,
    })
}

/// A tensor for tract.
///
/// # Errors
/// [`ErrorCode::BadInput`] if the number of elements is not the shape's.
pub fn to_tract(shape: &[usize], data: &TensorData) -> Result<TractTensor> {
    fn make<T: Datum + Copy>(shape: &[usize], data: &[T]) -> Option<TractTensor> {
        TractTensor::from_shape(shape, data).ok()
    }
    let made = if element_count(shape)? == data.len() {
        match data {
            TensorData::Float32(v) => make(shape, v),
            TensorData::Float64(v) => make(shape, v),
            TensorData::Int64(v) => make(shape, v),
            TensorData::Int32(v) => make(shape, v),
            TensorData::Int16(v) => make(shape, v),
            TensorData::Int8(v) => make(shape, v),
            TensorData::Uint64(v) => make(shape, v),
            TensorData::Uint32(v) => make(shape, v),
            TensorData::Uint16(v) => make(shape, v),
            TensorData::Uint8(v) => make(shape, v),
            TensorData::Bool(v) => make(shape, v),
            TensorData::String(v) => {
                tract_ndarray::ArrayD::from_shape_vec(shape.to_vec(), v.clone())
                    .ok()
                    .map(TractTensor::from)
            }
        }
    } else {
        None
    };
    made.ok_or_else(|| {
        let text = format!("{} elements cannot have the shape {shape:?}", data.len());
        Error::new(ErrorCode::BadInput, text)
    })
}

/// A tensor from tract, of the element type that the model declares.
///
/// # Errors
/// [`ErrorCode::ModelFailed`] if tract made another type.
pub fn from_tract(tensor: &TractTensor, want: DType) -> Result<Tensor> {
    let other = |_| {
        let text = format!("an output is {:?}, not {}", tensor.datum_type(), want.as_str());
        Error::new(ErrorCode::ModelFailed, text)
    };
    let cast = tensor.cast_to_dt(datum_type(want)).map_err(other)?;
    if tensor.datum_type() != DatumType::TDim && tensor.datum_type() != datum_type(want) {
        return Err(other(tract_nnef::internal::anyhow!("")));
    }
    let view = cast.try_as_plain_ram().map_err(other)?;
    let data = match want {
        DType::Float32 => TensorData::Float32(view.as_slice().map_err(other)?.to_vec()),
        DType::Float64 => TensorData::Float64(view.as_slice().map_err(other)?.to_vec()),
        DType::Int64 => TensorData::Int64(view.as_slice().map_err(other)?.to_vec()),
        DType::Int32 => TensorData::Int32(view.as_slice().map_err(other)?.to_vec()),
        DType::Int16 => TensorData::Int16(view.as_slice().map_err(other)?.to_vec()),
        DType::Int8 => TensorData::Int8(view.as_slice().map_err(other)?.to_vec()),
        DType::Uint64 => TensorData::Uint64(view.as_slice().map_err(other)?.to_vec()),
        DType::Uint32 => TensorData::Uint32(view.as_slice().map_err(other)?.to_vec()),
        DType::Uint16 => TensorData::Uint16(view.as_slice().map_err(other)?.to_vec()),
        DType::Uint8 => TensorData::Uint8(view.as_slice().map_err(other)?.to_vec()),
        DType::Bool => TensorData::Bool(view.as_slice().map_err(other)?.to_vec()),
        DType::String => TensorData::String(view.as_slice().map_err(other)?.to_vec()),
    };
    Tensor::new(tensor.shape().to_vec(), data)
}
