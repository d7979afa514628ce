//! Rows shifted and scaled to mean 0 and variance 1.

use super::args::{Args, Outs, Signature};
use super::bytes::Element;
use super::codec::{Reader, Writer};
use super::fault::Checked;
use super::step::Operator;
use super::types::{Dim, TensorType};
use crate::tensor::DType;

/// Input: f32 or f64. Outputs: as the input, (x − mean) / √(variance + ε) over the dimensions from
/// `axis` on; the means; and the inverses of the roots, with 1 for each of those dimensions.
#[derive(Clone, Debug)]
pub struct LayerNorm {
    /// Counted from the outermost.
    pub axis: u8,
    /// Added to the variance.
    pub epsilon: f32,
}

impl Operator for LayerNorm {
    const NAME: &'static str = "layer_norm";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.axis);
        writer.f32(self.epsilon);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self { axis: reader.u8()?, epsilon: reader.f32()? })
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(1)?;
        let ty = signature.any_of(0, &[DType::Float32, DType::Float64])?;
        ty.shape.dim(self.axis as usize)?;
        let mut row = ty;
        for dim in row.shape.dims_mut().iter_mut().skip(self.axis as usize) {
            *dim = Dim::Fixed(1);
        }
        Ok(vec![ty, row, row])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        match args.dtype(0) {
            DType::Float32 => self.rows(args, outs, |x: f32| f64::from(x), |x| x as f32),
            _ => self.rows(args, outs, |x: f64| x, |x| x),
        }
        Ok(())
    }
}

impl LayerNorm {
    fn rows<T: Element>(
        &self,
        args: &Args<'_>,
        outs: &mut Outs<'_>,
        widen: impl Fn(T) -> f64,
        narrow: impl Fn(f64) -> T,
    ) {
        let width = args.extents(0).dims().iter().skip(self.axis as usize).product::<usize>();
        if width == 0 {
            return;
        }
        let (out, means, inverses) = outs.three::<T, T, T>();
        let rows = args.get::<T>(0).chunks_exact(width).zip(out.chunks_exact_mut(width));
        for (((x, out), mean_out), inverse_out) in rows.zip(means).zip(inverses) {
            let n = width as f64;
            let mean = x.iter().fold(0.0, |sum, x| sum + widen(*x)) / n;
            let square = |x: f64| x * x;
            let variance = x.iter().fold(0.0, |sum, x| sum + square(widen(*x) - mean)) / n;
            let inverse = 1.0 / libm::sqrt(variance + f64::from(self.epsilon));
            for (to, x) in out.iter_mut().zip(x) {
                *to = narrow((widen(*x) - mean) * inverse);
            }
            *mean_out = narrow(mean);
            *inverse_out = narrow(inverse);
        }
    }
}
