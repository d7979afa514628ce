//! Operators that only change the shape: no step, the elements stay where they are.

use super::Operators;
use super::shapes::{computed, dynamic};
use crate::graph::{Lowering, Value};
use crate::sizes::{Size, Sizes};
use driftline::error::{ErrorCode, Result};
use driftline::model::Dim;
use driftline::model::plan::{Shape, TensorId};

pub(super) const OPERATORS: Operators = &[
    ("Reshape", reshape),
    ("Flatten", flatten),
    ("Squeeze", squeeze),
    ("Unsqueeze", unsqueeze),
    ("Shape", shape),
    ("Size", size),
];

fn relabel(cx: &mut Lowering<'_, '_>, x: TensorId, dims: &[Dim]) -> Result<()> {
    let shape = Shape::new(dims).map_err(|f| cx.node.fault(f))?;
    let y = cx.alias(x, shape)?;
    cx.output(0, y);
    Ok(())
}

/// The length that makes `total` elements out of `known` ones.
fn missing_length(total: Dim, known: Dim) -> Option<Dim> {
    let divide = |a: u32, b: u32| (b != 0 && a.is_multiple_of(b)).then(|| a / b);
    match (total, known) {
        (Dim::Fixed(t), Dim::Fixed(k)) => divide(t, k).map(Dim::Fixed),
        (Dim::Batch(t), Dim::Fixed(k)) => divide(t, k).map(Dim::Batch),
        (Dim::Batch(t), Dim::Batch(k)) => divide(t, k).map(Dim::Fixed),
        (Dim::Fixed(_), Dim::Batch(_)) => None,
    }
}

/// Integers that follow the batch as one number or a row of them.
fn reshape_sizes(cx: &mut Lowering<'_, '_>, sizes: Sizes) -> Result<()> {
    let n = sizes.values.len() as i64;
    let scalar = match cx.integers(1)?.as_deref() {
        Some([]) if n == 1 => true,
        Some([length]) if *length == -1 || *length == n => false,
        _ => return Err(dynamic(cx)),
    };
    cx.set(0, Value::Sizes(Sizes { scalar, ..sizes }));
    Ok(())
}

fn reshape(cx: &mut Lowering<'_, '_>) -> Result<()> {
    if let (Some(sizes), true) = (computed(cx, 0)?, cx.follows_batch(0)?) {
        return reshape_sizes(cx, sizes);
    }
    let x = cx.input(0)?;
    let old = cx.ty(x)?.shape;
    let target = if cx.node.opset() < 5 {
        cx.node.ints("shape")?.iter().map(|n| Size::fixed(*n)).collect()
    } else {
        cx.sizes(1)?.map_or(Vec::new(), |s| s.values)
    };
    let keep_zero = cx.node.flag("allowzero", false)?;
    let mut dims = Vec::with_capacity(target.len());
    let mut open = None;
    for (i, size) in target.iter().enumerate() {
        dims.push(match *size {
            Size { rows: 0, fixed: -1 } if open.is_none() => {
                open = Some(i);
                Dim::Fixed(1)
            }
            Size { rows: 0, fixed: 0 } if !keep_zero => old.dim(i).map_err(|f| cx.node.fault(f))?,
            size => size.dim().ok_or_else(|| {
                cx.node.error(ErrorCode::DynamicShape, "its shape is no multiple of the batch")
            })?,
        });
    }
    let count = |s: &Shape| s.count().map_err(|f| cx.node.fault(f));
    let known = count(&Shape::new(&dims).map_err(|f| cx.node.fault(f))?)?;
    let total = count(&old)?;
    if let Some(i) = open {
        let length = missing_length(total, known)
            .ok_or_else(|| cx.node.invalid("its elements do not fit the shape"))?;
        if let Some(dim) = dims.get_mut(i) {
            *dim = length;
        }
    } else if known != total && (known.fixed().is_none() || total.fixed().is_none()) {
        return Err(cx.node.error(
            ErrorCode::DynamicShape,
            "its shape has a fixed number of rows although the batch is open",
        ));
    }
    relabel(cx, x, &dims)
}

fn flatten(cx: &mut Lowering<'_, '_>) -> Result<()> {
    // the words of a text are the columns of its row already
    if let Some(words @ Value::Words { .. }) = cx.value(0)?
        && cx.node.int_or("axis", 1)? == 1
    {
        cx.set(0, words);
        return Ok(());
    }
    let x = cx.input(0)?;
    let shape = cx.ty(x)?.shape;
    let axis = cx.node.int_or("axis", 1)?;
    let axis = if axis == shape.rank() as i64 {
        shape.rank()
    } else {
        cx.node.axis(axis, shape.rank())?
    };
    let (rows, columns) = shape.split(axis).map_err(|f| cx.node.fault(f))?;
    relabel(cx, x, &[rows, columns])
}

/// Axes: an attribute before version 13, an input from then on.
fn axes(cx: &mut Lowering<'_, '_>, rank: usize) -> Result<Option<Vec<usize>>> {
    let axes = if cx.node.opset() < 13 {
        cx.node.has("axes").then(|| cx.node.ints("axes").map(<[i64]>::to_vec)).transpose()?
    } else {
        cx.sizes(1)?.map(|s| s.values.iter().map(|v| v.fixed).collect())
    };
    let Some(axes) = axes else { return Ok(None) };
    let mut axes = axes.iter().map(|a| cx.node.axis(*a, rank)).collect::<Result<Vec<_>>>()?;
    axes.sort_unstable();
    if axes.is_sorted_by(|a, b| a < b) {
        Ok(Some(axes))
    } else {
        Err(cx.node.invalid("an axis stands twice"))
    }
}

fn squeeze(cx: &mut Lowering<'_, '_>) -> Result<()> {
    if let Some(Value::Sizes(sizes)) = cx.value(0)?
        && sizes.values.len() == 1
    {
        cx.set(0, Value::Sizes(Sizes { scalar: true, ..sizes }));
        return Ok(());
    }
    let x = cx.input(0)?;
    let shape = cx.ty(x)?.shape;
    let axes = axes(cx, shape.rank())?;
    let mut dims = Vec::new();
    for (i, dim) in shape.dims().iter().enumerate() {
        let gone = match &axes {
            Some(axes) => axes.contains(&i),
            None => *dim == Dim::Fixed(1),
        };
        if !gone {
            dims.push(*dim);
        } else if *dim != Dim::Fixed(1) {
            return Err(cx.node.invalid("a dimension that it drops is longer than 1"));
        }
    }
    relabel(cx, x, &dims)
}

fn unsqueeze(cx: &mut Lowering<'_, '_>) -> Result<()> {
    if let Some(Value::Sizes(sizes)) = cx.value(0)?
        && sizes.scalar
    {
        cx.set(0, Value::Sizes(Sizes { scalar: false, ..sizes }));
        return Ok(());
    }
    let x = cx.input(0)?;
    let shape = cx.ty(x)?.shape;
    let count = if cx.node.opset() < 13 {
        cx.node.ints("axes")?.len()
    } else {
        cx.sizes(1)?.map_or(0, |s| s.values.len())
    };
    let rank = shape.rank() + count;
    let axes = axes(cx, rank)?.unwrap_or_default();
    let mut old = shape.dims().iter();
    let dims: Vec<Dim> = (0..rank)
        .filter_map(|i| if axes.contains(&i) { Some(Dim::Fixed(1)) } else { old.next().copied() })
        .collect();
    relabel(cx, x, &dims)
}

fn shape(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let dims = match computed(cx, 0)? {
        Some(Sizes { scalar: true, .. }) => Shape::SCALAR,
        Some(sizes) => Shape::fixed(&[sizes.values.len()]).map_err(|f| cx.node.fault(f))?,
        None => {
            let x = cx.input(0)?;
            cx.ty(x)?.shape
        }
    };
    let rank = dims.rank() as i64;
    let bound = |n: i64| (if n < 0 { n + rank } else { n }).clamp(0, rank) as usize;
    let start = bound(cx.node.int_or("start", 0)?);
    let end = bound(cx.node.int_or("end", rank)?);
    let values = dims.dims().get(start..end).unwrap_or(&[]).iter().map(|d| Size::from(*d));
    cx.set(0, Value::Sizes(Sizes::vector(values.collect())));
    Ok(())
}

fn size(cx: &mut Lowering<'_, '_>) -> Result<()> {
    if let Some(sizes) = computed(cx, 0)? {
        let count = Size::fixed(sizes.values.len() as i64);
        cx.set(0, Value::Sizes(Sizes { values: vec![count], scalar: true }));
        return Ok(());
    }
    let x = cx.input(0)?;
    let count = cx.ty(x)?.shape.count().map_err(|f| cx.node.fault(f))?;
    cx.set(0, Value::Sizes(Sizes { values: vec![Size::from(count)], scalar: true }));
    Ok(())
}
