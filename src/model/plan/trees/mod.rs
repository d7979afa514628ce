//! Tree ensembles: each row falls through every tree, and the weights of the leaves add up.
//!
//! A node is a threshold, a feature with flags, and its left child; the right child follows the left
//! one. Binary32 nodes name both by offsets in bytes, as the walk takes them: four times the feature
//! and [`NODE_BYTES`] times the child's index; binary64 nodes by index. All comparisons are brought to `x ≤ threshold` goes left by the compiler. A
//! leaf is its own child, with a NaN as threshold, so that no comparison moves on from it; the NaN's
//! payload is the leaf's number. Sums are taken in binary64 in the order of the trees, whatever the
//! order of the walk, so that every layout gives the same bits. The walk itself is in
//! `driftline_kernels`; what makes it sound is checked here.
#![allow(unsafe_code)]

use super::args::{Args, Outs, Signature};
use super::bytes::Element;
use super::codec::{Reader, Writer};
use super::fault::{Checked, Fault, ensure};
use super::step::Operator;
use super::types::{Dim, Extents, Shape, TensorType};
use crate::limits::MAX_TREE_NODES;
use crate::tensor::DType;
use bytemuck::Pod;
pub use driftline_kernels::trees::{
    Aggregate, FEATURE, LEAF as LEAF_F32, NAN_RIGHT, NO_SCORE, NODE_BYTES, Walk, has_no_score,
};
use driftline_kernels::trees::{Forest, Leaves, Masks, Weights};

/// Set in a node's feature word: goes left if equal to the threshold.
pub const EQUAL: u32 = 1 << 30;
/// Set in a node's feature word: goes left if in the set whose number is the threshold's bits.
pub const MEMBER: u32 = FEATURE + 1;
/// Features of a row: their offsets must fit beside the flags.
pub const MAX_FEATURES: u32 = 1 << 27;
/// High bits of a leaf's threshold in a binary64 node; the low word is the leaf's number.
pub const LEAF_F64: u32 = 0x7ff8_0000;

/// Inputs: x `[rows, features]` f32 or f64; nodes i32 `[n, 3]` or for f64 `[n, 4]`; roots i32;
/// offsets i32; ids i32; weights f32 or f64; set offsets i32; set members as x.
///
/// Output: f64 `[rows, targets]`, [`NO_SCORE`] where no leaf had a weight.
#[derive(Clone, Debug)]
pub struct Trees {
    targets: u32,
    aggregate: Aggregate,
    walk: Walk,
    leaves: Leaves,
    features: usize,
    depths: Vec<u32>,
    special: bool,
    masks: Masks,
    /// Most comparisons and additions of one row.
    steps: u64,
}

impl Trees {
    /// Attributes; the rest comes from the operands.
    pub const fn new(targets: u32, aggregate: Aggregate, walk: Walk) -> Self {
        Self {
            targets,
            aggregate,
            walk,
            leaves: Leaves::Rows,
            features: 0,
            depths: Vec::new(),
            special: false,
            masks: Masks::new(),
            steps: 0,
        }
    }

    /// Depth of each tree: 0 for a single leaf.
    pub fn depths(&self) -> &[u32] {
        &self.depths
    }
}

/// One node, of 12 or 16 bytes.
trait Node: Pod {
    type X: Element + PartialOrd + Copy;
    fn threshold(self) -> Self::X;
    /// Flags, and bits that mean nothing to the caller.
    fn word(self) -> u32;
    fn feature(self) -> u32;
    fn child(self) -> u32;
    /// Whether feature and child are named as they should be.
    fn is_even(self) -> bool;
    fn leaf(self) -> u32;
    fn is_leaf_mark(self) -> bool;
    fn is_nan(x: Self::X) -> bool;
    fn set(self) -> u32;
}

impl Node for [u32; 3] {
    type X = f32;
    fn threshold(self) -> f32 {
        f32::from_bits(self[0])
    }
    fn word(self) -> u32 {
        self[1]
    }
    fn feature(self) -> u32 {
        (self[1] & FEATURE) / 4
    }
    fn child(self) -> u32 {
        self[2] / NODE_BYTES
    }
    fn is_even(self) -> bool {
        self[1].is_multiple_of(4) && self[2].is_multiple_of(NODE_BYTES)
    }
    fn leaf(self) -> u32 {
        self[0] & !LEAF_F32
    }
    fn is_leaf_mark(self) -> bool {
        self[0] & LEAF_F32 == LEAF_F32 && self[1] == 0
    }
    fn is_nan(x: f32) -> bool {
        x.is_nan()
    }
    fn set(self) -> u32 {
        self[0]
    }
}

impl Node for [u32; 4] {
    type X = f64;
    fn threshold(self) -> f64 {
        f64::from_bits(u64::from(self[1]) << 32 | u64::from(self[0]))
    }
    fn word(self) -> u32 {
        self[2]
    }
    fn feature(self) -> u32 {
        self[2] & FEATURE
    }
    fn child(self) -> u32 {
        self[3]
    }
    fn is_even(self) -> bool {
        true
    }
    fn leaf(self) -> u32 {
        self[0]
    }
    fn is_leaf_mark(self) -> bool {
        self[1] == LEAF_F64 && self[2] == 0
    }
    fn is_nan(x: f64) -> bool {
        x.is_nan()
    }
    fn set(self) -> u32 {
        self[0]
    }
}

impl Operator for Trees {
    const NAME: &'static str = "trees";
    // 2: offsets in bytes
    const VERSION: u8 = 2;

    fn write(&self, writer: &mut Writer) {
        writer.u32(self.targets);
        writer.u8(self.aggregate as u8);
        writer.u8(self.walk as u8);
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        let targets = reader.u32()?;
        let aggregate = match reader.u8()? {
            0 => Aggregate::Sum,
            1 => Aggregate::Average,
            2 => Aggregate::Min,
            3 => Aggregate::Max,
            _ => return Err(Fault::new("there is no such aggregate")),
        };
        let walk = match reader.u8()? {
            0 => Walk::Lanes,
            1 => Walk::Early,
            _ => return Err(Fault::new("there is no such walk")),
        };
        Ok(Self::new(targets, aggregate, walk))
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(8)?;
        let (rows, features) = signature.rows_columns(0)?;
        ensure(
            features > 0 && features < MAX_FEATURES as usize,
            "trees need between 1 and 2^27 features",
        )?;
        ensure(self.targets > 0, "trees need a target")?;
        self.features = features;
        let leaves = match signature.any_of(0, &[DType::Float32, DType::Float64])?.dtype {
            DType::Float32 => self.check_nodes::<[u32; 3]>(signature)?,
            _ => self.check_nodes::<[u32; 4]>(signature)?,
        };
        self.check_leaves(signature, leaves)?;
        self.count_steps(signature)?;
        let shape = Shape::new(&[rows, Dim::Fixed(self.targets)])?;
        Ok(vec![TensorType::new(DType::Float64, shape)])
    }

    fn work(&self, _: &[Extents], outputs: &[Extents]) -> u64 {
        let rows = outputs.first().map_or(0, |y| y.rows().0 as u64);
        rows.saturating_mul(self.steps)
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let out = outs.get::<f64>(0);
        let weights = Weights {
            leaves: self.leaves,
            aggregate: self.aggregate,
            targets: self.targets as usize,
            offsets: args.get(3),
            ids: args.get(4),
            singles: args.get(5),
            doubles: args.get(5),
        };
        let roots = args.get::<i32>(2);
        if args.dtype(0) == DType::Float64 {
            self.run_plain::<[u32; 4]>(args, roots, &weights, out);
        } else if self.special {
            self.run_plain::<[u32; 3]>(args, roots, &weights, out);
        } else {
            self.run_lanes(args, roots, &weights, out);
        }
        if self.aggregate == Aggregate::Average {
            let trees = roots.len() as f64;
            for sum in out {
                *sum /= trees;
            }
        }
        Ok(())
    }
}

fn nodes_of<N: Node>(words: &[i32]) -> Checked<&[N]> {
    bytemuck::try_cast_slice(words).map_err(|_| Fault::new("the nodes have a wrong size"))
}

/// The tree of a node that none has claimed.
const UNSEEN: u32 = u32::MAX;

/// What is known of the nodes so far.
struct NodeCheck {
    /// Tree and depth of each node.
    seen: Vec<(u32, u32)>,
    /// Depth of each tree.
    depths: Vec<u32>,
    leaves: usize,
    special: bool,
    features: u32,
    sets: usize,
}

impl NodeCheck {
    fn claim(&mut self, i: u32, mark: (u32, u32)) -> Checked<()> {
        match self.seen.get_mut(i as usize) {
            Some(place) if place.0 == UNSEEN => {
                *place = mark;
                Ok(())
            }
            Some(_) => Err(Fault::new("a tree's node has two parents")),
            None => Err(Fault::new("a tree's child is out of range")),
        }
    }

    /// A function of its own: engines make a long loop of a large function quick by compiling the
    /// whole of it again.
    #[inline(never)]
    fn node<N: Node>(&mut self, i: u32, node: N) -> Checked<()> {
        ensure(node.is_even(), "a tree's node points between nodes")?;
        let (tree, depth) = self.seen.get(i as usize).copied().unwrap_or((UNSEEN, 0));
        ensure(tree != UNSEEN, "a tree's node has no parent")?;
        if node.child() == i {
            ensure(node.is_leaf_mark(), "a tree's leaf is damaged")?;
            self.leaves = self.leaves.max(node.leaf() as usize + 1);
            if let Some(place) = self.depths.get_mut(tree as usize) {
                *place = depth.max(*place);
            }
            return Ok(());
        }
        ensure(node.child() > i, "a tree's node comes before its parent")?;
        ensure(node.feature() < self.features, "a tree's feature is out of range")?;
        if node.word() & MEMBER != 0 {
            self.special = true;
            ensure((node.set() as usize) < self.sets, "a tree's set is out of range")?;
        } else {
            self.special |= node.word() & EQUAL != 0;
            ensure(!N::is_nan(node.threshold()), "a tree's threshold is NaN")?;
        }
        self.claim(node.child(), (tree, depth + 1))?;
        self.claim(node.child().wrapping_add(1), (tree, depth + 1))
    }
}

impl Trees {
    /// Children lie behind their parents and each node but the roots has one parent: so there is no
    /// ring, every walk ends in a leaf, and the depth is known. Answers the number of leaves.
    fn check_nodes<N: Node>(&mut self, signature: &Signature<'_>) -> Checked<usize> {
        let nodes = nodes_of::<N>(signature.constant::<i32>(1)?)?;
        let roots = signature.constant::<i32>(2)?;
        let set_offsets = signature.constant::<i32>(6)?;
        let sets = check_offsets(set_offsets, signature.constant::<N::X>(7)?.len())?;
        if nodes.len() > MAX_TREE_NODES {
            return Err(Fault::large("the trees have too many nodes"));
        }
        ensure(!roots.is_empty(), "there is no tree")?;
        let mut check = NodeCheck {
            seen: vec![(UNSEEN, UNSEEN); nodes.len()],
            depths: vec![0; roots.len()],
            leaves: 0,
            special: false,
            features: self.features as u32,
            sets,
        };
        for (tree, root) in roots.iter().enumerate() {
            check.claim(*root as u32, (tree as u32, 0))?;
        }
        for (i, node) in nodes.iter().enumerate() {
            check.node(i as u32, *node)?;
        }
        (self.depths, self.special) = (check.depths, check.special);
        Ok(check.leaves)
    }

    fn check_leaves(&mut self, signature: &Signature<'_>, leaves: usize) -> Checked<()> {
        let offsets = signature.constant::<i32>(3)?;
        let ids = signature.constant::<i32>(4)?;
        let weights = match signature.any_of(5, &[DType::Float32, DType::Float64])?.dtype {
            DType::Float32 => finite(signature.constant::<f32>(5)?, |x| x.is_finite())?,
            _ => finite(signature.constant::<f64>(5)?, |x| x.is_finite())?,
        };
        let targets = self.targets as i32;
        ensure(ids.iter().all(|id| (0..targets).contains(id)), "a leaf's target is out of range")?;
        self.leaves = if !offsets.is_empty() {
            ensure(check_offsets(offsets, weights)? >= leaves, "a leaf has no weights")?;
            ensure(ids.len() == weights, "the leaves' targets and weights differ in number")?;
            Leaves::Lists
        } else if !ids.is_empty() {
            ensure(ids.len() == weights && weights >= leaves, "a leaf has no weights")?;
            Leaves::Single
        } else {
            let needed = leaves.saturating_mul(self.targets as usize);
            ensure(weights >= needed, "a leaf has no weights")?;
            Leaves::Rows
        };
        Ok(())
    }

    fn count_steps(&mut self, signature: &Signature<'_>) -> Checked<()> {
        let most = |k: usize| -> Checked<u64> {
            let offsets = signature.constant::<i32>(k)?;
            let lens = offsets.iter().zip(offsets.iter().skip(1)).map(|(a, b)| b.abs_diff(*a));
            Ok(u64::from(lens.max().unwrap_or(0)))
        };
        let weights = match self.leaves {
            Leaves::Rows => u64::from(self.targets),
            Leaves::Single => 1,
            Leaves::Lists => most(3)?,
        };
        let depth: u64 = self.depths.iter().map(|d| u64::from(*d)).sum();
        let comparisons = depth.saturating_mul(1 + most(6)?);
        self.steps = (self.depths.len() as u64).saturating_mul(weights).saturating_add(comparisons);
        Ok(())
    }

    /// One row and one tree after the other; knows every comparison.
    fn run_plain<N: Node>(
        &self,
        args: &Args<'_>,
        roots: &[i32],
        weights: &Weights<'_>,
        out: &mut [f64],
    ) {
        let Ok(nodes) = nodes_of::<N>(args.get(1)) else { return };
        let (set_offsets, members) = (args.get::<i32>(6), args.get::<N::X>(7));
        let x = args.get::<N::X>(0);
        let targets = self.targets as usize;
        for (row, sums) in x.chunks_exact(self.features).zip(out.chunks_exact_mut(targets)) {
            sums.fill(NO_SCORE);
            for root in roots {
                let mut at = *root as usize;
                let mut leaf = 0;
                while let Some(node) = nodes.get(at) {
                    if node.child() as usize == at {
                        leaf = node.leaf();
                        break;
                    }
                    let Some(v) = row.get(node.feature() as usize).copied() else { break };
                    let right = if N::is_nan(v) {
                        node.word() & NAN_RIGHT != 0
                    } else if node.word() & MEMBER != 0 {
                        !set(set_offsets, members, node.set()).contains(&v)
                    } else if node.word() & EQUAL != 0 {
                        v != node.threshold()
                    } else {
                        v > node.threshold()
                    };
                    at = node.child() as usize + usize::from(right);
                }
                weights.add(sums, leaf);
            }
        }
    }

    /// Several trees of a row, or several rows of a tree, at a time.
    fn run_lanes(&self, args: &Args<'_>, roots: &[i32], weights: &Weights<'_>, out: &mut [f64]) {
        let Ok(nodes) = nodes_of::<[u32; 3]>(args.get(1)) else { return };
        let (depths, masks) = (&self.depths, &self.masks);
        // SAFETY: `check_nodes` saw every node and root of these constants, for rows of so many
        // features; the masks are this step's own
        let forest = unsafe { Forest::new(nodes, roots, depths, self.features, masks) };
        forest.run(args.get::<f32>(0), self.walk, weights, out);
    }
}

fn finite<T>(values: &[T], is_finite: impl Fn(&T) -> bool) -> Checked<usize> {
    ensure(values.iter().all(is_finite), "a leaf's weight is not finite")?;
    Ok(values.len())
}

/// Ascending from 0 to `end`; answers how many ranges there are.
fn check_offsets(offsets: &[i32], end: usize) -> Checked<usize> {
    let ascending = offsets.is_sorted()
        && offsets.first().is_none_or(|first| *first == 0)
        && offsets.last().is_none_or(|last| *last as usize == end);
    ensure(ascending, "offsets do not ascend to the end")?;
    Ok(offsets.len().saturating_sub(1))
}

fn set<'a, T>(offsets: &[i32], members: &'a [T], set: u32) -> &'a [T] {
    let bound = |i: usize| offsets.get(i).map_or(0, |n| *n as usize);
    members.get(bound(set as usize)..bound(set as usize + 1)).unwrap_or(&[])
}
