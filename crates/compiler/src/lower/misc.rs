//! Operators that copy, convert or join.

use super::Operators;
use crate::graph::{Lowering, Value};
use crate::onnx;
use crate::sizes::Sizes;
use driftline::error::{ErrorCode, Result};
use driftline::model::plan::cast::Cast;
use driftline::model::plan::concat::Concat;
use driftline::model::plan::text::{FromText, Style, ToText};
use driftline::model::plan::transpose::Transpose;
use driftline::model::plan::{Step, TensorId};
use driftline::tensor::{DType, Tensor, TensorData};

pub(super) const OPERATORS: Operators = &[
    ("Identity", identity),
    ("Constant", constant),
    ("Dropout", dropout),
    ("Cast", cast),
    ("CastLike", cast_like),
    ("Concat", concat),
    ("Transpose", transpose),
];

fn identity(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let value = cx.value(0)?.ok_or_else(|| cx.node.invalid("an input is missing"))?;
    cx.set(0, value);
    Ok(())
}

fn constant(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let node = cx.node;
    let vector = |data: TensorData| Tensor::new(vec![data.len()], data);
    let scalar = |data: TensorData| Tensor::new(vec![], data);
    let tensor = if let Some(tensor) = node.tensor("value")? {
        tensor
    } else if let Some(x) = node.float("value_float")? {
        scalar(TensorData::Float32(vec![x]))?
    } else if let Some(n) = node.int("value_int")? {
        scalar(TensorData::Int64(vec![n]))?
    } else if node.has("value_string") {
        scalar(TensorData::String(vec![node.text_or("value_string", "")?]))?
    } else if node.has("value_floats") {
        vector(TensorData::Float32(node.floats("value_floats")?.to_vec()))?
    } else if node.has("value_ints") {
        vector(TensorData::Int64(node.ints("value_ints")?.to_vec()))?
    } else if node.has("value_strings") {
        vector(TensorData::String(node.texts("value_strings")?))?
    } else {
        return Err(node.unsupported("its value is no dense tensor"));
    };
    let id = cx.constant(tensor)?;
    cx.output(0, id);
    Ok(())
}

/// Nothing is dropped while predicting.
fn dropout(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let training = cx.constant_input(2)?;
    if training.is_some_and(|t| *t.data() == TensorData::Bool(vec![true])) {
        return Err(cx.node.unsupported("it is in training mode"));
    }
    let x = cx.input(0)?;
    cx.output(0, x);
    if cx.outputs() > 1 {
        let shape = cx.ty(x)?.shape;
        let dims: Option<Vec<usize>> = shape.dims().iter().map(|d| d.fixed()).collect();
        let dims = dims.ok_or_else(|| {
            cx.node.error(ErrorCode::DynamicShape, "its mask has the batch's size")
        })?;
        let mask = vec![true; dims.iter().product()];
        let mask = cx.constant(Tensor::new(dims, TensorData::Bool(mask))?)?;
        cx.output(1, mask);
    }
    Ok(())
}

fn cast(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let to = cx.node.int("to")?.ok_or_else(|| cx.node.invalid("it does not say to what"))?;
    let to = i32::try_from(to).map_err(|_| cx.node.invalid("there is no such element type"))?;
    let to = onnx::dtype(to).map_err(|e| cx.node.error(e.code(), e.message()))?;
    cast_to(cx, to)
}

fn cast_like(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let like = match cx.value(1)? {
        Some(Value::Sizes(_)) => DType::Int64,
        _ => {
            let like = cx.input(1)?;
            cx.ty(like)?.dtype
        }
    };
    cast_to(cx, like)
}

fn cast_to(cx: &mut Lowering<'_, '_>, to: DType) -> Result<()> {
    if let Some(Value::Sizes(sizes)) = cx.value(0)?
        && matches!(to, DType::Int64 | DType::Int32)
    {
        cx.set(0, Value::Sizes(sizes));
        return Ok(());
    }
    let x = cx.input(0)?;
    let y = match (cx.ty(x)?.dtype, to) {
        (from, to) if from == to => x,
        (_, DType::String) => cx.step1(ToText::new(Style::General), &[x])?,
        (DType::String, _) => cx.step1(FromText::new(to), &[x])?,
        _ => cx.step1(Cast::new(to), &[x])?,
    };
    cx.output(0, y);
    Ok(())
}

fn concat(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let axis = cx.node.int_or("axis", 1)?;
    let values: Vec<Option<Value>> =
        (0..cx.inputs()).map(|k| cx.value(k)).collect::<Result<_>>()?;
    if values.iter().any(|v| matches!(v, Some(Value::Sizes(_)))) {
        let mut joined = Vec::new();
        for k in 0..cx.inputs() {
            let sizes = cx.sizes(k)?.ok_or_else(|| cx.node.invalid("an input is missing"))?;
            joined.extend(sizes.values);
        }
        cx.set(0, Value::Sizes(Sizes::vector(joined)));
        return Ok(());
    }
    let ids = (0..cx.inputs()).map(|k| cx.input(k)).collect::<Result<Vec<_>>>()?;
    let first = cx.input(0)?;
    let axis = cx.node.axis(axis, cx.ty(first)?.shape.rank())?;
    let y = if ids.len() == 1 { first } else { cx.step1(Concat::new(axis as u8), &ids)? };
    cx.output(0, y);
    Ok(())
}

/// Two in a row are one, or none.
fn transposed(cx: &mut Lowering<'_, '_>, x: TensorId, mut order: Vec<u8>) -> Result<TensorId> {
    let mut from = x;
    if let Some((Step::Transpose(first), &[before])) = cx.maker(x) {
        let first = first.order();
        order = order.iter().filter_map(|axis| first.get(*axis as usize)).copied().collect();
        from = before;
    }
    if order.iter().enumerate().all(|(i, axis)| i == *axis as usize) {
        return Ok(from);
    }
    cx.step1(Transpose::new(&order), &[from])
}

fn transpose(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let x = cx.input(0)?;
    let rank = cx.ty(x)?.shape.rank();
    let order = cx.node.ints("perm")?;
    let order: Vec<u8> = if order.is_empty() {
        (0..rank as u8).rev().collect()
    } else {
        order.iter().map(|a| cx.node.axis(*a, rank).map(|a| a as u8)).collect::<Result<_>>()?
    };
    let y = transposed(cx, x, order)?;
    cx.output(0, y);
    Ok(())
}
