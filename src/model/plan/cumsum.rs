//! Running sums along one axis, in binary64 for floats.

use super::args::{Args, Outs, Signature};
use super::bytes::Element;
use super::codec::{Reader, Writer};
use super::fault::Checked;
use super::step::Operator;
use super::types::TensorType;
use crate::tensor::DType;

/// Input: f32, f64, i32 or i64. Output: as the input; each element the sum of those up to it.
#[derive(Clone, Debug)]
pub struct CumSum {
    /// Counted from the outermost.
    pub axis: u8,
    /// Without the element itself.
    pub exclusive: bool,
    /// From the end.
    pub reverse: bool,
}

impl Operator for CumSum {
    const NAME: &'static str = "cum_sum";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.axis);
        writer.bool(self.exclusive);
        writer.bool(self.reverse);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self { axis: reader.u8()?, exclusive: reader.bool()?, reverse: reader.bool()? })
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(1)?;
        let numbers = [DType::Float32, DType::Float64, DType::Int32, DType::Int64];
        let ty = signature.any_of(0, &numbers)?;
        ty.shape.dim(self.axis as usize)?;
        Ok(vec![ty])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        match args.dtype(0) {
            DType::Float32 => {
                self.lines(args, outs, 0.0, |sum, x: f32| sum + f64::from(x), |sum| sum as f32);
            }
            DType::Float64 => self.lines(args, outs, 0.0, |sum, x: f64| sum + x, |sum| sum),
            DType::Int32 => {
                self.lines(args, outs, 0, |sum: i32, x: i32| sum.wrapping_add(x), |sum| sum);
            }
            _ => self.lines(args, outs, 0, |sum: i64, x: i64| sum.wrapping_add(x), |sum| sum),
        }
        Ok(())
    }
}

impl CumSum {
    fn lines<T: Element, S: Copy>(
        &self,
        args: &Args<'_>,
        outs: &mut Outs<'_>,
        zero: S,
        add: impl Fn(S, T) -> S,
        narrow: impl Fn(S) -> T,
    ) {
        let (outer, along, inner) = args.extents(0).around(self.axis as usize);
        let (x, out) = (args.get::<T>(0), outs.get::<T>(0));
        for line in 0..outer * inner {
            let first = line / inner * along * inner + line % inner;
            let mut sum = zero;
            for i in 0..along {
                let i = if self.reverse { along - 1 - i } else { i };
                let at = first + i * inner;
                let (Some(x), Some(to)) = (x.get(at), out.get_mut(at)) else { return };
                let next = add(sum, *x);
                *to = narrow(if self.exclusive { sum } else { next });
                sum = next;
            }
        }
    }
}
