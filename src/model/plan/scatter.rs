//! Elements put where indices say; an index out of range is a fault while predicting.

use super::args::{Args, Outs, Signature};
use super::bytes::Element;
use super::codec::{Reader, Writer};
use super::fault::{Checked, Fault, ensure};
use super::gather::{check_within, place_nd, resolve, split_nd, walk_beside};
use super::step::Operator;
use super::strided::{by_width, copy};
use super::types::{TensorType, element_bytes};
use crate::tensor::DType;
use bytemuck::Pod;

/// What becomes of an element that is there and one that comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// The new one; of several the last.
    None,
    /// Their sum.
    Add,
    /// Their product.
    Mul,
    /// The greater.
    Max,
    /// The less.
    Min,
}

impl Reduction {
    const ALL: [Self; 5] = [Self::None, Self::Add, Self::Mul, Self::Max, Self::Min];

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        let code = reader.u8()? as usize;
        Self::ALL.get(code).copied().ok_or(Fault::new("there is no such reduction"))
    }

    fn check(self, dtype: DType) -> Checked<()> {
        let numbers = [DType::Float32, DType::Float64, DType::Int32, DType::Int64];
        if self == Self::None || numbers.contains(&dtype) {
            Ok(())
        } else {
            Err(Fault::dtype("the operator does not take this element type"))
        }
    }

    fn floats(self, a: f64, b: f64) -> f64 {
        match self {
            Self::None => b,
            Self::Add => a + b,
            Self::Mul => a * b,
            // NaN wins
            Self::Max => {
                if b > a || b.is_nan() {
                    b
                } else {
                    a
                }
            }
            Self::Min => {
                if b < a || b.is_nan() {
                    b
                } else {
                    a
                }
            }
        }
    }

    fn integers(self, a: i64, b: i64) -> i64 {
        match self {
            Self::None => b,
            Self::Add => a.wrapping_add(b),
            Self::Mul => a.wrapping_mul(b),
            Self::Max => a.max(b),
            Self::Min => a.min(b),
        }
    }
}

/// Places of updates: `place(i)` answers where update `i`, a block of elements, goes.
type Places<'p> = &'p mut dyn FnMut(usize) -> Option<Checked<usize>>;

/// Copies the data, then puts blocks of `block` updates where `place` says, until it ends.
fn scatter(
    reduction: Reduction,
    args: &Args<'_>,
    outs: &mut Outs<'_>,
    block: usize,
    place: Places<'_>,
) -> Checked<()> {
    copy(outs.bytes(0), args.bytes(0));
    let r = reduction;
    if r == Reduction::None {
        return by_width!(element_bytes(outs.dtype(0)), T => {
            put(args.words::<T>(2), outs.words::<T>(0), block, place, |_, new| new)
        });
    }
    match outs.dtype(0) {
        DType::Float32 => update(args, outs, block, place, |a: f32, b| {
            r.floats(f64::from(a), f64::from(b)) as f32
        }),
        DType::Float64 => update(args, outs, block, place, |a, b| r.floats(a, b)),
        DType::Int32 => update(args, outs, block, place, |a: i32, b| {
            r.integers(i64::from(a), i64::from(b)) as i32
        }),
        _ => update(args, outs, block, place, |a, b| r.integers(a, b)),
    }
}

fn update<T: Element>(
    args: &Args<'_>,
    outs: &mut Outs<'_>,
    block: usize,
    place: Places<'_>,
    combine: impl Fn(T, T) -> T,
) -> Checked<()> {
    put(args.get::<T>(2), outs.get::<T>(0), block, place, combine)
}

fn put<T: Pod>(
    updates: &[T],
    out: &mut [T],
    block: usize,
    place: Places<'_>,
    combine: impl Fn(T, T) -> T,
) -> Checked<()> {
    if block == 0 {
        return Ok(());
    }
    for (i, updates) in updates.chunks_exact(block).enumerate() {
        let Some(at) = place(i) else { break };
        let at = at?;
        let places = out.get_mut(at..at + block).unwrap_or(&mut []);
        for (to, new) in places.iter_mut().zip(updates) {
            *to = combine(*to, *new);
        }
    }
    Ok(())
}

/// Inputs: data, indices i64, updates of the indices' shape and the data's type; the indices are in
/// no other dimension than `axis` longer than the data. Output: the data, with each update put in
/// its own place, but along `axis` where the index says.
#[derive(Clone, Debug)]
pub struct ScatterElements {
    axis: u8,
    reduction: Reduction,
}

impl ScatterElements {
    /// Along this axis, counted from the outermost.
    pub const fn new(axis: u8, reduction: Reduction) -> Self {
        Self { axis, reduction }
    }
}

impl Operator for ScatterElements {
    const NAME: &'static str = "scatter_elements";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.axis);
        writer.u8(self.reduction as u8);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self { axis: reader.u8()?, reduction: Reduction::read(reader)? })
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(3)?;
        let data = signature.ty(0)?;
        self.reduction.check(data.dtype)?;
        let indices = signature.typed(1, DType::Int64)?;
        let updates = signature.typed(2, data.dtype)?;
        ensure(indices.shape == updates.shape, "indices and updates differ in shape")?;
        check_within(&indices.shape, &data.shape, self.axis as usize)?;
        Ok(vec![data])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let (data, indices) = (args.extents(0), args.extents(1));
        let axis = self.axis as usize;
        let (mut walk, step) = walk_beside(indices.dims(), data.dims(), axis);
        let mut index = args.get::<i64>(1).iter();
        let along = data.dim(axis);
        scatter(self.reduction, args, outs, 1, &mut |_| {
            let (at, index) = (walk.next()?, index.next()?);
            Some(resolve(*index, along).map(|i| at + i * step))
        })
    }
}

/// Inputs: data, indices i64 `[.., k]`, updates. Output: the data, with each block of updates put
/// where its row of indices says in the first `k` dimensions.
#[derive(Clone, Debug)]
pub struct ScatterNd {
    reduction: Reduction,
}

impl ScatterNd {
    /// With this reduction.
    pub const fn new(reduction: Reduction) -> Self {
        Self { reduction }
    }
}

impl Operator for ScatterNd {
    const NAME: &'static str = "scatter_nd";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.reduction as u8);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self { reduction: Reduction::read(reader)? })
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(3)?;
        let data = signature.ty(0)?;
        self.reduction.check(data.dtype)?;
        let indices = signature.typed(1, DType::Int64)?;
        let updates = signature.typed(2, data.dtype)?;
        let (mut shape, block) = split_nd(&data.shape, &indices.shape, 0)?;
        for dim in block.dims() {
            shape.push(*dim)?;
        }
        ensure(updates.shape == shape, "the updates do not fit data and indices")?;
        Ok(vec![data])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let (data, indices) = (args.extents(0), args.extents(1));
        let width = indices.dims().last().copied().unwrap_or(0);
        let named = data.dims().get(..width).unwrap_or(&[]);
        let block: usize = data.dims().iter().skip(width).product();
        let index = args.get::<i64>(1);
        scatter(self.reduction, args, outs, block, &mut |i| {
            let row = index.get(i * width..(i + 1) * width)?;
            Some(place_nd(row, named).map(|at| at * block))
        })
    }
}
