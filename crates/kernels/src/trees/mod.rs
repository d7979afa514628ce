//! Walks through trees of binary32 nodes, and what their leaves add up to.
//!
//! A node is a threshold, a feature with flags, and its left child; the right child follows the
//! left one. Feature and child are offsets in bytes: four times the feature's index, twelve times
//! the node's. A leaf is its own child, with a NaN as threshold, so that no comparison moves on from
//! it; the NaN's payload is the leaf's number.
#![allow(unsafe_code)]

mod masks;
mod weights;

pub use masks::Masks;
use masks::Tops;
pub use weights::{Aggregate, Leaves, NO_SCORE, Weights, has_no_score};

/// Set in a node's feature word: NaN goes right.
pub const NAN_RIGHT: u32 = 1 << 31;
/// The feature's offset in a node's feature word.
pub const FEATURE: u32 = (1 << 29) - 1;
/// Bits of a leaf's threshold, without the leaf's number.
pub const LEAF: u32 = 0x7fc0_0000;
/// What a node takes.
pub const NODE_BYTES: u32 = 12;

/// Rows, or trees of one row, that walk side by side.
pub const LANES: usize = 8;
/// Rows of more features walk alone: a block of them is transposed on the stack.
const MAX_BLOCK_FEATURES: usize = 256;

/// One feature of a block of rows.
type Column = [[f32; 4]; 2];

/// The order of the walk; the results are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// Eight at a time, as deep as the deepest: best for balanced trees.
    Lanes,
    /// Until all arrived, for one row four trees at a time: best for trees of uneven depth.
    Early,
}

/// Nodes that are sound for rows of so many features.
#[derive(Clone, Copy, Debug)]
pub struct Forest<'a> {
    /// All nodes.
    nodes: &'a [[u32; 3]],
    /// The index of each tree's root.
    roots: &'a [i32],
    /// The depth of each tree, or more.
    depths: &'a [u32],
    /// What a row has.
    features: usize,
    /// The upper parts.
    masks: &'a Masks,
}

/// One step for each lane; whether any moved. Written out: the level of optimisation that the
/// runtime is linked with unrolls no loop.
macro_rules! step {
    ($forest:ident, $nan:ident, $x:ident, $stride:literal, $($at:ident $lane:literal),*) => {{
        let mut moved = 0;
        $(
            // SAFETY: the caller's promise for the first step; every node leads to nodes in range
            let next = unsafe { $forest.next::<$nan, $stride>($x, $lane, $at) };
            moved |= next ^ $at;
            $at = next;
        )*
        moved != 0
    }};
}

impl<'a> Forest<'a> {
    /// A forest over checked nodes.
    ///
    /// # Safety
    /// `features > 0`; every root is in `nodes`; for every node the child is itself (a leaf, whose
    /// feature word is 0), or it and its right neighbour are in `nodes`, behind it, and the feature
    /// is below `features`. `masks` is used with these nodes and roots alone.
    pub const unsafe fn new(
        nodes: &'a [[u32; 3]],
        roots: &'a [i32],
        depths: &'a [u32],
        features: usize,
        masks: &'a Masks,
    ) -> Self {
        Self { nodes, roots, depths, features, masks }
    }

    /// The number of the leaf at offset `at`.
    ///
    /// # Safety
    /// `at` is the offset of a node.
    #[inline(always)]
    unsafe fn leaf(&self, at: u32) -> u32 {
        // SAFETY: the caller's promise
        let [bits, ..] = unsafe { *self.nodes.as_ptr().byte_add(at as usize) };
        bits & !LEAF
    }

    /// One step down from the node at offset `at`, for a value that stands `lane` after `stride`
    /// times the feature.
    ///
    /// # Safety
    /// `at` is the offset of a node, and `x` holds `stride` · `features` values.
    #[inline(always)]
    unsafe fn next<const NAN: bool, const STRIDE: usize>(
        &self,
        x: *const f32,
        lane: usize,
        at: u32,
    ) -> u32 {
        // SAFETY: the caller's promise for `at`; the node's feature is below `features`, as `new`
        // was promised, and 0 in leaves, which features > 0 allows.
        let ([bits, word, child], v) = unsafe {
            let node = *self.nodes.as_ptr().byte_add(at as usize);
            (node, *x.add(lane).byte_add((node[1] & FEATURE) as usize * STRIDE))
        };
        let right = v > f32::from_bits(bits);
        let right = if NAN { right | (v.is_nan() & (word & NAN_RIGHT != 0)) } else { right };
        child + if right { NODE_BYTES } else { 0 }
    }

    /// Down the trees of one row: `depth` steps.
    ///
    /// # Safety
    /// `at` holds offsets of nodes, and the row has `features` values.
    #[inline(always)]
    unsafe fn trees8<const NAN: bool>(&self, row: &[f32], at: &mut [u32; 8], depth: u32) {
        let x = row.as_ptr();
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *at;
        for _ in 0..depth {
            let _ = step!(self, NAN, x, 1, a 0, b 0, c 0, d 0, e 0, f 0, g 0, h 0);
        }
        *at = [a, b, c, d, e, f, g, h];
    }

    /// As [`Self::trees8`], for four trees, until all arrived.
    ///
    /// # Safety
    /// As [`Self::trees8`].
    #[inline(always)]
    unsafe fn trees4<const NAN: bool>(&self, row: &[f32], at: &mut [u32; 4]) {
        let x = row.as_ptr();
        let [mut a, mut b, mut c, mut d] = *at;
        while step!(self, NAN, x, 1, a 0, b 0, c 0, d 0) {}
        *at = [a, b, c, d];
    }

    /// Down one tree with the rows of a transposed block: `depth` steps, or until all arrived.
    ///
    /// # Safety
    /// `at` holds offsets of nodes, and there are `features` columns.
    #[inline(always)]
    unsafe fn rows8<const NAN: bool>(
        &self,
        columns: &[Column],
        at: &mut [u32; LANES],
        depth: u32,
        walk: Walk,
    ) {
        let x = columns.as_ptr().cast::<f32>();
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *at;
        match walk {
            Walk::Lanes => {
                for _ in 0..depth {
                    let _ = step!(self, NAN, x, 8, a 0, b 1, c 2, d 3, e 4, f 5, g 6, h 7);
                }
            }
            Walk::Early => while step!(self, NAN, x, 8, a 0, b 1, c 2, d 3, e 4, f 5, g 6, h 7) {},
        }
        *at = [a, b, c, d, e, f, g, h];
    }

    /// Every row of `x` `[rows, features]` through every tree, the weights into `out`
    /// `[rows, targets]`. Allocates when a block of rows comes for the first time.
    #[inline(never)]
    pub fn run(&self, x: &[f32], walk: Walk, weights: &Weights<'_>, out: &mut [f64]) {
        let targets = weights.targets;
        if targets == 0 {
            return;
        }
        let in_blocks = self.features <= MAX_BLOCK_FEATURES && x.len() >= self.features * LANES;
        let rows = if in_blocks { LANES } else { usize::MAX / self.features / targets };
        let mut blocks = x.chunks_exact(self.features * rows);
        let mut sums = out.chunks_exact_mut(targets * rows);
        if in_blocks {
            let tops = self.masks.get(self.nodes, self.roots);
            let mut columns = [Column::default(); MAX_BLOCK_FEATURES];
            let columns = columns.get_mut(..self.features).unwrap_or(&mut []);
            for (rows, sums) in blocks.by_ref().zip(sums.by_ref()) {
                sums.fill(NO_SCORE);
                transpose(rows, columns);
                if !tops.fit(columns) {
                    continue;
                }
                if weights.are_single() {
                    let add = |sums: &mut [f64], leaf| weights.add_single(sums, leaf);
                    // SAFETY: they fit
                    unsafe { self.block(columns, tops, walk, has_nan(rows), targets, add, sums) };
                } else {
                    let add = |sums: &mut [f64], leaf| weights.add(sums, leaf);
                    // SAFETY: they fit
                    unsafe { self.block(columns, tops, walk, has_nan(rows), targets, add, sums) };
                }
            }
        }
        let rest = blocks.remainder().chunks_exact(self.features);
        for (row, sums) in rest.zip(sums.into_remainder().chunks_exact_mut(targets)) {
            sums.fill(NO_SCORE);
            if has_nan(row) {
                self.row::<true>(row, walk, weights, sums);
            } else {
                self.row::<false>(row, walk, weights, sums);
            }
        }
    }

    /// # Safety
    /// The tops, of this forest, fit the columns.
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "the inner half of `run`, for each way to add")]
    unsafe fn block(
        &self,
        columns: &[Column],
        tops: &Tops,
        walk: Walk,
        nan: bool,
        targets: usize,
        add: impl Fn(&mut [f64], u32),
        sums: &mut [f64],
    ) {
        for tree in tops.trees() {
            let rest = tree.1.rest;
            // SAFETY: the caller's promise; exits are offsets of nodes, and so is what they lead to
            unsafe {
                let mut at = if nan {
                    tops.exits::<true>(columns, tree)
                } else {
                    tops.exits::<false>(columns, tree)
                };
                match (rest, nan) {
                    (0, _) => {}
                    (_, true) => self.rows8::<true>(columns, &mut at, rest, walk),
                    (_, false) => self.rows8::<false>(columns, &mut at, rest, walk),
                }
                for (sums, at) in sums.chunks_exact_mut(targets).zip(at) {
                    add(sums, self.leaf(at));
                }
            }
        }
    }

    /// One row, of `features` values, through every tree, several trees at a time.
    #[inline(always)]
    fn row<const NAN: bool>(
        &self,
        row: &[f32],
        walk: Walk,
        weights: &Weights<'_>,
        sums: &mut [f64],
    ) {
        // SAFETY of all below: roots and what follows them are offsets of nodes, as `new` was
        // promised, and `run` cuts rows of `features` values
        match walk {
            Walk::Lanes => {
                for (group, depths) in self.roots.chunks(8).zip(self.depths.chunks(8)) {
                    let mut at = places::<8>(group);
                    let depth = depths.iter().copied().max().unwrap_or(0);
                    // SAFETY: as above
                    unsafe { self.trees8::<NAN>(row, &mut at, depth) };
                    for at in at.iter().take(group.len()) {
                        // SAFETY: as above
                        weights.add(sums, unsafe { self.leaf(*at) });
                    }
                }
            }
            Walk::Early => {
                for group in self.roots.chunks(4) {
                    let mut at = places::<4>(group);
                    // SAFETY: as above
                    unsafe { self.trees4::<NAN>(row, &mut at) };
                    for at in at.iter().take(group.len()) {
                        // SAFETY: as above
                        weights.add(sums, unsafe { self.leaf(*at) });
                    }
                }
            }
        }
    }
}

/// Rows to columns.
#[inline(always)]
fn transpose(rows: &[f32], columns: &mut [Column]) {
    for (lane, row) in rows.chunks_exact(columns.len()).enumerate() {
        for (column, v) in columns.iter_mut().zip(row) {
            if let Some(place) = column.as_flattened_mut().get_mut(lane) {
                *place = *v;
            }
        }
    }
}

#[inline(always)]
fn has_nan(x: &[f32]) -> bool {
    x.iter().fold(false, |nan, v| nan | v.is_nan())
}

/// The offsets of the group's roots; the last one again where there are fewer.
#[inline(always)]
fn places<const W: usize>(group: &[i32]) -> [u32; W] {
    let offset = |root: &i32| *root as u32 * NODE_BYTES;
    let mut at = [group.last().map_or(0, offset); W];
    for (at, root) in at.iter_mut().zip(group) {
        *at = offset(root);
    }
    at
}

#[cfg(test)]
mod tests;
