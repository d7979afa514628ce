//! Many elements along some dimensions, one out.
//!
//! Floats are taken in binary64 in row-major order and rounded once.

use super::args::{Args, Outs, Signature};
use super::bytes::Element;
use super::codec::{Reader, Writer};
use super::fault::{Checked, Fault, ensure};
use super::step::Operator;
use super::strided::{Axis, Walk, dense_steps};
use super::types::{Dim, Extents, Shape, TensorType};
use crate::tensor::DType;

/// What is made of the elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// The greatest; NaN if there is one.
    Max,
    /// The least; NaN if there is one.
    Min,
    /// Their product.
    Prod,
    /// Sum of the absolute values.
    L1,
    /// Root of the sum of squares; floats only.
    L2,
    /// Logarithm of the sum; floats only.
    LogSum,
    /// Logarithm of the sum of exponentials; floats only.
    LogSumExp,
    /// Sum of the squares.
    SumSquare,
}

impl Kind {
    const ALL: [Self; 10] = [
        Self::Sum,
        Self::Mean,
        Self::Max,
        Self::Min,
        Self::Prod,
        Self::L1,
        Self::L2,
        Self::LogSum,
        Self::LogSumExp,
        Self::SumSquare,
    ];
}

/// Input: f32, f64, i32, i64; u8 and bool for [`Kind::Max`] and [`Kind::Min`]. Output: the same
/// type, without the reduced dimensions or with 1 in their place.
#[derive(Clone, Debug)]
pub struct Reduce {
    /// What is made of the elements.
    pub kind: Kind,
    /// The reduced dimensions stay, with length 1.
    pub keep: bool,
    /// Bit i for dimension i, counted from the outermost.
    pub axes: u8,
}

impl Operator for Reduce {
    const NAME: &'static str = "reduce";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.kind as u8);
        writer.bool(self.keep);
        writer.u8(self.axes);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        let kind = Kind::ALL.get(reader.u8()? as usize);
        let kind = *kind.ok_or(Fault::new("there is no such reduction"))?;
        Ok(Self { kind, keep: reader.bool()?, axes: reader.u8()? })
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        use DType::{Bool, Float32, Float64, Int32, Int64, Uint8};
        signature.expect(1)?;
        let dtypes: &[DType] = match self.kind {
            Kind::Max | Kind::Min => &[Float32, Float64, Int32, Int64, Uint8, Bool],
            Kind::L2 | Kind::LogSum | Kind::LogSumExp => &[Float32, Float64],
            _ => &[Float32, Float64, Int32, Int64],
        };
        let ty = signature.any_of(0, dtypes)?;
        ensure((self.axes as u32) < 1 << ty.shape.rank(), "an axis is out of range")?;
        let mut shape = Shape::SCALAR;
        for (i, dim) in ty.shape.dims().iter().enumerate() {
            if !self.reduces(i) {
                shape.push(*dim)?;
            } else if self.keep {
                shape.push(Dim::Fixed(1))?;
            }
        }
        Ok(vec![TensorType::new(ty.dtype, shape)])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let lines = Lines::new(self, &args.extents(0));
        let boolean = args.dtype(0) == DType::Bool;
        match args.dtype(0) {
            DType::Float32 => self.floats(lines, args, outs, |x: f32| f64::from(x), |x| x as f32),
            DType::Float64 => self.floats(lines, args, outs, |x: f64| x, |x| x),
            DType::Int32 => {
                let limits = (i64::from(i32::MIN), i64::from(i32::MAX));
                self.integers(lines, args, outs, limits, |x: i32| i64::from(x), |x| x as i32);
            }
            DType::Int64 => {
                self.integers(lines, args, outs, (i64::MIN, i64::MAX), |x: i64| x, |x| x);
            }
            _ => {
                let limits = (0, if boolean { 1 } else { i64::from(u8::MAX) });
                self.integers(lines, args, outs, limits, |x: u8| i64::from(x), |x| x as u8);
            }
        }
        Ok(())
    }
}

/// The elements of the input that make one of the output.
#[derive(Clone, Copy)]
struct Lines {
    /// Where each output's elements begin.
    outputs: Walk,
    /// Rows of one output's elements.
    rows: Walk,
    row: Axis,
    /// How many elements make one.
    count: usize,
}

impl Lines {
    fn new(reduce: &Reduce, input: &Extents) -> Self {
        let steps = dense_steps(input.dims());
        let axes = |reduced: bool| {
            let axes = input.dims().iter().zip(steps).enumerate();
            let axes = axes.filter(move |(i, _)| reduce.reduces(*i) == reduced);
            axes.map(|(_, (len, step))| Axis { len: *len, step })
        };
        let (rows, row) = Walk::new(0, axes(true)).rows();
        let count = axes(true).map(|axis| axis.len).product();
        Self { outputs: Walk::new(0, axes(false)), rows, row, count }
    }

    fn visit<T: Copy>(&self, x: &[T], first: usize, mut f: impl FnMut(T)) {
        let step = self.row.step.unsigned_abs().max(1);
        let mut row = |at: usize| {
            let row = x.get(at..).unwrap_or(&[]).iter();
            if step == 1 {
                row.take(self.row.len).for_each(|x| f(*x));
            } else {
                row.step_by(step).take(self.row.len).for_each(|x| f(*x));
            }
        };
        if self.row.len == self.count {
            // the commonest: all of them in one row
            row(first);
        } else {
            self.rows.from(first).for_each(row);
        }
    }
}

impl Reduce {
    const fn reduces(&self, axis: usize) -> bool {
        self.axes >> axis & 1 == 1
    }

    fn floats<T: Element>(
        &self,
        lines: Lines,
        args: &Args<'_>,
        outs: &mut Outs<'_>,
        widen: impl Fn(T) -> f64,
        narrow: impl Fn(f64) -> T,
    ) {
        let kind = self.kind;
        let x = args.get::<T>(0);
        for (to, first) in outs.get::<T>(0).iter_mut().zip(lines.outputs) {
            let mut y = match kind {
                Kind::Prod => 1.0,
                Kind::Max | Kind::LogSumExp => f64::NEG_INFINITY,
                Kind::Min => f64::INFINITY,
                _ => 0.0,
            };
            lines.visit(x, first, |x| {
                let x = widen(x);
                y = match kind {
                    Kind::Sum | Kind::Mean | Kind::LogSum => y + x,
                    Kind::Prod => y * x,
                    Kind::L1 => y + x.abs(),
                    Kind::L2 | Kind::SumSquare => y + x * x,
                    Kind::Max | Kind::LogSumExp if x > y || x.is_nan() => x,
                    Kind::Min if x < y || x.is_nan() => x,
                    _ => y,
                };
            });
            *to = narrow(match kind {
                Kind::Mean => y / lines.count as f64,
                Kind::L2 => libm::sqrt(y),
                Kind::LogSum => libm::log(y),
                // less the greatest, so that nothing overflows
                Kind::LogSumExp if y.is_finite() => {
                    let mut sum = 0.0;
                    lines.visit(x, first, |x| sum += libm::exp(widen(x) - y));
                    y + libm::log(sum)
                }
                _ => y,
            });
        }
    }

    fn integers<T: Element>(
        &self,
        lines: Lines,
        args: &Args<'_>,
        outs: &mut Outs<'_>,
        (least, greatest): (i64, i64),
        widen: impl Fn(T) -> i64,
        narrow: impl Fn(i64) -> T,
    ) {
        let kind = self.kind;
        for (to, first) in outs.get::<T>(0).iter_mut().zip(lines.outputs) {
            let mut y = match kind {
                Kind::Prod => 1,
                Kind::Max => least,
                Kind::Min => greatest,
                _ => 0,
            };
            lines.visit(args.get::<T>(0), first, |x| {
                let x = widen(x);
                y = match kind {
                    Kind::Max => y.max(x),
                    Kind::Min => y.min(x),
                    Kind::Prod => y.wrapping_mul(x),
                    Kind::L1 => y.wrapping_add(x.wrapping_abs()),
                    Kind::SumSquare => y.wrapping_add(x.wrapping_mul(x)),
                    _ => y.wrapping_add(x),
                };
            });
            if kind == Kind::Mean {
                y = y.checked_div(lines.count as i64).unwrap_or(0);
            }
            *to = narrow(y);
        }
    }
}
