//! The counts of a window: integers alone, so that adding them up is exact and has no order.

use crate::error::{Error, ErrorCode, Result};
use crate::limits::MAX_COUNT;
use std::sync::Arc;

/// Counts of one window under one identity and one layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    identity: Arc<str>,
    layout: Arc<str>,
    /// In the order of the layout; the first one is the number of records.
    counts: Vec<u64>,
}

impl Summary {
    /// No record yet.
    pub fn new(identity: &str, layout_id: &str, cells: usize) -> Self {
        Self { identity: identity.into(), layout: layout_id.into(), counts: vec![0; cells] }
    }

    pub(super) fn of(identity: &str, layout_id: &str, counts: Vec<u64>) -> Self {
        Self { identity: identity.into(), layout: layout_id.into(), counts }
    }

    /// Counts from elsewhere, in the order of the layout.
    ///
    /// # Errors
    /// [`ErrorCode::SummaryInvalid`] if one is above [`MAX_COUNT`].
    pub fn from_counts(identity: &str, layout_id: &str, counts: Vec<u64>) -> Result<Self> {
        if counts.iter().any(|count| *count > MAX_COUNT) {
            return Err(overfull());
        }
        Ok(Self { identity: identity.into(), layout: layout_id.into(), counts })
    }

    /// Identity of the bundle that decided.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The layout's id.
    pub fn layout_id(&self) -> &str {
        &self.layout
    }

    /// Records of the window.
    pub fn records(&self) -> u64 {
        self.counts.first().copied().unwrap_or(0)
    }

    /// All cells, in the order of the layout.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Adds another window's counts, or nothing at all.
    ///
    /// # Errors
    /// [`ErrorCode::SummaryMismatch`] for counts of another bundle or layout,
    /// [`ErrorCode::SummaryInvalid`] if a cell would pass [`MAX_COUNT`].
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        let mismatch = |what: &str, here: &str, there: &str| {
            let message = format!("the counts are of {what} `{there}` and not `{here}`");
            Err(Error::new(ErrorCode::SummaryMismatch, message))
        };
        if self.identity != other.identity {
            return mismatch("the bundle", &self.identity, &other.identity);
        }
        if self.layout != other.layout || self.counts.len() != other.counts.len() {
            return mismatch("the layout", &self.layout, &other.layout);
        }
        add(&mut self.counts, &other.counts)
    }

    /// The counts so far; the window begins anew.
    #[must_use]
    pub fn take(&mut self) -> Self {
        let taken = self.clone();
        self.counts.fill(0);
        taken
    }
}

/// Adds cell by cell, or nothing at all.
pub(super) fn add(counts: &mut [u64], more: &[u64]) -> Result<()> {
    if counts.len() != more.len() {
        let message = format!("there are {} cells and not {}", more.len(), counts.len());
        return Err(Error::new(ErrorCode::SummaryMismatch, message));
    }
    let full = |(a, b): (&u64, &u64)| a.checked_add(*b).is_none_or(|sum| sum > MAX_COUNT);
    if counts.iter().zip(more).any(full) {
        return Err(overfull());
    }
    for (count, more) in counts.iter_mut().zip(more) {
        *count += more;
    }
    Ok(())
}

#[cold]
pub(super) fn overfull() -> Error {
    Error::new(ErrorCode::SummaryInvalid, format!("a count would be above {MAX_COUNT}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn summary(counts: Vec<u64>) -> Summary {
        Summary::from_counts("sha256:a", "0f", counts).unwrap()
    }

    fn merged(a: &Summary, b: &Summary) -> Summary {
        let mut sum = a.clone();
        sum.merge(b).unwrap();
        sum
    }

    fn counts() -> impl Strategy<Value = Summary> {
        proptest::collection::vec(0u64..1 << 50, 7).prop_map(summary)
    }

    proptest! {
        #[test]
        fn merging_has_no_order((a, b, c) in (counts(), counts(), counts())) {
            prop_assert_eq!(merged(&a, &b), merged(&b, &a));
            prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
            let nothing = Summary::new("sha256:a", "0f", 7);
            prop_assert_eq!(&merged(&a, &nothing), &a);
            prop_assert_eq!(merged(&a, &b).records(), a.records() + b.records());
        }
    }

    #[test]
    fn taking_leaves_an_empty_window() {
        let mut window = summary(vec![3, 1, 2]);
        let taken = window.take();
        assert_eq!((taken.records(), window.counts()), (3, &[0, 0, 0][..]));
        window.merge(&taken).unwrap();
        assert_eq!(window, taken);
    }

    #[test]
    fn only_like_is_merged_with_like() {
        let whole = summary(vec![1, 1]);
        for (other, code) in [
            (Summary::new("sha256:b", "0f", 2), ErrorCode::SummaryMismatch),
            (Summary::new("sha256:a", "0e", 2), ErrorCode::SummaryMismatch),
            (Summary::new("sha256:a", "0f", 3), ErrorCode::SummaryMismatch),
            (summary(vec![0, MAX_COUNT]), ErrorCode::SummaryInvalid),
        ] {
            let mut sum = whole.clone();
            assert_eq!(sum.merge(&other).unwrap_err().code(), code, "{other:?}");
            assert_eq!(sum, whole, "nothing is half added");
        }
        assert!(Summary::from_counts("", "", vec![MAX_COUNT + 1]).is_err());
    }
}
