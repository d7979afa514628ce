//! `Imputer` and `Binarizer` of `ai.onnx.ml`.

use super::args::{Args, Outs, Signature};
use super::bytes::Element;
use super::codec::{Reader, Writer};
use super::fault::{Checked, ensure};
use super::step::Operator;
use super::types::TensorType;
use crate::tensor::DType;

const NUMBERS: [DType; 4] = [DType::Float32, DType::Float64, DType::Int64, DType::Int32];

/// Elements that equal one value replaced, column by column; NaN equals NaN.
///
/// Inputs: x f32, f64, i64 or i32 `[.., columns]`; as x and constant: the value that is replaced, and
/// what takes its place, one for all or one a column. Output: as x.
#[derive(Clone, Debug)]
pub struct Imputer;

impl Imputer {
    fn fill<T: Element>(args: &Args<'_>, outs: &mut Outs<'_>) {
        let Some(replaced) = args.get::<T>(1).first() else { return };
        let same = |a: &T, b: &T| a == b;
        // NaN is the only value that differs from itself
        let is_number = |x: &T| same(x, x);
        let fillers = args.get::<T>(2).iter().cycle();
        for ((to, x), filler) in outs.get::<T>(0).iter_mut().zip(args.get::<T>(0)).zip(fillers) {
            let hit = x == replaced || (!is_number(x) && !is_number(replaced));
            *to = if hit { *filler } else { *x };
        }
    }
}

impl Operator for Imputer {
    const NAME: &'static str = "imputer";

    fn write(&self, _: &mut Writer) {}

    fn read(_: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self)
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(3)?;
        let ty = signature.any_of(0, &NUMBERS)?;
        let count = |k: usize| -> Checked<usize> {
            let constant = signature.typed(k, ty.dtype)?;
            signature.is_constant(k)?;
            Ok(constant.shape.count()?.fixed().unwrap_or(0))
        };
        ensure(count(1)? == 1, "one value is replaced")?;
        let fillers = count(2)?;
        let fits = fillers == 1 || signature.rows_columns(0)?.1 == fillers;
        ensure(fits, "the imputed values are neither one nor one a column")?;
        Ok(vec![ty])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        match args.dtype(0) {
            DType::Float32 => Self::fill::<f32>(args, outs),
            DType::Float64 => Self::fill::<f64>(args, outs),
            DType::Int64 => Self::fill::<i64>(args, outs),
            _ => Self::fill::<i32>(args, outs),
        }
        Ok(())
    }
}

/// 1 above a threshold, else 0; NaN is not above it.
///
/// Input: f32, f64, i64 or i32, any shape. Output: as the input.
#[derive(Clone, Debug)]
pub struct Binarizer {
    threshold: f32,
}

impl Binarizer {
    /// A step of this threshold.
    pub const fn new(threshold: f32) -> Self {
        Self { threshold }
    }
}

impl Operator for Binarizer {
    const NAME: &'static str = "binarizer";

    fn write(&self, writer: &mut Writer) {
        writer.f32(self.threshold);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self::new(reader.f32()?))
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(1)?;
        ensure(!self.threshold.is_nan(), "the threshold is NaN")?;
        Ok(vec![signature.any_of(0, &NUMBERS)?])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let threshold = f64::from(self.threshold);
        macro_rules! compare {
            ($t:ty) => {
                for (to, x) in outs.get::<$t>(0).iter_mut().zip(args.get::<$t>(0)) {
                    *to = <$t>::from(*x as f64 > threshold);
                }
            };
        }
        match args.dtype(0) {
            DType::Float32 => compare!(f32),
            DType::Float64 => compare!(f64),
            DType::Int64 => compare!(i64),
            _ => compare!(i32),
        }
        Ok(())
    }
}
