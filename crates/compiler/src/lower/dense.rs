//! `Gemm` and `MatMul`.

use super::Operators;
use crate::graph::Lowering;
use driftline::error::Result;
use driftline::model::plan::binary::{Binary, Operation};
use driftline::model::plan::dense::Dense;
use driftline::model::plan::matmul::MatMul;
use driftline::model::plan::{Shape, Step, TensorId};
use driftline::tensor::{DType, TensorData};

pub(super) const OPERATORS: Operators = &[("Gemm", gemm), ("MatMul", matmul)];

/// Constant f32 weights `[inputs, outputs]`, or `[outputs, inputs]` if transposed, as packed.
fn packed(
    cx: &mut Lowering<'_, '_>,
    weights: TensorId,
    transposed: bool,
    scale: f32,
) -> Result<Option<(Dense, TensorId)>> {
    let Some((shape, data)) =
        cx.constant_of(weights).map(|t| (t.shape().to_vec(), t.data().clone()))
    else {
        return Ok(None);
    };
    let (TensorData::Float32(data), [rows, columns]) = (data, shape.as_slice()) else {
        return Ok(None);
    };
    let (inputs, outputs) = if transposed { (*columns, *rows) } else { (*rows, *columns) };
    if inputs == 0 || outputs == 0 {
        return Ok(None);
    }
    let at = |i: usize, o: usize| {
        let index = if transposed { o * inputs + i } else { i * outputs + o };
        scale * data.get(index).copied().unwrap_or(0.0)
    };
    let weights = cx.vector(TensorData::Float32(Dense::pack(inputs, outputs, at)))?;
    Ok(Some((Dense::new(inputs as u32, outputs as u32), weights)))
}

fn gemm(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let (a, b, c) = (cx.input(0)?, cx.input(1)?, cx.optional(2)?);
    let (alpha, beta) = (cx.node.float_or("alpha", 1.0)?, cx.node.float_or("beta", 1.0)?);
    let (trans_a, trans_b) = (cx.node.flag("transA", false)?, cx.node.flag("transB", false)?);
    if cx.ty(a)?.shape.rank() != 2 || cx.ty(b)?.shape.rank() != 2 {
        return Err(cx.node.invalid("it multiplies matrices"));
    }
    if !trans_a && let Some((dense, weights)) = packed(cx, b, trans_b, alpha)? {
        let outputs = dense.outputs();
        let bias = c.and_then(|c| cx.constant_of(c)).and_then(|c| {
            let TensorData::Float32(values) = c.data() else { return None };
            let row = c.shape().iter().rev().skip(1).all(|n| *n == 1);
            (row && values.len() == outputs)
                .then(|| values.iter().map(|x| beta * x).collect::<Vec<f32>>())
        });
        let fused = bias.is_some();
        let bias = cx.vector(TensorData::Float32(bias.unwrap_or_default()))?;
        let mut y = cx.step1(dense, &[a, weights, bias])?;
        if let (false, Some(c)) = (fused, c) {
            y = add_scaled(cx, y, c, beta)?;
        }
        cx.output(0, y);
        return Ok(());
    }
    let a = if trans_a { transposed(cx, a)? } else { a };
    let b = if trans_b { transposed(cx, b)? } else { b };
    let mut y = cx.step1(MatMul, &[a, b])?;
    if alpha != 1.0 {
        y = scaled(cx, y, alpha)?;
    }
    if let Some(c) = c {
        y = add_scaled(cx, y, c, beta)?;
    }
    cx.output(0, y);
    Ok(())
}

fn transposed(cx: &mut Lowering<'_, '_>, x: TensorId) -> Result<TensorId> {
    cx.step1(driftline::model::plan::transpose::Transpose::new(&[1, 0]), &[x])
}

/// A constant of one element, in the type of `like`.
fn scalar(cx: &mut Lowering<'_, '_>, like: TensorId, value: f32) -> Result<TensorId> {
    let dtype = cx.ty(like)?.dtype;
    let id = cx.vector(TensorData::Float32(vec![value]))?;
    let id = cx.alias(id, Shape::SCALAR)?;
    cx.cast(id, dtype)
}

fn scaled(cx: &mut Lowering<'_, '_>, x: TensorId, by: f32) -> Result<TensorId> {
    let by = scalar(cx, x, by)?;
    cx.step1(Binary::new(Operation::Mul), &[x, by])
}

fn add_scaled(cx: &mut Lowering<'_, '_>, y: TensorId, c: TensorId, beta: f32) -> Result<TensorId> {
    let c = if beta == 1.0 { c } else { scaled(cx, c, beta)? };
    cx.step1(Binary::new(Operation::Add), &[y, c])
}

fn matmul(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let (a, b) = (cx.input(0)?, cx.input(1)?);
    let (ta, tb) = (cx.ty(a)?, cx.ty(b)?);
    let node = cx.node;
    if ta.shape.rank() == 0 || tb.shape.rank() == 0 {
        return Err(cx.node.invalid("it multiplies no scalars"));
    }
    if ta.dtype == DType::Float32
        && ta.shape.rank() >= 2
        && let Some((dense, weights)) = packed(cx, b, false, 1.0)?
    {
        let bias = cx.vector(TensorData::Float32(Vec::new()))?;
        let y = cx.step1(dense, &[a, weights, bias])?;
        cx.output(0, y);
        return Ok(());
    }
    // a vector is a row on the left and a column on the right; its dimension goes again at the end
    let fault = |f| node.fault(f);
    let (row, column) = (ta.shape.rank() == 1, tb.shape.rank() == 1);
    let one = driftline::model::Dim::Fixed(1);
    let a = if row {
        let shape = Shape::new(&[one, ta.shape.dim(0).map_err(fault)?]).map_err(fault)?;
        cx.alias(a, shape)?
    } else {
        a
    };
    let b = if column {
        let shape = Shape::new(&[tb.shape.dim(0).map_err(fault)?, one]).map_err(fault)?;
        cx.alias(b, shape)?
    } else {
        b
    };
    let mut y = cx.step1(MatMul, &[a, b])?;
    if row || column {
        let mut dims = cx.ty(y)?.shape.dims().to_vec();
        if column {
            dims.pop();
        }
        if row {
            dims.remove(dims.len() - if column { 1 } else { 2 });
        }
        y = cx.alias(y, Shape::new(&dims).map_err(fault)?)?;
    }
    cx.output(0, y);
    Ok(())
}

/// If `x` is a dense layer without bias and `bias` a constant vector of its width: one layer.
pub(super) fn fuse_bias(
    cx: &mut Lowering<'_, '_>,
    x: TensorId,
    bias: TensorId,
) -> Result<Option<TensorId>> {
    let Some((Step::Dense(dense), inputs)) = cx.maker(x) else { return Ok(None) };
    let (dense, inputs) = (dense.clone(), inputs.to_vec());
    let [input, weights, none] = inputs.as_slice() else { return Ok(None) };
    let unbiased = cx.constant_of(*none).is_some_and(|t| t.data().is_empty());
    let values = cx.constant_of(bias).and_then(|t| match t.data() {
        TensorData::Float32(v) if t.shape() == [dense.outputs()] => Some(v.clone()),
        _ => None,
    });
    match (unbiased, values) {
        (true, Some(values)) => {
            let bias = cx.vector(TensorData::Float32(values))?;
            cx.step1(dense, &[*input, *weights, bias]).map(Some)
        }
        _ => Ok(None),
    }
}
