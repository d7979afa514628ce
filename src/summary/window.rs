//! Counting: records and decisions into the cells of a layout. Nothing here takes memory after the
//! first call, and nothing is kept of a record but the cells that it fell in.

use super::bins::Binner;
use super::counts::{Summary, add};
use super::kinds::BlockKind;
use super::layout::{CONFIDENCE_BINS, Layout, violation_codes};
use super::scale::{latency_cell, millionths, novelty_cell, unit_bin, value_cell};
use crate::contract::{Cell, Contract, Violation};
use crate::decision::{Action, Decision};
use crate::error::Result;
use crate::limits::MAX_SUMMARY_LABELS;
use crate::preprocess::{Features, Pipeline, ZoneRules};

/// The counts of the present window and what fills them.
#[derive(Clone, Debug)]
pub struct Window {
    pub(super) layout: Layout,
    pub(super) counts: Vec<u64>,
    pub(super) starts: Starts,
    binners: Vec<Binner>,
    /// Cells of the inputs of the records that are not decided yet, one row a record.
    places: Vec<u32>,
    /// For each segment the first cell of the value that holds now.
    pub(super) segments: Vec<usize>,
    off: bool,
}

/// The first cells of the blocks that every decision adds to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Starts {
    label: usize,
    confidence: usize,
    sum: usize,
    value: Option<usize>,
    action: usize,
    reason: usize,
    violation: usize,
    codes: usize,
    novelty: Option<usize>,
    latency: usize,
    fault: usize,
    pub truth: usize,
    pub correct: usize,
    pub metrics: usize,
    pub follow: usize,
}

impl Starts {
    fn new(layout: &Layout) -> Self {
        let first = |kind| layout.blocks().iter().find(|b| b.kind == kind).map(|b| b.at as usize);
        let at = |kind| first(kind).unwrap_or(usize::MAX / 2);
        Self {
            label: at(BlockKind::Label),
            confidence: at(BlockKind::Confidence),
            sum: at(BlockKind::ConfidenceSum),
            value: first(BlockKind::Value),
            action: at(BlockKind::Action),
            reason: at(BlockKind::Reason),
            violation: at(BlockKind::Violation),
            codes: violation_codes().count(),
            novelty: first(BlockKind::Novelty),
            latency: at(BlockKind::Latency),
            fault: at(BlockKind::Fault),
            truth: at(BlockKind::OutcomeTruth),
            correct: at(BlockKind::OutcomeCorrect),
            metrics: at(BlockKind::OutcomeMetric),
            follow: at(BlockKind::OutcomeFollow),
        }
    }
}

impl Window {
    /// An empty window.
    ///
    /// # Errors
    /// [`crate::ErrorCode::UnknownZone`] if the rules of a zone that is counted in are not at hand.
    #[inline(never)]
    pub fn new(
        layout: Layout,
        contract: &Contract,
        pipeline: &Pipeline,
        zones: &ZoneRules,
    ) -> Result<Self> {
        let blocks = layout.blocks().iter().filter(|block| block.kind == BlockKind::Input);
        let binners = layout.bins().iter().zip(blocks);
        let binners =
            binners.map(|(bins, block)| Binner::new(bins, block.at, contract, pipeline, zones));
        let binners = binners.collect::<Result<_>>()?;
        let mut window = Self {
            counts: vec![0; layout.cells()],
            starts: Starts::new(&layout),
            binners,
            places: Vec::new(),
            segments: Vec::new(),
            layout,
            off: false,
        };
        window.set_segments(&[]);
        Ok(window)
    }

    /// The same inputs under another layout of the same bundle; what was counted is gone.
    pub fn redeclare(&mut self, layout: Layout) {
        self.counts = vec![0; layout.cells()];
        self.starts = Starts::new(&layout);
        self.layout = layout;
        self.set_segments(&[]);
    }

    /// The layout of the counts.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// All cells, in the order of the layout; the first one is the number of records.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The counts so far.
    pub fn summary(&self, identity: &str) -> Summary {
        Summary::of(identity, &self.layout.id(), self.counts.clone())
    }

    /// Begins the window anew.
    pub fn clear(&mut self) {
        self.counts.fill(0);
    }

    /// Adds counts in the order of the layout, or nothing at all.
    ///
    /// # Errors
    /// [`crate::ErrorCode::SummaryMismatch`] if they are not as many,
    /// [`crate::ErrorCode::SummaryInvalid`] if a cell would pass [`crate::limits::MAX_COUNT`].
    pub fn add(&mut self, counts: &[u64]) -> Result<()> {
        add(&mut self.counts, counts)
    }

    /// Stops or resumes counting.
    pub fn set_off(&mut self, off: bool) {
        self.off = off;
    }

    pub(super) fn is_off(&self) -> bool {
        self.off
    }

    /// Says which values of the declared segments hold from now on, by their places; a place past
    /// the last one, or none, is that of all others.
    pub fn set_segments(&mut self, values: &[usize]) {
        let stride = self.layout.stride();
        let blocks = self.layout.blocks().iter().filter(|b| b.kind == BlockKind::Segment);
        self.segments.clear();
        self.segments.extend(blocks.enumerate().map(|(nth, block)| {
            let others = (block.cells as usize / stride).saturating_sub(1);
            let value = values.get(nth).copied().unwrap_or(others).min(others);
            block.at as usize + value * stride
        }));
    }

    /// Forgets the records that were placed and not observed.
    pub fn begin(&mut self) {
        self.places.clear();
    }

    /// Notes in which cells the next record's inputs fall. `features` may hold its clocks, and
    /// must not hold those of another record.
    pub fn place(&mut self, cells: &[Cell<'_>], features: &Features) {
        if self.off {
            return;
        }
        self.places.extend(self.binners.iter().map(|binner| binner.cell(cells, features)));
    }

    /// Counts the decision on the record that was placed as the `row`th since [`Window::begin`].
    pub fn observe(&mut self, row: usize, decision: &Decision) {
        if self.off {
            return;
        }
        let Self { counts, places, binners, starts, segments, layout, .. } = self;
        let mut count = |cell: usize, by: u64| {
            if let Some(count) = counts.get_mut(cell) {
                *count = count.wrapping_add(by);
            }
        };
        let width = binners.len();
        for cell in places.iter().skip(row * width).take(width) {
            count(*cell as usize, 1);
        }
        count(0, 1);
        let action = decision.action as usize;
        count(starts.action + action, 1);
        count(starts.reason + decision.reason as usize, 1);
        for segment in segments.iter() {
            count(*segment, 1);
            count(segment + 1 + action, 1);
        }
        if let (Some(start), true) = (starts.novelty, decision.novelty.is_some()) {
            count(start + decision.novelty.map_or(0, novelty_cell), 1);
        } else if let Some(start) = starts.novelty {
            count(start + super::scale::NOVELTY_ENDS.len(), 1);
        }
        for violation in &decision.violations {
            count(starts.violation + violation_cell(violation, &layout.inputs, starts.codes), 1);
        }
        if let Some(start) = starts.value {
            let none = super::scale::VALUE_CELLS;
            count(start + decision.predicted_value.map_or(none, value_cell), 1);
        }
        let labels = layout.labels.len();
        let few = layout.segment_labels();
        let mut found = false;
        for (label, confidence) in predicted(layout, decision) {
            found = true;
            count(starts.label + label, 1);
            let block = if labels > MAX_SUMMARY_LABELS { 0 } else { label };
            let bin = unit_bin(confidence, CONFIDENCE_BINS);
            count(starts.confidence + block * CONFIDENCE_BINS + bin, 1);
            let sum = millionths(confidence);
            count(starts.sum + label, sum);
            if few > 0 {
                for segment in segments.iter() {
                    let at = segment + 1 + Action::ALL.len();
                    count(at + label, 1);
                    count(at + few + 1 + label, sum);
                }
            }
        }
        if !found {
            count(starts.label + labels, 1);
            for segment in segments.iter() {
                count(segment + 1 + Action::ALL.len() + few, 1);
            }
        }
    }

    /// Counts how long a prediction took, in microseconds; what is no duration is left out.
    pub fn time(&mut self, us: f64) {
        if let Some(cell) = latency_cell(us).filter(|_| !self.off) {
            self.count(self.starts.latency + cell, 1);
        }
    }

    /// Counts an error of a call, or a trap of the instance before this one.
    pub fn fault(&mut self, trap: bool) {
        if !self.off {
            self.count(self.starts.fault + usize::from(trap), 1);
        }
    }

    pub(super) fn count(&mut self, cell: usize, by: u64) {
        if let Some(count) = self.counts.get_mut(cell) {
            *count = count.wrapping_add(by);
        }
    }
}

/// Labels that the model predicts, by their places, each with its confidence in [0, 1].
pub(super) fn predicted<'a>(
    layout: &'a Layout,
    decision: &'a Decision,
) -> impl Iterator<Item = (usize, f64)> + 'a {
    let single = decision.predicted.as_deref().and_then(|predicted| {
        let at = layout.labels.iter().position(|label| label == predicted)?;
        Some((at, decision.confidence?))
    });
    let several = decision.scores.as_ref().filter(|_| layout.is_multilabel());
    let several = several.into_iter().flat_map(|scores| {
        let scores = scores.values().iter().enumerate();
        scores.filter(|(_, p)| **p >= 0.5).map(|(label, p)| (label, p.min(1.0)))
    });
    single.into_iter().chain(several)
}

fn violation_cell(violation: &Violation, inputs: &[String], codes: usize) -> usize {
    let input = inputs.iter().position(|name| **name == *violation.input);
    // the codes of violations are the first of all, so that a code's number is its column
    input.unwrap_or(inputs.len()) * codes + violation.code as usize
}
