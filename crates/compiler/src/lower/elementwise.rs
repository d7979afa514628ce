//! Operators that work element by element.

use super::Operators;
use super::dense::fuse_bias;
use super::shapes::arithmetic;
use crate::graph::Lowering;
use driftline::error::Result;
use driftline::model::plan::binary::{Binary, Operation};
use driftline::model::plan::unary::{Function, Unary};
use driftline::model::plan::{Shape, TensorId};
use driftline::tensor::{DType, TensorData};

pub(super) const OPERATORS: Operators = &[
    ("Abs", |cx| unary(cx, Function::Abs)),
    ("Neg", |cx| unary(cx, Function::Neg)),
    ("Sign", |cx| unary(cx, Function::Sign)),
    ("Ceil", |cx| unary(cx, Function::Ceil)),
    ("Floor", |cx| unary(cx, Function::Floor)),
    ("Round", |cx| unary(cx, Function::Round)),
    ("Sqrt", |cx| unary(cx, Function::Sqrt)),
    ("Reciprocal", |cx| unary(cx, Function::Reciprocal)),
    ("Exp", |cx| unary(cx, Function::Exp)),
    ("Log", |cx| unary(cx, Function::Log)),
    ("Relu", |cx| unary(cx, Function::Relu)),
    ("Sigmoid", |cx| unary(cx, Function::Sigmoid)),
    ("Tanh", |cx| unary(cx, Function::Tanh)),
    ("Erf", |cx| unary(cx, Function::Erf)),
    ("Softplus", |cx| unary(cx, Function::Softplus)),
    ("Softsign", |cx| unary(cx, Function::Softsign)),
    ("Mish", |cx| unary(cx, Function::Mish)),
    ("HardSwish", |cx| unary(cx, Function::HardSwish)),
    ("Not", |cx| unary(cx, Function::Not)),
    ("IsNaN", |cx| unary(cx, Function::IsNan)),
    ("Sin", |cx| unary(cx, Function::Sin)),
    ("Cos", |cx| unary(cx, Function::Cos)),
    ("Tan", |cx| unary(cx, Function::Tan)),
    ("Asin", |cx| unary(cx, Function::Asin)),
    ("Acos", |cx| unary(cx, Function::Acos)),
    ("Atan", |cx| unary(cx, Function::Atan)),
    ("Sinh", |cx| unary(cx, Function::Sinh)),
    ("Cosh", |cx| unary(cx, Function::Cosh)),
    ("Asinh", |cx| unary(cx, Function::Asinh)),
    ("Acosh", |cx| unary(cx, Function::Acosh)),
    ("Atanh", |cx| unary(cx, Function::Atanh)),
    ("Elu", |cx| parametric(cx, Function::Elu, [("alpha", 1.0), ("", 0.0)])),
    ("Selu", |cx| parametric(cx, Function::Selu, [("alpha", 1.673_263_2), ("gamma", 1.050_701)])),
    ("LeakyRelu", |cx| parametric(cx, Function::LeakyRelu, [("alpha", 0.01), ("", 0.0)])),
    ("ThresholdedRelu", |cx| {
        parametric(cx, Function::ThresholdedRelu, [("alpha", 1.0), ("", 0.0)])
    }),
    ("HardSigmoid", |cx| parametric(cx, Function::HardSigmoid, [("alpha", 0.2), ("beta", 0.5)])),
    ("Celu", |cx| parametric(cx, Function::Celu, [("alpha", 1.0), ("", 0.0)])),
    ("Gelu", gelu),
    ("IsInf", |cx| {
        let flags = ["detect_negative", "detect_positive"];
        let [a, b] = flags.map(|name| cx.node.flag(name, true));
        let (a, b) = (f32::from(u8::from(a?)), f32::from(u8::from(b?)));
        apply(cx, Unary::new(Function::IsInf, a, b))
    }),
    ("Clip", clip),
    ("Add", |cx| binary(cx, Operation::Add)),
    ("Sub", |cx| binary(cx, Operation::Sub)),
    ("Mul", |cx| binary(cx, Operation::Mul)),
    ("Div", |cx| binary(cx, Operation::Div)),
    ("Pow", pow),
    ("Mod", |cx| {
        let c_like = cx.node.flag("fmod", false)?;
        binary(cx, if c_like { Operation::Fmod } else { Operation::Mod })
    }),
    ("PRelu", |cx| binary(cx, Operation::PRelu)),
    ("Equal", |cx| binary(cx, Operation::Equal)),
    ("Less", |cx| binary(cx, Operation::Less)),
    ("LessOrEqual", |cx| binary(cx, Operation::LessOrEqual)),
    ("Greater", |cx| binary(cx, Operation::Greater)),
    ("GreaterOrEqual", |cx| binary(cx, Operation::GreaterOrEqual)),
    ("And", |cx| binary(cx, Operation::And)),
    ("Or", |cx| binary(cx, Operation::Or)),
    ("Xor", |cx| binary(cx, Operation::Xor)),
    ("Min", |cx| variadic(cx, Operation::Min)),
    ("Max", |cx| variadic(cx, Operation::Max)),
    ("Sum", |cx| variadic(cx, Operation::Add)),
    ("Mean", mean),
];

fn apply(cx: &mut Lowering<'_, '_>, step: Unary) -> Result<()> {
    let x = cx.input(0)?;
    let dtype = cx.ty(x)?.dtype;
    let x = widened(cx, x)?;
    let y = cx.step1(step, &[x])?;
    let y = narrowed(cx, y, dtype)?;
    cx.output(0, y);
    Ok(())
}

fn unary(cx: &mut Lowering<'_, '_>, function: Function) -> Result<()> {
    apply(cx, Unary::new(function, 0.0, 0.0))
}

/// Whether steps compute with these integers as with int64 only.
const fn is_narrow(dtype: DType) -> bool {
    use DType::{Int8, Int16, Uint16, Uint32};
    matches!(dtype, Int8 | Int16 | Uint16 | Uint32)
}

/// A tensor as the steps compute with it: integers that they lack as int64. Those of 64 bits
/// without a sign keep their bits.
pub(super) fn widened(cx: &mut Lowering<'_, '_>, x: TensorId) -> Result<TensorId> {
    match cx.ty(x)?.dtype {
        dtype if is_narrow(dtype) => cx.cast(x, DType::Int64),
        DType::Uint64 => Err(cx.node.error(
            driftline::ErrorCode::UnsupportedType,
            "the operator does not take this element type",
        )),
        _ => Ok(x),
    }
}

/// The result of what was widened, in its own type again.
pub(super) fn narrowed(cx: &mut Lowering<'_, '_>, y: TensorId, dtype: DType) -> Result<TensorId> {
    if is_narrow(dtype) { cx.cast(y, dtype) } else { Ok(y) }
}

/// Two tensors of one type, which the steps may lack.
fn combine(
    cx: &mut Lowering<'_, '_>,
    operation: Operation,
    a: TensorId,
    b: TensorId,
) -> Result<TensorId> {
    let dtype = cx.ty(a)?.dtype;
    if cx.ty(b)?.dtype != dtype || !(is_narrow(dtype) || dtype == DType::Uint64) {
        return cx.step1(Binary::new(operation), &[a, b]);
    }
    use Operation as O;
    let (mut a, mut b) = (cx.cast(a, DType::Int64)?, cx.cast(b, DType::Int64)?);
    let mut flipped = false;
    let mut operation = operation;
    if dtype == DType::Uint64 {
        match operation {
            O::Add | O::Sub | O::Mul => {}
            O::Div => operation = O::UDiv,
            O::Mod | O::Fmod => operation = O::UMod,
            O::Pow | O::PRelu => return Err(cx.node.unsupported("it takes no uint64")),
            // less the least, the order of numbers without a sign is that of those with one
            _ => {
                (a, b) = (flip(cx, a)?, flip(cx, b)?);
                flipped = true;
            }
        }
    }
    let y = cx.step1(Binary::new(operation), &[a, b])?;
    if cx.ty(y)?.dtype == DType::Bool {
        return Ok(y);
    }
    let y = if flipped { flip(cx, y)? } else { y };
    cx.cast(y, dtype)
}

/// The first bit the other way round.
fn flip(cx: &mut Lowering<'_, '_>, x: TensorId) -> Result<TensorId> {
    let least = cx.scalar(TensorData::Int64(vec![i64::MIN]))?;
    cx.step1(Binary::new(Operation::Sub), &[x, least])
}

fn parametric(
    cx: &mut Lowering<'_, '_>,
    function: Function,
    parameters: [(&str, f32); 2],
) -> Result<()> {
    let [a, b] = parameters.map(|(name, default)| cx.node.float_or(name, default));
    apply(cx, Unary::new(function, a?, b?))
}

fn gelu(cx: &mut Lowering<'_, '_>) -> Result<()> {
    match cx.node.text_or("approximate", "none")?.as_str() {
        "none" => unary(cx, Function::Gelu),
        "tanh" => unary(cx, Function::GeluTanh),
        other => Err(cx.node.invalid(&format!("there is no approximation `{other}`"))),
    }
}

/// Before version 7 broadcasting was asked for by attributes, with other rules.
fn refuse_old_broadcast(cx: &Lowering<'_, '_>) -> Result<()> {
    if cx.node.has("broadcast") || cx.node.has("axis") {
        return Err(cx.node.unsupported("it broadcasts by the rules before version 7"));
    }
    Ok(())
}

fn binary(cx: &mut Lowering<'_, '_>, operation: Operation) -> Result<()> {
    refuse_old_broadcast(cx)?;
    if arithmetic(cx, operation)? {
        return Ok(());
    }
    let (a, b) = (cx.input(0)?, cx.input(1)?);
    if operation == Operation::Add {
        let fused = match fuse_bias(cx, a, b)? {
            Some(y) => Some(y),
            None => fuse_bias(cx, b, a)?,
        };
        if let Some(y) = fused {
            cx.output(0, y);
            return Ok(());
        }
    }
    let y = combine(cx, operation, a, b)?;
    cx.output(0, y);
    Ok(())
}

/// The exponent may have another type than the base, whose type the result has.
fn pow(cx: &mut Lowering<'_, '_>) -> Result<()> {
    refuse_old_broadcast(cx)?;
    let (a, b) = (cx.input(0)?, cx.input(1)?);
    let (ta, tb) = (cx.ty(a)?.dtype, cx.ty(b)?.dtype);
    let is_float = |t| matches!(t, DType::Float32 | DType::Float64);
    let y = if ta == tb {
        combine(cx, Operation::Pow, a, b)?
    } else if is_float(tb) && !is_float(ta) {
        let (a, b) = (cx.cast(a, DType::Float64)?, cx.cast(b, DType::Float64)?);
        let y = cx.step1(Binary::new(Operation::Pow), &[a, b])?;
        cx.cast(y, ta)?
    } else {
        let b = cx.cast(b, ta)?;
        cx.step1(Binary::new(Operation::Pow), &[a, b])?
    };
    cx.output(0, y);
    Ok(())
}

fn fold(cx: &mut Lowering<'_, '_>, operation: Operation) -> Result<TensorId> {
    let mut y = cx.input(0)?;
    for k in 1..cx.inputs() {
        let x = cx.input(k)?;
        y = combine(cx, operation, y, x)?;
    }
    Ok(y)
}

fn variadic(cx: &mut Lowering<'_, '_>, operation: Operation) -> Result<()> {
    let y = fold(cx, operation)?;
    cx.output(0, y);
    Ok(())
}

fn mean(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let sum = fold(cx, Operation::Add)?;
    let count = cx.inputs() as f32;
    let count = cx.vector(TensorData::Float32(vec![count]))?;
    let count = cx.alias(count, Shape::SCALAR)?;
    let count = cx.cast(count, cx.ty(sum)?.dtype)?;
    let y = cx.step1(Binary::new(Operation::Div), &[sum, count])?;
    cx.output(0, y);
    Ok(())
}

/// Bounds are attributes before version 11, inputs from then on.
fn clip(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let mut y = cx.input(0)?;
    if cx.node.opset() < 11 {
        let low = cx.node.float_or("min", f32::MIN)?;
        let high = cx.node.float_or("max", f32::MAX)?;
        return apply(cx, Unary::new(Function::Clip, low, high));
    }
    for (k, operation) in [(1, Operation::Max), (2, Operation::Min)] {
        if let Some(bound) = cx.optional(k)? {
            y = combine(cx, operation, y, bound)?;
        }
    }
    cx.output(0, y);
    Ok(())
}
