//! `Reduce*` and `CumSum`.

use super::Operators;
use super::elementwise::{narrowed, widened};
use super::shapes::{computed, dynamic};
use crate::graph::{Lowering, Value};
use crate::sizes::{Size, Sizes};
use driftline::error::{ErrorCode, Result};
use driftline::model::plan::cumsum::CumSum;
use driftline::model::plan::reduce::{Kind, Reduce};
use driftline::tensor::DType;

pub(super) const OPERATORS: Operators = &[
    ("ReduceSum", |cx| reduce(cx, Kind::Sum)),
    ("ReduceMean", |cx| reduce(cx, Kind::Mean)),
    ("ReduceMax", |cx| reduce(cx, Kind::Max)),
    ("ReduceMin", |cx| reduce(cx, Kind::Min)),
    ("ReduceProd", |cx| reduce(cx, Kind::Prod)),
    ("ReduceL1", |cx| reduce(cx, Kind::L1)),
    ("ReduceL2", |cx| reduce(cx, Kind::L2)),
    ("ReduceLogSum", |cx| reduce(cx, Kind::LogSum)),
    ("ReduceLogSumExp", |cx| reduce(cx, Kind::LogSumExp)),
    ("ReduceSumSquare", |cx| reduce(cx, Kind::SumSquare)),
    ("CumSum", cum_sum),
];

/// Axes are an attribute before version 18 (13 for `ReduceSum`), an input from then on.
fn axes(cx: &mut Lowering<'_, '_>, kind: Kind, rank: usize) -> Result<u8> {
    let version = if kind == Kind::Sum { 13 } else { 18 };
    let axes = if cx.node.opset() < version {
        cx.node.ints("axes")?.to_vec()
    } else {
        cx.integers(1)?.unwrap_or_default()
    };
    let all = ((1u32 << rank) - 1) as u8;
    if axes.is_empty() {
        return Ok(if cx.node.flag("noop_with_empty_axes", false)? { 0 } else { all });
    }
    let mut mask = 0;
    for axis in axes {
        mask |= 1u8 << cx.node.axis(axis, rank)?;
    }
    Ok(mask)
}

fn reduce(cx: &mut Lowering<'_, '_>, kind: Kind) -> Result<()> {
    if cx.follows_batch(0)? {
        return reduce_sizes(cx, kind);
    }
    let x = cx.input(0)?;
    let ty = cx.ty(x)?;
    let axes = axes(cx, kind, ty.shape.rank())?;
    let keep = cx.node.flag("keepdims", true)?;
    if axes == 0 && cx.inputs() > 1 && cx.node.flag("noop_with_empty_axes", false)? {
        cx.output(0, x);
        return Ok(());
    }
    let bytes = matches!(ty.dtype, DType::Bool | DType::Uint8);
    let x = if bytes { x } else { widened(cx, x)? };
    let y = cx.step1(Reduce { kind, keep, axes }, &[x])?;
    let y = narrowed(cx, y, ty.dtype)?;
    cx.output(0, y);
    Ok(())
}

/// The number of elements as exporters compute it from a shape.
fn reduce_sizes(cx: &mut Lowering<'_, '_>, kind: Kind) -> Result<()> {
    let sizes = computed(cx, 0)?.ok_or_else(|| dynamic(cx))?;
    let f = match kind {
        Kind::Prod => Size::times,
        Kind::Sum => Size::plus,
        _ => return Err(dynamic(cx)),
    };
    let neutral = Size::fixed(i64::from(kind == Kind::Prod));
    let all = sizes.values.iter().try_fold(neutral, |all, size| f(all, *size));
    let values = vec![all.ok_or_else(|| dynamic(cx))?];
    let scalar = sizes.scalar || !cx.node.flag("keepdims", true)?;
    cx.set(0, Value::Sizes(Sizes { values, scalar }));
    Ok(())
}

fn cum_sum(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let x = cx.input(0)?;
    let ty = cx.ty(x)?;
    let axis = match cx.integers(1)?.as_deref() {
        Some([axis]) => cx.node.axis(*axis, ty.shape.rank())? as u8,
        _ => return Err(cx.node.invalid("its axis must be one integer")),
    };
    let exclusive = cx.node.flag("exclusive", false)?;
    let reverse = cx.node.flag("reverse", false)?;
    if ty.shape.dims().get(axis as usize).is_some_and(|dim| dim.fixed().is_none()) {
        return Err(cx.node.error(ErrorCode::DynamicShape, "it sums along the batch"));
    }
    let x = widened(cx, x)?;
    let y = cx.step1(CumSum { axis, exclusive, reverse }, &[x])?;
    let y = narrowed(cx, y, ty.dtype)?;
    cx.output(0, y);
    Ok(())
}
