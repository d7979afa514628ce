//! Types of a plan's tensors: element type and shape over one symbolic batch.

use super::codec::{Reader, Writer};
use super::fault::{Checked, Fault, ensure};
use crate::limits::MAX_TENSOR_ELEMENTS;
use crate::tensor::DType;

/// Most dimensions that a tensor may have.
pub const MAX_RANK: usize = 8;

/// Length of one dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dim {
    /// Always this long.
    Fixed(u32),
    /// This many times the number of rows of the call.
    Batch(u32),
}

impl Dim {
    /// The length for a call of `batch` rows.
    pub const fn at(self, batch: usize) -> usize {
        match self {
            Self::Fixed(n) => n as usize,
            Self::Batch(k) => (k as usize).saturating_mul(batch),
        }
    }

    /// The length, if it is always the same.
    pub const fn fixed(self) -> Option<usize> {
        match self {
            Self::Fixed(n) => Some(n as usize),
            Self::Batch(_) => None,
        }
    }

    /// The product; a fault if both follow the batch.
    ///
    /// # Errors
    /// A length that grows with the square of the batch, or is past the limit.
    pub fn times(self, other: Self) -> Checked<Self> {
        let product = |a: u32, b: u32| {
            a.checked_mul(b)
                .filter(|n| *n as usize <= MAX_TENSOR_ELEMENTS)
                .ok_or(Fault::large("a tensor has too many elements"))
        };
        match (self, other) {
            (Self::Fixed(a), Self::Fixed(b)) => Ok(Self::Fixed(product(a, b)?)),
            (Self::Fixed(0), Self::Batch(_)) | (Self::Batch(_), Self::Fixed(0)) => {
                Ok(Self::Fixed(0))
            }
            (Self::Fixed(a), Self::Batch(b)) | (Self::Batch(a), Self::Fixed(b)) => {
                Ok(Self::Batch(product(a, b)?))
            }
            (Self::Batch(_), Self::Batch(_)) => {
                Err(Fault::dynamic("a tensor grows with the square of the batch"))
            }
        }
    }

    /// The sum; a fault if only one of them follows the batch.
    ///
    /// # Errors
    /// A length that is no multiple of the batch, or is past the limit.
    pub fn plus(self, other: Self) -> Checked<Self> {
        let sum = |a: u32, b: u32| a.checked_add(b).ok_or(Fault::large("a dimension is too long"));
        match (self, other) {
            (Self::Fixed(a), Self::Fixed(b)) => Ok(Self::Fixed(sum(a, b)?)),
            (Self::Batch(a), Self::Batch(b)) => Ok(Self::Batch(sum(a, b)?)),
            (Self::Fixed(0), n) | (n, Self::Fixed(0)) => Ok(n),
            _ => Err(Fault::dynamic("a dimension is the batch plus a constant")),
        }
    }
}

/// Dimensions, outermost first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    rank: u8,
    dims: [Dim; MAX_RANK],
}

impl Shape {
    /// A scalar.
    pub const SCALAR: Self = Self { rank: 0, dims: [Dim::Fixed(1); MAX_RANK] };

    /// A shape of these dimensions.
    ///
    /// # Errors
    /// More than [`MAX_RANK`] dimensions.
    pub fn new(dims: &[Dim]) -> Checked<Self> {
        let mut shape = Self::SCALAR;
        for dim in dims {
            shape.push(*dim)?;
        }
        Ok(shape)
    }

    /// A shape of constant lengths.
    ///
    /// # Errors
    /// More than [`MAX_RANK`] dimensions, or one that is past the limit.
    pub fn fixed(dims: &[usize]) -> Checked<Self> {
        let mut shape = Self::SCALAR;
        for dim in dims {
            let n = u32::try_from(*dim).map_err(|_| Fault::large("a dimension is too long"))?;
            shape.push(Dim::Fixed(n))?;
        }
        Ok(shape)
    }

    /// Appends an innermost dimension.
    ///
    /// # Errors
    /// More than [`MAX_RANK`] dimensions.
    pub fn push(&mut self, dim: Dim) -> Checked<()> {
        let place = self
            .dims
            .get_mut(self.rank as usize)
            .ok_or(Fault::large("a tensor has more than 8 dimensions"))?;
        *place = dim;
        self.rank += 1;
        Ok(())
    }

    /// The dimensions.
    pub fn dims(&self) -> &[Dim] {
        self.dims.get(..self.rank as usize).unwrap_or(&[])
    }

    /// The dimensions, to change.
    pub fn dims_mut(&mut self) -> &mut [Dim] {
        self.dims.get_mut(..self.rank as usize).unwrap_or(&mut [])
    }

    /// How many dimensions.
    pub const fn rank(&self) -> usize {
        self.rank as usize
    }

    /// One dimension.
    ///
    /// # Errors
    /// There is none at `axis`.
    pub fn dim(&self, axis: usize) -> Checked<Dim> {
        self.dims().get(axis).copied().ok_or(Fault::new("a tensor has too few dimensions"))
    }

    /// Number of elements.
    ///
    /// # Errors
    /// It grows with the square of the batch, or is past the limit.
    pub fn count(&self) -> Checked<Dim> {
        product(self.dims())
    }

    /// As [`Self::count`], with empty dimensions left out.
    ///
    /// # Errors
    /// As [`Self::count`].
    pub fn volume(&self) -> Checked<Dim> {
        volume(self.dims())
    }

    /// Number of elements of the dimensions before `axis`, and from it on.
    ///
    /// # Errors
    /// As [`Self::count`]; or `axis` is past the end.
    pub fn split(&self, axis: usize) -> Checked<(Dim, Dim)> {
        let (outer, inner) = self
            .dims()
            .split_at_checked(axis)
            .ok_or(Fault::new("a tensor has too few dimensions"))?;
        Ok((product(outer)?, product(inner)?))
    }

    /// Appends the shape to a step's attributes or a table.
    pub fn write(&self, writer: &mut Writer) {
        let mask =
            self.dims().iter().enumerate().fold(0u8, |mask, (axis, dim)| {
                mask | u8::from(matches!(dim, Dim::Batch(_))) << axis
            });
        writer.u8(self.rank);
        writer.u8(mask);
        for dim in self.dims() {
            let (Dim::Fixed(n) | Dim::Batch(n)) = dim;
            writer.u32(*n);
        }
    }

    /// Reads what [`Self::write`] wrote.
    ///
    /// # Errors
    /// A wrong rank, or too many elements.
    pub fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        let (rank, mask) = (reader.u8()? as usize, reader.u8()?);
        ensure(rank <= MAX_RANK && (mask as u32) < 1 << rank, "a shape has a wrong rank")?;
        let mut shape = Self::SCALAR;
        for axis in 0..rank {
            let n = reader.u32()?;
            shape.push(if mask >> axis & 1 == 1 { Dim::Batch(n) } else { Dim::Fixed(n) })?;
        }
        shape.count()?;
        Ok(shape)
    }

    /// The lengths for a call of `batch` rows.
    pub fn at(&self, batch: usize) -> Extents {
        let mut extents = Extents { rank: self.rank, dims: [1; MAX_RANK] };
        for (n, dim) in extents.dims.iter_mut().zip(self.dims()) {
            *n = dim.at(batch);
        }
        extents
    }
}

/// Empty dimensions do not hide long ones: steps are made of those too.
fn product(dims: &[Dim]) -> Checked<Dim> {
    let volume = volume(dims)?;
    Ok(if dims.contains(&Dim::Fixed(0)) { Dim::Fixed(0) } else { volume })
}

fn volume(dims: &[Dim]) -> Checked<Dim> {
    let filled = dims.iter().filter(|d| **d != Dim::Fixed(0));
    filled.into_iter().try_fold(Dim::Fixed(1), |n, d| n.times(*d))
}

/// Lengths of the dimensions in one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extents {
    rank: u8,
    dims: [usize; MAX_RANK],
}

impl Extents {
    /// Length of each dimension, outermost first.
    pub fn dims(&self) -> &[usize] {
        self.dims.get(..self.rank as usize).unwrap_or(&[])
    }

    /// Number of elements; the shape's own check keeps it within the limit.
    pub fn count(&self) -> usize {
        self.dims().iter().product()
    }

    /// Number of rows and their width: all dimensions but the last, and the last.
    pub fn rows(&self) -> (usize, usize) {
        let width = self.dims().last().copied().unwrap_or(1);
        (self.count().checked_div(width).unwrap_or(0), width)
    }

    /// Length of one dimension; 1 where there is none.
    pub fn dim(&self, axis: usize) -> usize {
        self.dims().get(axis).copied().unwrap_or(1)
    }

    /// The first `rank` dimensions.
    #[must_use]
    pub fn first(&self, rank: usize) -> Self {
        Self { rank: self.rank.min(rank as u8), dims: self.dims }
    }

    /// Elements before `axis`, along it, and after it.
    pub fn around(&self, axis: usize) -> (usize, usize, usize) {
        let before = self.dims().iter().take(axis).product();
        let after = self.dims().iter().skip(axis + 1).product();
        (before, self.dim(axis), after)
    }
}

/// Element type and shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TensorType {
    /// Element type.
    pub dtype: DType,
    /// Shape.
    pub shape: Shape,
}

impl TensorType {
    /// A type.
    pub const fn new(dtype: DType, shape: Shape) -> Self {
        Self { dtype, shape }
    }

    /// The same shape with other elements.
    #[must_use]
    pub const fn with_dtype(self, dtype: DType) -> Self {
        Self { dtype, shape: self.shape }
    }
}

/// Bytes that one element takes in the plan and in the arena; text is a symbol of 4 bytes.
pub const fn element_bytes(dtype: DType) -> usize {
    match dtype {
        DType::Float64 | DType::Int64 | DType::Uint64 => 8,
        DType::Float32 | DType::Int32 | DType::Uint32 | DType::String => 4,
        DType::Int16 | DType::Uint16 => 2,
        DType::Int8 | DType::Uint8 | DType::Bool => 1,
    }
}
