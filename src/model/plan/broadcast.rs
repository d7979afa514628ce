//! Reading tensors of different shapes as one shape.

use super::fault::{Checked, Fault};
use super::types::{Dim, Extents, MAX_RANK, Shape};

/// The shape that both are read as: dimensions of length 1 stretch.
///
/// # Errors
/// Lengths that differ, or that are equal for one batch only.
pub fn broadcast(a: &Shape, b: &Shape) -> Checked<Shape> {
    let rank = a.rank().max(b.rank());
    let mut shape = Shape::SCALAR;
    let one = Dim::Fixed(1);
    for axis in 0..rank {
        let dim = |s: &Shape| (axis + s.rank()).checked_sub(rank).map_or(Ok(one), |i| s.dim(i));
        shape.push(match (dim(a)?, dim(b)?) {
            (x, y) if x == y || y == one => x,
            (x, y) if x == one => y,
            (Dim::Fixed(_), Dim::Fixed(_)) => {
                return Err(Fault::new("the shapes cannot be broadcast together"));
            }
            _ => return Err(Fault::dynamic("a dimension must equal the batch to broadcast")),
        })?;
    }
    shape.count()?;
    Ok(shape)
}

/// Steps through an operand as if it had the shape of the result.
#[derive(Clone, Copy, Debug)]
pub struct Strides {
    steps: [usize; MAX_RANK],
}

impl Strides {
    /// Strides of an operand within `result`; 0 along dimensions that stretch.
    pub fn new(operand: &Extents, result: &Extents) -> Self {
        let mut steps = [0; MAX_RANK];
        let shift = result.dims().len().saturating_sub(operand.dims().len());
        let mut stride = 1;
        for (axis, n) in operand.dims().iter().enumerate().rev() {
            if let Some(step) = steps.get_mut(axis + shift) {
                *step = if *n == 1 { 0 } else { stride };
            }
            stride *= *n;
        }
        Self { steps }
    }

    fn step(&self, axis: usize) -> usize {
        self.steps.get(axis).copied().unwrap_or(0)
    }
}

/// Calls `row(offsets, length, steps)` for each innermost row of the result: where each of the
/// operands begins, how long the row is, and how far each moves per element (0 or 1).
pub fn for_each_row<const K: usize>(
    result: &Extents,
    operands: [Strides; K],
    mut row: impl FnMut([usize; K], usize, [usize; K]),
) {
    let rank = result.dims().len();
    let inner = rank.saturating_sub(1);
    let length = if rank == 0 { 1 } else { result.dim(inner) };
    if result.count() == 0 {
        return;
    }
    let steps = operands.map(|s| s.step(inner));
    let mut index = [0; MAX_RANK];
    let mut offsets = [0; K];
    loop {
        row(offsets, length, steps);
        // odometer over the outer dimensions
        let mut axis = inner;
        loop {
            let Some(next) = axis.checked_sub(1) else { return };
            axis = next;
            let Some(place) = index.get_mut(axis) else { return };
            *place += 1;
            for (offset, s) in offsets.iter_mut().zip(&operands) {
                *offset += s.step(axis);
            }
            if *place < result.dim(axis) {
                break;
            }
            for (offset, s) in offsets.iter_mut().zip(&operands) {
                *offset -= s.step(axis) * *place;
            }
            *place = 0;
        }
    }
}
