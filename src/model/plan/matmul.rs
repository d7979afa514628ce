//! Matrix products whose right side is not packed: other types than f32, or computed values.
//!
//! Every element is summed in the order of the inner dimension, as in [`super::dense`].

use super::args::{Args, Outs, Signature};
use super::broadcast::{Strides, broadcast, for_each_row};
use super::bytes::Element;
use super::codec::{Reader, Writer};
use super::fault::{Checked, Fault, ensure};
use super::step::Operator;
use super::types::{Extents, Shape, TensorType};
use crate::tensor::DType;

/// Inputs: a `[.., m, k]`, b `[.., k, n]` of one type: f32, f64, i32, i64; the outer dimensions
/// broadcast. Output: `[.., m, n]`.
#[derive(Clone, Debug)]
pub struct MatMul;

fn outer(shape: &Shape) -> Checked<Shape> {
    let outer = shape.rank().checked_sub(2).ok_or(Fault::new("a matrix needs two dimensions"))?;
    Shape::new(shape.dims().get(..outer).unwrap_or(&[]))
}

impl Operator for MatMul {
    const NAME: &'static str = "matmul";

    fn write(&self, _: &mut Writer) {}

    fn read(_: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self)
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(2)?;
        let dtypes = [DType::Float32, DType::Float64, DType::Int32, DType::Int64];
        let a = signature.any_of(0, &dtypes)?;
        let b = signature.typed(1, a.dtype)?;
        let mut shape = broadcast(&outer(&a.shape)?, &outer(&b.shape)?)?;
        let (ra, rb) = (a.shape.rank(), b.shape.rank());
        ensure(a.shape.dim(ra - 1)? == b.shape.dim(rb - 2)?, "the inner dimensions differ")?;
        shape.push(a.shape.dim(ra - 2)?)?;
        shape.push(b.shape.dim(rb - 1)?)?;
        Ok(vec![TensorType::new(a.dtype, shape)])
    }

    fn work(&self, inputs: &[Extents], outputs: &[Extents]) -> u64 {
        let inner = inputs.first().map_or(0, |a| a.rows().1) as u64;
        let sums = outputs.first().map_or(0, |y| y.count() as u64);
        sums.saturating_mul(inner.max(1))
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        match args.dtype(0) {
            DType::Float32 => multiply::<f32>(args, outs, 0.0, |s, a, b| s + a * b),
            DType::Float64 => multiply::<f64>(args, outs, 0.0, |s, a, b| s + a * b),
            DType::Int32 => {
                multiply(args, outs, 0, |s: i32, a, b| s.wrapping_add(a.wrapping_mul(b)))
            }
            _ => multiply(args, outs, 0, |s: i64, a, b| s.wrapping_add(a.wrapping_mul(b))),
        }
        Ok(())
    }
}

/// The dimensions before the last two.
fn matrices(extents: &Extents) -> (Extents, usize, usize) {
    let rank = extents.dims().len();
    let (m, n) = (extents.dim(rank.saturating_sub(2)), extents.dim(rank.saturating_sub(1)));
    (extents.first(rank.saturating_sub(2)), m, n)
}

fn multiply<T: Element>(
    args: &Args<'_>,
    outs: &mut Outs<'_>,
    zero: T,
    multiply_add: impl Fn(T, T, T) -> T,
) {
    let (outer_a, m, k) = matrices(&args.extents(0));
    let (outer_b, _, n) = matrices(&args.extents(1));
    let (outer, ..) = matrices(&outs.extents(0));
    let (a, b) = (args.get::<T>(0), args.get::<T>(1));
    let out = outs.get::<T>(0);
    out.fill(zero);
    if m == 0 || n == 0 || k == 0 {
        return;
    }
    let mut done = 0;
    for_each_row(
        &outer,
        [Strides::new(&outer_a, &outer), Strides::new(&outer_b, &outer)],
        |[at_a, at_b], length, [step_a, step_b]| {
            for i in 0..length {
                let a = a.get((at_a + i * step_a) * m * k..).unwrap_or(&[]);
                let b = b.get((at_b + i * step_b) * k * n..).unwrap_or(&[]);
                let out = out.get_mut(done * m * n..).unwrap_or(&mut []);
                done += 1;
                for (row, out) in a.chunks_exact(k).zip(out.chunks_exact_mut(n)).take(m) {
                    for (a, b) in row.iter().zip(b.chunks_exact(n)) {
                        for (sum, b) in out.iter_mut().zip(b) {
                            *sum = multiply_add(*sum, *a, *b);
                        }
                    }
                }
            }
        },
    );
}
