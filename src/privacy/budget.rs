//! ε, and how a window's is shared among its blocks.

use super::Scale;
use crate::error::{Error, ErrorCode, Result};
use crate::limits::{MAX_CONTRIBUTION, MAX_EPSILON_MILLI};
use crate::summary::{Block, BlockKind, Layout};

/// A privacy loss in thousandths: from 0.001 to [`MAX_EPSILON_MILLI`] / 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epsilon(u32);

impl Epsilon {
    /// Thousandths of ε.
    ///
    /// # Errors
    /// [`ErrorCode::BadUsage`] for 0 or more than the limit.
    pub fn from_milli(milli: u32) -> Result<Self> {
        if milli == 0 || milli > MAX_EPSILON_MILLI {
            let message =
                format!("an ε of {milli} thousandths lies outside 1 to {MAX_EPSILON_MILLI}");
            return Err(Error::new(ErrorCode::BadUsage, message));
        }
        Ok(Self(milli))
    }

    /// Thousandths.
    pub fn milli(self) -> u32 {
        self.0
    }

    /// As a number.
    pub fn get(self) -> f64 {
        f64::from(self.0) / 1_000.0
    }
}

/// How the ε of one window of `aggregated` mode is shared: each group of blocks has an equal part,
/// and the noise of a group is scaled to the most that one client can move it, in sum over its cells.
#[derive(Clone, Copy, Debug)]
pub struct Shares<'a> {
    layout: &'a Layout,
    epsilon: Epsilon,
    bound: u32,
    groups: u32,
}

impl<'a> Shares<'a> {
    /// `bound`: records that one client may contribute to the window.
    ///
    /// # Errors
    /// [`ErrorCode::BadUsage`] for a bound of 0 or above [`MAX_CONTRIBUTION`], or one at which the
    /// noise of this layout would pass 32 bits: a block without noise must not pass for one that
    /// does not leave.
    pub fn new(layout: &'a Layout, epsilon: Epsilon, bound: u32) -> Result<Self> {
        if bound == 0 || bound > MAX_CONTRIBUTION {
            let message =
                format!("a bound of {bound} records lies outside 1 to {MAX_CONTRIBUTION}");
            return Err(Error::new(ErrorCode::BadUsage, message));
        }
        let mut groups = 0;
        let mut confidence = false;
        for block in layout.blocks().iter().filter(|block| leaves(block.kind)) {
            // a record has one confidence, in one of the labels' blocks: they share
            groups += u32::from(block.kind != BlockKind::Confidence || !confidence);
            confidence |= block.kind == BlockKind::Confidence;
        }
        let shares = Self { layout, epsilon, bound, groups: groups.max(1) };
        let fits = |block: &Block| !leaves(block.kind) || shares.scale(block).is_some();
        if !layout.blocks().iter().all(fits) {
            let message = format!("a bound of {bound} records is too large for this many labels");
            return Err(Error::new(ErrorCode::BadUsage, message));
        }
        Ok(shares)
    }

    /// The scale of the noise on each cell of a block; `None` if the block does not leave.
    pub fn scale(&self, block: &Block) -> Option<Scale> {
        if !leaves(block.kind) {
            return None;
        }
        let most = self.most(block.kind).max(1);
        let part = most.checked_mul(self.bound)?.checked_mul(self.groups)?.checked_mul(1_000)?;
        Some(Scale { part, whole: self.epsilon.milli() })
    }

    /// How many groups share the ε.
    pub fn groups(&self) -> u32 {
        self.groups
    }

    /// The most that one record moves a block, as the sum of what it moves each cell. Sums of
    /// confidence are in whole confidences.
    fn most(&self, kind: BlockKind) -> u32 {
        let labels = if self.layout.is_multilabel() { self.layout.labels().len() } else { 1 };
        let labels = u32::try_from(labels).unwrap_or(u32::MAX);
        match kind {
            BlockKind::Label
            | BlockKind::Confidence
            | BlockKind::ConfidenceSum
            | BlockKind::OutcomeTruth => labels,
            // an answer has a confidence and an action; a call may fail and trap
            BlockKind::OutcomeCorrect | BlockKind::Fault => 2,
            // timed out, then answered after all, and late
            BlockKind::OutcomeFollow => 3,
            // record, action, labels, their confidences, right or wrong
            BlockKind::Segment => labels.saturating_mul(2).saturating_add(3),
            _ => 1,
        }
    }
}

/// Whether a block leaves in `aggregated` mode. One record may break any number of clauses, and a
/// metric may be any number, so that no noise of a known size would hide them.
pub fn leaves(kind: BlockKind) -> bool {
    !matches!(kind, BlockKind::Violation | BlockKind::OutcomeMetric)
}
