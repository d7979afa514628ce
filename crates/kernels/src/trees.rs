//! Walks through trees of binary32 nodes, and what their leaves add up to.
//!
//! A node is a threshold, a feature with flags, and the index of its left child; the right child
//! follows the left one. A leaf is its own child, with a NaN as threshold, so that no comparison
//! moves on from it; the NaN's payload is the leaf's number.
#![allow(unsafe_code)]

/// Set in a node's feature word: NaN goes right.
pub const NAN_RIGHT: u32 = 1 << 31;
/// The feature in a node's feature word.
pub const FEATURE: u32 = (1 << 29) - 1;
/// Bits of a leaf's threshold, without the leaf's number.
pub const LEAF: u32 = 0x7fc0_0000;
/// A sum to which nothing was added yet: adding any weight to it gives that weight.
pub const NO_SCORE: f64 = -0.0;

/// Whether nothing was added to a sum.
pub const fn has_no_score(x: f64) -> bool {
    x.to_bits() == NO_SCORE.to_bits()
}

/// Rows, or trees of one row, that walk side by side.
pub const LANES: usize = 8;

/// How the weights of one target come together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// Their sum.
    Sum,
    /// Their sum; the caller divides it by the number of trees.
    Average,
    /// The least.
    Min,
    /// The greatest.
    Max,
}

/// The order of the walk; the results are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// Eight at a time, as deep as the deepest: best for balanced trees.
    Lanes,
    /// Four at a time, until all arrived: best for trees of uneven depth.
    Early,
}

/// How many weights the leaves have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaves {
    /// One for each target.
    Rows,
    /// One, for the target of `ids`.
    Single,
    /// Those from `offsets[leaf]` to `offsets[leaf + 1]`.
    Lists,
}

/// The leaves' weights.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    /// How many a leaf has.
    pub leaves: Leaves,
    /// How they come together.
    pub aggregate: Aggregate,
    /// Targets of a row.
    pub targets: usize,
    /// Bounds of the lists.
    pub offsets: &'a [i32],
    /// Target of each weight.
    pub ids: &'a [i32],
    /// The weights; one of the two is empty.
    pub singles: &'a [f32],
    /// The weights in binary64.
    pub doubles: &'a [f64],
}

impl Weights<'_> {
    #[inline(always)]
    fn weight(&self, i: usize) -> f64 {
        match self.singles.get(i) {
            Some(w) => f64::from(*w),
            None => self.doubles.get(i).copied().unwrap_or(0.0),
        }
    }

    /// Adds a leaf's weights to the sums of a row.
    #[inline]
    pub fn add(&self, sums: &mut [f64], leaf: u32) {
        let leaf = leaf as usize;
        match self.leaves {
            Leaves::Rows => {
                let first = leaf * self.targets;
                for (i, sum) in sums.iter_mut().enumerate() {
                    self.merge(sum, first + i);
                }
            }
            Leaves::Single => self.add_to(sums, leaf),
            Leaves::Lists => {
                let bound = |i: usize| self.offsets.get(i).map_or(0, |n| *n as usize);
                for i in bound(leaf)..bound(leaf + 1) {
                    self.add_to(sums, i);
                }
            }
        }
    }

    #[inline(always)]
    fn add_to(&self, sums: &mut [f64], i: usize) {
        if let Some(sum) = self.ids.get(i).and_then(|id| sums.get_mut(*id as usize)) {
            self.merge(sum, i);
        }
    }

    #[inline(always)]
    fn merge(&self, sum: &mut f64, i: usize) {
        // + 0.0 turns a weight of −0 into 0, which −0 as NO_SCORE must not be mistaken for
        let w = self.weight(i) + 0.0;
        match self.aggregate {
            Aggregate::Sum | Aggregate::Average => *sum += w,
            Aggregate::Min if has_no_score(*sum) || w < *sum => *sum = w,
            Aggregate::Max if has_no_score(*sum) || w > *sum => *sum = w,
            _ => {}
        }
    }
}

/// Nodes that are sound for rows of so many features.
#[derive(Clone, Copy, Debug)]
pub struct Forest<'a> {
    nodes: &'a [[u32; 3]],
    features: usize,
}

impl<'a> Forest<'a> {
    /// A forest over checked nodes.
    ///
    /// # Safety
    /// `features > 0`; for every node the child is itself (a leaf, whose feature word is 0), or it
    /// and its right neighbour are in `nodes` and the feature is below `features`.
    pub const unsafe fn new(nodes: &'a [[u32; 3]], features: usize) -> Self {
        Self { nodes, features }
    }

    #[inline(always)]
    fn leaf(&self, at: u32) -> u32 {
        self.nodes.get(at as usize).map_or(0, |[bits, ..]| bits & !LEAF)
    }

    /// One step down from node `at` for the row that begins at `row`.
    ///
    /// # Safety
    /// `at < nodes.len()` and `row + features <= x.len()`.
    #[inline(always)]
    unsafe fn next<const NAN: bool>(&self, x: &[f32], row: usize, at: u32) -> u32 {
        // SAFETY: the caller's promise for `at` and `row`; the node's feature is below `features`,
        // as `new` was promised, and 0 in leaves, which features > 0 allows.
        let ([bits, word, child], v) = unsafe {
            let node = *self.nodes.get_unchecked(at as usize);
            (node, *x.get_unchecked(row + (node[1] & FEATURE) as usize))
        };
        let right = v > f32::from_bits(bits);
        let right = if NAN { right | (v.is_nan() & (word & NAN_RIGHT != 0)) } else { right };
        child + u32::from(right)
    }

    /// `depth` steps for each lane; lane q reads the row that begins at q · `stride`.
    #[inline(always)]
    fn down<const W: usize, const NAN: bool>(
        &self,
        x: &[f32],
        stride: usize,
        at: &mut [u32; W],
        depth: Option<u32>,
    ) {
        let in_nodes = at.iter().all(|at| (*at as usize) < self.nodes.len());
        if !in_nodes || x.len() < stride * (W - 1) + self.features {
            return;
        }
        let step = |at: &mut [u32; W]| {
            let mut moved = 0;
            for (q, at) in at.iter_mut().enumerate() {
                // SAFETY: checked above for the first step; every node leads to nodes in range, as
                // `new` was promised, so it holds for all that follow.
                let next = unsafe { self.next::<NAN>(x, q * stride, *at) };
                moved |= next ^ *at;
                *at = next;
            }
            moved != 0
        };
        match depth {
            Some(depth) => {
                for _ in 0..depth {
                    step(at);
                }
            }
            None => while step(at) {},
        }
    }

    #[inline(always)]
    fn lanes(
        &self,
        x: &[f32],
        stride: usize,
        at: &mut [u32; LANES],
        depth: Option<u32>,
        nan: bool,
    ) {
        if nan {
            self.down::<LANES, true>(x, stride, at, depth);
        } else {
            self.down::<LANES, false>(x, stride, at, depth);
        }
    }

    #[inline(always)]
    fn early(&self, x: &[f32], at: &mut [u32; 4], nan: bool) {
        if nan {
            self.down::<4, true>(x, 0, at, None);
        } else {
            self.down::<4, false>(x, 0, at, None);
        }
    }

    /// Every row of `x` `[rows, features]` through every tree, the weights into `out`
    /// `[rows, targets]`: several rows of a tree, or several trees of a row, at a time. `depths` are
    /// the trees' depths, in the order of their `roots`.
    #[inline(never)]
    pub fn run(
        &self,
        x: &[f32],
        roots: &[i32],
        depths: &[u32],
        walk: Walk,
        weights: &Weights<'_>,
        out: &mut [f64],
    ) {
        let targets = weights.targets;
        if targets == 0 {
            return;
        }
        let mut blocks = x.chunks_exact(self.features * LANES);
        let mut sums = out.chunks_exact_mut(targets * LANES);
        for (rows, sums) in blocks.by_ref().zip(sums.by_ref()) {
            sums.fill(NO_SCORE);
            let nan = has_nan(rows);
            for (root, depth) in roots.iter().zip(depths) {
                let mut at = [*root as u32; LANES];
                let depth = (walk == Walk::Lanes).then_some(*depth);
                self.lanes(rows, self.features, &mut at, depth, nan);
                for (sums, at) in sums.chunks_exact_mut(targets).zip(at) {
                    weights.add(sums, self.leaf(at));
                }
            }
        }
        let rest = blocks.remainder().chunks_exact(self.features);
        for (row, sums) in rest.zip(sums.into_remainder().chunks_exact_mut(targets)) {
            sums.fill(NO_SCORE);
            let nan = has_nan(row);
            match walk {
                Walk::Lanes => {
                    for (group, depths) in roots.chunks(LANES).zip(depths.chunks(LANES)) {
                        let mut at = places::<LANES>(group);
                        let depth = depths.iter().copied().max().unwrap_or(0);
                        self.lanes(row, 0, &mut at, Some(depth), nan);
                        for at in at.iter().take(group.len()) {
                            weights.add(sums, self.leaf(*at));
                        }
                    }
                }
                Walk::Early => {
                    for group in roots.chunks(4) {
                        let mut at = places::<4>(group);
                        self.early(row, &mut at, nan);
                        for at in at.iter().take(group.len()) {
                            weights.add(sums, self.leaf(*at));
                        }
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn has_nan(x: &[f32]) -> bool {
    x.iter().fold(false, |nan, v| nan | v.is_nan())
}

/// The group's roots; the last one again where there are fewer.
#[inline(always)]
fn places<const W: usize>(group: &[i32]) -> [u32; W] {
    let mut at = [group.last().map_or(0, |root| *root as u32); W];
    for (at, root) in at.iter_mut().zip(group) {
        *at = *root as u32;
    }
    at
}
