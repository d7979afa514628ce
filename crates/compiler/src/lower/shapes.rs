//! Arithmetic on shapes: what operators make of integers that follow the batch.

use crate::graph::{Lowering, Value};
use crate::sizes::{Size, Sizes};
use driftline::error::{ErrorCode, Result};
use driftline::model::plan::binary::Operation;

/// If an input follows the batch: the node's result as integers of the same kind.
pub(super) fn arithmetic(cx: &mut Lowering<'_, '_>, operation: Operation) -> Result<bool> {
    if !cx.follows_batch(0)? && !cx.follows_batch(1)? {
        return Ok(false);
    }
    let f = match operation {
        Operation::Add => Size::plus,
        Operation::Sub => Size::minus,
        Operation::Mul => Size::times,
        Operation::Div => Size::over,
        _ => return Err(dynamic(cx)),
    };
    let (Some(a), Some(b)) = (cx.sizes(0)?, cx.sizes(1)?) else {
        return Err(cx.node.invalid("an input is missing"));
    };
    let result = a.zip(&b, f).ok_or_else(|| dynamic(cx))?;
    cx.set(0, Value::Sizes(result));
    Ok(true)
}

/// An error for what no form a · N + b has.
pub(super) fn dynamic(cx: &Lowering<'_, '_>) -> driftline::Error {
    cx.node.error(ErrorCode::DynamicShape, "it computes with the batch's size")
}

/// The values of an input that is a shape, if it is one that was computed; constants are none.
pub(super) fn computed(cx: &Lowering<'_, '_>, k: usize) -> Result<Option<Sizes>> {
    match cx.value(k)? {
        Some(Value::Sizes(sizes)) => Ok(Some(sizes)),
        _ => Ok(None),
    }
}
