//! Operators that fill a shape: `Expand`, `Tile`, `ConstantOfShape`, `Range`, `Trilu`.

use super::Operators;
use super::shapes::dynamic;
use crate::graph::{Lowering, Value};
use crate::sizes::{Size, Sizes};
use driftline::error::{ErrorCode, Result};
use driftline::limits::{MAX_FOLDED_ELEMENTS, MAX_TENSOR_ELEMENTS};
use driftline::model::Dim;
use driftline::model::plan::expand::Expand;
use driftline::model::plan::select::Select;
use driftline::model::plan::{Shape, TensorId};
use driftline::tensor::{DType, Tensor, TensorData};

pub(super) const OPERATORS: Operators = &[
    ("Expand", expand),
    ("Tile", tile),
    ("ConstantOfShape", constant_of_shape),
    ("Range", range),
    ("Trilu", trilu),
];

/// Dimensions from an input that is a shape.
fn dims(cx: &mut Lowering<'_, '_>, k: usize) -> Result<Vec<Dim>> {
    let sizes = cx.sizes(k)?.ok_or_else(|| cx.node.invalid("an input is missing"))?;
    let dim = |size: &Size| match *size {
        Size { rows: 0, fixed } if fixed < 0 => Err(cx.node.invalid("a dimension is negative")),
        size => size.dim().ok_or_else(|| dynamic(cx)),
    };
    sizes.values.iter().map(dim).collect()
}

fn shape_of(cx: &Lowering<'_, '_>, dims: &[Dim]) -> Result<Shape> {
    let shape = Shape::new(dims).map_err(|f| cx.node.fault(f))?;
    shape.count().map_err(|f| cx.node.fault(f))?;
    Ok(shape)
}

fn expanded(cx: &mut Lowering<'_, '_>, x: TensorId, shape: Shape) -> Result<TensorId> {
    if cx.ty(x)?.shape == shape { Ok(x) } else { cx.step1(Expand::new(shape), &[x]) }
}

/// The input and the shape broadcast together.
fn expand(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let x = cx.input(0)?;
    let old = cx.ty(x)?.shape;
    let target = dims(cx, 1)?;
    let rank = target.len().max(old.rank());
    let at = |dims: &[Dim], i: usize| {
        (i + dims.len())
            .checked_sub(rank)
            .and_then(|i| dims.get(i))
            .copied()
            .unwrap_or(Dim::Fixed(1))
    };
    let one = Dim::Fixed(1);
    let longer: Vec<Dim> = (0..rank)
        .map(|i| match (at(old.dims(), i), at(&target, i)) {
            (old, new) if new == one => old,
            (_, new) => new,
        })
        .collect();
    let shape = shape_of(cx, &longer)?;
    let y = expanded(cx, x, shape)?;
    cx.output(0, y);
    Ok(())
}

/// Each dimension gets one of length 1 before it, which is expanded.
fn tile(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let mut y = cx.input(0)?;
    let repeats = dims(cx, 1)?;
    let rank = cx.ty(y)?.shape.rank();
    if repeats.len() != rank {
        return Err(cx.node.invalid("it needs one number of repeats for each dimension"));
    }
    // one after the other, so that no tensor between has many more dimensions
    for (axis, times) in repeats.into_iter().enumerate() {
        if times == Dim::Fixed(1) {
            continue;
        }
        let node = cx.node;
        let fault = |f| node.fault(f);
        let old = cx.ty(y)?.shape;
        let (outer, rest) = old.split(axis).map_err(fault)?;
        let one = shape_of(cx, &[outer, Dim::Fixed(1), rest])?;
        let many = shape_of(cx, &[outer, times, rest])?;
        let mut tiled = old;
        if let Some(dim) = tiled.dims_mut().get_mut(axis) {
            *dim = dim.times(times).map_err(fault)?;
        }
        let x = cx.alias(y, one)?;
        let x = expanded(cx, x, many)?;
        y = cx.alias(x, tiled)?;
    }
    cx.output(0, y);
    Ok(())
}

fn constant_of_shape(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let value = match cx.node.tensor("value")? {
        Some(value) if value.data().len() == 1 => value,
        Some(_) => return Err(cx.node.invalid("its value must be one element")),
        None => Tensor::new(vec![1], TensorData::Float32(vec![0.0]))?,
    };
    let dims = dims(cx, 0)?;
    // a shape that is filled may be one itself
    if let ([Dim::Fixed(n)], TensorData::Int64(v)) = (dims.as_slice(), value.data())
        && let [v] = v.as_slice()
        && *n as usize <= driftline::model::plan::types::MAX_RANK
    {
        let values = vec![Size::fixed(*v); *n as usize];
        cx.set(0, Value::Sizes(Sizes::vector(values)));
        return Ok(());
    }
    let shape = shape_of(cx, &dims)?;
    let value = cx.constant(value)?;
    let value = cx.alias(value, Shape::SCALAR)?;
    let y = expanded(cx, value, shape)?;
    cx.output(0, y);
    Ok(())
}

fn range(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let mut bounds = Vec::new();
    for k in 0..3 {
        if cx.follows_batch(k)? {
            return Err(dynamic(cx));
        }
        let bound = cx.constant_input(k)?;
        let bound = bound.ok_or_else(|| cx.node.invalid("an input is missing"))?;
        bounds.push(bound.into_parts().1);
    }
    let [start, limit, delta] = bounds.as_slice() else {
        return Err(cx.node.invalid("an input is missing"));
    };
    macro_rules! numbers {
        ($name:ident, $t:ty) => {
            match (start, limit, delta) {
                (TensorData::$name(a), TensorData::$name(b), TensorData::$name(c)) => {
                    match (a.as_slice(), b.as_slice(), c.as_slice()) {
                        ([start], [limit], [delta]) => {
                            let n = steps(cx, *start as f64, *limit as f64, *delta as f64)?;
                            let at = |i: usize| *start + i as $t * *delta;
                            Some(TensorData::$name((0..n).map(at).collect()))
                        }
                        _ => None,
                    }
                }
                _ => None,
            }
        };
    }
    let data = match start.dtype() {
        DType::Float32 => numbers!(Float32, f32),
        DType::Float64 => numbers!(Float64, f64),
        DType::Int64 => numbers!(Int64, i64),
        DType::Int32 => numbers!(Int32, i32),
        DType::Int16 => numbers!(Int16, i16),
        _ => None,
    };
    let data = data.ok_or_else(|| cx.node.invalid("it needs three numbers of one type"))?;
    let y = cx.vector(data)?;
    cx.output(0, y);
    Ok(())
}

/// How many numbers from `start` on lie before `limit`.
fn steps(cx: &Lowering<'_, '_>, start: f64, limit: f64, delta: f64) -> Result<usize> {
    let n = ((limit - start) / delta).ceil().max(0.0);
    if delta == 0.0 || !n.is_finite() {
        return Err(cx.node.invalid("its range has no end"));
    }
    if n > MAX_FOLDED_ELEMENTS.min(MAX_TENSOR_ELEMENTS) as f64 {
        return Err(cx.node.error(ErrorCode::ModelTooLarge, "its range is too long"));
    }
    Ok(n as usize)
}

/// Zeros beyond a diagonal, by a constant mask.
fn trilu(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let x = cx.input(0)?;
    let ty = cx.ty(x)?;
    let k = match cx.integers(1)?.as_deref() {
        None => 0,
        Some([k]) => *k,
        Some(_) => return Err(cx.node.invalid("its k must be one integer")),
    };
    let upper = cx.node.flag("upper", true)?;
    let [.., rows, columns] = ty.shape.dims() else {
        return Err(cx.node.invalid("it takes matrices"));
    };
    let (Some(rows), Some(columns)) = (rows.fixed(), columns.fixed()) else {
        return Err(cx.node.error(ErrorCode::DynamicShape, "its matrices follow the batch"));
    };
    if rows.saturating_mul(columns) > MAX_FOLDED_ELEMENTS {
        return Err(cx.node.error(ErrorCode::ModelTooLarge, "its matrices are too large"));
    }
    let places = (0..rows as i64).flat_map(|i| (0..columns as i64).map(move |j| (i, j)));
    let kept = places.map(|(i, j)| {
        let beyond = (j - i).cmp(&k);
        beyond.is_eq() || beyond.is_gt() == upper
    });
    let mask = Tensor::new(vec![rows, columns], TensorData::Bool(kept.collect()))?;
    let mask = cx.constant(mask)?;
    let zero = cx.scalar(TensorData::Float32(vec![0.0]))?;
    let zero = cx.cast(zero, ty.dtype)?;
    let y = cx.step1(Select, &[mask, x, zero])?;
    cx.output(0, y);
    Ok(())
}
