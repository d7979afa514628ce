//! Dimensions of length 1 made longer.

use super::args::{Args, Outs, Signature};
use super::broadcast::broadcast;
use super::codec::{Reader, Writer};
use super::fault::{Checked, ensure};
use super::step::Operator;
use super::strided::{Axis, Walk, copy_walk, dense_steps};
use super::types::{Shape, TensorType};

/// Input: any that broadcasts to the shape. Output: the shape.
#[derive(Clone, Debug)]
pub struct Expand {
    shape: Shape,
}

impl Expand {
    /// To this shape.
    pub const fn new(shape: Shape) -> Self {
        Self { shape }
    }
}

impl Operator for Expand {
    const NAME: &'static str = "expand";

    fn write(&self, writer: &mut Writer) {
        self.shape.write(writer);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self { shape: Shape::read(reader)? })
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(1)?;
        let ty = signature.ty(0)?;
        ensure(
            broadcast(&ty.shape, &self.shape)? == self.shape,
            "the input does not broadcast to the shape",
        )?;
        Ok(vec![TensorType::new(ty.dtype, self.shape)])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let (from, to) = (args.extents(0), outs.extents(0));
        let (from, to) = (from.dims(), to.dims());
        let steps = dense_steps(from);
        let added = to.len().saturating_sub(from.len());
        let axes = to.iter().enumerate().map(|(i, len)| {
            let old = i.checked_sub(added).and_then(|i| from.get(i).zip(steps.get(i)));
            let step = old.map_or(0, |(n, step)| if *n == 1 { 0 } else { *step });
            Axis { len: *len, step }
        });
        copy_walk(args, outs, Walk::new(0, axes));
        Ok(())
    }
}
