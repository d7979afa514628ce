//! Shape arithmetic: integers of the form a · N + b, where N is the number of rows of a call.

use driftline::model::Dim;
use driftline::tensor::{Tensor, TensorData};

/// a · N + b.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Factor of the batch.
    pub rows: i64,
    /// Constant part.
    pub fixed: i64,
}

impl Size {
    /// A constant.
    pub const fn fixed(n: i64) -> Self {
        Self { rows: 0, fixed: n }
    }

    /// A dimension, if it can be one.
    pub fn dim(self) -> Option<Dim> {
        match (u32::try_from(self.rows).ok()?, u32::try_from(self.fixed).ok()?) {
            (0, n) => Some(Dim::Fixed(n)),
            (k, 0) => Some(Dim::Batch(k)),
            _ => None,
        }
    }
}

impl From<Dim> for Size {
    fn from(dim: Dim) -> Self {
        match dim {
            Dim::Fixed(n) => Self::fixed(i64::from(n)),
            Dim::Batch(k) => Self { rows: i64::from(k), fixed: 0 },
        }
    }
}

/// An int64 tensor of at most one dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Its elements.
    pub values: Vec<Size>,
    /// Whether it is a single number without dimension.
    pub scalar: bool,
}

impl Sizes {
    /// A vector.
    pub const fn vector(values: Vec<Size>) -> Self {
        Self { values, scalar: false }
    }

    /// Constant integers; `None` for other types and for matrices.
    pub fn of(tensor: &Tensor) -> Option<Self> {
        let values = match tensor.data() {
            TensorData::Int64(v) => v.iter().map(|n| Size::fixed(*n)).collect(),
            TensorData::Int32(v) => v.iter().map(|n| Size::fixed(i64::from(*n))).collect(),
            _ => return None,
        };
        (tensor.shape().len() <= 1).then_some(Self { values, scalar: tensor.shape().is_empty() })
    }

    /// The tensor, if nothing in it follows the batch.
    pub fn constant(&self) -> Option<Tensor> {
        let values: Option<Vec<i64>> =
            self.values.iter().map(|s| (s.rows == 0).then_some(s.fixed)).collect();
        let shape = if self.scalar { vec![] } else { vec![self.values.len()] };
        Tensor::new(shape, TensorData::Int64(values?)).ok()
    }
}
