//! Hyperplanes with sums in binary64: linear regressors, whose terms often cancel.

use super::args::{Args, Outs, Signature};
use super::bytes::Element;
use super::codec::{Reader, Writer};
use super::fault::{Checked, ensure};
use super::math::sum;
use super::step::Operator;
use super::types::{Dim, Extents, Shape, TensorType};
use crate::tensor::DType;

/// Inputs: x f32 or f64 `[.., features]`; weights f32 `[outputs, features]`; bias f32 `[outputs]`,
/// both constant. Output: f64 `[rows, outputs]`.
#[derive(Clone, Debug)]
pub struct Linear;

impl Linear {
    fn rows<T: Element + Into<f64>>(args: &Args<'_>, outs: &mut Outs<'_>) {
        let (weights, bias) = (args.get::<f32>(1), args.get::<f32>(2));
        let features = args.extents(1).dim(1);
        let x = args.get::<T>(0).chunks_exact(features);
        for (x, out) in x.zip(outs.get::<f64>(0).chunks_exact_mut(bias.len())) {
            let planes = weights.chunks_exact(features).zip(bias);
            for (to, (weights, bias)) in out.iter_mut().zip(planes) {
                *to = sum(x, weights, |x, w| x * w) + f64::from(*bias);
            }
        }
    }
}

impl Operator for Linear {
    const NAME: &'static str = "linear";

    fn write(&self, _: &mut Writer) {}

    fn read(_: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self)
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(3)?;
        signature.any_of(0, &[DType::Float32, DType::Float64])?;
        let (rows, features) = signature.rows_columns(0)?;
        let outputs = signature.constant::<f32>(2)?.len();
        ensure(
            features > 0
                && outputs > 0
                && signature.ty(1)?.shape == Shape::fixed(&[outputs, features])?,
            "weights, bias and features differ in number",
        )?;
        for k in [1, 2] {
            let finite = signature.constant::<f32>(k)?.iter().all(|x| x.is_finite());
            ensure(finite, "a number of the model is not finite")?;
        }
        let shape = Shape::new(&[rows, Dim::Fixed(outputs as u32)])?;
        shape.count()?;
        Ok(vec![TensorType::new(DType::Float64, shape)])
    }

    fn work(&self, inputs: &[Extents], outputs: &[Extents]) -> u64 {
        let rows = outputs.first().map_or(0, |e| e.dim(0) as u64);
        rows.saturating_mul(inputs.get(1).map_or(0, |e| e.count() as u64))
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        match args.dtype(0) {
            DType::Float32 => Self::rows::<f32>(args, outs),
            _ => Self::rows::<f64>(args, outs),
        }
        Ok(())
    }
}
