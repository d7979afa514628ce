//! Keys to values by a sorted table, and positions to columns of ones.

use super::args::{Args, Outs, Signature};
use super::bytes::Element;
use super::codec::{Reader, Writer};
use super::fault::{Checked, Fault, ensure};
use super::step::Operator;
use super::types::{Dim, TensorType, element_bytes};
use crate::tensor::DType;

/// Each element replaced by the value of its key, or by the default.
///
/// Inputs: x i64, f32, f64 or string, any shape; constant keys as x, ascending and distinct, a NaN
/// last; constant values of any type, one a key and then the default. Where x is a float and the keys
/// are i64, x is cut towards zero first. Output: the shape of x in the type of the values.
#[derive(Clone, Debug)]
pub struct Lookup;

/// Whether keys ascend without a repetition; only the last may be NaN.
fn ascend<K: PartialOrd>(keys: &[K]) -> bool {
    let is_number = |k: &K| k.partial_cmp(k).is_some();
    keys.iter().zip(keys.iter().skip(1)).all(|(a, b)| a < b || (is_number(a) && !is_number(b)))
}

/// Index of a key; any NaN is the NaN that may stand last.
fn position<K: PartialOrd>(keys: &[K], x: &K) -> Option<usize> {
    let i = keys.partition_point(|key| key < x);
    if keys.get(i).is_some_and(|key| key == x) {
        return Some(i);
    }
    let last = keys.len().checked_sub(1)?;
    let is_nan = |k: &K| k.partial_cmp(k).is_none();
    (is_nan(x) && keys.get(last).is_some_and(is_nan)).then_some(last)
}

/// A float without its fraction, if an i64 holds that.
fn whole(x: f64) -> Option<i64> {
    const END: f64 = 9_223_372_036_854_775_808.0;
    (-END..END).contains(&x).then_some(x as i64)
}

impl Lookup {
    fn each<T: Element>(args: &Args<'_>, outs: &mut Outs<'_>, find: impl Fn(&T) -> Option<usize>) {
        let size = element_bytes(outs.dtype(0));
        let values = args.bytes(2);
        let default = values.len().saturating_sub(size);
        for (to, x) in outs.bytes(0).chunks_exact_mut(size).zip(args.get::<T>(0)) {
            let at = find(x).map_or(default, |i| i * size);
            if let Some(value) = values.get(at..at + size) {
                to.copy_from_slice(value);
            }
        }
    }
}

impl Operator for Lookup {
    const NAME: &'static str = "lookup";

    fn write(&self, _: &mut Writer) {}

    fn read(_: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self)
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        use DType::{Float32, Float64, Int64, String};
        signature.expect(3)?;
        let x = signature.any_of(0, &[Int64, Float32, Float64, String])?;
        let keys = signature.ty(1)?.dtype;
        let cut = keys == Int64 && matches!(x.dtype, Float32 | Float64);
        if keys != x.dtype && !cut {
            return Err(Fault::dtype("keys and input differ in type"));
        }
        let ascending = match keys {
            Int64 => ascend(signature.constant::<i64>(1)?),
            Float32 => ascend(signature.constant::<f32>(1)?),
            Float64 => ascend(signature.constant::<f64>(1)?),
            _ => ascend(signature.constant::<u32>(1)?),
        };
        ensure(ascending, "the keys do not ascend")?;
        let values = signature.ty(2)?;
        signature.is_constant(2)?;
        let count =
            |k: usize| -> Checked<Option<usize>> { Ok(signature.ty(k)?.shape.count()?.fixed()) };
        ensure(
            count(2)? == count(1)?.map(|n| n + 1),
            "a table needs one value for each key and a default",
        )?;
        Ok(vec![x.with_dtype(values.dtype)])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let integers = args.get::<i64>(1);
        let cut = args.dtype(1) == DType::Int64;
        match args.dtype(0) {
            DType::Int64 => Self::each(args, outs, |x: &i64| position(integers, x)),
            DType::Float32 if cut => Self::each(args, outs, |x: &f32| {
                whole(f64::from(*x)).and_then(|x| position(integers, &x))
            }),
            DType::Float64 if cut => {
                Self::each(args, outs, |x: &f64| whole(*x).and_then(|x| position(integers, &x)));
            }
            DType::Float32 => Self::each(args, outs, |x: &f32| position(args.get(1), x)),
            DType::Float64 => Self::each(args, outs, |x: &f64| position(args.get(1), x)),
            _ => Self::each(args, outs, |x: &u32| position(args.get(1), x)),
        }
        Ok(())
    }
}

/// A row of zeros with a one at each position.
///
/// Input: i32 positions, any shape, −1 for none. Output: f32, the same shape with `classes` columns
/// behind it.
#[derive(Clone, Debug)]
pub struct Indicator {
    classes: u32,
    strict: bool,
}

impl Indicator {
    /// So many columns; `strict` refuses what has no position.
    pub const fn new(classes: u32, strict: bool) -> Self {
        Self { classes, strict }
    }
}

impl Operator for Indicator {
    const NAME: &'static str = "indicator";

    fn write(&self, writer: &mut Writer) {
        writer.u32(self.classes);
        writer.bool(self.strict);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        Ok(Self::new(reader.u32()?, reader.bool()?))
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(1)?;
        let mut shape = signature.typed(0, DType::Int32)?.shape;
        ensure(self.classes > 0, "there is no category")?;
        shape.push(Dim::Fixed(self.classes))?;
        shape.count()?;
        Ok(vec![TensorType::new(DType::Float32, shape)])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let rows = outs.get::<f32>(0).chunks_exact_mut(self.classes as usize);
        for (row, position) in rows.zip(args.get::<i32>(0)) {
            row.fill(0.0);
            match usize::try_from(*position).ok().and_then(|i| row.get_mut(i)) {
                Some(one) => *one = 1.0,
                None => ensure(!self.strict, "a value is none of the categories")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nan_key_stands_last_and_any_nan_finds_it() {
        let keys = [-2.5, 0.0, 7.0, f32::NAN];
        assert!(ascend(&keys));
        let found = [-0.0, 7.0, 8.0, -f32::NAN, f32::NEG_INFINITY].map(|x| position(&keys, &x));
        assert_eq!(found, [Some(1), Some(2), None, Some(3), None]);
        assert_eq!(position(&[1.0, 2.0], &f64::NAN), None);
        assert_eq!(position(&[f64::NAN], &f64::NAN), Some(0));
        assert_eq!(position::<i64>(&[], &0), None);
    }

    #[test]
    fn tables_that_do_not_ascend_are_seen() {
        assert!(!ascend(&[1, 1]));
        assert!(!ascend(&[2, 1]));
        assert!(!ascend(&[f32::NAN, 1.0]));
        assert!(!ascend(&[f32::NAN, f32::NAN]));
        assert!(!ascend(&[0.0, -0.0]));
        assert!(ascend::<u32>(&[]));
    }

    #[test]
    fn floats_are_cut_towards_zero_and_never_saturate() {
        assert_eq!([4.9, -2.5, -0.9].map(whole), [Some(4), Some(-2), Some(0)]);
        let end = 9_223_372_036_854_775_808.0;
        assert_eq!([f64::NAN, f64::INFINITY, end].map(whole), [None; 3]);
        assert_eq!(whole(-end), Some(i64::MIN));
    }
}
