//! `ScatterElements`, which was once `Scatter`, and `ScatterND`.

use super::Operators;
use crate::graph::Lowering;
use driftline::error::Result;
use driftline::model::plan::scatter::{Reduction, ScatterElements, ScatterNd};

pub(super) const OPERATORS: Operators =
    &[("Scatter", elements), ("ScatterElements", elements), ("ScatterND", blocks)];

fn reduction(cx: &Lowering<'_, '_>) -> Result<Reduction> {
    Ok(match cx.node.text_or("reduction", "none")?.as_str() {
        "none" => Reduction::None,
        "add" => Reduction::Add,
        "mul" => Reduction::Mul,
        "max" => Reduction::Max,
        "min" => Reduction::Min,
        other => return Err(cx.node.invalid(&format!("there is no reduction `{other}`"))),
    })
}

fn elements(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let (data, indices, updates) = (cx.input(0)?, cx.indices(1)?, cx.input(2)?);
    let axis = cx.node.axis(cx.node.int_or("axis", 0)?, cx.ty(data)?.shape.rank())?;
    let step = ScatterElements::new(axis as u8, reduction(cx)?);
    let y = cx.step1(step, &[data, indices, updates])?;
    cx.output(0, y);
    Ok(())
}

fn blocks(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let (data, indices, updates) = (cx.input(0)?, cx.indices(1)?, cx.input(2)?);
    let y = cx.step1(ScatterNd::new(reduction(cx)?), &[data, indices, updates])?;
    cx.output(0, y);
    Ok(())
}
