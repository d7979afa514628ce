//! The walk through binary32 nodes: the one place of the trees without bounds checks.
#![allow(unsafe_code)]

use super::{FEATURE, LANES, NAN_RIGHT, Node};

/// Nodes that `Trees::check_nodes` accepted for rows of so many features.
#[derive(Clone, Copy)]
pub(super) struct Forest<'a> {
    pub(super) nodes: &'a [[u32; 3]],
    pub(super) features: usize,
}

impl Forest<'_> {
    pub(super) fn leaf(&self, at: u32) -> u32 {
        self.nodes.get(at as usize).map_or(0, |node| node.leaf())
    }

    /// One step down from node `at` for the row that begins at `row`.
    ///
    /// # Safety
    /// `at < nodes.len()` and `row + features <= x.len()`.
    #[inline(always)]
    unsafe fn next<const NAN: bool>(&self, x: &[f32], row: usize, at: u32) -> u32 {
        // SAFETY: the caller's promise for `at` and `row`; the node's feature is below `features`,
        // as `check_nodes` saw for inner nodes, and 0 in leaves, which features > 0 allows.
        let (node, v) = unsafe {
            let node = *self.nodes.get_unchecked(at as usize);
            (node, *x.get_unchecked(row + (node[1] & FEATURE) as usize))
        };
        let right = v > f32::from_bits(node[0]);
        let right = if NAN { right | (v.is_nan() & (node[1] & NAN_RIGHT != 0)) } else { right };
        node[2] + u32::from(right)
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
                // `check_nodes` saw, so it holds for all that follow.
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

    pub(super) fn fixed(
        &self,
        x: &[f32],
        stride: usize,
        at: &mut [u32; LANES],
        depth: u32,
        nan: bool,
    ) {
        if nan {
            self.down::<LANES, true>(x, stride, at, Some(depth));
        } else {
            self.down::<LANES, false>(x, stride, at, Some(depth));
        }
    }

    pub(super) fn early<const W: usize>(
        &self,
        x: &[f32],
        stride: usize,
        at: &mut [u32; W],
        nan: bool,
    ) {
        if nan {
            self.down::<W, true>(x, stride, at, None);
        } else {
            self.down::<W, false>(x, stride, at, None);
        }
    }
}
