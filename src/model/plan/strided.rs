//! Walks over blocks of arrays: offsets of elements from steps along the dimensions.

use super::args::{Args, Outs};
use super::types::{MAX_RANK, element_bytes};
use bytemuck::Pod;

/// Runs `$body` with `$t` as an unsigned integer of `$width` bytes: what only moves elements need
/// not know their type.
macro_rules! by_width {
    ($width:expr, $t:ident => $body:expr) => {
        match $width {
            1 => {
                type $t = u8;
                $body
            }
            2 => {
                type $t = u16;
                $body
            }
            4 => {
                type $t = u32;
                $body
            }
            _ => {
                type $t = u64;
                $body
            }
        }
    };
}

pub(super) use by_width;

/// `to.copy_from_slice(from)` that leaves `to` as it is if the lengths differ.
pub fn copy<T: Copy>(to: &mut [T], from: &[T]) {
    if to.len() == from.len() {
        to.copy_from_slice(from);
    }
}

/// One dimension of a walk: how long it is, and how far apart its elements are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Axis {
    pub len: usize,
    pub step: isize,
}

/// The offsets of a block's elements, row-major.
#[derive(Clone, Copy, Debug)]
pub struct Walk {
    axes: [Axis; MAX_RANK],
    index: [usize; MAX_RANK],
    rank: usize,
    at: isize,
    left: usize,
}

impl Walk {
    /// From the element at `start` on, along these dimensions, outermost first. Dimensions that
    /// continue one another are joined.
    pub fn new(start: isize, axes: impl IntoIterator<Item = Axis>) -> Self {
        let mut walk = Self {
            axes: [Axis::default(); MAX_RANK],
            index: [0; MAX_RANK],
            rank: 0,
            at: start,
            left: 1,
        };
        for axis in axes {
            walk.left = walk.left.saturating_mul(axis.len);
            if axis.len == 1 {
                continue;
            }
            let outer = walk.rank.checked_sub(1).and_then(|last| walk.axes.get_mut(last));
            match outer {
                Some(outer) if outer.step == axis.step.wrapping_mul(axis.len as isize) => {
                    *outer = Axis { len: outer.len.saturating_mul(axis.len), step: axis.step };
                }
                _ => {
                    if let Some(place) = walk.axes.get_mut(walk.rank) {
                        *place = axis;
                        walk.rank += 1;
                    }
                }
            }
        }
        walk
    }

    /// The walk over the rows, and the row: its length and the step within it.
    pub fn rows(mut self) -> (Self, Axis) {
        let Some(last) = self.rank.checked_sub(1) else {
            return (self, Axis { len: self.left.min(1), step: 1 });
        };
        let row = self.axes.get(last).copied().unwrap_or_default();
        self.rank = last;
        self.left = self.left.checked_div(row.len).unwrap_or(0);
        (self, row)
    }

    /// The same walk from another element on.
    pub const fn from(mut self, start: usize) -> Self {
        self.at = start as isize;
        self
    }
}

impl Iterator for Walk {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        let at = self.at;
        let axes = self.axes.iter().zip(&mut self.index).take(self.rank);
        for (axis, index) in axes.rev() {
            *index += 1;
            self.at += axis.step;
            if *index < axis.len {
                break;
            }
            self.at -= axis.step * axis.len as isize;
            *index = 0;
        }
        Some(at as usize)
    }
}

/// Steps of a dense array's dimensions.
pub fn dense_steps(dims: &[usize]) -> [isize; MAX_RANK] {
    let mut steps = [0; MAX_RANK];
    let mut step = 1;
    for (n, to) in dims.iter().zip(&mut steps).rev() {
        *to = step;
        step *= *n as isize;
    }
    steps
}

/// Fills the output, in order, with the elements of the first input that the walk visits.
pub fn copy_walk(args: &Args<'_>, outs: &mut Outs<'_>, walk: Walk) {
    by_width!(element_bytes(outs.dtype(0)), T => fill(args.words::<T>(0), outs.words::<T>(0), walk));
}

fn fill<T: Pod>(from: &[T], to: &mut [T], walk: Walk) {
    let (rows, row) = walk.rows();
    if row.len == 0 {
        return;
    }
    for (at, to) in rows.zip(to.chunks_exact_mut(row.len)) {
        match row.step {
            1 => copy(to, from.get(at..at + row.len).unwrap_or(&[])),
            0 => to.fill(from.get(at).copied().unwrap_or(T::zeroed())),
            step => {
                let mut at = at;
                for to in to {
                    *to = from.get(at).copied().unwrap_or(T::zeroed());
                    at = at.wrapping_add_signed(step);
                }
            }
        }
    }
}
