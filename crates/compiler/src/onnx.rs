//! Reading ONNX's protobuf messages: tensors, types and attributes, with every fault named.

use driftline::error::{Error, ErrorCode, Result};
use driftline::limits::{MAX_ONNX_BYTES, MAX_TENSOR_ELEMENTS};
use driftline::model::Dim;
use driftline::model::plan::{Fault, Shape, TensorType};
use driftline::tensor::{DType, Tensor, TensorData, element_count};
use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::{ModelProto, TensorProto, ValueInfoProto, tensor_shape_proto, type_proto};
use tract_onnx::prelude::Framework;

/// Decodes a model.
///
/// # Errors
/// [`ErrorCode::ModelSyntax`] if the bytes are no ONNX model, [`ErrorCode::ModelTooLarge`].
pub fn decode(bytes: &[u8]) -> Result<ModelProto> {
    if bytes.len() > MAX_ONNX_BYTES {
        return Err(Error::new(ErrorCode::ModelTooLarge, "the model is larger than 2 GiB"));
    }
    let model = tract_onnx::onnx().proto_model_for_read(&mut &*bytes).map_err(|e| {
        Error::new(ErrorCode::ModelSyntax, format!("the bytes cannot be decoded: {e}"))
    })?;
    if model.graph.is_none() {
        return Err(Error::new(ErrorCode::ModelSyntax, "the bytes hold no graph"));
    }
    Ok(model)
}

/// The element type of ONNX's number for it.
///
/// # Errors
/// [`ErrorCode::UnsupportedType`] for types that the engine does not carry.
pub fn dtype(code: i32) -> Result<DType> {
    let known = DataType::try_from(code).map_err(|_| {
        Error::new(ErrorCode::ModelInvalid, format!("there is no element type {code}"))
    })?;
    Ok(match known {
        DataType::Float => DType::Float32,
        DataType::Double => DType::Float64,
        DataType::Int64 => DType::Int64,
        DataType::Int32 => DType::Int32,
        DataType::Int16 => DType::Int16,
        DataType::Int8 => DType::Int8,
        DataType::Uint64 => DType::Uint64,
        DataType::Uint32 => DType::Uint32,
        DataType::Uint16 => DType::Uint16,
        DataType::Uint8 => DType::Uint8,
        DataType::Bool => DType::Bool,
        DataType::String => DType::String,
        other => {
            return Err(Error::new(
                ErrorCode::UnsupportedType,
                format!("the element type {} is not carried", other.as_str_name().to_lowercase()),
            ));
        }
    })
}

/// A tensor that stands in the model.
///
/// # Errors
/// [`ErrorCode::ModelInvalid`] if data and shape contradict each other.
pub fn tensor(proto: &TensorProto) -> Result<Tensor> {
    read_tensor(proto).map_err(|e| e.at_path(format!("tensor {}", proto.name)))
}

fn read_tensor(proto: &TensorProto) -> Result<Tensor> {
    let invalid = |text: &str| Error::new(ErrorCode::ModelInvalid, text);
    if proto.data_location == Some(DataLocation::External as i32) {
        return Err(Error::new(ErrorCode::ModelInvalid, "its data lies in another file")
            .with_help("save the model as one file: onnx.save(model, path)"));
    }
    let shape = proto
        .dims
        .iter()
        .map(|d| usize::try_from(*d).map_err(|_| invalid("a dimension is negative")))
        .collect::<Result<Vec<_>>>()?;
    let count = element_count(&shape)
        .map_err(|e| Error::new(ErrorCode::ModelTooLarge, e.message().to_owned()))?;
    let raw = &proto.raw_data;
    let is_raw = !raw.is_empty();
    let dtype = dtype(proto.data_type)?;
    let size = driftline::model::plan::types::element_bytes(dtype);
    if is_raw && (raw.len() != count.saturating_mul(size) || dtype == DType::String) {
        return Err(invalid("its raw data has another size than its shape"));
    }
    macro_rules! numbers {
        ($t:ty, $field:ident) => {
            if is_raw {
                raw.chunks_exact(size_of::<$t>())
                    .filter_map(|b| b.try_into().ok().map(<$t>::from_le_bytes))
                    .collect()
            } else {
                proto.$field.iter().map(|x| *x as $t).collect()
            }
        };
    }
    let data = match dtype {
        DType::Float32 => TensorData::Float32(numbers!(f32, float_data)),
        DType::Float64 => TensorData::Float64(numbers!(f64, double_data)),
        DType::Int64 => TensorData::Int64(numbers!(i64, int64_data)),
        DType::Int32 => TensorData::Int32(numbers!(i32, int32_data)),
        DType::Int16 => TensorData::Int16(numbers!(i16, int32_data)),
        DType::Int8 => TensorData::Int8(numbers!(i8, int32_data)),
        DType::Uint64 => TensorData::Uint64(numbers!(u64, uint64_data)),
        DType::Uint32 => TensorData::Uint32(numbers!(u32, uint64_data)),
        DType::Uint16 => TensorData::Uint16(numbers!(u16, int32_data)),
        DType::Uint8 => TensorData::Uint8(numbers!(u8, int32_data)),
        DType::Bool => {
            let bytes: Vec<u8> = numbers!(u8, int32_data);
            TensorData::Bool(bytes.iter().map(|b| *b != 0).collect())
        }
        DType::String => {
            TensorData::String(proto.string_data.iter().map(|b| text(b)).collect::<Result<_>>()?)
        }
    };
    Tensor::new(shape, data).map_err(|_| invalid("its data has another size than its shape"))
}

/// Bytes as text.
///
/// # Errors
/// [`ErrorCode::ModelInvalid`] if they are no UTF-8.
pub fn text(bytes: &[u8]) -> Result<String> {
    String::from_utf8(bytes.to_vec())
        .map_err(|_| Error::new(ErrorCode::ModelInvalid, "a string is no UTF-8"))
}

/// The type of a graph's input: an outermost dimension without a number is the batch.
///
/// # Errors
/// [`ErrorCode::UnsupportedType`] for maps and sequences, [`ErrorCode::DynamicShape`] for other
/// dimensions without a number.
pub fn input_type(info: &ValueInfoProto, batch: &mut Option<String>) -> Result<TensorType> {
    read_input_type(info, batch).map_err(|e| e.at_path(format!("input {}", info.name)))
}

/// The type of a graph's input whose shape the caller knows.
///
/// # Errors
/// [`ErrorCode::ModelInvalid`] if the model says another shape; [`ErrorCode::UnsupportedType`].
pub fn input_type_of(info: &ValueInfoProto, shape: &[usize]) -> Result<TensorType> {
    use tensor_shape_proto::dimension::Value;
    let read = || -> Result<TensorType> {
        let Some(type_proto::Value::TensorType(ty)) =
            info.r#type.as_ref().and_then(|t| t.value.as_ref())
        else {
            return Err(Error::new(ErrorCode::UnsupportedType, "it is no tensor"));
        };
        let agrees = ty.shape.as_ref().is_none_or(|said| {
            said.dim.len() == shape.len()
                && said.dim.iter().zip(shape).all(|(dim, n)| match dim.value {
                    Some(Value::DimValue(said)) if said > 0 => said as usize == *n,
                    _ => true,
                })
        });
        if !agrees {
            return Err(Error::new(ErrorCode::ModelInvalid, "the model says another shape"));
        }
        let shape = Shape::fixed(shape).map_err(shape_error)?;
        shape.count().map_err(shape_error)?;
        Ok(TensorType::new(dtype(ty.elem_type)?, shape))
    };
    read().map_err(|e| e.at_path(format!("input {}", info.name)))
}

fn read_input_type(info: &ValueInfoProto, batch: &mut Option<String>) -> Result<TensorType> {
    use tensor_shape_proto::dimension::Value;
    let Some(type_proto::Value::TensorType(ty)) =
        info.r#type.as_ref().and_then(|t| t.value.as_ref())
    else {
        return Err(Error::new(ErrorCode::UnsupportedType, "it is no tensor"));
    };
    let dtype = dtype(ty.elem_type)?;
    let Some(proto) = &ty.shape else {
        return Err(Error::new(ErrorCode::DynamicShape, "it has no shape"));
    };
    let mut dims = Vec::new();
    for (axis, dim) in proto.dim.iter().enumerate() {
        dims.push(match &dim.value {
            // exporters of old wrote 0 for an open batch
            Some(Value::DimValue(n)) if *n > 0 || *n == 0 && axis > 0 => Dim::Fixed(
                u32::try_from(*n).ok().filter(|n| *n as usize <= MAX_TENSOR_ELEMENTS).ok_or_else(
                    || Error::new(ErrorCode::ModelTooLarge, "a dimension is too long"),
                )?,
            ),
            Some(Value::DimValue(n)) if *n < 0 && axis > 0 => {
                return Err(Error::new(ErrorCode::ModelInvalid, "a dimension is negative"));
            }
            Some(Value::DimParam(name)) if axis == 0 || batch.as_deref() == Some(name) => {
                if !name.is_empty() {
                    batch.get_or_insert_with(|| name.clone());
                }
                Dim::Batch(1)
            }
            _ if axis == 0 => Dim::Batch(1),
            _ => {
                return Err(Error::new(
                    ErrorCode::DynamicShape,
                    format!("its dimension {axis} has no fixed length"),
                ));
            }
        });
    }
    let shape = Shape::new(&dims).map_err(shape_error)?;
    shape.count().map_err(shape_error)?;
    Ok(TensorType::new(dtype, shape))
}

/// What is wrong with a shape that the model says.
pub fn shape_error(fault: Fault) -> Error {
    Error::new(fault.model_code(), fault.text)
}
