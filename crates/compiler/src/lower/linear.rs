//! `LinearClassifier` and `LinearRegressor`.

use super::Operators;
use super::trees::{labels, post};
use crate::graph::Lowering;
use driftline::error::Result;
use driftline::model::plan::TensorId;
use driftline::model::plan::classify::{Classify, Rule, Transform};
use driftline::model::plan::dense::Dense;
use driftline::model::plan::linear::Linear;
use driftline::tensor::{DType, Tensor, TensorData};

pub(super) const OPERATORS: Operators =
    &[("LinearClassifier", classifier), ("LinearRegressor", regressor)];

/// Coefficients and intercepts for so many outputs, checked.
fn hyperplanes<'n>(cx: &Lowering<'_, 'n>, outputs: usize) -> Result<(&'n [f32], &'n [f32])> {
    let coefficients = cx.node.floats("coefficients")?;
    let intercepts = cx.node.floats("intercepts")?;
    if outputs == 0 || coefficients.is_empty() || coefficients.len() % outputs != 0 {
        return Err(cx.node.invalid("its coefficients are no whole number of rows"));
    }
    if !intercepts.is_empty() && intercepts.len() != outputs {
        return Err(cx.node.invalid("its intercepts and coefficients differ in number"));
    }
    if coefficients.iter().chain(intercepts).any(|x| !x.is_finite()) {
        return Err(cx.node.invalid("a coefficient is not finite"));
    }
    Ok((coefficients, intercepts))
}

/// x · coefficientsᵀ + intercepts in binary32, for so many outputs.
fn products(cx: &mut Lowering<'_, '_>, outputs: usize) -> Result<TensorId> {
    let (coefficients, intercepts) = hyperplanes(cx, outputs)?;
    let x = cx.input(0)?;
    let x = cx.cast(x, DType::Float32)?;
    let inputs = coefficients.len() / outputs;
    let at = |i: usize, o: usize| coefficients.get(o * inputs + i).copied().unwrap_or(0.0);
    let weights = cx.vector(TensorData::Float32(Dense::pack(inputs, outputs, at)))?;
    let bias = cx.vector(TensorData::Float32(intercepts.to_vec()))?;
    cx.step1(Dense::new(inputs as u32, outputs as u32), &[x, weights, bias])
}

/// The same with sums in binary64; `bias` is one an output.
pub(super) fn exact(
    cx: &mut Lowering<'_, '_>,
    coefficients: &[f32],
    bias: Vec<f32>,
) -> Result<TensorId> {
    let x = cx.input(0)?;
    let x = match cx.ty(x)?.dtype {
        DType::Float64 => x,
        _ => cx.cast(x, DType::Float32)?,
    };
    let shape = vec![bias.len(), coefficients.len() / bias.len().max(1)];
    let weights = Tensor::new(shape, TensorData::Float32(coefficients.to_vec()))?;
    let inputs = [x, cx.constant(weights)?, cx.vector(TensorData::Float32(bias))?];
    cx.step1(Linear, &inputs)
}

fn classifier(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let labels = labels(cx, "classlabels_ints")?;
    let intercepts = cx.node.floats("intercepts")?.len();
    // one row of coefficients decides between two classes
    let rows = if intercepts == 0 { labels.len() } else { intercepts };
    let scores = products(cx, rows)?;
    let base = cx.vector(TensorData::Float32(Vec::new()))?;
    let labels = cx.vector(labels)?;
    let outputs = cx.step(Classify::new(post(cx)?, Rule::Linear), &[scores, base, labels])?;
    for (k, id) in outputs.into_iter().take(2).enumerate() {
        cx.output(k, id);
    }
    Ok(())
}

fn regressor(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let targets = usize::try_from(cx.node.int_or("targets", 1)?).unwrap_or(0);
    let (coefficients, intercepts) = hyperplanes(cx, targets)?;
    let bias = if intercepts.is_empty() { vec![0.0; targets] } else { intercepts.to_vec() };
    let values = exact(cx, coefficients, bias)?;
    let base = cx.vector(TensorData::Float32(Vec::new()))?;
    let scores = cx.step1(Transform::new(post(cx)?, false), &[values, base])?;
    cx.output(0, scores);
    Ok(())
}
