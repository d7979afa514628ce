//! Cells by name, and the layout's id that follows from the names.

use super::kinds::{BlockKind, Follow};
use super::layout::{Block, CONFIDENCE_BINS, Layout, violation_codes};
use super::scale::{NOVELTY_ENDS, latency_name, value_name};
use crate::contract::OutputKind;
use crate::decision::{Action, Reason};
use crate::error::ErrorCode;
use crate::limits::MAX_SUMMARY_LABELS;
use sha2::{Digest, Sha256};

impl Layout {
    /// First 8 bytes, in hexadecimal, of the SHA-256 of all blocks with the names of their cells:
    /// counts of equal identity and equal layout may be added up.
    pub fn id(&self) -> String {
        let mut hash = Sha256::new();
        for block in self.blocks() {
            for text in [block.kind.as_str(), &block.name] {
                hash.update((text.len() as u32).to_le_bytes());
                hash.update(text);
            }
            hash.update(block.cells.to_le_bytes());
            for cell in 0..block.cells {
                let name = self.cell_name(block, cell);
                hash.update((name.len() as u32).to_le_bytes());
                hash.update(name);
            }
        }
        let digest = hash.finalize();
        let mut id = String::with_capacity(16);
        for nibble in digest.iter().take(8).flat_map(|byte| [byte >> 4, byte & 15]) {
            id.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
        id
    }

    /// What a cell of a block counts, for people.
    pub fn cell_name(&self, block: &Block, cell: u32) -> String {
        let at = cell as usize;
        let bin = |n: usize| {
            let (low, high) = (n as f64 / 20.0, (n + 1) as f64 / 20.0);
            interval(low, high, n + 1 == CONFIDENCE_BINS)
        };
        let right = |at: usize| if at % 2 == 1 { "right" } else { "wrong" };
        let name = match block.kind {
            BlockKind::Records => "records",
            BlockKind::Input => return self.input_cell(&block.name, at),
            BlockKind::Label | BlockKind::ConfidenceSum => self.label(at),
            BlockKind::Confidence => return bin(at),
            BlockKind::Value => return value_name(at),
            BlockKind::Action => action(at),
            BlockKind::Reason => Reason::ALL.get(at).map_or("", |reason| reason.as_str()),
            BlockKind::Violation => {
                let codes = violation_codes().count();
                let input = self.inputs.get(at / codes).map_or("(record)", String::as_str);
                let code = violation_codes().nth(at % codes).map_or("", ErrorCode::as_str);
                return format!("{input}/{code}");
            }
            BlockKind::Novelty => {
                let high = NOVELTY_ENDS.get(at);
                let low = at.checked_sub(1).and_then(|n| NOVELTY_ENDS.get(n)).unwrap_or(&0.0);
                return high.map_or("none".to_owned(), |high| format!("({low:?}, {high:?}]"));
            }
            BlockKind::Latency => return latency_name(at),
            BlockKind::Fault => ["error", "trap"].get(at).copied().unwrap_or(""),
            BlockKind::OutcomeTruth => return self.truth_cell(at),
            BlockKind::OutcomeCorrect => {
                let n = at / 2;
                let of = match n.checked_sub(CONFIDENCE_BINS) {
                    Some(n) => action(n).to_owned(),
                    None => bin(n),
                };
                return format!("{of}/{}", right(at));
            }
            BlockKind::OutcomeMetric => {
                let of = if at < Action::ALL.len() { "sum" } else { "count" };
                return format!("{of}/{}", action(at % Action::ALL.len()));
            }
            BlockKind::OutcomeFollow => Follow::ALL.get(at).map_or("", |follow| follow.as_str()),
            BlockKind::Segment => return self.segment_cell(&block.name, at),
        };
        name.to_owned()
    }

    fn label(&self, at: usize) -> &str {
        self.labels.get(at).map_or("none", String::as_str)
    }

    fn input_cell(&self, input: &str, at: usize) -> String {
        let Some(bins) = self.bins.iter().find(|bins| bins.name == input) else {
            return String::new();
        };
        if let Some(n) = at.checked_sub(bins.len()) {
            return bins.specials().get(n).map_or("", |special| special.as_str()).to_owned();
        }
        match (bins.values.get(at), bins.edges.get(at..at + 2)) {
            (Some(value), _) => value.clone(),
            (None, Some([low, high])) => interval(*low, *high, at + 1 == bins.len()),
            _ => String::new(),
        }
    }

    fn truth_cell(&self, at: usize) -> String {
        let labels = self.labels.len();
        if self.is_number() {
            return value_name(at);
        }
        if labels > MAX_SUMMARY_LABELS {
            let right = if at % 2 == 1 { "right" } else { "wrong" };
            return format!("{}/{right}", self.label(at / 2));
        }
        if self.kind == OutputKind::Multilabel {
            let [predicted, truth] = [at / 2 % 2, at % 2];
            return format!("{}/predicted {predicted}/true {truth}", self.label(at / 4));
        }
        format!(
            "true {}/predicted {}",
            self.label(at / (labels + 1)),
            self.label(at % (labels + 1))
        )
    }

    /// Records, actions, labels and none, sums of confidence, wrong, right; then sum and count of
    /// each metric.
    fn segment_cell(&self, segment: &str, at: usize) -> String {
        let declared = self.declared.segments.iter().find(|(name, _)| name == segment);
        let (stride, labels) = (self.stride(), self.segment_labels());
        let values = declared.map(|(_, values)| values.as_slice()).unwrap_or_default();
        let value = values.get(at / stride).map_or("(other)", String::as_str);
        let mut n = at % stride;
        let mut of = |cells: usize| {
            let here = (n < cells).then_some(n);
            n = n.saturating_sub(cells);
            here
        };
        let what = if of(1).is_some() {
            "records".to_owned()
        } else if let Some(n) = of(Action::ALL.len()) {
            format!("action/{}", action(n))
        } else if let Some(n) = of(labels + 1) {
            let name = if n == labels { "none" } else { self.label(n) };
            format!("label/{name}")
        } else if let Some(n) = of(labels) {
            format!("confidence_sum/{}", self.label(n))
        } else if let Some(n) = of(2) {
            ["wrong", "right"].get(n).copied().unwrap_or("").to_owned()
        } else {
            let metric = self.declared.metrics.get(n / 2).map_or("", String::as_str);
            format!("{metric}/{}", if n.is_multiple_of(2) { "sum" } else { "count" })
        };
        format!("{value}/{what}")
    }
}

fn action(at: usize) -> &'static str {
    Action::ALL.get(at).map_or("", |action| action.as_str())
}

fn interval(low: f64, high: f64, closed: bool) -> String {
    format!("[{low:?}, {high:?}{}", if closed { ']' } else { ')' })
}
