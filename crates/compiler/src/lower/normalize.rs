//! `LayerNormalization`, `BatchNormalization` and `LpNormalization`.

use super::Operators;
use crate::graph::Lowering;
use driftline::error::Result;
use driftline::model::Dim;
use driftline::model::plan::binary::{Binary, Operation};
use driftline::model::plan::normalize::LayerNorm;
use driftline::model::plan::reduce::{Kind, Reduce};
use driftline::model::plan::select::Select;
use driftline::model::plan::unary::{Function, Unary};
use driftline::model::plan::{Shape, TensorId};
use driftline::tensor::TensorData;

pub(super) const OPERATORS: Operators =
    &[("LayerNormalization", layer), ("BatchNormalization", batch), ("LpNormalization", lp)];

fn layer(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let x = cx.input(0)?;
    let axis = cx.node.axis(cx.node.int_or("axis", -1)?, cx.ty(x)?.shape.rank())?;
    let step = LayerNorm { axis: axis as u8, epsilon: cx.node.float_or("epsilon", 1e-5)? };
    let made = cx.step(step, &[x])?;
    let [mut y, means, inverses] = *made.as_slice() else {
        return Err(cx.node.invalid("a step without output"));
    };
    let scale = cx.input(1)?;
    y = cx.step1(Binary::new(Operation::Mul), &[y, scale])?;
    if let Some(bias) = cx.optional(2)? {
        y = cx.step1(Binary::new(Operation::Add), &[y, bias])?;
    }
    cx.output(0, y);
    cx.output(1, means);
    cx.output(2, inverses);
    Ok(())
}

/// A number in the type of `like`.
fn number(cx: &mut Lowering<'_, '_>, like: TensorId, x: f32) -> Result<TensorId> {
    let dtype = cx.ty(like)?.dtype;
    let x = cx.scalar(TensorData::Float32(vec![x]))?;
    cx.cast(x, dtype)
}

/// x · a + b with a = scale / √(variance + ε) and b = bias − mean · a, one for each channel; both
/// are constants where the statistics are.
fn batch(cx: &mut Lowering<'_, '_>) -> Result<()> {
    if cx.node.flag("training_mode", false)? || !cx.node.flag("spatial", true)? {
        return Err(cx.node.unsupported("it is in training mode, or not spatial"));
    }
    // before version 7 a flag says so, and the default is training
    if cx.node.opset() < 7 && !cx.node.flag("is_test", false)? {
        return Err(cx.node.unsupported("it is in training mode"));
    }
    if (1..cx.outputs()).any(|k| cx.node.proto.output.get(k).is_some_and(|name| !name.is_empty())) {
        return Err(cx.node.unsupported("it has the outputs of training"));
    }
    let x = cx.input(0)?;
    let rank = cx.ty(x)?.shape.rank();
    let [scale, bias, mean, variance] = [cx.input(1)?, cx.input(2)?, cx.input(3)?, cx.input(4)?];
    let epsilon = cx.node.float_or("epsilon", 1e-5)?;
    let epsilon = number(cx, variance, epsilon)?;
    let variance = cx.step1(Binary::new(Operation::Add), &[variance, epsilon])?;
    let deviation = cx.step1(Unary::new(Function::Sqrt, 0.0, 0.0), &[variance])?;
    let a = cx.step1(Binary::new(Operation::Div), &[scale, deviation])?;
    let shift = cx.step1(Binary::new(Operation::Mul), &[mean, a])?;
    let b = cx.step1(Binary::new(Operation::Sub), &[bias, shift])?;
    let (a, b) = (channels(cx, a, rank)?, channels(cx, b, rank)?);
    let y = cx.step1(Binary::new(Operation::Mul), &[x, a])?;
    let y = cx.step1(Binary::new(Operation::Add), &[y, b])?;
    cx.output(0, y);
    Ok(())
}

/// A vector along the second of `rank` dimensions.
fn channels(cx: &mut Lowering<'_, '_>, x: TensorId, rank: usize) -> Result<TensorId> {
    let fault = |f| cx.node.fault(f);
    let mut shape = Shape::new(&[cx.ty(x)?.shape.dim(0).map_err(fault)?]).map_err(fault)?;
    for _ in 2..rank {
        shape.push(Dim::Fixed(1)).map_err(fault)?;
    }
    cx.alias(x, shape)
}

/// Lines of zeros stay zeros.
fn lp(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let x = cx.input(0)?;
    let axis = cx.node.axis(cx.node.int_or("axis", -1)?, cx.ty(x)?.shape.rank())?;
    let kind = match cx.node.int_or("p", 2)? {
        1 => Kind::L1,
        2 => Kind::L2,
        _ => return Err(cx.node.invalid("its p is neither 1 nor 2")),
    };
    let norm = cx.step1(Reduce { kind, keep: true, axes: 1 << axis }, &[x])?;
    let (zero, one) = (number(cx, x, 0.0)?, number(cx, x, 1.0)?);
    let none = cx.step1(Binary::new(Operation::Equal), &[norm, zero])?;
    let norm = cx.step1(Select, &[none, one, norm])?;
    let y = cx.step1(Binary::new(Operation::Div), &[x, norm])?;
    cx.output(0, y);
    Ok(())
}
