//! Tensors as they are told to people.

use driftline::model::{Axis, TensorInfo};

/// A dimension as text: its length, or `batch`.
pub fn dim(axis: &Axis) -> String {
    match axis {
        Axis::Fixed(n) => n.to_string(),
        Axis::Batch(1) => "batch".to_owned(),
        Axis::Batch(n) => format!("{n}·batch"),
        Axis::Open => "any".to_owned(),
    }
}

/// Name, element type and shape.
pub fn tensor(info: &TensorInfo) -> String {
    let dims: Vec<String> = info.shape.iter().map(dim).collect();
    format!("{} {} [{}]", info.name, info.dtype.as_str(), dims.join(", "))
}
