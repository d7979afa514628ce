//! The counts of the window for JavaScript: whole numbers below 2^53, in the order of the layout.

use super::{WasmGate, error};
use crate::error::{Error, ErrorCode, Result};
use crate::limits::MAX_COUNT;
use crate::summary::{BlockKind, Declared, Follow, Layout, Tracked, Truth};
use serde::Serialize;
use wasm_bindgen::prelude::*;

#[derive(Serialize)]
struct LayoutInfo<'a> {
    id: String,
    cells: usize,
    blocks: Vec<BlockInfo<'a>>,
}

#[derive(Serialize)]
struct BlockInfo<'a> {
    kind: BlockKind,
    name: &'a str,
    at: u32,
    cells: Vec<String>,
}

impl<'a> LayoutInfo<'a> {
    fn new(layout: &'a Layout) -> Self {
        let blocks = layout.blocks().iter().map(|block| BlockInfo {
            kind: block.kind,
            name: &block.name,
            at: block.at,
            cells: (0..block.cells).map(|cell| layout.cell_name(block, cell)).collect(),
        });
        Self { id: layout.id(), cells: layout.cells(), blocks: blocks.collect() }
    }
}

/// Counts as JavaScript holds them.
///
/// # Errors
/// [`ErrorCode::SummaryInvalid`] if one is no whole number within the limit.
pub(super) fn whole(counts: &[f64]) -> Result<Vec<u64>> {
    let whole: Option<Vec<u64>> = counts.iter().map(|x| count_of(*x)).collect();
    whole.ok_or_else(|| Error::new(ErrorCode::SummaryInvalid, "a count is no whole number"))
}

/// What `f64` holds of a count, exactly.
fn count_of(x: f64) -> Option<u64> {
    let count = x as u64;
    (count as f64 == x && count <= MAX_COUNT).then_some(count)
}

fn places(of: &[u32]) -> Vec<usize> {
    of.iter().map(|n| *n as usize).collect()
}

#[wasm_bindgen]
impl WasmGate {
    /// Declares segments and metrics, as JSON; the counts begin anew.
    ///
    /// # Errors
    /// An `Error` with `code` for what is no declaration or too much.
    #[wasm_bindgen(js_name = declareSummary)]
    pub fn declare_summary(&mut self, declaration: &str) -> Result<(), JsValue> {
        Declared::from_json(declaration)
            .and_then(|declared| self.gate.declare(declared))
            .map_err(|e| error::to_js(&e))
    }

    /// The layout: id, number of cells, blocks with the names of their cells.
    ///
    /// # Errors
    /// Never for a bundle that was loaded.
    #[wasm_bindgen(js_name = summaryLayout)]
    pub fn summary_layout(&self) -> Result<JsValue, JsValue> {
        let serializer = serde_wasm_bindgen::Serializer::json_compatible();
        Ok(LayoutInfo::new(self.gate.window().layout()).serialize(&serializer)?)
    }

    /// Where the counts lie, 64 bits each, and how many there are: they can be read after a trap.
    #[wasm_bindgen(js_name = summaryAddress)]
    pub fn summary_address(&self) -> Vec<u32> {
        let counts = self.gate.window().counts();
        vec![counts.as_ptr() as u32, counts.len() as u32]
    }

    /// The counts; the first one is the number of records.
    #[wasm_bindgen(js_name = peekSummary)]
    pub fn peek_summary(&self) -> Vec<f64> {
        self.gate.window().counts().iter().map(|count| *count as f64).collect()
    }

    /// The counts; the window begins anew.
    #[wasm_bindgen(js_name = takeSummary)]
    pub fn take_summary(&mut self) -> Vec<f64> {
        let counts = self.peek_summary();
        self.gate.window_mut().clear();
        counts
    }

    /// Adds counts to the window, or nothing at all.
    ///
    /// # Errors
    /// An `Error` with `code` for what are no counts, or not those of this layout.
    #[wasm_bindgen(js_name = addSummary)]
    pub fn add_summary(&mut self, counts: &[f64]) -> Result<(), JsValue> {
        let added = whole(counts).and_then(|counts| self.gate.window_mut().add(&counts));
        added.map_err(|e| error::to_js(&e))
    }

    /// Stops or resumes counting.
    #[wasm_bindgen(js_name = setSummaryOff)]
    pub fn set_summary_off(&mut self, off: bool) {
        self.gate.window_mut().set_off(off);
    }

    /// For each declared segment the place of the value that holds from now on.
    #[wasm_bindgen(js_name = setSegments)]
    pub fn set_segments(&mut self, values: &[u32]) {
        self.gate.window_mut().set_segments(&places(values));
    }

    /// Counts the duration of a prediction, in microseconds.
    #[wasm_bindgen(js_name = noteTime)]
    pub fn note_time(&mut self, us: f64) {
        self.gate.window_mut().time(us);
    }

    /// Counts an error of a call, or a trap.
    #[wasm_bindgen(js_name = noteFault)]
    pub fn note_fault(&mut self, trap: bool) {
        self.gate.window_mut().fault(trap);
    }

    /// Counts what became of decisions that were followed up; `what` is a place in `Follow::ALL`.
    #[wasm_bindgen(js_name = noteFollow)]
    pub fn note_follow(&mut self, what: usize, by: u32) {
        if let Some(what) = Follow::ALL.get(what) {
            self.gate.window_mut().follow(*what, u64::from(by));
        }
    }

    /// Counts an outcome: places of the predicted labels, bin of the confidence (past the last one:
    /// none), place of the action and of each segment's value; the truth as places of labels or as
    /// one number, or neither; each metric, NaN for what did not come.
    ///
    /// # Errors
    /// An `Error` with `code`; nothing is counted then.
    #[wasm_bindgen(js_name = noteOutcome)]
    #[expect(
        clippy::too_many_arguments,
        reason = "numbers cross the border cheaply, objects do not"
    )]
    pub fn note_outcome(
        &mut self,
        labels: &[u32],
        confidence: usize,
        action: usize,
        segments: &[u32],
        truth: Option<Vec<u32>>,
        value: Option<f64>,
        metrics: &[f64],
    ) -> Result<(), JsValue> {
        let bins = crate::summary::CONFIDENCE_BINS;
        let tracked = Tracked {
            labels: places(labels),
            confidence: Some(confidence).filter(|bin| *bin < bins),
            action,
            segments: places(segments),
        };
        let several = self.gate.window().layout().is_multilabel();
        let truth = match (truth, value) {
            (Some(labels), _) if several => Some(Truth::Labels(places(&labels))),
            (Some(labels), _) => labels.first().map(|label| Truth::Label(*label as usize)),
            (None, value) => value.map(Truth::Value),
        };
        let metrics: Vec<Option<f64>> =
            metrics.iter().map(|x| Some(*x).filter(|x| !x.is_nan())).collect();
        let counted = self.gate.window_mut().outcome(&tracked, truth.as_ref(), &metrics);
        counted.map_err(|e| error::to_js(&e))
    }
}
