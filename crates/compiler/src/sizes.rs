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

    /// The sum, if it is not too large.
    pub fn plus(self, other: Self) -> Option<Self> {
        let rows = self.rows.checked_add(other.rows)?;
        Some(Self { rows, fixed: self.fixed.checked_add(other.fixed)? })
    }

    /// The difference, if it is not too large.
    pub fn minus(self, other: Self) -> Option<Self> {
        self.plus(Self { rows: other.rows.checked_neg()?, fixed: other.fixed.checked_neg()? })
    }

    /// The product, unless it has the square of the batch in it.
    pub fn times(self, other: Self) -> Option<Self> {
        let (factor, size) = match (self.rows, other.rows) {
            (0, _) => (self.fixed, other),
            (_, 0) => (other.fixed, self),
            _ => return None,
        };
        let rows = size.rows.checked_mul(factor)?;
        Some(Self { rows, fixed: size.fixed.checked_mul(factor)? })
    }

    /// The quotient, if it is the same form for every batch and leaves no rest.
    pub fn over(self, other: Self) -> Option<Self> {
        let exact = |a: i64, b: i64| (a.checked_rem(b)? == 0).then(|| a.checked_div(b)).flatten();
        match (self.rows, other.rows) {
            (0, 0) => Some(Self::fixed(self.fixed.checked_div(other.fixed)?)),
            (rows, 0) => Some(Self {
                rows: exact(rows, other.fixed)?,
                fixed: exact(self.fixed, other.fixed)?,
            }),
            (rows, by) => {
                let ratio = exact(rows, by)?;
                (other.fixed.checked_mul(ratio)? == self.fixed).then(|| Self::fixed(ratio))
            }
        }
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

    /// Element by element with another; a single number goes with each of several.
    pub fn zip(&self, other: &Self, f: impl Fn(Size, Size) -> Option<Size>) -> Option<Self> {
        let n = self.values.len().max(other.values.len());
        let stretched = |s: &Self| s.values.len() == n || s.values.len() == 1;
        if !stretched(self) || !stretched(other) {
            return None;
        }
        let at =
            |s: &Self, i: usize| s.values.get(if s.values.len() == 1 { 0 } else { i }).copied();
        let values = (0..n).map(|i| f(at(self, i)?, at(other, i)?)).collect::<Option<_>>()?;
        Some(Self { values, scalar: self.scalar && other.scalar })
    }

    /// Constant integers; `None` if one follows the batch.
    pub fn fixed(&self) -> Option<Vec<i64>> {
        self.values.iter().map(|s| (s.rows == 0).then_some(s.fixed)).collect()
    }

    /// The tensor, if nothing in it follows the batch.
    pub fn constant(&self) -> Option<Tensor> {
        let shape = if self.scalar { vec![] } else { vec![self.values.len()] };
        Tensor::new(shape, TensorData::Int64(self.fixed()?)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn size(rows: i64, fixed: i64) -> Size {
        Size { rows, fixed }
    }

    #[test]
    fn arithmetic_keeps_the_form() {
        let n = size(2, 6);
        assert_eq!(n.plus(size(1, -1)), Some(size(3, 5)));
        assert_eq!(n.minus(n), Some(size(0, 0)));
        assert_eq!(n.times(size(0, 3)), Some(size(6, 18)));
        assert_eq!(size(0, -1).times(n), Some(size(-2, -6)));
        assert_eq!(n.over(size(0, 2)), Some(size(1, 3)));
        assert_eq!(n.over(size(1, 3)), Some(size(0, 2)));
        assert_eq!(size(0, 7).over(size(0, 2)), Some(size(0, 3)));
    }

    #[test]
    fn what_has_not_the_form_is_none() {
        let n = size(1, 0);
        assert_eq!(n.times(n), None, "the square of the batch");
        assert_eq!(n.over(size(0, 2)), None, "odd for some batches");
        assert_eq!(size(2, 6).over(size(1, 2)), None);
        assert_eq!(size(0, 4).over(n), None);
        assert_eq!(n.over(size(0, 0)), None);
        assert_eq!(size(i64::MAX, 0).plus(n), None);
        assert_eq!(size(0, i64::MIN).over(size(0, -1)), None);
        assert_eq!(size(0, 1).minus(size(0, i64::MIN)), None);
    }

    #[test]
    fn single_numbers_go_with_several() {
        let row = Sizes::vector(vec![size(1, 0), size(0, 3)]);
        let two = Sizes { values: vec![Size::fixed(2)], scalar: true };
        let twice = Sizes::vector(vec![size(2, 0), size(0, 6)]);
        assert_eq!(row.zip(&two, Size::times), Some(twice));
        let three = Sizes::vector(vec![Size::fixed(1); 3]);
        assert_eq!(row.zip(&three, Size::plus), None);
        assert_eq!(row.constant(), None);
    }
}
