//! One element in, one element out.
//!
//! Functions are computed in binary64 and rounded once, so that binary32 results are within 1 ulp;
//! `Exp`, `Sigmoid` and `Tanh` of binary32 in binary32, within the bounds that
//! `driftline_kernels::elementwise` states.

use super::args::{Args, Outs, Signature};
use super::bytes::Element;
use super::codec::{Reader, Writer};
use super::fault::{Checked, Fault};
use super::math;
use super::step::Operator;
use super::types::TensorType;
use crate::tensor::DType;
use driftline_kernels::elementwise::{self, Unary as Kernel};

macro_rules! functions {
    ($($name:ident)*) => {
        /// A function of one element; `a` and `b` are its parameters.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Function {
            $(#[doc = stringify!($name)] $name,)*
        }

        impl Function {
            const ALL: &'static [Self] = &[$(Self::$name,)*];
        }
    };
}

// the order is part of the file format: append only
functions! {
    Abs Neg Sign Ceil Floor Round Sqrt Reciprocal Exp Log
    Relu Sigmoid Tanh Erf Softplus Softsign Elu Selu LeakyRelu ThresholdedRelu
    HardSigmoid Celu Gelu GeluTanh HardSwish Mish Clip Not IsNan IsInf
    Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh
}

/// Input: any shape. Output: the same shape; bool for `IsNan` and `IsInf`, else the same type.
#[derive(Clone, Debug)]
pub struct Unary {
    function: Function,
    a: f32,
    b: f32,
}

impl Unary {
    /// A function with its parameters; 0 where it has none.
    pub const fn new(function: Function, a: f32, b: f32) -> Self {
        Self { function, a, b }
    }
}

/// Half to even, as `Round` of ONNX.
fn round(x: f64) -> f64 {
    libm::rint(x)
}

fn evaluate(function: Function, x: f64, a: f64, b: f64) -> f64 {
    use Function as F;
    match function {
        F::Abs => x.abs(),
        F::Neg => -x,
        F::Sign => {
            if x > 0.0 {
                1.0
            } else if x < 0.0 {
                -1.0
            } else {
                x * 0.0
            }
        }
        F::Ceil => libm::ceil(x),
        F::Floor => libm::floor(x),
        F::Round => round(x),
        F::Sqrt => libm::sqrt(x),
        F::Reciprocal => 1.0 / x,
        F::Exp => libm::exp(x),
        F::Log => libm::log(x),
        F::Relu => {
            if x < 0.0 {
                0.0
            } else {
                x
            }
        }
        F::Sigmoid => math::sigmoid(x),
        F::Tanh => libm::tanh(x),
        F::Erf => libm::erf(x),
        F::Softplus => math::softplus(x),
        F::Softsign => x / (1.0 + x.abs()),
        F::Elu => {
            if x < 0.0 {
                a * libm::expm1(x)
            } else {
                x
            }
        }
        F::Selu => b * if x <= 0.0 { a * libm::expm1(x) } else { x },
        F::LeakyRelu => {
            if x < 0.0 {
                a * x
            } else {
                x
            }
        }
        F::ThresholdedRelu => {
            if x > a {
                x
            } else {
                0.0
            }
        }
        F::HardSigmoid => clamp(a * x + b, 0.0, 1.0),
        F::Celu => {
            if x < 0.0 {
                a * libm::expm1(x / a)
            } else {
                x
            }
        }
        F::Gelu => 0.5 * x * (1.0 + libm::erf(x * std::f64::consts::FRAC_1_SQRT_2)),
        F::GeluTanh => {
            let inner = std::f64::consts::FRAC_2_SQRT_PI
                * std::f64::consts::FRAC_1_SQRT_2
                * (x + 0.044715 * x * x * x);
            0.5 * x * (1.0 + libm::tanh(inner))
        }
        F::HardSwish => x * clamp(x / 6.0 + 0.5, 0.0, 1.0),
        F::Mish => x * libm::tanh(math::softplus(x)),
        F::Clip => clamp(x, a, b),
        F::Sin => libm::sin(x),
        F::Cos => libm::cos(x),
        F::Tan => libm::tan(x),
        F::Asin => libm::asin(x),
        F::Acos => libm::acos(x),
        F::Atan => libm::atan(x),
        F::Sinh => libm::sinh(x),
        F::Cosh => libm::cosh(x),
        F::Asinh => libm::asinh(x),
        F::Acosh => libm::acosh(x),
        F::Atanh => libm::atanh(x),
        // answered before, by type
        F::Not | F::IsNan | F::IsInf => x,
    }
}

/// NaN stays NaN.
fn clamp(x: f64, low: f64, high: f64) -> f64 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

impl Operator for Unary {
    const NAME: &'static str = "unary";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.function as u8);
        writer.f32(self.a);
        writer.f32(self.b);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        let function = *Function::ALL
            .get(reader.u8()? as usize)
            .ok_or(Fault::new("there is no such function"))?;
        Ok(Self { function, a: reader.f32()?, b: reader.f32()? })
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        use DType::{Bool, Float32, Float64, Int32, Int64};
        signature.expect(1)?;
        let ty = match self.function {
            Function::Not => signature.any_of(0, &[Bool])?,
            Function::IsNan | Function::IsInf => {
                signature.any_of(0, &[Float32, Float64])?.with_dtype(Bool)
            }
            Function::Abs | Function::Neg | Function::Sign | Function::Relu => {
                signature.any_of(0, &[Float32, Float64, Int32, Int64])?
            }
            _ => signature.any_of(0, &[Float32, Float64])?,
        };
        Ok(vec![ty])
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let (function, a, b) = (self.function, f64::from(self.a), f64::from(self.b));
        match (function, args.dtype(0)) {
            (Function::Not, _) => map(args, outs, |x: u8| 1 - x),
            (Function::IsNan, DType::Float32) => map(args, outs, |x: f32| u8::from(x.is_nan())),
            (Function::IsNan, _) => map(args, outs, |x: f64| u8::from(x.is_nan())),
            (Function::IsInf, DType::Float32) => {
                map(args, outs, |x: f32| u8::from(self.is_infinite(f64::from(x))));
            }
            (Function::IsInf, _) => map(args, outs, |x: f64| u8::from(self.is_infinite(x))),
            (_, DType::Float32) => {
                if let Some(kernel) = kernel(function) {
                    elementwise::unary(kernel, args.get(0), outs.get(0));
                    return Ok(());
                }
                map(args, outs, |x: f32| evaluate(function, f64::from(x), a, b) as f32);
            }
            (_, DType::Float64) => map(args, outs, |x: f64| evaluate(function, x, a, b)),
            (_, DType::Int32) => {
                map(args, outs, |x: i32| integer(function, i64::from(x)) as i32);
            }
            _ => map(args, outs, |x: i64| integer(function, x)),
        }
        Ok(())
    }
}

/// The functions that are computed in binary32, four at a time.
const fn kernel(function: Function) -> Option<Kernel> {
    match function {
        Function::Relu => Some(Kernel::Relu),
        Function::Exp => Some(Kernel::Exp),
        Function::Sigmoid => Some(Kernel::Sigmoid),
        Function::Tanh => Some(Kernel::Tanh),
        _ => None,
    }
}

impl Unary {
    /// `a` and `b` say whether −∞ and +∞ count.
    fn is_infinite(&self, x: f64) -> bool {
        (x == f64::NEG_INFINITY && self.a != 0.0) || (x == f64::INFINITY && self.b != 0.0)
    }
}

fn integer(function: Function, x: i64) -> i64 {
    match function {
        Function::Abs => x.wrapping_abs(),
        Function::Neg => x.wrapping_neg(),
        Function::Sign => x.signum(),
        _ => x.max(0),
    }
}

fn map<A: Element, B: Element>(args: &Args<'_>, outs: &mut Outs<'_>, f: impl Fn(A) -> B) {
    for (to, from) in outs.get::<B>(0).iter_mut().zip(args.get::<A>(0)) {
        *to = f(*from);
    }
}
