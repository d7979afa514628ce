//! A layout as [`crate::register`] writes it, and what its segments hold.

use super::model::{Choice, Chosen};
use crate::store::Definitions;
use driftline::contract::OutputKind;
use driftline::decision::Action;
use driftline::limits::MAX_SUMMARY_LABELS;
use driftline::summary::BlockKind;
use driftline::{Error, ErrorCode};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Blocks of cells with their names.
#[derive(Debug, Deserialize)]
pub struct Layout {
    pub blocks: Vec<Block>,
    #[serde(skip)]
    pub kind: Option<OutputKind>,
}

/// Cells that belong together.
#[derive(Debug, Deserialize)]
pub struct Block {
    pub kind: String,
    #[serde(default)]
    pub name: String,
    pub cells: Vec<String>,
    /// By how much the noise of `aggregated` mode is larger here than 1/ε for one record a client.
    #[serde(default)]
    pub weight: Option<u32>,
    /// Weight of an input to the model.
    #[serde(skip)]
    pub importance: Option<f64>,
}

/// What of a contract decides how answers are read.
#[derive(Deserialize)]
struct Contract {
    outputs: Option<Outputs>,
}

#[derive(Deserialize)]
struct Outputs {
    kind: OutputKind,
}

/// Where the parts of a segment's value lie, from its first cell on.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    /// Labels that are told apart.
    pub labels: usize,
    /// Declared metrics.
    pub metrics: usize,
}

impl Parts {
    const ACTIONS: usize = Action::ALL.len();

    pub fn actions(self) -> std::ops::Range<usize> {
        1..1 + Self::ACTIONS
    }

    /// Labels, then none.
    pub fn labels(self) -> std::ops::Range<usize> {
        let start = 1 + Self::ACTIONS;
        start..start + self.labels + 1
    }

    pub fn confidence_sums(self) -> std::ops::Range<usize> {
        let start = self.labels().end;
        start..start + self.labels
    }

    pub fn wrong(self) -> usize {
        self.confidence_sums().end
    }

    pub fn right(self) -> usize {
        self.wrong() + 1
    }

    /// Sum and count of a metric.
    pub fn metric(self, nth: usize) -> (usize, usize) {
        let start = self.right() + 1 + 2 * nth;
        (start, start + 1)
    }

    pub fn stride(self) -> usize {
        self.right() + 1 + 2 * self.metrics
    }
}

impl Layout {
    pub fn read(definitions: &Definitions) -> Result<Self, Error> {
        let damaged = |_| Error::new(ErrorCode::StoreFailed, "a layout is damaged");
        let mut layout: Self = serde_json::from_str(&definitions.summary).map_err(damaged)?;
        let contract: Contract = serde_json::from_str(&definitions.contract).map_err(damaged)?;
        layout.kind = contract.outputs.map(|outputs| outputs.kind);
        let weights: BTreeMap<String, f64> = match &definitions.importance {
            Some(text) => serde_json::from_str(text).map_err(damaged)?,
            None => BTreeMap::new(),
        };
        let inputs = layout.blocks.iter_mut();
        for block in inputs.filter(|block| block.kind == BlockKind::Input.as_str()) {
            block.importance = weights.get(&block.name).copied();
        }
        Ok(layout)
    }

    /// Blocks of a kind with their places.
    pub fn all(&self, kind: BlockKind) -> impl Iterator<Item = (usize, &Block)> {
        self.blocks.iter().enumerate().filter(move |(_, block)| block.kind == kind.as_str())
    }

    pub fn first(&self, kind: BlockKind) -> Option<(usize, &Block)> {
        self.all(kind).next()
    }

    /// The labels, without `none`.
    pub fn labels(&self) -> &[String] {
        let cells = self.first(BlockKind::Label).map(|(_, block)| block.cells.as_slice());
        cells.and_then(|cells| cells.split_last()).map_or(&[], |(_, labels)| labels)
    }

    /// Whether each answer is one label.
    pub fn is_single_label(&self) -> bool {
        matches!(self.kind, Some(OutputKind::Binary | OutputKind::Multiclass))
    }

    pub fn parts(&self) -> Parts {
        let labels = self.labels().len();
        let labels = if labels > MAX_SUMMARY_LABELS { 0 } else { labels };
        Parts { labels, metrics: self.all(BlockKind::OutcomeMetric).count() }
    }

    /// The declared segments with the places of their blocks.
    pub fn segments(&self) -> Vec<(usize, Choice)> {
        let stride = self.parts().stride();
        let of = |(at, block): (usize, &Block)| {
            let first = block.cells.chunks(stride).filter_map(|cells| cells.first());
            let value = |cell: &String| cell.strip_suffix("/records").unwrap_or(cell).to_owned();
            (at, Choice { key: block.name.clone(), values: first.map(value).collect() })
        };
        self.all(BlockKind::Segment).map(of).collect()
    }

    /// The block and the value's number of a segment that is asked for as `KEY:VALUE`.
    pub fn chosen(&self, text: &str) -> Result<(Chosen, usize, usize), Error> {
        for (at, segment) in self.segments() {
            let rest = text.strip_prefix(&segment.key).and_then(|rest| rest.strip_prefix(':'));
            let nth = rest.and_then(|rest| segment.values.iter().position(|value| value == rest));
            if let (Some(value), Some(nth)) = (rest, nth) {
                let value = value.to_owned();
                return Ok((Chosen { key: segment.key, value }, at, nth));
            }
        }
        let message = format!("no segment and value of the layout is called `{text}`");
        let help = "ask for `KEY:VALUE` of those that the report lists under `segments`";
        Err(Error::new(ErrorCode::BadUsage, message).with_help(help))
    }
}
