//! The greatest or least elements along one axis, in order.

use super::args::{Args, Outs, Signature};
use super::codec::{Reader, Writer};
use super::fault::{Checked, ensure};
use super::step::Operator;
use super::strided::by_width;
use super::types::{Dim, Extents, TensorType, element_bytes};
use crate::tensor::DType;
use bytemuck::Pod;

/// Input: numbers. Outputs: the `k` first elements along `axis` in order, and their places i64. Of
/// equals the first comes first; NaN is greater than every number, as numpy sorts.
#[derive(Clone, Debug)]
pub struct TopK {
    /// The least instead of the greatest.
    pub least: bool,
    /// Counted from the outermost.
    pub axis: u8,
    /// How many.
    pub k: u32,
}

impl Operator for TopK {
    const NAME: &'static str = "top_k";

    fn write(&self, writer: &mut Writer) {
        writer.bool(self.least);
        writer.u8(self.axis);
        writer.u32(self.k);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self { least: reader.bool()?, axis: reader.u8()?, k: reader.u32()? })
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        use DType::{Float32, Float64, Int8, Int16, Int32, Int64, Uint8, Uint16, Uint32, Uint64};
        signature.expect(1)?;
        let numbers = [Float32, Float64, Int8, Int16, Int32, Int64, Uint8, Uint16, Uint32, Uint64];
        let mut ty = signature.any_of(0, &numbers)?;
        let axis = self.axis as usize;
        let along = ty.shape.dim(axis)?;
        let enough = along.fixed().is_some_and(|n| self.k as usize <= n);
        ensure(enough, "the axis has fewer elements, or follows the batch")?;
        if let Some(dim) = ty.shape.dims_mut().get_mut(axis) {
            *dim = Dim::Fixed(self.k);
        }
        Ok(vec![ty, ty.with_dtype(Int64)])
    }

    /// Each element may sink through the heap.
    fn work(&self, inputs: &[Extents], _: &[Extents]) -> u64 {
        let levels = u64::from(self.k.checked_ilog2().unwrap_or(0)) + 1;
        inputs.first().map_or(0, |x| x.count() as u64).saturating_mul(2 * levels)
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let axis = self.axis as usize;
        let (outer, along, inner) = args.extents(0).around(axis);
        let k = self.k as usize;
        for line in 0..outer * inner {
            let (before, after) = (line / inner, line % inner);
            let first = before * along * inner + after;
            let keys = Keys {
                bytes: args.bytes(0),
                dtype: args.dtype(0),
                first,
                inner,
                least: self.least,
            };
            let places = outs.get::<i64>(1).get_mut(before * k * inner + after..);
            Heap { keys, places: places.unwrap_or(&mut []), inner, k }.select(along);
        }
        by_width!(element_bytes(outs.dtype(0)), T => self.values::<T>(args, outs));
        Ok(())
    }
}

impl TopK {
    fn values<T: Pod>(&self, args: &Args<'_>, outs: &mut Outs<'_>) {
        let (_, along, inner) = args.extents(0).around(self.axis as usize);
        let k = self.k as usize;
        let data = args.words::<T>(0);
        let (values, places) = outs.two_words::<T, i64>();
        for (i, (to, place)) in values.iter_mut().zip(places).enumerate() {
            let (before, after) = (i / (k * inner), i % inner);
            if let Some(x) = data.get((before * along + *place as usize) * inner + after) {
                *to = *x;
            }
        }
    }
}

/// The elements of one line as numbers of which the greatest comes first.
#[derive(Clone, Copy)]
struct Keys<'a> {
    bytes: &'a [u8],
    dtype: DType,
    first: usize,
    inner: usize,
    least: bool,
}

impl Keys<'_> {
    fn key(&self, i: usize) -> u64 {
        let at = self.first + i * self.inner;
        let key = match self.dtype {
            DType::Float32 => float(f64::from(f32::from_le_bytes(self.element(at)))),
            DType::Float64 => float(f64::from_le_bytes(self.element(at))),
            DType::Int64 => signed(i64::from_le_bytes(self.element(at))),
            DType::Int32 => signed(i64::from(i32::from_le_bytes(self.element(at)))),
            DType::Int16 => signed(i64::from(i16::from_le_bytes(self.element(at)))),
            DType::Int8 => signed(i64::from(i8::from_le_bytes(self.element(at)))),
            DType::Uint64 => u64::from_le_bytes(self.element(at)),
            DType::Uint32 => u64::from(u32::from_le_bytes(self.element(at))),
            DType::Uint16 => u64::from(u16::from_le_bytes(self.element(at))),
            _ => u64::from(u8::from_le_bytes(self.element(at))),
        };
        if self.least { !key } else { key }
    }

    fn element<const N: usize>(&self, at: usize) -> [u8; N] {
        let bytes = self.bytes.get(at * N..).and_then(<[u8]>::first_chunk);
        bytes.copied().unwrap_or([0; N])
    }
}

/// Two's complement in the order of unsigned numbers.
const fn signed(x: i64) -> u64 {
    x as u64 ^ 1 << 63
}

/// The bits in the order of the numbers; −0 equals 0, every NaN is the same and the greatest.
fn float(x: f64) -> u64 {
    if x.is_nan() {
        return u64::MAX;
    }
    let bits = (x + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// A heap of places, the last in order at its root.
struct Heap<'a> {
    keys: Keys<'a>,
    places: &'a mut [i64],
    inner: usize,
    k: usize,
}

impl Heap<'_> {
    fn get(&self, i: usize) -> usize {
        self.places.get(i * self.inner).map_or(0, |p| *p as usize)
    }

    fn set(&mut self, i: usize, place: usize) {
        if let Some(to) = self.places.get_mut(i * self.inner) {
            *to = place as i64;
        }
    }

    /// Whether the element at `a` comes after the one at `b`.
    fn after(&self, a: usize, b: usize) -> bool {
        let (ka, kb) = (self.keys.key(a), self.keys.key(b));
        ka < kb || (ka == kb && a > b)
    }

    /// Lets `place` sink from the `i`th node of the first `n`.
    fn sink(&mut self, mut i: usize, n: usize, place: usize) {
        loop {
            let mut child = 2 * i + 1;
            if child >= n {
                break;
            }
            if child + 1 < n && self.after(self.get(child + 1), self.get(child)) {
                child += 1;
            }
            if !self.after(self.get(child), place) {
                break;
            }
            self.set(i, self.get(child));
            i = child;
        }
        self.set(i, place);
    }

    /// The first `k` of `n` elements, in order.
    fn select(&mut self, n: usize) {
        if self.k == 0 {
            return;
        }
        for i in 0..self.k {
            self.set(i, i);
        }
        for i in (0..self.k / 2).rev() {
            self.sink(i, self.k, self.get(i));
        }
        for place in self.k..n {
            if self.after(self.get(0), place) {
                self.sink(0, self.k, place);
            }
        }
        for n in (1..self.k).rev() {
            let (root, last) = (self.get(0), self.get(n));
            self.sink(0, n, last);
            self.set(n, root);
        }
    }
}
