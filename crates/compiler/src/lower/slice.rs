//! `Slice` and `Split`.

use super::Operators;
use super::shapes::computed;
use crate::graph::{Lowering, Value};
use crate::sizes::{Size, Sizes};
use driftline::error::{Error, ErrorCode, Result};
use driftline::model::Dim;
use driftline::model::plan::TensorId;
use driftline::model::plan::slice::{Cut, Slice};

pub(super) const OPERATORS: Operators = &[("Slice", slice), ("Split", split)];

/// From `start` towards `end`, which does not belong, along one axis.
#[derive(Clone, Copy)]
struct Range {
    axis: usize,
    start: Size,
    end: Size,
    step: i64,
}

/// Attributes before version 10, inputs from then on.
fn ranges(cx: &mut Lowering<'_, '_>, rank: usize) -> Result<Vec<Range>> {
    let fixed = |values: &[i64]| Sizes::vector(values.iter().map(|n| Size::fixed(*n)).collect());
    let missing = |cx: &Lowering<'_, '_>| cx.node.invalid("it does not say where to begin and end");
    let (starts, ends, axes, steps) = if cx.node.opset() < 10 {
        let axes = cx.node.ints("axes")?;
        let axes = if axes.is_empty() { None } else { Some(axes.to_vec()) };
        (fixed(cx.node.ints("starts")?), fixed(cx.node.ints("ends")?), axes, None)
    } else {
        let starts = cx.sizes(1)?.ok_or_else(|| missing(cx))?;
        let ends = cx.sizes(2)?.ok_or_else(|| missing(cx))?;
        (starts, ends, cx.integers(3)?, cx.integers(4)?)
    };
    let n = starts.values.len();
    let axes = axes.unwrap_or_else(|| (0..n as i64).collect());
    let steps = steps.unwrap_or_else(|| vec![1; n]);
    if ends.values.len() != n || axes.len() != n || steps.len() != n {
        return Err(cx.node.invalid("starts, ends, axes and steps differ in number"));
    }
    let bounds = starts.values.into_iter().zip(ends.values);
    bounds
        .zip(axes.iter().zip(steps))
        .map(|((start, end), (axis, step))| {
            Ok(Range { axis: cx.node.axis(*axis, rank)?, start, end, step })
        })
        .collect()
}

/// First element, step and number of elements of a range over `n` elements, cut to fit.
fn cut(node: crate::node::Node<'_>, range: Range, n: i64) -> Result<(i64, i64, i64)> {
    let (Size { rows: 0, fixed: start }, Size { rows: 0, fixed: end }) = (range.start, range.end)
    else {
        return Err(node.error(ErrorCode::DynamicShape, "it cuts at the batch's size"));
    };
    if range.step == 0 {
        return Err(node.invalid("its step is 0"));
    }
    let from_front = |i: i64| if i < 0 { i.saturating_add(n) } else { i };
    let (start, end) = (from_front(start), from_front(end));
    // one element at most is taken with steps beyond the length
    let step = range.step.clamp(-n - 1, n + 1);
    let (start, end) = if step > 0 {
        (start.clamp(0, n), end.clamp(0, n))
    } else {
        (start.clamp(-1, n - 1), end.clamp(-1, n - 1))
    };
    let distance = if step > 0 { end - start } else { start - end };
    let len = if distance > 0 { (distance - 1) / step.abs() + 1 } else { 0 };
    Ok((if len == 0 { 0 } else { start }, step, len))
}

fn to_cut(
    node: crate::node::Node<'_>,
    axis: usize,
    (start, step, len): (i64, i64, i64),
) -> Result<Cut> {
    let large = |_| node.error(ErrorCode::ModelTooLarge, "a dimension is too long");
    Ok(Cut {
        axis: axis as u8,
        start: u32::try_from(start).map_err(large)?,
        step: i32::try_from(step).map_err(large)?,
        len: u32::try_from(len).map_err(large)?,
    })
}

fn slice(cx: &mut Lowering<'_, '_>) -> Result<()> {
    if let Some(sizes) = computed(cx, 0)? {
        return slice_sizes(cx, sizes);
    }
    let x = cx.input(0)?;
    let shape = cx.ty(x)?.shape;
    let node = cx.node;
    let mut cuts = Vec::new();
    for range in ranges(cx, shape.rank())? {
        match shape.dim(range.axis).map_err(|f| node.fault(f))? {
            Dim::Fixed(n) => {
                let cut = cut(node, range, i64::from(n))?;
                if cut != (0, 1, i64::from(n)) {
                    cuts.push(to_cut(node, range.axis, cut)?);
                }
            }
            dim => whole(node, range, dim)?,
        }
    }
    let y = if cuts.is_empty() { x } else { cx.step1(Slice::new(cuts), &[x])? };
    cx.output(0, y);
    Ok(())
}

/// Along the batch only all of it can be taken.
fn whole(node: crate::node::Node<'_>, range: Range, dim: Dim) -> Result<()> {
    let to_the_end = range.end == Size::from(dim)
        || range.end.rows == 0 && range.end.fixed >= i64::from(i32::MAX);
    if range.start == Size::fixed(0) && range.step == 1 && to_the_end {
        Ok(())
    } else {
        Err(node.error(ErrorCode::DynamicShape, "it cuts the batch"))
    }
}

fn slice_sizes(cx: &mut Lowering<'_, '_>, sizes: Sizes) -> Result<()> {
    let node = cx.node;
    let mut values = sizes.values;
    for range in ranges(cx, 1)? {
        let (start, step, len) = cut(node, range, values.len() as i64)?;
        let at = |i: i64| usize::try_from(start + i * step).ok().and_then(|i| values.get(i));
        values = (0..len).filter_map(at).copied().collect();
    }
    cx.set(0, Value::Sizes(Sizes::vector(values)));
    Ok(())
}

/// Lengths of the parts: attribute before version 13, an input from then on, or equal ones.
fn parts(cx: &mut Lowering<'_, '_>, total: usize) -> Result<Vec<i64>> {
    let given = if cx.node.opset() < 13 {
        cx.node.has("split").then(|| cx.node.ints("split").map(<[i64]>::to_vec)).transpose()?
    } else {
        cx.integers(1)?
    };
    if let Some(parts) = given {
        let sum = parts.iter().try_fold(0i64, |sum, n| sum.checked_add(*n));
        if parts.iter().any(|n| *n < 0) || sum != Some(total as i64) {
            return Err(cx.node.invalid("its parts do not add up to the dimension"));
        }
        return Ok(parts);
    }
    let n = match cx.node.int("num_outputs")? {
        Some(n) => n,
        None => cx.outputs() as i64,
    };
    if n < 1 || n != cx.outputs() as i64 {
        return Err(cx.node.invalid("its outputs differ in number from num_outputs"));
    }
    let part = (total as i64 + n - 1) / n;
    if cx.node.opset() < 18 && part * n != total as i64 {
        return Err(cx.node.invalid("the dimension has no equal parts"));
    }
    Ok((0..n).map(|i| part.min(total as i64 - i * part).max(0)).collect())
}

fn split(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let axis = cx.node.int_or("axis", 0)?;
    if let Some(sizes) = computed(cx, 0)? {
        let mut rest = sizes.values.as_slice();
        for (k, n) in parts(cx, rest.len())?.into_iter().enumerate() {
            let (part, after) = rest.split_at_checked(n as usize).unwrap_or((rest, &[]));
            cx.set(k, Value::Sizes(Sizes::vector(part.to_vec())));
            rest = after;
        }
        return Ok(());
    }
    let x = cx.input(0)?;
    let shape = cx.ty(x)?.shape;
    let axis = cx.node.axis(axis, shape.rank())?;
    let node = cx.node;
    let dim = shape.dim(axis).map_err(|f| node.fault(f))?;
    let Some(total) = dim.fixed() else {
        if cx.outputs() == 1 {
            cx.output(0, x);
            return Ok(());
        }
        return Err(cut_batch(cx));
    };
    let mut start = 0;
    for (k, n) in parts(cx, total)?.into_iter().enumerate() {
        let y: TensorId = if n == total as i64 {
            x
        } else {
            cx.step1(Slice::new(vec![to_cut(node, axis, (start, 1, n))?]), &[x])?
        };
        cx.output(k, y);
        start += n;
    }
    Ok(())
}

fn cut_batch(cx: &Lowering<'_, '_>) -> Error {
    cx.node.error(ErrorCode::DynamicShape, "it cuts the batch")
}
