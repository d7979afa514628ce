//! The upper part of each tree as bit masks, for several rows side by side.
//!
//! Up to 31 nodes of a tree, its deepest branches first, lead to up to 32 exits, numbered from left
//! to right. Each node carries the exits on its left; a row that goes right there loses them. Of
//! what all nodes leave to a row, the lowest bit is its exit: no jump depends on an answer before
//! it. This is the traversal of QuickScorer (Lucchese et al., SIGIR 2015), tree by tree, with rows
//! in the lanes.

use super::{Column, FEATURE, LANES, NAN_RIGHT, NODE_BYTES};
use crate::lanes::{F32x4, U32x4};
use std::sync::OnceLock;

/// Exits of a tree: as many as a word has bits.
const EXITS: usize = 32;

/// The upper parts of one forest, made when a block of rows first asks for them.
#[derive(Clone, Debug, Default)]
pub struct Masks(OnceLock<Tops>);

impl Masks {
    /// None yet.
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    pub(super) fn get(&self, nodes: &[[u32; 3]], roots: &[i32]) -> &Tops {
        self.0.get_or_init(|| Tops::new(nodes, roots))
    }
}

/// The upper parts of a forest.
#[derive(Clone, Debug, Default)]
pub(super) struct Tops {
    nodes: Vec<Mask>,
    trees: Vec<Top>,
    exits: Vec<u32>,
    /// One more than the highest feature.
    features: usize,
}

#[derive(Clone, Copy, Debug)]
struct Mask {
    threshold: f32,
    feature: u32,
    /// The exits on its left.
    left: u32,
    /// All ones if NaN goes right, else 0.
    nan_right: u32,
}

/// The upper part of one tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Top {
    /// The end of its masks; they begin where those of the tree before end.
    end: u32,
    /// Its first exit.
    exits: u32,
    /// Steps from its exits to the deepest leaf.
    pub rest: u32,
}

impl Tops {
    /// The upper parts of trees whose children lie behind their parents.
    fn new(nodes: &[[u32; 3]], roots: &[i32]) -> Self {
        let child = |at: u32| nodes.get((at / NODE_BYTES) as usize).map_or(at, |node| node[2]);
        let mut heights = vec![0u32; nodes.len()];
        for (i, node) in nodes.iter().enumerate().rev() {
            let first = (node[2] / NODE_BYTES) as usize;
            if first > i {
                let below = heights.get(first..first + 2).and_then(|pair| pair.iter().max());
                let height = below.map_or(0, |h| h + 1);
                if let Some(place) = heights.get_mut(i) {
                    *place = height;
                }
            }
        }
        let height = |at: u32| heights.get((at / NODE_BYTES) as usize).copied().unwrap_or(0);

        let mut tops = Self::default();
        let mut open: Vec<u32> = Vec::with_capacity(EXITS);
        let mut taken: Vec<u32> = Vec::with_capacity(EXITS);
        for root in roots {
            let root = *root as u32 * NODE_BYTES;
            open.clear();
            taken.clear();
            open.push(root);
            while open.len() < EXITS {
                let deepest = open.iter_mut().max_by_key(|at| height(**at));
                let Some(at) = deepest.filter(|at| height(**at) > 0) else { break };
                taken.push(*at);
                let left = child(*at);
                *at = left;
                open.push(left + NODE_BYTES);
            }
            let first = tops.exits.len();
            tops.place(nodes, &taken, root, first);
            tops.trees.push(Top {
                end: tops.nodes.len() as u32,
                exits: first as u32,
                rest: open.iter().map(|at| height(*at)).max().unwrap_or(0),
            });
        }
        tops
    }

    /// Appends a node and what is below it; as deep as `taken` is long at most.
    fn place(&mut self, nodes: &[[u32; 3]], taken: &[u32], at: u32, first: usize) {
        let Some([bits, word, child]) =
            nodes.get((at / NODE_BYTES) as usize).filter(|_| taken.contains(&at)).copied()
        else {
            self.exits.push(at);
            return;
        };
        let mine = self.nodes.len();
        let feature = (word & FEATURE) / 4;
        self.features = self.features.max(feature as usize + 1);
        self.nodes.push(Mask {
            threshold: f32::from_bits(bits),
            feature,
            left: 0,
            nan_right: if word & NAN_RIGHT == 0 { 0 } else { u32::MAX },
        });
        let from = self.exits.len() - first;
        self.place(nodes, taken, child, first);
        let to = self.exits.len() - first;
        self.place(nodes, taken, child + NODE_BYTES, first);
        let below = |n: usize| ((1u64 << n) - 1) as u32;
        if let Some(mask) = self.nodes.get_mut(mine) {
            mask.left = below(to) & !below(from);
        }
    }

    /// The trees, for [`Self::exits`].
    pub fn trees(&self) -> impl Iterator<Item = (usize, &Top)> {
        let starts = std::iter::once(0).chain(self.trees.iter().map(|top| top.end as usize));
        starts.zip(&self.trees)
    }

    /// Whether blocks of so many columns have all that the masks read.
    pub fn fit(&self, columns: &[Column]) -> bool {
        self.features <= columns.len()
    }

    /// Where the rows of a transposed block leave the upper part of a tree: a node's offset a lane.
    ///
    /// # Safety
    /// `self.fit(columns)`, and the tree is one of [`Self::trees`].
    #[inline(always)]
    pub unsafe fn exits<const NAN: bool>(
        &self,
        columns: &[Column],
        (start, top): (usize, &Top),
    ) -> [u32; LANES] {
        let mut low = U32x4::splat(u32::MAX);
        let mut high = low;
        // SAFETY: the tree is one of these, and `new` ends them in order
        let masks = unsafe { self.nodes.get_unchecked(start..top.end as usize) };
        for mask in masks {
            // SAFETY: every feature is below `self.features`, and there are as many columns
            let [a, b] = unsafe { columns.get_unchecked(mask.feature as usize) };
            let (a, b) = (F32x4::load(a), F32x4::load(b));
            let t = F32x4::splat(mask.threshold);
            let left = U32x4::splat(mask.left);
            let (mut right_a, mut right_b) = (a.gt(t), b.gt(t));
            if NAN {
                let goes = U32x4::splat(mask.nan_right);
                right_a = right_a.or(a.is_nan().and(goes));
                right_b = right_b.or(b.is_nan().and(goes));
            }
            low = low.without(right_a.and(left));
            high = high.without(right_b.and(left));
        }
        let exit = |bits: u32| {
            // SAFETY: no mask takes the rightmost exit from a row that went right to it, so that a
            // bit is left, and it is one of the tree's own exits
            unsafe { *self.exits.get_unchecked((top.exits + bits.trailing_zeros()) as usize) }
        };
        let ([a, b, c, d], [e, f, g, h]) = (low.to_array(), high.to_array());
        [exit(a), exit(b), exit(c), exit(d), exit(e), exit(f), exit(g), exit(h)]
    }
}
