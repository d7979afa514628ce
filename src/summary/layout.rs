//! The cells of a window: blocks in one fixed order, laid out by the bundle and by what the host
//! declares.

use super::bins::Bins;
use super::declared::Declared;
use super::scale::{LATENCY_CELLS, NOVELTY_ENDS, VALUE_CELLS, latency_name, value_name};
use crate::contract::{Contract, OutputKind};
use crate::decision::{Action, Reason};
use crate::error::{CodeKind, Error, ErrorCode, Result};
use crate::limits::{MAX_SUMMARY_CELLS, MAX_SUMMARY_LABELS};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Equal bins of the confidence, `[i/20, (i+1)/20)`, the last one with its upper end.
pub const CONFIDENCE_BINS: usize = 20;

macro_rules! named {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// All of them, in the order of this file.
            pub const ALL: [Self; [$($text),*].len()] = [$(Self::$variant),*];

            /// The stable string.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

named! {
    /// What the cells of a block count.
    BlockKind {
        /// One cell: the records of the window. Always the first.
        Records "records",
        /// One input, each record in exactly one cell: the baseline's bins, then the specials.
        Input "input",
        /// Predicted label; the last cell is that of records without one. Of several labels at
        /// once, each that has at least one half.
        Label "label",
        /// Confidence in the predicted label, a block a label; above
        /// [`MAX_SUMMARY_LABELS`] labels one block for all.
        Confidence "confidence",
        /// Σ of the calibrated confidence by predicted label, in millionths.
        ConfidenceSum "confidence_sum",
        /// Predicted number of a regression or ranking; the last cell is that of records without one.
        Value "value",
        /// What to do.
        Action "action",
        /// Why.
        Reason "reason",
        /// Broken clauses: a row an input and one for the record as a whole, a column a code.
        Violation "violation",
        /// How strange the record is; the last cell is that of records that were not judged.
        Novelty "novelty",
        /// Time of a prediction, of those that the host timed.
        Latency "latency",
        /// What went wrong outside decisions: errors of calls, traps of the instance.
        Fault "fault",
        /// Truth that came back: a row a truth, a column a predicted label and one for none. Above
        /// [`MAX_SUMMARY_LABELS`] labels, wrong and right by predicted label; of several labels at once,
        /// by label whether it was predicted and whether it was true; of a number, its bins.
        OutcomeTruth "outcome_truth",
        /// Wrong and right answers by confidence, then by action.
        OutcomeCorrect "outcome_correct",
        /// One declared metric: its sum in millionths by action, then how many came by action.
        OutcomeMetric "outcome_metric",
        /// What became of decisions that were followed up.
        OutcomeFollow "outcome_follow",
        /// One declared segment: the main cells again for each of its values and for all others.
        Segment "segment",
    }
}

named! {
    /// What an input's value is if it is in no bin.
    Special {
        /// There was none.
        Missing "missing",
        /// Below the first edge.
        Below "below",
        /// Above the last edge.
        Above "above",
        /// A category that the baseline does not list.
        Unseen "unseen",
        /// It broke a clause.
        Invalid "invalid",
    }
}

named! {
    /// What became of a decision that was followed up.
    Follow {
        /// Truth or a metric came back, in time or late.
        Answered "answered",
        /// It came back after its time-out.
        Late "late",
        /// It names a decision that is not known, or not any more.
        Unknown "unknown",
        /// The time-out passed without an answer.
        TimedOut "timed_out",
        /// It made room for newer ones before its time-out.
        Forgotten "forgotten",
    }
}

/// Cells that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Block {
    /// What they count.
    pub kind: BlockKind,
    /// Of an input, label, metric or segment its name; else empty.
    pub name: String,
    /// How many they are.
    pub cells: u32,
    /// Place of the first one among all.
    pub at: u32,
}

/// The cells of a window.
#[derive(Clone, Debug)]
pub struct Layout {
    blocks: Vec<Block>,
    cells: u32,
    pub(super) bins: Vec<Bins>,
    pub(super) inputs: Vec<String>,
    pub(super) labels: Vec<String>,
    pub(super) kind: OutputKind,
    pub(super) declared: Declared,
    /// Blocks that the bundle alone gives.
    fixed: usize,
}

impl Layout {
    /// Lays out the cells of a bundle. `baseline` is its part, `novelty` whether its policy has one.
    ///
    /// # Errors
    /// [`ErrorCode::BaselineInvalid`] as [`Bins::read`]; [`ErrorCode::InputTooLarge`] past
    /// [`MAX_SUMMARY_CELLS`]; [`ErrorCode::ContractInvalid`] without outputs.
    pub fn new(contract: &Contract, baseline: Option<&[u8]>, novelty: bool) -> Result<Self> {
        let outputs = contract.outputs.as_ref().ok_or_else(|| {
            Error::new(ErrorCode::ContractInvalid, "the contract has no outputs").at_path("outputs")
        })?;
        let bins = baseline.map_or(Ok(Vec::new()), |bytes| Bins::read(bytes, contract))?;
        let mut layout = Self {
            blocks: Vec::new(),
            cells: 0,
            bins: Vec::new(),
            inputs: contract.inputs.iter().map(|input| input.name.clone()).collect(),
            labels: outputs.labels.clone(),
            kind: outputs.kind,
            declared: Declared::default(),
            fixed: 0,
        };
        layout.block(BlockKind::Records, "", 1)?;
        for input in &bins {
            layout.block(BlockKind::Input, &input.name, input.len() + input.specials().len())?;
        }
        layout.bins = bins;
        layout.answers(novelty)?;
        layout.truths()?;
        layout.fixed = layout.blocks.len();
        layout.declare(Declared::default())
    }

    /// The same cells with those of what a host declares.
    ///
    /// # Errors
    /// [`ErrorCode::InputTooLarge`] past [`MAX_SUMMARY_CELLS`].
    pub fn declare(mut self, declared: Declared) -> Result<Self> {
        self.blocks.truncate(self.fixed);
        self.cells = self.blocks.last().map_or(0, |block| block.at + block.cells);
        self.declared = declared;
        for metric in self.declared.metrics.clone() {
            self.block(BlockKind::OutcomeMetric, &metric, 2 * Action::ALL.len())?;
        }
        self.block(BlockKind::OutcomeFollow, "", Follow::ALL.len())?;
        let stride = self.stride();
        for (name, values) in self.declared.segments.clone() {
            self.block(BlockKind::Segment, &name, stride * (values.len() + 1))?;
        }
        Ok(self)
    }

    fn answers(&mut self, novelty: bool) -> Result<()> {
        let labels = self.labels.len();
        self.block(BlockKind::Label, "", labels + 1)?;
        if labels > MAX_SUMMARY_LABELS {
            self.block(BlockKind::Confidence, "", CONFIDENCE_BINS)?;
        } else {
            for label in self.labels.clone() {
                self.block(BlockKind::Confidence, &label, CONFIDENCE_BINS)?;
            }
        }
        self.block(BlockKind::ConfidenceSum, "", labels)?;
        if self.is_number() {
            self.block(BlockKind::Value, "", VALUE_CELLS + 1)?;
        }
        self.block(BlockKind::Action, "", Action::ALL.len())?;
        self.block(BlockKind::Reason, "", Reason::ALL.len())?;
        self.block(BlockKind::Violation, "", (self.inputs.len() + 1) * violation_codes().count())?;
        if novelty {
            self.block(BlockKind::Novelty, "", NOVELTY_ENDS.len() + 1)?;
        }
        self.block(BlockKind::Latency, "", LATENCY_CELLS)?;
        self.block(BlockKind::Fault, "", 2)
    }

    fn truths(&mut self) -> Result<()> {
        let labels = self.labels.len();
        let truth = match self.kind {
            OutputKind::Regression | OutputKind::Ranking => VALUE_CELLS,
            _ if labels > MAX_SUMMARY_LABELS => 2 * (labels + 1),
            OutputKind::Multilabel => 4 * labels,
            _ => labels * (labels + 1),
        };
        self.block(BlockKind::OutcomeTruth, "", truth)?;
        if !self.is_number() {
            let cells = 2 * (CONFIDENCE_BINS + Action::ALL.len());
            self.block(BlockKind::OutcomeCorrect, "", cells)?;
        }
        Ok(())
    }

    fn block(&mut self, kind: BlockKind, name: &str, cells: usize) -> Result<()> {
        let end = (self.cells as usize).checked_add(cells).filter(|n| *n <= MAX_SUMMARY_CELLS);
        let end = end.and_then(|end| u32::try_from(end).ok()).ok_or_else(|| {
            Error::new(
                ErrorCode::InputTooLarge,
                format!("the summary would have more than {MAX_SUMMARY_CELLS} cells"),
            )
        })?;
        let cells = end - self.cells;
        self.blocks.push(Block { kind, name: name.to_owned(), cells, at: self.cells });
        self.cells = end;
        Ok(())
    }

    /// Whether the model answers a number and no label.
    pub fn is_number(&self) -> bool {
        matches!(self.kind, OutputKind::Regression | OutputKind::Ranking)
    }

    /// Whether the model answers several labels at once.
    pub fn is_multilabel(&self) -> bool {
        self.kind == OutputKind::Multilabel
    }

    /// Labels that a segment counts: none where there are too many to repeat them.
    pub(super) fn segment_labels(&self) -> usize {
        if self.labels.len() > MAX_SUMMARY_LABELS { 0 } else { self.labels.len() }
    }

    /// Cells of one value of a segment; see [`Layout::cell_name`] for their order.
    pub(super) fn stride(&self) -> usize {
        let labels = self.segment_labels();
        1 + Action::ALL.len() + (labels + 1) + labels + 2 + 2 * self.declared.metrics.len()
    }

    /// The blocks, in the order of their cells.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// All cells.
    pub fn cells(&self) -> usize {
        self.cells as usize
    }

    /// The bins of each input that has some, in the order of the blocks.
    pub fn bins(&self) -> &[Bins] {
        &self.bins
    }

    /// The labels, in the contract's order.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// What the host declared.
    pub fn declared(&self) -> &Declared {
        &self.declared
    }

    /// The first block of a kind and name.
    pub fn find(&self, kind: BlockKind, name: &str) -> Option<&Block> {
        self.blocks.iter().find(|block| block.kind == kind && block.name == name)
    }

    /// First 8 bytes, in hexadecimal, of the SHA-256 of all blocks with the names of their cells:
    /// counts of equal identity and equal layout may be added up.
    pub fn id(&self) -> String {
        let mut hash = Sha256::new();
        for block in &self.blocks {
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

/// Codes of broken clauses, in the order of their columns.
pub(super) fn violation_codes() -> impl Iterator<Item = ErrorCode> {
    ErrorCode::ALL.iter().copied().filter(|code| code.kind() == CodeKind::Violation)
}

fn action(at: usize) -> &'static str {
    Action::ALL.get(at).map_or("", |action| action.as_str())
}

fn interval(low: f64, high: f64, closed: bool) -> String {
    format!("[{low:?}, {high:?}{}", if closed { ']' } else { ')' })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn layout(kind: &str, labels: usize) -> Layout {
        let labels: Vec<String> = (0..labels).map(|n| format!("\"l{n}\"")).collect();
        let contract = format!(
            r#"{{"format":"driftline.contract/1","name":"x","inputs":[{{"name":"a","type":"number"}}],
            "outputs":{{"kind":"{kind}","labels":[{}],"scores":"s"}}}}"#,
            labels.join(",")
        );
        Layout::new(&Contract::from_json(contract.as_bytes()).unwrap(), None, true).unwrap()
    }

    #[test]
    fn codes_of_violations_are_the_first_of_all_codes() {
        for (column, code) in violation_codes().enumerate() {
            assert_eq!(code as usize, column, "{code}");
        }
    }

    #[test]
    fn blocks_follow_each_other_and_their_cells_have_names_of_their_own() {
        let text = r#"{"segments": {"arm": ["a", "b"]}, "metrics": ["revenue"]}"#;
        for (kind, labels) in [
            ("binary", 2),
            ("multiclass", 5),
            ("multiclass", 70),
            ("multilabel", 3),
            ("regression", 0),
        ] {
            let layout = layout(kind, labels).declare(Declared::from_json(text).unwrap()).unwrap();
            let mut at = 0;
            for block in layout.blocks() {
                assert_eq!(block.at, at, "{block:?}");
                at += block.cells;
                let names: BTreeSet<String> =
                    (0..block.cells).map(|cell| layout.cell_name(block, cell)).collect();
                assert_eq!(names.len(), block.cells as usize, "{kind} {labels} {block:?}");
                assert!(!names.contains(""), "{block:?}");
            }
            assert_eq!(at as usize, layout.cells());
            let first = layout.blocks().first().unwrap();
            assert_eq!((first.kind, first.cells), (BlockKind::Records, 1));
        }
    }

    #[test]
    fn the_id_tells_layouts_apart_and_declaring_nothing_changes_nothing() {
        let plain = layout("binary", 2);
        let id = plain.id();
        assert_eq!(id.len(), 16);
        assert_eq!(plain.clone().declare(Declared::default()).unwrap().id(), id);
        let metric = Declared::from_json(r#"{"metrics": ["a"]}"#).unwrap();
        assert_ne!(plain.declare(metric).unwrap().id(), id);
        assert_ne!(layout("multiclass", 3).id(), id);
    }

    #[test]
    fn a_layout_past_the_limit_is_refused() {
        let mut layout = layout("binary", 2);
        let error = layout.block(BlockKind::Input, "wide", MAX_SUMMARY_CELLS).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InputTooLarge);
    }
}
