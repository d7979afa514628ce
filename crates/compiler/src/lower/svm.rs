//! `SVMClassifier` and `SVMRegressor`.

use super::Operators;
use super::linear::exact;
use super::trees::{labels, post};
use crate::graph::Lowering;
use driftline::error::Result;
use driftline::model::plan::TensorId;
use driftline::model::plan::classify::{Classify, Rule, Transform};
use driftline::model::plan::svm::{Kernel, SvmScores};
use driftline::model::plan::svm_classify::SvmClassify;
use driftline::tensor::{DType, Tensor, TensorData};

pub(super) const OPERATORS: Operators =
    &[("SVMClassifier", classifier), ("SVMRegressor", regressor)];

/// The rows, in binary32 or binary64.
fn rows(cx: &mut Lowering<'_, '_>) -> Result<TensorId> {
    let x = cx.input(0)?;
    match cx.ty(x)?.dtype {
        DType::Float64 => Ok(x),
        DType::String => Err(cx.node.invalid("it takes numbers, not text")),
        _ => cx.cast(x, DType::Float32),
    }
}

fn kernel(cx: &Lowering<'_, '_>) -> Result<(Kernel, [f32; 3])> {
    let kernel = match cx.node.text_or("kernel_type", "LINEAR")?.as_str() {
        "LINEAR" => Kernel::Linear,
        "POLY" => Kernel::Poly,
        "RBF" => Kernel::Rbf,
        "SIGMOID" => Kernel::Sigmoid,
        other => return Err(cx.node.invalid(&format!("there is no kernel `{other}`"))),
    };
    match *cx.node.floats("kernel_params")? {
        [] => Ok((kernel, [0.0; 3])),
        [gamma, coef0, degree] => Ok((kernel, [gamma, coef0, degree])),
        _ => Err(cx.node.invalid("its kernel_params are not three")),
    }
}

/// Vectors of so many features as the rows have.
fn vectors(cx: &mut Lowering<'_, '_>, x: TensorId, values: &[f32]) -> Result<TensorId> {
    let columns = cx.ty(x)?.shape.dims().last().and_then(|d| d.fixed()).unwrap_or(0);
    if columns == 0 || !values.len().is_multiple_of(columns) {
        return Err(cx.node.invalid("its vectors and its input differ in the number of features"));
    }
    let shape = vec![values.len() / columns, columns];
    cx.constant(Tensor::new(shape, TensorData::Float32(values.to_vec()))?)
}

fn floats(cx: &mut Lowering<'_, '_>, name: &str) -> Result<TensorId> {
    let values = cx.node.floats(name)?.to_vec();
    cx.vector(TensorData::Float32(values))
}

fn classifier(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let counts = cx.node.ints("vectors_per_class")?;
    let outputs = if counts.iter().all(|n| *n == 0) {
        without_vectors(cx)?
    } else {
        let labels = labels(cx, "classlabels_ints")?;
        if counts.len() != labels.len() {
            return Err(cx.node.invalid("its vectors_per_class and labels differ in number"));
        }
        let counts: std::result::Result<Vec<i32>, _> =
            counts.iter().map(|n| i32::try_from(*n)).collect();
        let counts =
            counts.map_err(|_| cx.node.invalid("its vectors_per_class are out of range"))?;
        let (kernel, parameters) = kernel(cx)?;
        let x = rows(cx)?;
        let given = cx.node.floats("support_vectors")?;
        let inputs = [
            x,
            vectors(cx, x, given)?,
            floats(cx, "coefficients")?,
            floats(cx, "rho")?,
            cx.vector(TensorData::Int32(counts))?,
        ];
        let values = cx.step1(SvmScores::new(kernel, parameters, false), &inputs)?;
        let inputs = [values, floats(cx, "prob_a")?, floats(cx, "prob_b")?, cx.vector(labels)?];
        cx.step(SvmClassify::new(post(cx)?), &inputs)?
    };
    for (k, id) in outputs.into_iter().take(2).enumerate() {
        cx.output(k, id);
    }
    Ok(())
}

/// One hyperplane for each class, all at the same distance; the kernel is linear whatever it is
/// said to be.
fn without_vectors(cx: &mut Lowering<'_, '_>) -> Result<Vec<TensorId>> {
    let labels = labels(cx, "classlabels_ints")?;
    let classes = labels.len();
    let coefficients = cx.node.floats("coefficients")?;
    let rho = cx.node.floats("rho")?;
    let Some(bias) = rho.first().copied() else {
        return Err(cx.node.invalid("it has no rho"));
    };
    if coefficients.is_empty() || !coefficients.len().is_multiple_of(classes) {
        return Err(cx.node.invalid("its coefficients are no whole number of rows"));
    }
    if coefficients.iter().chain([&bias]).any(|x| !x.is_finite()) {
        return Err(cx.node.invalid("a coefficient is not finite"));
    }
    let scores = exact(cx, coefficients, vec![bias; classes])?;
    let rule = if classes != 2 || rho.len() != 1 || cx.node.has("prob_a") {
        Rule::Linear
    } else if coefficients.iter().all(|c| *c >= 0.0) {
        Rule::SvmPositive
    } else {
        Rule::SvmMixed
    };
    let inputs = [scores, cx.vector(TensorData::Float32(Vec::new()))?, cx.vector(labels)?];
    cx.step(Classify::new(post(cx)?, rule), &inputs)
}

fn regressor(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let supports = cx.node.int_or("n_supports", 0)?;
    let one_class = cx.node.flag("one_class", false)?;
    let x = rows(cx)?;
    let coefficients = cx.node.floats("coefficients")?;
    let given = cx.node.floats("support_vectors")?;
    let rho = cx.node.floats("rho")?.first().copied();
    let rho = rho.ok_or_else(|| cx.node.invalid("it has no rho"))?;
    // without vectors the coefficients are the hyperplane, and the kernel is linear
    let (kernel, parameters) = if supports > 0 { kernel(cx)? } else { (Kernel::Linear, [0.0; 3]) };
    let (rows, weights) =
        if supports > 0 { (given, coefficients) } else { (coefficients, &[1.0][..]) };
    let vectors = vectors(cx, x, rows)?;
    if supports > 0 && usize::try_from(supports) != Ok(coefficients.len()) {
        return Err(cx.node.invalid("its n_supports and coefficients differ in number"));
    }
    let inputs = [
        x,
        vectors,
        cx.vector(TensorData::Float32(weights.to_vec()))?,
        cx.vector(TensorData::Float32(vec![rho]))?,
        cx.vector(TensorData::Int32(Vec::new()))?,
    ];
    let values = cx.step1(SvmScores::new(kernel, parameters, one_class), &inputs)?;
    let base = cx.vector(TensorData::Float32(Vec::new()))?;
    let scores = cx.step1(Transform::new(post(cx)?, false), &[values, base])?;
    cx.output(0, scores);
    Ok(())
}
