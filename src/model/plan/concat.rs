//! Tensors side by side along one axis.

use super::args::{Args, Outs, Signature};
use super::codec::{Reader, Writer};
use super::fault::{Checked, ensure};
use super::step::Operator;
use super::types::{TensorType, element_bytes};

/// Inputs: at least one, of one type and equal in all dimensions but `axis`. Output: all of them.
#[derive(Clone, Debug)]
pub struct Concat {
    axis: u8,
}

impl Concat {
    /// Along this axis, counted from the outermost.
    pub const fn new(axis: u8) -> Self {
        Self { axis }
    }
}

impl Operator for Concat {
    const NAME: &'static str = "concat";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.axis);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self { axis: reader.u8()? })
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        let axis = self.axis as usize;
        let mut ty = signature.ty(0)?;
        let mut along = ty.shape.dim(axis)?;
        for k in 1..signature.len() {
            let next = signature.typed(k, ty.dtype)?;
            let same = next.shape.rank() == ty.shape.rank()
                && (ty.shape.dims().iter().zip(next.shape.dims()).enumerate())
                    .all(|(i, (a, b))| i == axis || a == b);
            ensure(same, "the inputs differ in a dimension other than the axis")?;
            along = along.plus(next.shape.dim(axis)?)?;
        }
        if let Some(dim) = ty.shape.dims_mut().get_mut(axis) {
            *dim = along;
        }
        ty.shape.count()?;
        Ok(vec![ty])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let axis = self.axis as usize;
        let size = element_bytes(outs.dtype(0));
        let (_, along, inner) = outs.extents(0).around(axis);
        let width = along * inner * size;
        let out = outs.bytes(0);
        let mut first = 0;
        for k in 0..args.len() {
            let (_, along, inner) = args.extents(k).around(axis);
            let part = along * inner * size;
            if part == 0 {
                continue;
            }
            let rows = out.chunks_exact_mut(width).zip(args.bytes(k).chunks_exact(part));
            for (to, from) in rows {
                if let Some(to) = to.get_mut(first..first + part) {
                    to.copy_from_slice(from);
                }
            }
            first += part;
        }
        Ok(())
    }
}
