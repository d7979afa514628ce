//! Indices as vectors that are on in one place.

use super::args::{Args, Outs, Signature};
use super::codec::{Reader, Writer};
use super::fault::{Checked, ensure};
use super::gather::resolve;
use super::step::Operator;
use super::strided::by_width;
use super::types::{Dim, Shape, TensorType, element_bytes};
use crate::tensor::DType;
use bytemuck::Pod;

/// Inputs: indices i64; the two elements off and on. Output: the indices' shape with `depth` places
/// at `axis`, on where the index says; all off for an index outside of −`depth` to `depth` − 1.
#[derive(Clone, Debug)]
pub struct OneHot {
    axis: u8,
    depth: u32,
}

impl OneHot {
    /// With this many places along a new axis, counted from the outermost.
    pub const fn new(axis: u8, depth: u32) -> Self {
        Self { axis, depth }
    }
}

impl Operator for OneHot {
    const NAME: &'static str = "one_hot";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.axis);
        writer.u32(self.depth);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self { axis: reader.u8()?, depth: reader.u32()? })
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(2)?;
        let indices = signature.typed(0, DType::Int64)?.shape;
        let values = signature.ty(1)?;
        ensure(values.shape.dims() == [Dim::Fixed(2)], "off and on must be two elements")?;
        let axis = self.axis as usize;
        let (before, after) = indices.dims().split_at_checked(axis).unwrap_or((&[], &[]));
        ensure(axis <= indices.rank(), "the axis is out of range")?;
        let mut shape = Shape::new(before)?;
        shape.push(Dim::Fixed(self.depth))?;
        for dim in after {
            shape.push(*dim)?;
        }
        shape.count()?;
        Ok(vec![TensorType::new(values.dtype, shape)])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        by_width!(element_bytes(outs.dtype(0)), T => self.fill::<T>(args, outs));
        Ok(())
    }
}

impl OneHot {
    fn fill<T: Pod>(&self, args: &Args<'_>, outs: &mut Outs<'_>) {
        let [off, on] = args.words::<T>(1) else { return };
        let (_, depth, inner) = outs.extents(0).around(self.axis as usize);
        let out = outs.words::<T>(0);
        out.fill(*off);
        for (i, index) in args.get::<i64>(0).iter().enumerate() {
            let Ok(place) = resolve(*index, depth) else { continue };
            let (before, after) = (i / inner.max(1), i % inner.max(1));
            if let Some(to) = out.get_mut((before * depth + place) * inner + after) {
                *to = *on;
            }
        }
    }
}
