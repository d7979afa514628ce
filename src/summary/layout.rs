//! The cells of a window: blocks in one fixed order, laid out by the bundle and by what the host
//! declares.

use super::bins::Bins;
use super::declared::Declared;
use super::kinds::{BlockKind, Follow};
use super::scale::{LATENCY_CELLS, NOVELTY_ENDS, VALUE_CELLS};
use crate::contract::{Contract, OutputKind};
use crate::decision::{Action, Reason};
use crate::error::{CodeKind, Error, ErrorCode, Result};
use crate::limits::{MAX_SUMMARY_CELLS, MAX_SUMMARY_LABELS};
use serde::Serialize;

/// Equal bins of the confidence, `[i/20, (i+1)/20)`, the last one with its upper end.
pub const CONFIDENCE_BINS: usize = 20;

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
    #[inline(never)]
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
}

/// Codes of broken clauses, in the order of their columns.
pub(super) fn violation_codes() -> impl Iterator<Item = ErrorCode> {
    ErrorCode::ALL.iter().copied().filter(|code| code.kind() == CodeKind::Violation)
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
