//! `Softmax`, `LogSoftmax` and `Hardmax`.

use super::Operators;
use crate::graph::Lowering;
use driftline::error::Result;
use driftline::model::plan::Shape;
use driftline::model::plan::softmax::{Kind, Softmax};

pub(super) const OPERATORS: Operators = &[
    ("Softmax", |cx| softmax(cx, Kind::Softmax)),
    ("LogSoftmax", |cx| softmax(cx, Kind::LogSoftmax)),
    ("Hardmax", |cx| softmax(cx, Kind::Hardmax)),
];

/// From version 13 along one axis; before, over all dimensions from the axis on.
fn softmax(cx: &mut Lowering<'_, '_>, kind: Kind) -> Result<()> {
    let x = cx.input(0)?;
    let shape = cx.ty(x)?.shape;
    let old = cx.node.opset() < 13;
    let axis = cx.node.axis(cx.node.int_or("axis", if old { 1 } else { -1 })?, shape.rank())?;
    let y = if old && axis + 1 != shape.rank() {
        let fault = |f| cx.node.fault(f);
        let (rows, columns) = shape.split(axis).map_err(fault)?;
        let flat = Shape::new(&[rows, columns]).map_err(fault)?;
        let x = cx.alias(x, flat)?;
        let y = cx.step1(Softmax::new(kind, 1), &[x])?;
        cx.alias(y, shape)?
    } else {
        cx.step1(Softmax::new(kind, axis as u8), &[x])?
    };
    cx.output(0, y);
    Ok(())
}
