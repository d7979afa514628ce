//! Records and decisions as plain memory: one call for each record, where reading it from here
//! takes some hundred. JavaScript writes what fits (pkg/src/flat.ts); the rest goes the long way.

use super::WasmGate;
use crate::contract::{RawRecord, Value, Violation};
use crate::decision::Decision;
use crate::gate::Gate;
use js_sys::Array;
use std::borrow::Cow;
use wasm_bindgen::prelude::*;

/// Bytes for the texts of one record; longer ones go the long way.
const TEXT_BYTES: usize = 4096;

/// What stands before the scores in an answer.
const FIXED: usize = 10;

/// Memory that JavaScript and this module share.
#[derive(Debug)]
pub(super) struct Flat {
    /// What each input is; see [`Flat::value`].
    kinds: Vec<u8>,
    /// A number, milliseconds, or offset and length of a text in the two halves of 64 bits.
    words: Vec<u64>,
    text: Vec<u8>,
    /// Action, reason, label, value, predicted label, confidence, number of scores, number of
    /// violations, predicted value, novelty; then the scores. NaN stands for null; as the action, for a
    /// decision that has more
    /// than these.
    answer: Vec<f64>,
    violations: Vec<Violation>,
    whole: Option<Decision>,
}

impl Flat {
    pub(super) fn new(gate: &Gate) -> Self {
        let inputs = gate.info().inputs.len();
        Self {
            kinds: vec![0; inputs],
            words: vec![0; inputs],
            text: vec![0; TEXT_BYTES],
            answer: vec![f64::NAN; FIXED + gate.decider().labels().len()],
            violations: Vec::new(),
            whole: None,
        }
    }

    /// The record, or `None` if it has to go the long way.
    fn record(&self) -> Option<RawRecord<'_>> {
        let values =
            self.kinds.iter().zip(&self.words).map(|(kind, word)| self.value(*kind, *word));
        Some(RawRecord { values: values.collect::<Option<_>>()?, ..RawRecord::default() })
    }

    fn value(&self, kind: u8, word: u64) -> Option<Value<'_>> {
        Some(match kind {
            0 => Value::Absent,
            1 => Value::Null,
            2 => Value::Bool(false),
            3 => Value::Bool(true),
            4 => Value::Number(f64::from_bits(word)),
            5 => Value::Date(f64::from_bits(word)),
            6 => {
                let (start, length) = (word as u32 as usize, (word >> 32) as usize);
                let bytes = self.text.get(start..start.checked_add(length)?)?;
                let text = str::from_utf8(bytes).ok()?;
                // it may stand for a lone surrogate, which UTF-8 cannot hold
                if text.contains('\u{FFFD}') {
                    return None;
                }
                Value::Text(Cow::Borrowed(text))
            }
            _ => return None,
        })
    }
}

/// Writes a decision as numbers; labels as their places.
fn write(answer: &mut [f64], labels: &[std::sync::Arc<str>], decision: &Decision) {
    let place = |label: Option<&str>| {
        let at = label.and_then(|label| labels.iter().position(|known| known.as_ref() == label));
        at.map_or(f64::NAN, |at| at as f64)
    };
    let scores = decision.scores.as_ref().map_or(&[][..], |scores| scores.values());
    let fixed: [f64; FIXED] = [
        f64::from(decision.action as u8),
        f64::from(decision.reason as u8),
        place(decision.label.as_deref()),
        decision.value.unwrap_or(f64::NAN),
        place(decision.predicted.as_deref()),
        decision.confidence.unwrap_or(f64::NAN),
        if decision.scores.is_some() { scores.len() as f64 } else { f64::NAN },
        decision.violations.len() as f64,
        decision.predicted_value.unwrap_or(f64::NAN),
        decision.novelty.unwrap_or(f64::NAN),
    ];
    for (to, from) in answer.iter_mut().zip(fixed.iter().chain(scores)) {
        *to = *from;
    }
}

#[wasm_bindgen]
impl WasmGate {
    /// Addresses of the shared memory: kinds, words, text, answer; then the bytes of text.
    #[wasm_bindgen(js_name = flatAddresses)]
    pub fn flat_addresses(&self) -> Vec<u32> {
        let flat = &self.flat;
        vec![
            flat.kinds.as_ptr() as u32,
            flat.words.as_ptr() as u32,
            flat.text.as_ptr() as u32,
            flat.answer.as_ptr() as u32,
            flat.text.len() as u32,
        ]
    }

    /// The words that answers give as places: actions, reasons, labels.
    #[wasm_bindgen(js_name = flatWords)]
    pub fn flat_words(&self) -> Array {
        self.writer.vocabulary()
    }

    /// Decides the record in the shared memory; `false` if it has to go the long way. `now` as
    /// for `predict`.
    #[wasm_bindgen(js_name = flatPredict)]
    pub fn flat_predict(&mut self, now: f64) -> bool {
        let Some(record) = self.flat.record() else { return false };
        self.gate.set_clock(now);
        let decision = self.gate.predict(record);
        write(&mut self.flat.answer, self.gate.decider().labels(), &decision);
        if decision.has_more() {
            if let Some(action) = self.flat.answer.first_mut() {
                *action = f64::NAN;
            }
            self.flat.whole = Some(decision);
        } else {
            self.flat.violations = decision.violations;
        }
        true
    }

    /// The last decision that had more than the shared memory holds.
    #[wasm_bindgen(js_name = flatWhole)]
    pub fn flat_whole(&mut self) -> JsValue {
        self.flat.whole.take().map_or(JsValue::NULL, |decision| self.writer.write(&decision))
    }

    /// The violations of the last decision in the shared memory.
    #[wasm_bindgen(js_name = flatViolations)]
    pub fn flat_violations(&self) -> Array {
        self.writer.violations(&self.flat.violations)
    }
}
