//! `Pad`.

use super::Operators;
use crate::graph::Lowering;
use driftline::error::Result;
use driftline::model::plan::pad::{Mode, Pad};
use driftline::tensor::{DType, TensorData};

pub(super) const OPERATORS: Operators = &[("Pad", pad)];

/// Pads and value are attributes before version 11, inputs from then on.
fn pad(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let x = cx.input(0)?;
    let ty = cx.ty(x)?;
    let rank = ty.shape.rank();
    let mode = match cx.node.text_or("mode", "constant")?.as_str() {
        "constant" => Mode::Constant,
        "edge" => Mode::Edge,
        "reflect" => Mode::Reflect,
        "wrap" => Mode::Wrap,
        other => return Err(cx.node.invalid(&format!("there is no mode `{other}`"))),
    };
    let (given, axes) = if cx.node.opset() < 11 {
        (cx.node.ints("pads")?.to_vec(), None)
    } else {
        (cx.integers(1)?.unwrap_or_default(), cx.integers(3)?)
    };
    let axes = axes.unwrap_or_else(|| (0..rank as i64).collect());
    if given.len() != 2 * axes.len() {
        return Err(cx.node.invalid("it needs a pad before and after each axis"));
    }
    let mut pads = vec![(0, 0); rank];
    let (before, after) = given.split_at(axes.len());
    for (axis, (before, after)) in axes.iter().zip(before.iter().zip(after)) {
        let large = |_| cx.node.invalid("a pad is out of range");
        let pad = (i32::try_from(*before).map_err(large)?, i32::try_from(*after).map_err(large)?);
        if let Some(place) = pads.get_mut(cx.node.axis(*axis, rank)?) {
            *place = pad;
        }
    }
    let value = match (cx.node.opset() < 11, cx.optional(2)?) {
        (false, Some(value)) => value,
        (old, _) => {
            let value = if old { cx.node.float_or("value", 0.0)? } else { 0.0 };
            match ty.dtype {
                DType::String => cx.scalar(TensorData::String(vec![String::new()]))?,
                dtype => {
                    let value = cx.scalar(TensorData::Float32(vec![value]))?;
                    cx.cast(value, dtype)?
                }
            }
        }
    };
    let y = cx.step1(Pad::new(mode, pads), &[x, value])?;
    cx.output(0, y);
    Ok(())
}
