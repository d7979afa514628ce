//! Elements chosen by indices that are data: an index out of range is a fault while predicting.

use super::args::{Args, Outs, Signature};
use super::codec::{Reader, Writer};
use super::fault::{Checked, Fault, ensure};
use super::step::Operator;
use super::strided::{Axis, Walk, by_width, copy, dense_steps};
use super::types::{Shape, TensorType, element_bytes};
use crate::tensor::DType;
use bytemuck::Pod;

/// An index into `n` elements; negative ones count from the end.
///
/// # Errors
/// It is out of range.
pub(super) fn resolve(index: i64, n: usize) -> Checked<usize> {
    let from_front = if index < 0 { index.saturating_add(n as i64) } else { index };
    usize::try_from(from_front)
        .ok()
        .filter(|i| *i < n)
        .ok_or(Fault::new("an index is out of range"))
}

/// Inputs: data, indices i64. Output: the data's shape with the indices' in the place of `axis`.
#[derive(Clone, Debug)]
pub struct Gather {
    axis: u8,
}

impl Gather {
    /// Along this axis, counted from the outermost.
    pub const fn new(axis: u8) -> Self {
        Self { axis }
    }
}

impl Operator for Gather {
    const NAME: &'static str = "gather";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.axis);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self { axis: reader.u8()? })
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(2)?;
        let data = signature.ty(0)?;
        let indices = signature.typed(1, DType::Int64)?;
        let axis = self.axis as usize;
        data.shape.dim(axis)?;
        let dims = data.shape.dims();
        let mut shape = Shape::new(dims.get(..axis).unwrap_or(&[]))?;
        for dim in indices.shape.dims().iter().chain(dims.get(axis + 1..).unwrap_or(&[])) {
            shape.push(*dim)?;
        }
        shape.count()?;
        Ok(vec![TensorType::new(data.dtype, shape)])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        by_width!(element_bytes(outs.dtype(0)), T => self.blocks::<T>(args, outs))
    }
}

impl Gather {
    fn blocks<T: Pod>(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let (_, along, inner) = args.extents(0).around(self.axis as usize);
        let indices = args.get::<i64>(1);
        for index in indices {
            resolve(*index, along)?;
        }
        let (block, made) = (along * inner, indices.len() * inner);
        if block == 0 || made == 0 {
            return Ok(());
        }
        let blocks = args.words::<T>(0).chunks_exact(block);
        for (from, to) in blocks.zip(outs.words::<T>(0).chunks_exact_mut(made)) {
            for (index, to) in indices.iter().zip(to.chunks_exact_mut(inner)) {
                let at = resolve(*index, along)? * inner;
                copy(to, from.get(at..at + inner).unwrap_or(&[]));
            }
        }
        Ok(())
    }
}

/// Checks that `part` lies within `whole` in every dimension but `axis`.
pub(super) fn check_within(part: &Shape, whole: &Shape, axis: usize) -> Checked<()> {
    ensure(part.rank() == whole.rank(), "data and indices differ in rank")?;
    whole.dim(axis)?;
    for (i, (part, whole)) in part.dims().iter().zip(whole.dims()).enumerate() {
        if i == axis || part == whole {
            continue;
        }
        match (part.fixed(), whole.fixed()) {
            (Some(part), Some(whole)) => {
                ensure(part <= whole, "the indices are longer than the data")?;
            }
            _ => return Err(Fault::dynamic("data and indices follow the batch differently")),
        }
    }
    Ok(())
}

/// The walk over elements of an array of `whole` dimensions, as far as those of `part`, which
/// stands still along `axis`; and how far it is along `axis`.
pub(super) fn walk_beside(part: &[usize], whole: &[usize], axis: usize) -> (Walk, usize) {
    let steps = dense_steps(whole);
    let axes = part.iter().zip(steps).enumerate();
    let axes =
        axes.map(|(i, (len, step))| Axis { len: *len, step: if i == axis { 0 } else { step } });
    (Walk::new(0, axes), steps.get(axis).copied().unwrap_or(0).unsigned_abs())
}

/// Inputs: data, indices i64 of the same rank, in no other dimension than `axis` longer than the
/// data. Output: the indices' shape; each index replaces the element's place along `axis`.
#[derive(Clone, Debug)]
pub struct GatherElements {
    axis: u8,
}

impl GatherElements {
    /// Along this axis, counted from the outermost.
    pub const fn new(axis: u8) -> Self {
        Self { axis }
    }
}

impl Operator for GatherElements {
    const NAME: &'static str = "gather_elements";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.axis);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self { axis: reader.u8()? })
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(2)?;
        let data = signature.ty(0)?;
        let indices = signature.typed(1, DType::Int64)?;
        check_within(&indices.shape, &data.shape, self.axis as usize)?;
        Ok(vec![indices.with_dtype(data.dtype)])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        by_width!(element_bytes(outs.dtype(0)), T => self.elements::<T>(args, outs))
    }
}

impl GatherElements {
    fn elements<T: Pod>(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let (data, indices) = (args.extents(0), args.extents(1));
        let axis = self.axis as usize;
        let (walk, step) = walk_beside(indices.dims(), data.dims(), axis);
        let from = args.words::<T>(0);
        let places = walk.zip(args.get::<i64>(1));
        for (to, (at, index)) in outs.words::<T>(0).iter_mut().zip(places) {
            let at = at + resolve(*index, data.dim(axis))? * step;
            if let Some(from) = from.get(at) {
                *to = *from;
            }
        }
        Ok(())
    }
}

/// Inputs: data, indices i64 `[.., k]`. The first `batch` dimensions are the same in both; each row
/// of indices names a block of the data by its place in the `k` dimensions after them. Output: the
/// indices' shape without the last dimension, then the block's.
#[derive(Clone, Debug)]
pub struct GatherNd {
    batch: u8,
}

impl GatherNd {
    /// With this many dimensions in common.
    pub const fn new(batch: u8) -> Self {
        Self { batch }
    }
}

/// Splits shapes into the indices' dimensions without the last, and the block's.
pub(super) fn split_nd(data: &Shape, indices: &Shape, batch: usize) -> Checked<(Shape, Shape)> {
    let rows = indices.rank().checked_sub(1).ok_or(Fault::new("the indices are a scalar"))?;
    let width = indices.dim(rows)?.fixed();
    let width = width.ok_or(Fault::dynamic("the width of the indices follows the batch"))?;
    ensure(batch <= rows, "data and indices have too few dimensions in common")?;
    let common = indices.dims().iter().zip(data.dims()).take(batch).all(|(a, b)| a == b);
    ensure(common && batch <= data.rank(), "data and indices differ in a common dimension")?;
    let block = batch.checked_add(width).and_then(|first| data.dims().get(first..));
    let block =
        block.ok_or(Fault::new("the indices have more columns than the data dimensions"))?;
    Ok((Shape::new(indices.dims().get(..rows).unwrap_or(&[]))?, Shape::new(block)?))
}

/// Where the block begins that a row of indices names, in blocks, among `dims`.
pub(super) fn place_nd(row: &[i64], dims: &[usize]) -> Checked<usize> {
    let mut at = 0;
    for (index, n) in row.iter().zip(dims) {
        at = at * n + resolve(*index, *n)?;
    }
    Ok(at)
}

impl Operator for GatherNd {
    const NAME: &'static str = "gather_nd";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.batch);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self { batch: reader.u8()? })
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(2)?;
        let data = signature.ty(0)?;
        let indices = signature.typed(1, DType::Int64)?;
        let (mut shape, block) = split_nd(&data.shape, &indices.shape, self.batch as usize)?;
        for dim in block.dims() {
            shape.push(*dim)?;
        }
        shape.count()?;
        Ok(vec![TensorType::new(data.dtype, shape)])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        by_width!(element_bytes(outs.dtype(0)), T => self.blocks::<T>(args, outs))
    }
}

impl GatherNd {
    fn blocks<T: Pod>(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let (data, indices) = (args.extents(0), args.extents(1));
        let width = indices.dims().last().copied().unwrap_or(0);
        let batch = self.batch as usize;
        let named = data.dims().get(batch..batch + width).unwrap_or(&[]);
        let block: usize = data.dims().iter().skip(batch + width).product();
        // elements of the data, and rows of the indices, in one of the common dimensions' places
        let part = block * named.iter().product::<usize>();
        let rows = batch..indices.dims().len().saturating_sub(1);
        let rows: usize = indices.dims().get(rows).unwrap_or(&[]).iter().product();
        if block == 0 || rows == 0 {
            return Ok(());
        }
        let (from, index) = (args.words::<T>(0), args.get::<i64>(1));
        for (i, to) in outs.words::<T>(0).chunks_exact_mut(block).enumerate() {
            let row = index.get(i * width..(i + 1) * width).unwrap_or(&[]);
            let at = i / rows * part + place_nd(row, named)? * block;
            copy(to, from.get(at..at + block).unwrap_or(&[]));
        }
        Ok(())
    }
}
