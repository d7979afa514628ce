//! Dimensions in another order.

use super::args::{Args, Outs, Signature};
use super::codec::{Reader, Writer};
use super::fault::{Checked, ensure};
use super::step::Operator;
use super::strided::{Axis, Walk, copy_walk, dense_steps};
use super::types::{MAX_RANK, Shape, TensorType};

/// Input: any. Output: dimension i is dimension `order[i]` of the input.
#[derive(Clone, Debug)]
pub struct Transpose {
    rank: u8,
    order: [u8; MAX_RANK],
}

impl Transpose {
    /// A step of this order; more than [`MAX_RANK`] dimensions are left out.
    pub fn new(order: &[u8]) -> Self {
        let mut step = Self { rank: order.len().min(MAX_RANK) as u8, order: [0; MAX_RANK] };
        for (to, from) in step.order.iter_mut().zip(order) {
            *to = *from;
        }
        step
    }

    /// Which dimension of the input each dimension of the output is.
    pub fn order(&self) -> &[u8] {
        self.order.get(..self.rank as usize).unwrap_or(&[])
    }
}

impl Operator for Transpose {
    const NAME: &'static str = "transpose";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.rank);
        writer.raw(self.order());
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        let rank = reader.u8()?;
        ensure(rank as usize <= MAX_RANK, "a shape has a wrong rank")?;
        Ok(Self::new(reader.take(rank as usize)?))
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(1)?;
        let ty = signature.ty(0)?;
        let mut sorted = self.order;
        sorted.get_mut(..self.rank as usize).unwrap_or(&mut []).sort_unstable();
        let complete = sorted.iter().take(self.rank as usize).enumerate();
        ensure(
            self.rank as usize == ty.shape.rank()
                && complete.into_iter().all(|(i, a)| i == *a as usize),
            "the order is no permutation of the dimensions",
        )?;
        let mut shape = Shape::SCALAR;
        for axis in self.order() {
            shape.push(ty.shape.dim(*axis as usize)?)?;
        }
        Ok(vec![TensorType::new(ty.dtype, shape)])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let extents = args.extents(0);
        let steps = dense_steps(extents.dims());
        let axes = self.order().iter().map(|axis| {
            let step = steps.get(*axis as usize).copied().unwrap_or(0);
            Axis { len: extents.dim(*axis as usize), step }
        });
        copy_walk(args, outs, Walk::new(0, axes));
        Ok(())
    }
}
