//! `ArrayFeatureExtractor`, `FeatureVectorizer`, `Imputer` and `Binarizer`.

use super::Operators;
use crate::graph::Lowering;
use driftline::error::{ErrorCode, Result};
use driftline::model::Dim;
use driftline::model::plan::concat::Concat;
use driftline::model::plan::extract::Extract;
use driftline::model::plan::impute::{Binarizer, Imputer};
use driftline::model::plan::{Shape, TensorId};
use driftline::tensor::{DType, TensorData};

pub(super) const OPERATORS: Operators = &[
    ("ArrayFeatureExtractor", array_feature_extractor),
    ("FeatureVectorizer", feature_vectorizer),
    ("Imputer", imputer),
    ("Binarizer", binarizer),
];

fn array_feature_extractor(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let (x, columns) = (cx.input(0)?, cx.input(1)?);
    let y = cx.step1(Extract, &[x, columns])?;
    cx.output(0, y);
    Ok(())
}

fn feature_vectorizer(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let widths = cx.node.ints("inputdimensions")?;
    if widths.len() != cx.inputs() || widths.is_empty() {
        return Err(cx.node.invalid("its inputdimensions and inputs differ in number"));
    }
    let mut parts = Vec::new();
    for (k, width) in widths.iter().enumerate() {
        let x = cx.input(k)?;
        if cx.ty(x)?.dtype == DType::String {
            return Err(cx.node.invalid("it takes numbers, not text"));
        }
        let x = cx.cast(x, DType::Float32)?;
        let x = as_rows(cx, x)?;
        let columns = cx.ty(x)?.shape.dims().last().and_then(|d| d.fixed());
        if columns.map(|n| n as i64) != Some(*width) {
            return Err(cx.node.unsupported("its inputdimensions are not its inputs' columns"));
        }
        parts.push(x);
    }
    let y = match parts.as_slice() {
        [one] => *one,
        _ => cx.step1(Concat::new(1), &parts)?,
    };
    cx.output(0, y);
    Ok(())
}

/// `[rows, columns]`: a vector is one row, inner dimensions run together.
fn as_rows(cx: &mut Lowering<'_, '_>, x: TensorId) -> Result<TensorId> {
    let shape = cx.ty(x)?.shape;
    let axis = usize::from(shape.rank() > 1);
    let (_, inner) = shape.split(axis).map_err(|f| cx.node.fault(f))?;
    if inner.fixed().is_none() {
        return Err(cx.node.error(ErrorCode::DynamicShape, "its number of columns is not fixed"));
    }
    let rows = match axis {
        0 => Dim::Fixed(1),
        _ => shape.dim(0).map_err(|f| cx.node.fault(f))?,
    };
    let shape = Shape::new(&[rows, inner]).map_err(|f| cx.node.fault(f))?;
    cx.alias(x, shape)
}

fn imputer(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let x = cx.input(0)?;
    let dtype = cx.ty(x)?.dtype;
    let (floats, ints) =
        (cx.node.floats("imputed_value_floats")?, cx.node.ints("imputed_value_int64s")?);
    let replaced_float = cx.node.float_or("replaced_value_float", 0.0)?;
    let replaced_int = cx.node.int_or("replaced_value_int64", 0)?;
    let narrow = |n: i64| {
        i32::try_from(n).map_err(|_| cx.node.invalid("a value of int64 is past its input's int32"))
    };
    let (replaced, fillers) = match dtype {
        DType::Float32 => {
            (TensorData::Float32(vec![replaced_float]), TensorData::Float32(floats.to_vec()))
        }
        DType::Float64 => (
            TensorData::Float64(vec![f64::from(replaced_float)]),
            TensorData::Float64(floats.iter().map(|x| f64::from(*x)).collect()),
        ),
        DType::Int64 => (TensorData::Int64(vec![replaced_int]), TensorData::Int64(ints.to_vec())),
        DType::Int32 => (
            TensorData::Int32(vec![narrow(replaced_int)?]),
            TensorData::Int32(ints.iter().map(|n| narrow(*n)).collect::<Result<_>>()?),
        ),
        _ => return Err(cx.node.invalid("its input is of another type than it takes")),
    };
    if fillers.is_empty() {
        return Err(cx.node.invalid("it has no imputed values of its input's type"));
    }
    let inputs = [x, cx.vector(replaced)?, cx.vector(fillers)?];
    let y = cx.step1(Imputer, &inputs)?;
    cx.output(0, y);
    Ok(())
}

fn binarizer(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let x = cx.input(0)?;
    let y = cx.step1(Binarizer::new(cx.node.float_or("threshold", 0.0)?), &[x])?;
    cx.output(0, y);
    Ok(())
}
