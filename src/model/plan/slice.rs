//! A part of a tensor: from a start on, with a step, along each of some dimensions.

use super::args::{Args, Outs, Signature};
use super::codec::{Reader, Writer};
use super::fault::{Checked, Fault, ensure};
use super::step::Operator;
use super::strided::{Axis, Walk, copy_walk, dense_steps};
use super::types::{Dim, MAX_RANK, TensorType};

/// What is taken along one dimension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// The dimension, counted from the outermost.
    pub axis: u8,
    /// Index of the first element.
    pub start: u32,
    /// How far it is to the next; negative counts down.
    pub step: i32,
    /// How many elements.
    pub len: u32,
}

/// Input: any. Output: as the input, with `len` elements along each cut dimension, none of which
/// may follow the batch.
#[derive(Clone, Debug)]
pub struct Slice {
    cuts: Vec<Cut>,
}

impl Slice {
    /// A step with these cuts, each along another dimension.
    pub const fn new(cuts: Vec<Cut>) -> Self {
        Self { cuts }
    }
}

impl Operator for Slice {
    const NAME: &'static str = "slice";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.cuts.len() as u8);
        for cut in &self.cuts {
            writer.u8(cut.axis);
            writer.u32(cut.start);
            writer.u32(cut.step as u32);
            writer.u32(cut.len);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        let count = reader.u8()? as usize;
        ensure(count <= MAX_RANK, "a slice cuts too many dimensions")?;
        let mut cuts = Vec::with_capacity(count);
        for _ in 0..count {
            cuts.push(Cut {
                axis: reader.u8()?,
                start: reader.u32()?,
                step: reader.u32()? as i32,
                len: reader.u32()?,
            });
        }
        Ok(Self { cuts })
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(1)?;
        let mut ty = signature.ty(0)?;
        for (i, cut) in self.cuts.iter().enumerate() {
            let twice = self.cuts.iter().skip(i + 1).any(|other| other.axis == cut.axis);
            ensure(!twice, "a slice cuts a dimension twice")?;
            let axis = cut.axis as usize;
            let Dim::Fixed(n) = ty.shape.dim(axis)? else {
                return Err(Fault::dynamic("a slice cuts the batch"));
            };
            let start = i64::from(cut.start);
            let last = start + i64::from(cut.step) * (i64::from(cut.len) - 1);
            let inside = 0..i64::from(n);
            let fits = cut.len == 0 || inside.contains(&start) && inside.contains(&last);
            ensure(fits, "a slice reaches outside of the tensor")?;
            if let Some(dim) = ty.shape.dims_mut().get_mut(axis) {
                *dim = Dim::Fixed(cut.len);
            }
        }
        Ok(vec![ty])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let extents = args.extents(0);
        let steps = dense_steps(extents.dims());
        let mut axes = [Axis::default(); MAX_RANK];
        for ((axis, len), step) in axes.iter_mut().zip(extents.dims()).zip(steps) {
            *axis = Axis { len: *len, step };
        }
        let mut start = 0;
        for cut in &self.cuts {
            let Some(axis) = axes.get_mut(cut.axis as usize) else { continue };
            // what is not used was not checked
            let from = if cut.len == 0 { 0 } else { cut.start as isize };
            let step = if cut.len < 2 { 0 } else { cut.step as isize };
            start += from * axis.step;
            *axis = Axis { len: cut.len as usize, step: axis.step * step };
        }
        copy_walk(args, outs, Walk::new(start, axes.into_iter().take(extents.dims().len())));
        Ok(())
    }
}
