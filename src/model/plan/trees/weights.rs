//! What the leaves add to the sums.

use super::walk::Forest;
use super::{Aggregate, Leaves, has_no_score};

#[derive(Clone, Copy)]
pub(super) struct Weights<'a> {
    pub(super) leaves: Leaves,
    pub(super) aggregate: Aggregate,
    pub(super) targets: usize,
    pub(super) offsets: &'a [i32],
    pub(super) ids: &'a [i32],
    // one of the two is empty
    pub(super) singles: &'a [f32],
    pub(super) doubles: &'a [f64],
}

impl Weights<'_> {
    pub(super) fn add_all(&self, sums: &mut [f64], lanes: usize, at: &[u32], forest: &Forest<'_>) {
        for at in at.iter().take(lanes) {
            self.add(sums, forest.leaf(*at));
        }
    }

    #[inline]
    fn weight(&self, i: usize) -> f64 {
        match self.singles.get(i) {
            Some(w) => f64::from(*w),
            None => self.doubles.get(i).copied().unwrap_or(0.0),
        }
    }

    #[inline]
    pub(super) fn add(&self, sums: &mut [f64], leaf: u32) {
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

    #[inline]
    fn add_to(&self, sums: &mut [f64], i: usize) {
        if let Some(sum) = self.ids.get(i).and_then(|id| sums.get_mut(*id as usize)) {
            self.merge(sum, i);
        }
    }

    #[inline]
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
