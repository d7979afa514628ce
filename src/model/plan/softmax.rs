//! Softmax, log-softmax and hardmax along one axis.

use super::args::{Args, Outs, Signature};
use super::bytes::Element;
use super::codec::{Reader, Writer};
use super::fault::{Checked, Fault};
use super::step::Operator;
use super::types::TensorType;
use crate::tensor::DType;

/// What is made of each line along the axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Exponentials that sum to 1.
    Softmax,
    /// Their logarithms.
    LogSoftmax,
    /// 1 at the first greatest, else 0.
    Hardmax,
}

/// Input: f32 or f64, any shape. Output: as the input.
#[derive(Clone, Debug)]
pub struct Softmax {
    kind: Kind,
    axis: u8,
}

impl Softmax {
    /// Along this axis, counted from the outermost.
    pub const fn new(kind: Kind, axis: u8) -> Self {
        Self { kind, axis }
    }
}

impl Operator for Softmax {
    const NAME: &'static str = "softmax";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.kind as u8);
        writer.u8(self.axis);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        let kind = match reader.u8()? {
            0 => Kind::Softmax,
            1 => Kind::LogSoftmax,
            2 => Kind::Hardmax,
            _ => return Err(Fault::new("there is no such softmax")),
        };
        Ok(Self { kind, axis: reader.u8()? })
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(1)?;
        let ty = signature.any_of(0, &[DType::Float32, DType::Float64])?;
        ty.shape.dim(self.axis as usize)?;
        Ok(vec![ty])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let (_, along, inner) = args.extents(0).around(self.axis as usize);
        match args.dtype(0) {
            DType::Float32 if self.kind == Kind::Softmax && inner == 1 => {
                driftline_kernels::scores::softmax_rows(args.get(0), outs.get(0), along);
            }
            DType::Float32 => {
                self.lines(args.get::<f32>(0), outs.get(0), along, inner, f64::from, |x| x as f32);
            }
            _ => self.lines(args.get::<f64>(0), outs.get(0), along, inner, |x| x, |x| x),
        }
        Ok(())
    }
}

impl Softmax {
    fn lines<T: Element>(
        &self,
        x: &[T],
        out: &mut [T],
        along: usize,
        inner: usize,
        widen: impl Fn(T) -> f64,
        narrow: impl Fn(f64) -> T,
    ) {
        let block = along * inner;
        if block == 0 {
            return;
        }
        for (x, out) in x.chunks_exact(block).zip(out.chunks_exact_mut(block)) {
            for i in 0..inner {
                let line = || x.iter().skip(i).step_by(inner).map(|x| widen(*x));
                let mut top = (0, f64::NEG_INFINITY);
                for (at, x) in line().enumerate() {
                    if x > top.1 || x.is_nan() {
                        top = (at, x);
                    }
                }
                let sum: f64 = match self.kind {
                    Kind::Hardmax => 0.0,
                    _ => line().map(|x| libm::exp(x - top.1)).sum(),
                };
                let log = libm::log(sum);
                let outs = out.iter_mut().skip(i).step_by(inner);
                for (at, (to, x)) in outs.zip(line()).enumerate() {
                    *to = narrow(match self.kind {
                        Kind::Softmax => libm::exp(x - top.1) / sum,
                        Kind::LogSoftmax => x - top.1 - log,
                        Kind::Hardmax => f64::from(u8::from(at == top.0)),
                    });
                }
            }
        }
    }
}
