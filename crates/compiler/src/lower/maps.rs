//! Operators that make maps, whose values stay a tensor while the keys go into the report, and
//! operators that take a map.

use super::Operators;
use super::tables::{Rules, lookup};
use crate::graph::{Lowering, Value};
use driftline::error::{ErrorCode, Result};
use driftline::limits::MAX_TENSOR_ELEMENTS;
use driftline::model::Dim;
use driftline::model::plan::entries::{MapEntries, Scatter};
use driftline::model::plan::text::{FromText, Style, ToText};
use driftline::model::plan::{Shape, TensorId};
use driftline::tensor::{DType, TensorData};

pub(super) const OPERATORS: Operators =
    &[("ZipMap", zip_map), ("DictVectorizer", dict_vectorizer), ("CastMap", cast_map)];

fn zip_map(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let values = cx.input(0)?;
    let texts = cx.node.texts("classlabels_strings")?;
    let numbers = cx.node.ints("classlabels_int64s")?;
    let keys = match (texts.is_empty(), numbers.is_empty()) {
        (false, true) => TensorData::String(texts),
        (true, false) => TensorData::Int64(numbers.to_vec()),
        _ => return Err(cx.node.invalid("it needs class labels, either integers or strings")),
    };
    // a vector is one row
    let values = match *cx.ty(values)?.shape.dims() {
        [columns] => {
            let row = Shape::new(&[Dim::Fixed(1), columns]).map_err(|f| cx.node.fault(f))?;
            cx.alias(values, row)?
        }
        _ => values,
    };
    let columns = cx.ty(values)?.shape.dims().last().and_then(|d| d.fixed());
    if columns.is_none() {
        return Err(cx.node.error(ErrorCode::DynamicShape, "its number of columns is not fixed"));
    }
    if columns != Some(keys.len()) {
        return Err(cx.node.invalid("its labels and columns differ in number"));
    }
    cx.set(0, Value::Map { keys, values });
    Ok(())
}

/// Keys and values of the map that the node takes.
fn entries(cx: &mut Lowering<'_, '_>) -> Result<(TensorId, TensorId)> {
    let Some(Value::Entries { keys, values }) = cx.value(0)? else {
        return Err(cx.node.invalid("its input is no map"));
    };
    let checked = cx.step(MapEntries, &[keys, values])?;
    match *checked.as_slice() {
        [keys, values] => Ok((keys, values)),
        _ => Err(cx.node.invalid("its input is no map")),
    }
}

/// One element of a type: zero or no text.
fn empty(dtype: DType, text: &str) -> TensorData {
    match dtype {
        DType::Float32 => TensorData::Float32(vec![0.0]),
        DType::Float64 => TensorData::Float64(vec![0.0]),
        DType::String => TensorData::String(vec![text.to_owned()]),
        _ => TensorData::Int64(vec![0]),
    }
}

fn dict_vectorizer(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let (keys, values) = entries(cx)?;
    let texts = cx.node.texts("string_vocabulary")?;
    let numbers = cx.node.ints("int64_vocabulary")?;
    let vocabulary = match (texts.is_empty(), numbers.is_empty()) {
        (false, true) => TensorData::String(texts),
        (true, false) => TensorData::Int64(numbers.to_vec()),
        _ => return Err(cx.node.invalid("it needs one vocabulary, either integers or strings")),
    };
    if vocabulary.dtype() != cx.ty(keys)?.dtype {
        return Err(cx.node.invalid("its vocabulary and the keys of its input differ in type"));
    }
    let columns = vocabulary.len();
    // a key that is not in the vocabulary goes past the end, where it is left out
    let places = TensorData::Int64((0..=columns as i64).collect());
    let rules = Rules { last_wins: true, nan_is_key: false };
    let positions = lookup(cx, keys, vocabulary, places, rules)?;
    let dtype = cx.ty(values)?.dtype;
    let absent = cx.vector(empty(dtype, ""))?;
    let y = cx.step1(Scatter::new(columns as u32), &[positions, values, absent])?;
    cx.output(0, y);
    Ok(())
}

fn cast_map(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let (keys, values) = entries(cx)?;
    if cx.ty(keys)?.dtype != DType::Int64 {
        return Err(cx.node.invalid("the keys of its input are not int64"));
    }
    let to = match cx.node.text_or("cast_to", "TO_FLOAT")?.as_str() {
        "TO_FLOAT" => DType::Float32,
        "TO_STRING" => DType::String,
        "TO_INT64" => DType::Int64,
        other => return Err(cx.node.invalid(&format!("it cannot cast to `{other}`"))),
    };
    let values = match (cx.ty(values)?.dtype, to) {
        (DType::Float32, DType::String) => cx.step1(ToText::new(Style::Fixed), &[values])?,
        (DType::String, DType::Float32 | DType::Int64) => cx.step1(FromText::new(to), &[values])?,
        (DType::Float32, _) | (DType::String, DType::String) => cx.cast(values, to)?,
        _ => return Err(cx.node.invalid("the values of its input are neither float nor text")),
    };
    let y = match cx.node.text_or("map_form", "DENSE")?.as_str() {
        "DENSE" => {
            let entries = cx.ty(values)?.shape.dim(0).map_err(|f| cx.node.fault(f))?;
            let row = Shape::new(&[Dim::Fixed(1), entries]).map_err(|f| cx.node.fault(f))?;
            cx.alias(values, row)?
        }
        "SPARSE" => {
            let columns = cx.node.int_or("max_map", 1)?;
            let columns = u32::try_from(columns)
                .ok()
                .filter(|n| *n > 0 && *n as usize <= MAX_TENSOR_ELEMENTS)
                .ok_or_else(|| cx.node.invalid("its max_map is out of range"))?;
            let absent = cx.vector(empty(to, "0.f"))?;
            cx.step1(Scatter::new(columns), &[keys, values, absent])?
        }
        other => return Err(cx.node.invalid(&format!("there is no map_form `{other}`"))),
    };
    cx.output(0, y);
    Ok(())
}
