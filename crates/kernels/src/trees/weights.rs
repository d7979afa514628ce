//! What the leaves of a forest add up to.

/// A sum to which nothing was added yet: adding any weight to it gives that weight.
pub const NO_SCORE: f64 = -0.0;

/// Whether nothing was added to a sum.
pub const fn has_no_score(x: f64) -> bool {
    x.to_bits() == NO_SCORE.to_bits()
}

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
    /// Whether [`Self::add_single`] is all there is to add.
    pub(super) fn are_single(&self) -> bool {
        let sums = matches!(self.aggregate, Aggregate::Sum | Aggregate::Average);
        let single = match self.leaves {
            Leaves::Single => true,
            Leaves::Rows => self.targets == 1 && self.ids.is_empty(),
            Leaves::Lists => false,
        };
        sums && single && !self.singles.is_empty()
    }

    /// Adds the only weight of a leaf to the sums of a row.
    #[inline(always)]
    pub(super) fn add_single(&self, sums: &mut [f64], leaf: u32) {
        let leaf = leaf as usize;
        let target = self.ids.get(leaf).map_or(0, |id| *id as usize);
        if let (Some(w), Some(sum)) = (self.singles.get(leaf), sums.get_mut(target)) {
            *sum += f64::from(*w) + 0.0;
        }
    }

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
                match self.singles.get(first..first + self.targets) {
                    Some(row) if matches!(self.aggregate, Aggregate::Sum | Aggregate::Average) => {
                        for (sum, w) in sums.iter_mut().zip(row) {
                            *sum += f64::from(*w) + 0.0;
                        }
                    }
                    _ => {
                        for (i, sum) in sums.iter_mut().enumerate() {
                            self.merge(sum, first + i);
                        }
                    }
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
