//! `Scaler` and `Normalizer` of `ai.onnx.ml`.

use super::args::{Args, Outs, Signature};
use super::codec::{Reader, Writer};
use super::fault::{Checked, Fault, ensure};
use super::step::Operator;
use super::types::TensorType;
use crate::tensor::DType;

/// (x − offset) · scale, column by column.
///
/// Inputs: x f32 or f64 `[.., columns]`; offset and scale f32, 1 or `columns` of each. Output: f32,
/// computed in the type of x.
#[derive(Clone, Debug)]
pub struct Scaler;

impl Operator for Scaler {
    const NAME: &'static str = "scaler";

    fn write(&self, _: &mut Writer) {}

    fn read(_: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self)
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(3)?;
        let ty = signature.any_of(0, &[DType::Float32, DType::Float64])?;
        let (_, columns) = signature.rows_columns(0)?;
        for k in [1, 2] {
            let n = signature.constant::<f32>(k)?.len();
            ensure(n == 1 || n == columns, "offset and scale need one value a column")?;
        }
        Ok(vec![ty.with_dtype(DType::Float32)])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let columns = args.extents(0).dims().last().copied().unwrap_or(1).max(1);
        let (offset, scale) = (args.get::<f32>(1), args.get::<f32>(2));
        let singles = args.get::<f32>(0);
        driftline_kernels::elementwise::scale(singles, offset, scale, columns, outs.get(0));
        let x = args.get::<f64>(0).chunks_exact(columns);
        for (out, x) in outs.get::<f32>(0).chunks_exact_mut(columns).zip(x) {
            let offset = offset.iter().cycle();
            let scale = scale.iter().cycle();
            for (((to, x), offset), scale) in out.iter_mut().zip(x).zip(offset).zip(scale) {
                *to = ((*x - f64::from(*offset)) * f64::from(*scale)) as f32;
            }
        }
        Ok(())
    }
}

/// By what a row is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norm {
    /// The greatest value.
    Max,
    /// The sum of the absolute values.
    L1,
    /// The root of the sum of the squares.
    L2,
}

/// Each row divided by its norm; a row whose norm is 0 stays.
///
/// Input: f32 `[.., columns]`. Output: as the input.
#[derive(Clone, Debug)]
pub struct Normalizer {
    norm: Norm,
}

impl Normalizer {
    /// A step of this norm.
    pub const fn new(norm: Norm) -> Self {
        Self { norm }
    }
}

impl Operator for Normalizer {
    const NAME: &'static str = "normalizer";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.norm as u8);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self::new(match reader.u8()? {
            0 => Norm::Max,
            1 => Norm::L1,
            2 => Norm::L2,
            _ => return Err(Fault::new("there is no such norm")),
        }))
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(1)?;
        signature.rows_columns(0)?;
        Ok(vec![signature.typed(0, DType::Float32)?])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let columns = args.extents(0).dims().last().copied().unwrap_or(1).max(1);
        let x = args.get::<f32>(0).chunks_exact(columns);
        for (out, x) in outs.get::<f32>(0).chunks_exact_mut(columns).zip(x) {
            let norm = match self.norm {
                Norm::Max => x.iter().fold(f32::NEG_INFINITY, |m, x| if *x > m { *x } else { m }),
                Norm::L1 => x.iter().map(|x| x.abs()).sum(),
                Norm::L2 => {
                    let squares: f64 = x.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
                    libm::sqrt(squares) as f32
                }
            };
            for (to, x) in out.iter_mut().zip(x) {
                *to = if norm == 0.0 { *x } else { *x / norm };
            }
        }
        Ok(())
    }
}
