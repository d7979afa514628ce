//! `LabelEncoder`, `CategoryMapper` and `OneHotEncoder`.

use super::Operators;
use super::tables::{Rules, lookup};
use crate::graph::Lowering;
use driftline::error::Result;
use driftline::model::plan::TensorId;
use driftline::model::plan::lookup::Indicator;
use driftline::tensor::{DType, Tensor, TensorData};

pub(super) const OPERATORS: Operators = &[
    ("LabelEncoder", label_encoder),
    ("CategoryMapper", category_mapper),
    ("OneHotEncoder", one_hot_encoder),
];

/// What an unknown key becomes where the model does not say.
const UNUSED: &str = "_Unused";

/// The one list of `PREFIX_strings`, `PREFIX_int64s`, `PREFIX_floats` and `PREFIX_tensor` that is
/// there.
fn list(cx: &Lowering<'_, '_>, prefix: &str) -> Result<TensorData> {
    let name = |kind: &str| format!("{prefix}_{kind}");
    let node = cx.node;
    let mut found = Vec::new();
    if node.has(&name("strings")) {
        found.push(TensorData::String(node.texts(&name("strings"))?));
    }
    if node.has(&name("int64s")) {
        found.push(TensorData::Int64(node.ints(&name("int64s"))?.to_vec()));
    }
    if node.has(&name("floats")) {
        found.push(TensorData::Float32(node.floats(&name("floats"))?.to_vec()));
    }
    if let Some(tensor) = node.tensor(&name("tensor"))? {
        found.push(tensor.into_parts().1);
    }
    let (Some(list), true) = (found.pop(), found.is_empty()) else {
        return Err(node.invalid(&format!("it needs exactly one list of {prefix}")));
    };
    Ok(list)
}

/// Values with the default of their type behind them.
fn with_default(cx: &Lowering<'_, '_>, mut values: TensorData) -> Result<TensorData> {
    let given = cx.node.tensor("default_tensor")?.map(Tensor::into_parts);
    match (&mut values, given) {
        (TensorData::String(v), Some((_, TensorData::String(d)))) if d.len() == 1 => v.extend(d),
        (TensorData::Int64(v), Some((_, TensorData::Int64(d)))) if d.len() == 1 => v.extend(d),
        (TensorData::Int32(v), Some((_, TensorData::Int32(d)))) if d.len() == 1 => v.extend(d),
        (TensorData::Int16(v), Some((_, TensorData::Int16(d)))) if d.len() == 1 => v.extend(d),
        (TensorData::Uint8(v), Some((_, TensorData::Uint8(d)))) if d.len() == 1 => v.extend(d),
        (TensorData::Float32(v), Some((_, TensorData::Float32(d)))) if d.len() == 1 => v.extend(d),
        (TensorData::Float64(v), Some((_, TensorData::Float64(d)))) if d.len() == 1 => v.extend(d),
        (_, Some(_)) => {
            return Err(cx
                .node
                .invalid("its default_tensor is no single value of its values' type"));
        }
        (TensorData::String(v), None) => v.push(cx.node.text_or("default_string", UNUSED)?),
        (TensorData::Int64(v), None) => v.push(cx.node.int_or("default_int64", -1)?),
        (TensorData::Float32(v), None) => v.push(cx.node.float_or("default_float", -0.0)?),
        _ => return Err(cx.node.invalid("it has no default for its values' type")),
    }
    Ok(values)
}

/// The input, which must have the keys' type; integers as int64.
fn keyed(cx: &mut Lowering<'_, '_>, keys: &TensorData) -> Result<TensorId> {
    let x = cx.input(0)?;
    let dtype = cx.ty(x)?.dtype;
    if dtype != keys.dtype() {
        let text =
            format!("its keys are {} and its input is {}", keys.dtype().as_str(), dtype.as_str());
        return Err(cx.node.invalid(&text));
    }
    match dtype {
        DType::Int32 | DType::Int16 | DType::Uint8 => cx.cast(x, DType::Int64),
        _ => Ok(x),
    }
}

fn label_encoder(cx: &mut Lowering<'_, '_>) -> Result<()> {
    if cx.node.opset() < 2 {
        let texts = cx.node.texts("classes_strings")?;
        let numbers = (0..texts.len() as i64).collect();
        return map(cx, texts, numbers);
    }
    let keys = list(cx, "keys")?;
    let values = with_default(cx, list(cx, "values")?)?;
    let x = keyed(cx, &keys)?;
    // version 2 compares bits, and onnxruntime finds no NaN there; version 4 says how it must be
    let last = cx.node.opset() >= 4;
    let y = lookup(cx, x, keys, values, Rules { last_wins: last, nan_is_key: last })?;
    cx.output(0, y);
    Ok(())
}

fn category_mapper(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let texts = cx.node.texts("cats_strings")?;
    let numbers = cx.node.ints("cats_int64s")?.to_vec();
    if texts.len() != numbers.len() {
        return Err(cx.node.invalid("its categories differ in number"));
    }
    map(cx, texts, numbers)
}

/// Text to its number, or a number to its text: whatever the input is.
fn map(cx: &mut Lowering<'_, '_>, texts: Vec<String>, numbers: Vec<i64>) -> Result<()> {
    let x = cx.input(0)?;
    let (keys, values) = match cx.ty(x)?.dtype {
        DType::String => (TensorData::String(texts), TensorData::Int64(numbers)),
        _ => (TensorData::Int64(numbers), TensorData::String(texts)),
    };
    let values = with_default(cx, values)?;
    let x = keyed(cx, &keys)?;
    let y = lookup(cx, x, keys, values, Rules { last_wins: true, nan_is_key: false })?;
    cx.output(0, y);
    Ok(())
}

fn one_hot_encoder(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let x = cx.input(0)?;
    let dtype = cx.ty(x)?.dtype;
    let keys = match dtype {
        DType::String => TensorData::String(cx.node.texts("cats_strings")?),
        _ => TensorData::Int64(cx.node.ints("cats_int64s")?.to_vec()),
    };
    let classes = keys.len();
    if classes == 0 {
        return Err(cx.node.invalid("it has no categories of its input's type"));
    }
    let x = match dtype {
        DType::Int32 | DType::Int16 | DType::Uint8 | DType::Bool => cx.cast(x, DType::Int64)?,
        _ => x,
    };
    let places = (0..classes as i32).chain([-1]).collect();
    let rules = Rules { last_wins: true, nan_is_key: false };
    let positions = lookup(cx, x, keys, TensorData::Int32(places), rules)?;
    let strict = !cx.node.flag("zeros", true)?;
    let y = cx.step1(Indicator::new(classes as u32, strict), &[positions])?;
    cx.output(0, y);
    Ok(())
}
