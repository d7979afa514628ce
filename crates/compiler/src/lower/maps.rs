//! Operators that make maps: the values stay a tensor, and the keys go into the report.

use super::Operators;
use crate::graph::{Lowering, Value};
use driftline::error::{ErrorCode, Result};
use driftline::model::Dim;
use driftline::model::plan::Shape;
use driftline::tensor::TensorData;

pub(super) const OPERATORS: Operators = &[("ZipMap", zip_map)];

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
