//! `Scaler` and `Normalizer`.

use super::Operators;
use crate::graph::Lowering;
use driftline::error::Result;
use driftline::model::plan::scaler::{Norm, Normalizer, Scaler};
use driftline::tensor::{DType, TensorData};

pub(super) const OPERATORS: Operators = &[("Scaler", scaler), ("Normalizer", normalizer)];

fn scaler(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let x = cx.input(0)?;
    let x = match cx.ty(x)?.dtype {
        DType::Float64 => x,
        _ => cx.cast(x, DType::Float32)?,
    };
    let (offset, scale) = (cx.node.floats("offset")?, cx.node.floats("scale")?);
    if offset.iter().chain(scale).any(|x| !x.is_finite()) {
        return Err(cx.node.invalid("an offset or scale is not finite"));
    }
    let or = |values: &[f32], neutral: f32| {
        TensorData::Float32(if values.is_empty() { vec![neutral] } else { values.to_vec() })
    };
    let (offset, scale) = (cx.vector(or(offset, 0.0))?, cx.vector(or(scale, 1.0))?);
    let y = cx.step1(Scaler, &[x, offset, scale])?;
    cx.output(0, y);
    Ok(())
}

fn normalizer(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let x = cx.input(0)?;
    let x = cx.cast(x, DType::Float32)?;
    let norm = match cx.node.text_or("norm", "MAX")?.as_str() {
        "MAX" => Norm::Max,
        "L1" => Norm::L1,
        "L2" => Norm::L2,
        other => return Err(cx.node.invalid(&format!("there is no norm `{other}`"))),
    };
    let y = cx.step1(Normalizer::new(norm), &[x])?;
    cx.output(0, y);
    Ok(())
}
