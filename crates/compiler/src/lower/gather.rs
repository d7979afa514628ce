//! `Gather*`, `Where`, `TopK` and `OneHot`: elements chosen by data.

use super::Operators;
use super::shapes::{computed, dynamic};
use crate::graph::{Lowering, Value};
use crate::sizes::Sizes;
use driftline::error::{ErrorCode, Result};
use driftline::limits::MAX_TENSOR_ELEMENTS;
use driftline::model::plan::gather::{Gather, GatherElements, GatherNd};
use driftline::model::plan::onehot::OneHot;
use driftline::model::plan::select::Select;
use driftline::model::plan::topk::TopK;
use driftline::tensor::{DType, TensorData};

pub(super) const OPERATORS: Operators = &[
    ("Gather", gather),
    ("GatherElements", gather_elements),
    ("GatherND", gather_nd),
    ("Where", select),
    ("TopK", top_k),
    ("OneHot", one_hot),
];

fn gather(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let axis = cx.node.int_or("axis", 0)?;
    if let (Some(sizes), Some(indices)) = (computed(cx, 0)?, known_indices(cx)?) {
        cx.node.axis(axis, 1)?;
        let n = sizes.values.len();
        let pick = |i: &i64| cx.node.axis(*i, n).ok().and_then(|i| sizes.values.get(i)).copied();
        let picked: Option<Vec<_>> =
            indices.fixed().and_then(|indices| indices.iter().map(pick).collect());
        let values = picked.ok_or_else(|| cx.node.invalid("an index is out of range"))?;
        cx.set(0, Value::Sizes(Sizes { values, scalar: indices.scalar }));
        return Ok(());
    }
    let data = cx.input(0)?;
    let axis = cx.node.axis(axis, cx.ty(data)?.shape.rank())?;
    let indices = cx.indices(1)?;
    let y = cx.step1(Gather::new(axis as u8), &[data, indices])?;
    cx.output(0, y);
    Ok(())
}

/// Constant indices of at most one dimension.
fn known_indices(cx: &mut Lowering<'_, '_>) -> Result<Option<Sizes>> {
    let id = cx.input(1)?;
    Ok(cx.constant_of(id).and_then(Sizes::of))
}

fn gather_elements(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let data = cx.input(0)?;
    let axis = cx.node.axis(cx.node.int_or("axis", 0)?, cx.ty(data)?.shape.rank())?;
    let indices = cx.indices(1)?;
    let y = cx.step1(GatherElements::new(axis as u8), &[data, indices])?;
    cx.output(0, y);
    Ok(())
}

fn gather_nd(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let data = cx.input(0)?;
    let batch = u8::try_from(cx.node.int_or("batch_dims", 0)?);
    let batch = batch.map_err(|_| cx.node.invalid("its batch_dims is out of range"))?;
    let indices = cx.indices(1)?;
    let y = cx.step1(GatherNd::new(batch), &[data, indices])?;
    cx.output(0, y);
    Ok(())
}

fn select(cx: &mut Lowering<'_, '_>) -> Result<()> {
    if cx.follows_batch(1)? || cx.follows_batch(2)? {
        return select_sizes(cx);
    }
    let inputs = [cx.input(0)?, cx.input(1)?, cx.input(2)?];
    let y = cx.step1(Select, &inputs)?;
    cx.output(0, y);
    Ok(())
}

/// A shape with some lengths replaced, as PyTorch writes `expand`.
fn select_sizes(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let condition = cx.constant_input(0)?;
    let Some(TensorData::Bool(condition)) = condition.as_ref().map(|c| c.data()) else {
        return Err(cx.node.invalid("its condition must be bool"));
    };
    let (Some(a), Some(b)) = (cx.sizes(1)?, cx.sizes(2)?) else {
        return Err(cx.node.invalid("an input is missing"));
    };
    let n = condition.len().max(a.values.len()).max(b.values.len());
    fn at<T: Copy>(values: &[T], i: usize) -> Option<T> {
        values.get(if values.len() == 1 { 0 } else { i }).copied()
    }
    let values: Option<Vec<_>> =
        (0..n).map(|i| at(if at(condition, i)? { &a.values } else { &b.values }, i)).collect();
    let values = values.ok_or_else(|| dynamic(cx))?;
    cx.set(0, Value::Sizes(Sizes { values, scalar: a.scalar && b.scalar }));
    Ok(())
}

/// `k` is an attribute before version 10, an input from then on.
fn top_k(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let x = cx.input(0)?;
    let shape = cx.ty(x)?.shape;
    let axis = cx.node.axis(cx.node.int_or("axis", -1)?, shape.rank())?;
    let k = if cx.node.opset() < 10 {
        cx.node.int("k")?
    } else {
        cx.integers(1)?.as_deref().and_then(|k| if let [k] = k { Some(*k) } else { None })
    };
    let k = k.and_then(|k| u32::try_from(k).ok());
    let k = k.ok_or_else(|| cx.node.invalid("its k must be one number that is not negative"))?;
    let along = shape.dim(axis).map_err(|f| cx.node.fault(f))?;
    if along.fixed().is_none() {
        return Err(cx.node.error(ErrorCode::DynamicShape, "it sorts along the batch"));
    }
    let step = TopK { least: !cx.node.flag("largest", true)?, axis: axis as u8, k };
    for (i, y) in cx.step(step, &[x])?.into_iter().enumerate() {
        cx.output(i, y);
    }
    Ok(())
}

fn one_hot(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let indices = cx.indices(0)?;
    let values = cx.input(2)?;
    let rank = cx.ty(indices)?.shape.rank();
    let axis = cx.node.axis(cx.node.int_or("axis", -1)?, rank + 1)?;
    let id = cx.input(1)?;
    let id = cx.cast(id, DType::Int64)?;
    let depth = match cx.constant_of(id).map(|t| t.data()) {
        Some(TensorData::Int64(depth)) => match depth.as_slice() {
            [depth] => usize::try_from(*depth).ok().filter(|n| *n <= MAX_TENSOR_ELEMENTS),
            _ => None,
        },
        _ => return Err(cx.node.error(ErrorCode::DynamicShape, "its depth must be a constant")),
    };
    let depth = depth.ok_or_else(|| cx.node.invalid("its depth is out of range"))?;
    let y = cx.step1(OneHot::new(axis as u8, depth as u32), &[indices, values])?;
    cx.output(0, y);
    Ok(())
}
