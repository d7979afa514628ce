//! Distances between rows, as nearest neighbours need them.

use super::args::{Args, Outs, Signature};
use super::bytes::Element;
use super::codec::{Reader, Writer};
use super::fault::{Checked, Fault, ensure};
use super::step::Operator;
use super::types::{Extents, Shape, TensorType};
use crate::tensor::DType;

/// What is summed over the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Squares of the differences.
    SquaredEuclidean,
    /// Absolute differences.
    Manhattan,
}

/// Inputs: a `[m, k]` and b `[n, k]`, f32 or f64. Output: `[m, n]`.
///
/// The differences are rounded to the element type, their sum is taken in binary64 in the order of
/// the columns: as a subtraction and a reduction give it.
#[derive(Clone, Debug)]
pub struct Distance {
    metric: Metric,
}

impl Distance {
    /// With this metric.
    pub const fn new(metric: Metric) -> Self {
        Self { metric }
    }
}

impl Operator for Distance {
    const NAME: &'static str = "distance";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.metric as u8);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        let metric = match reader.u8()? {
            0 => Metric::SquaredEuclidean,
            1 => Metric::Manhattan,
            _ => return Err(Fault::new("there is no such metric")),
        };
        Ok(Self { metric })
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(2)?;
        let a = signature.any_of(0, &[DType::Float32, DType::Float64])?;
        let b = signature.typed(1, a.dtype)?;
        ensure(a.shape.rank() == 2 && b.shape.rank() == 2, "distances are between matrices' rows")?;
        ensure(a.shape.dim(1)? == b.shape.dim(1)?, "the matrices differ in width")?;
        let shape = Shape::new(&[a.shape.dim(0)?, b.shape.dim(0)?])?;
        shape.count()?;
        Ok(vec![TensorType::new(a.dtype, shape)])
    }

    fn work(&self, inputs: &[Extents], outputs: &[Extents]) -> u64 {
        let width = inputs.first().map_or(0, |a| a.rows().1) as u64;
        let sums = outputs.first().map_or(0, |y| y.count() as u64);
        sums.saturating_mul(width.max(1))
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        match (args.dtype(0), self.metric) {
            (DType::Float32, Metric::SquaredEuclidean) => {
                rows(args, outs, |a: f32, b| square(f64::from(a - b)), narrow)
            }
            (DType::Float32, _) => rows(args, outs, |a: f32, b| f64::from(a - b).abs(), narrow),
            (_, Metric::SquaredEuclidean) => rows(args, outs, |a: f64, b| square(a - b), |x| x),
            _ => rows(args, outs, |a: f64, b| (a - b).abs(), |x| x),
        }
        Ok(())
    }
}

fn square(x: f64) -> f64 {
    x * x
}

fn narrow(x: f64) -> f32 {
    x as f32
}

fn rows<T: Element>(
    args: &Args<'_>,
    outs: &mut Outs<'_>,
    term: impl Fn(T, T) -> f64,
    narrow: impl Fn(f64) -> T,
) {
    let (width, n) = (args.extents(0).dim(1), outs.extents(0).dim(1));
    let (a, b) = (args.get::<T>(0), args.get::<T>(1));
    if n == 0 {
        return;
    }
    for (i, out) in outs.get::<T>(0).chunks_exact_mut(n).enumerate() {
        let row = a.get(i * width..(i + 1) * width).unwrap_or(&[]);
        for (j, to) in out.iter_mut().enumerate() {
            let other = b.get(j * width..(j + 1) * width).unwrap_or(&[]);
            let terms = row.iter().zip(other).map(|(a, b)| term(*a, *b));
            *to = narrow(terms.fold(0.0, |sum, x| sum + x));
        }
    }
}
