//! `ArgMax` and `ArgMin`.

use super::Operators;
use crate::graph::Lowering;
use driftline::error::Result;
use driftline::model::plan::argmax::ArgExtreme;

pub(super) const OPERATORS: Operators =
    &[("ArgMax", |cx| arg(cx, false)), ("ArgMin", |cx| arg(cx, true))];

fn arg(cx: &mut Lowering<'_, '_>, least: bool) -> Result<()> {
    let x = cx.input(0)?;
    let axis = cx.node.axis(cx.node.int_or("axis", 0)?, cx.ty(x)?.shape.rank())?;
    let step = ArgExtreme {
        least,
        last: cx.node.flag("select_last_index", false)?,
        keep: cx.node.flag("keepdims", true)?,
        axis: axis as u8,
    };
    let y = cx.step1(step, &[x])?;
    cx.output(0, y);
    Ok(())
}
