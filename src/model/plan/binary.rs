//! Two elements in, one out, with broadcasting.

use super::args::{Args, Outs, Signature};
use super::broadcast::{Strides, broadcast, for_each_row};
use super::bytes::Element;
use super::codec::{Reader, Writer};
use super::fault::{Checked, Fault};
use super::step::Operator;
use super::types::TensorType;
use crate::tensor::DType;
use driftline_kernels::elementwise::{self, Binary as Kernel};

macro_rules! operations {
    ($($name:ident)*) => {
        /// An operation on two elements.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Operation {
            $(#[doc = stringify!($name)] $name,)*
        }

        impl Operation {
            const ALL: &'static [Self] = &[$(Self::$name,)*];
        }
    };
}

// the order is part of the file format: append only
operations! {
    Add Sub Mul Div Pow Mod Fmod Min Max PRelu
    Equal Less LessOrEqual Greater GreaterOrEqual
    And Or Xor
    UDiv UMod
}

impl Operation {
    const fn compares(self) -> bool {
        use Operation as O;
        matches!(self, O::Equal | O::Less | O::LessOrEqual | O::Greater | O::GreaterOrEqual)
    }

    const fn is_logic(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Xor)
    }
}

/// Inputs: two tensors of one type. Output: the broadcast shape; bool for comparisons.
#[derive(Clone, Debug)]
pub struct Binary {
    operation: Operation,
}

impl Binary {
    /// A step of this operation.
    pub const fn new(operation: Operation) -> Self {
        Self { operation }
    }
}

impl Operator for Binary {
    const NAME: &'static str = "binary";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.operation as u8);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        let operation = *Operation::ALL
            .get(reader.u8()? as usize)
            .ok_or(Fault::new("there is no such operation"))?;
        Ok(Self { operation })
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        use DType::{Bool, Float32, Float64, Int32, Int64, String, Uint8};
        signature.expect(2)?;
        let a = signature.any_of(
            0,
            match self.operation {
                Operation::And | Operation::Or | Operation::Xor => &[Bool],
                Operation::UDiv | Operation::UMod => &[Int64],
                Operation::Equal => &[Float32, Float64, Int32, Int64, Uint8, Bool, String],
                _ => &[Float32, Float64, Int32, Int64, Uint8],
            },
        )?;
        let b = signature.typed(1, a.dtype)?;
        let dtype = if self.operation.compares() { Bool } else { a.dtype };
        Ok(vec![TensorType::new(dtype, broadcast(&a.shape, &b.shape)?)])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let o = self.operation;
        if o.compares() {
            match args.dtype(0) {
                DType::Float32 => zip(args, outs, compare::<f32>(o)),
                DType::Float64 => zip(args, outs, compare::<f64>(o)),
                DType::Int32 => zip(args, outs, compare::<i32>(o)),
                DType::Int64 => zip(args, outs, compare::<i64>(o)),
                DType::String => zip(args, outs, compare::<u32>(o)),
                _ => zip(args, outs, compare::<u8>(o)),
            }
            return Ok(());
        }
        if o.is_logic() {
            zip(
                args,
                outs,
                match o {
                    Operation::And => |a: u8, b: u8| a & b,
                    Operation::Or => |a, b| a | b,
                    _ => |a, b| a ^ b,
                },
            );
            return Ok(());
        }
        match args.dtype(0) {
            // what is rounded twice is rounded as once: binary64 has more than twice the digits
            DType::Float32 => {
                let one = |a: f32, b: f32| float(o, f64::from(a), f64::from(b)) as f32;
                zip_rows(args, outs, one, |a, b, row| match o {
                    Operation::Add => elementwise::binary(Kernel::Add, a, b, row),
                    Operation::Sub => elementwise::binary(Kernel::Sub, a, b, row),
                    Operation::Mul => elementwise::binary(Kernel::Mul, a, b, row),
                    Operation::Div => elementwise::binary(Kernel::Div, a, b, row),
                    _ => zip_row(a, b, row, one),
                });
            }
            DType::Float64 => zip(args, outs, |a: f64, b: f64| float(o, a, b)),
            DType::Int32 => {
                zip(args, outs, |a: i32, b: i32| integer(o, i64::from(a), i64::from(b)) as i32)
            }
            DType::Int64 => zip(args, outs, |a: i64, b: i64| integer(o, a, b)),
            _ => zip(args, outs, |a: u8, b: u8| integer(o, i64::from(a), i64::from(b)) as u8),
        }
        Ok(())
    }
}

fn compare<T: Element + PartialOrd>(o: Operation) -> fn(T, T) -> u8 {
    match o {
        Operation::Equal => |a, b| u8::from(a == b),
        Operation::Less => |a, b| u8::from(a < b),
        Operation::LessOrEqual => |a, b| u8::from(a <= b),
        Operation::Greater => |a, b| u8::from(a > b),
        _ => |a, b| u8::from(a >= b),
    }
}

fn float(o: Operation, a: f64, b: f64) -> f64 {
    use Operation as O;
    match o {
        O::Add => a + b,
        O::Sub => a - b,
        O::Mul => a * b,
        O::Div => a / b,
        O::Pow => libm::pow(a, b),
        // the sign of the divisor, as in Python
        O::Mod => {
            let r = libm::fmod(a, b);
            if r != 0.0 && (r < 0.0) != (b < 0.0) { r + b } else { r }
        }
        O::Fmod => libm::fmod(a, b),
        // NaN wins
        O::Min => {
            if b < a || b.is_nan() {
                b
            } else {
                a
            }
        }
        O::Max => {
            if b > a || b.is_nan() {
                b
            } else {
                a
            }
        }
        O::PRelu => {
            if a < 0.0 {
                a * b
            } else {
                a
            }
        }
        _ => f64::NAN,
    }
}

fn integer(o: Operation, a: i64, b: i64) -> i64 {
    use Operation as O;
    match o {
        O::Add => a.wrapping_add(b),
        O::Sub => a.wrapping_sub(b),
        O::Mul => a.wrapping_mul(b),
        // ONNX leaves division by zero open; 0 keeps it from being a trap
        O::Div => a.checked_div(b).unwrap_or(0),
        O::Pow => power(a, b),
        O::Mod => {
            let r = a.checked_rem(b).unwrap_or(0);
            if r != 0 && (r < 0) != (b < 0) { r + b } else { r }
        }
        O::Fmod => a.checked_rem(b).unwrap_or(0),
        O::UDiv => (a as u64).checked_div(b as u64).unwrap_or(0) as i64,
        O::UMod => (a as u64).checked_rem(b as u64).unwrap_or(0) as i64,
        O::Min => a.min(b),
        O::Max => a.max(b),
        O::PRelu => {
            if a < 0 {
                a.wrapping_mul(b)
            } else {
                a
            }
        }
        _ => 0,
    }
}

fn power(a: i64, b: i64) -> i64 {
    match u32::try_from(b) {
        Ok(b) => a.wrapping_pow(b),
        Err(_) if a == 1 => 1,
        Err(_) if a == -1 => {
            if b & 1 == 0 {
                1
            } else {
                -1
            }
        }
        Err(_) => 0,
    }
}

fn zip<A: Element, B: Element>(args: &Args<'_>, outs: &mut Outs<'_>, f: impl Fn(A, A) -> B) {
    zip_rows(args, outs, &f, |a, b, row| zip_row(a, b, row, &f));
}

fn zip_row<A: Element, B: Element>(a: &[A], b: &[A], row: &mut [B], f: impl Fn(A, A) -> B) {
    for ((to, a), b) in row.iter_mut().zip(a).zip(b) {
        *to = f(*a, *b);
    }
}

/// `rows` answers rows of which both sides move, `one` the others.
fn zip_rows<A: Element, B: Element>(
    args: &Args<'_>,
    outs: &mut Outs<'_>,
    one: impl Fn(A, A) -> B,
    rows: impl Fn(&[A], &[A], &mut [B]),
) {
    let result = outs.extents(0);
    let strides = |k: usize| Strides::new(&args.extents(k), &result);
    let (a, b) = (args.get::<A>(0), args.get::<A>(1));
    let mut out = outs.get::<B>(0);
    for_each_row(&result, [strides(0), strides(1)], |[at_a, at_b], length, steps| {
        let (row, rest) = std::mem::take(&mut out).split_at_mut(length);
        out = rest;
        let (a, b) = (a.get(at_a..).unwrap_or(&[]), b.get(at_b..).unwrap_or(&[]));
        match (steps, a, b) {
            ([1, 1], a, b) => rows(a, b, row),
            ([1, _], a, [b, ..]) => row.iter_mut().zip(a).for_each(|(to, a)| *to = one(*a, *b)),
            ([_, 1], [a, ..], b) => row.iter_mut().zip(b).for_each(|(to, b)| *to = one(*a, *b)),
            (_, [a, ..], [b, ..]) => row.fill(one(*a, *b)),
            _ => {}
        }
    });
}
