//! What became of decisions: truth and metrics by the cells that a decision fell in. The record
//! itself is long gone.

use super::counts::overfull;
use super::kinds::Follow;
use super::layout::CONFIDENCE_BINS;
use super::scale::{millionths, unit_bin, value_cell};
use super::window::{Window, predicted};
use crate::decision::{Action, Decision};
use crate::error::{Error, ErrorCode, Result};
use crate::limits::{MAX_COUNT, MAX_METRIC, MAX_SUMMARY_LABELS};

/// What is remembered of a decision until its outcome: cells alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tracked {
    /// Places of the predicted labels: at most one, or of several labels at once all that hold.
    pub labels: Vec<usize>,
    /// Bin of the confidence, below [`CONFIDENCE_BINS`], if there was a prediction.
    pub confidence: Option<usize>,
    /// Place of the action.
    pub action: usize,
    /// For each declared segment the place of its value.
    pub segments: Vec<usize>,
}

/// The truth about one record.
#[derive(Clone, Debug, PartialEq)]
pub enum Truth {
    /// The place of the label.
    Label(usize),
    /// The places of the labels that hold, of several at once.
    Labels(Vec<usize>),
    /// The number.
    Value(f64),
}

impl Window {
    /// The cells of a decision that was just made.
    pub fn track(&self, decision: &Decision) -> Tracked {
        let stride = self.layout.stride();
        let blocks = self.layout.blocks().iter().rev().take(self.segments.len()).rev();
        Tracked {
            labels: predicted(&self.layout, decision).map(|(label, _)| label).collect(),
            confidence: decision.confidence.map(|c| unit_bin(c, CONFIDENCE_BINS)),
            action: decision.action as usize,
            segments: blocks
                .zip(&self.segments)
                .map(|(block, at)| (at - block.at as usize) / stride)
                .collect(),
        }
    }

    /// Counts the outcome of a decision, or nothing at all: `metrics` has one entry for each
    /// declared one, `None` for what did not come.
    ///
    /// # Errors
    /// [`ErrorCode::BadUsage`] for a label that there is not, another kind of truth than the
    /// model's, a metric that is not in [0, [`MAX_METRIC`]]; [`ErrorCode::SummaryInvalid`] if a sum
    /// would pass [`MAX_COUNT`].
    pub fn outcome(
        &mut self,
        tracked: &Tracked,
        truth: Option<&Truth>,
        metrics: &[Option<f64>],
    ) -> Result<()> {
        let actions = Action::ALL.len();
        let bad = |message: &str| Err(Error::new(ErrorCode::BadUsage, message));
        let past = |n: &usize| *n >= self.layout.labels.len();
        if tracked.action >= actions
            || tracked.labels.iter().any(past)
            || tracked.confidence.is_some_and(|bin| bin >= CONFIDENCE_BINS)
        {
            return bad("the outcome is of no decision of this model");
        }
        match (truth, self.layout.is_number(), self.layout.is_multilabel()) {
            (None, ..) | (Some(Truth::Labels(_)), false, true) => {}
            (Some(Truth::Label(label)), false, false) if !past(label) => {}
            (Some(Truth::Value(x)), true, _) if x.is_finite() => {}
            _ => return bad("the truth is not of the model's kind"),
        }
        if let Some(Truth::Labels(labels)) = truth
            && labels.iter().any(past)
        {
            return bad("the truth is not of the model's kind");
        }
        let starts = self.starts;
        for (nth, metric) in metrics.iter().enumerate() {
            let Some(value) = metric else { continue };
            if !(0.0..=MAX_METRIC).contains(value) {
                return bad("a metric is a finite number from 0 to 1,000,000");
            }
            let cell = starts.metrics + nth * 2 * actions + tracked.action;
            let sum = self.counts.get(cell).copied().unwrap_or(0);
            if sum + millionths(*value) > MAX_COUNT {
                return Err(overfull());
            }
        }
        let segments = self.segment_starts(tracked);
        if let Some(truth) = truth {
            let right = self.count_truth(tracked, truth);
            if let Some(right) = right.map(usize::from) {
                if let Some(bin) = tracked.confidence {
                    self.count(starts.correct + 2 * bin + right, 1);
                }
                self.count(starts.correct + 2 * (CONFIDENCE_BINS + tracked.action) + right, 1);
                for segment in &segments {
                    self.count(segment + self.segment_tail() + right, 1);
                }
            }
        }
        for (nth, metric) in metrics.iter().enumerate() {
            let Some(sum) = metric.map(millionths) else { continue };
            let cell = starts.metrics + nth * 2 * actions + tracked.action;
            self.count(cell, sum);
            self.count(cell + actions, 1);
            for segment in &segments {
                let cell = segment + self.segment_tail() + 2 + 2 * nth;
                self.count(cell, sum);
                self.count(cell + 1, 1);
            }
        }
        Ok(())
    }

    /// Counts what became of decisions that were followed up.
    pub fn follow(&mut self, what: Follow, by: u64) {
        if !self.is_off() {
            self.count(self.starts.follow + what as usize, by);
        }
    }

    /// Counts a truth; whether the prediction was right, of labels.
    fn count_truth(&mut self, tracked: &Tracked, truth: &Truth) -> Option<bool> {
        let start = self.starts.truth;
        let labels = self.layout.labels.len();
        let many = labels > MAX_SUMMARY_LABELS;
        match truth {
            Truth::Value(x) => {
                self.count(start + value_cell(*x), 1);
                None
            }
            Truth::Label(label) => {
                let predicted = tracked.labels.first().copied();
                let right = predicted == Some(*label);
                let column = predicted.unwrap_or(labels);
                let cell = if many {
                    2 * column + usize::from(right)
                } else {
                    label * (labels + 1) + column
                };
                self.count(start + cell, 1);
                Some(right)
            }
            Truth::Labels(holding) => {
                let mut right = true;
                for label in 0..labels {
                    let (predicted, holds) =
                        (tracked.labels.contains(&label), holding.contains(&label));
                    right &= predicted == holds;
                    if many {
                        if predicted {
                            self.count(start + 2 * label + usize::from(holds), 1);
                        }
                    } else {
                        let cell = 4 * label + 2 * usize::from(predicted) + usize::from(holds);
                        self.count(start + cell, 1);
                    }
                }
                Some(right)
            }
        }
    }

    /// First cells of the values that held when the decision was made.
    fn segment_starts(&self, tracked: &Tracked) -> Vec<usize> {
        let stride = self.layout.stride();
        let blocks = self.layout.blocks().iter().rev().take(self.segments.len()).rev();
        let starts = blocks.enumerate().map(|(nth, block)| {
            let others = (block.cells as usize / stride).saturating_sub(1);
            let value = tracked.segments.get(nth).copied().unwrap_or(others).min(others);
            block.at as usize + value * stride
        });
        starts.collect()
    }

    /// Cells of a segment's value before those of outcomes.
    fn segment_tail(&self) -> usize {
        1 + Action::ALL.len() + 2 * self.layout.segment_labels() + 1
    }
}
