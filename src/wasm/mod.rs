//! The binding for JavaScript: convert, call, convert.

mod beacon;
mod decision;
mod error;
mod flat;
mod keys;
#[cfg(feature = "raw")]
mod raw;
mod record;
mod summary;

use crate::gate::Gate;
use decision::DecisionWriter;
use flat::Flat;
use keys::Keys;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// Version of the runtime.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// A loaded bundle, for JavaScript.
#[wasm_bindgen]
#[derive(Debug)]
pub struct WasmGate {
    gate: Gate,
    keys: Keys,
    writer: DecisionWriter,
    flat: Flat,
}

#[wasm_bindgen]
impl WasmGate {
    /// Reads the bytes of a stand-alone bundle.
    ///
    /// # Errors
    /// An `Error` with `code`, `help` and `place`.
    #[wasm_bindgen(constructor)]
    pub fn new(bundle: &[u8]) -> Result<Self, JsValue> {
        let gate = Gate::from_bundle(bundle).map_err(|e| error::to_js(&e))?;
        let names = gate.info().inputs.iter().map(|input| input.name());
        let keys = Keys::new(names);
        let writer = DecisionWriter::new(gate.decider());
        let flat = Flat::new(&gate);
        Ok(Self { gate, keys, writer, flat })
    }

    /// Decides one record. `now`: milliseconds since 1970, where the policy needs the time.
    pub fn predict(&mut self, record: &JsValue, now: f64) -> JsValue {
        self.gate.set_clock(now);
        let record = record::read(&self.keys, record);
        self.writer.write(&self.gate.predict(record))
    }

    /// Decides an array of records with one call of the model.
    ///
    /// # Errors
    /// An `Error` with `code` if there are too many.
    #[wasm_bindgen(js_name = predictMany)]
    pub fn predict_many(
        &mut self,
        records: &js_sys::Array,
        now: f64,
    ) -> Result<js_sys::Array, JsValue> {
        self.gate.set_clock(now);
        let keys = &self.keys;
        let rows = (0..records.length()).map(|i| record::read(keys, &records.get(i)));
        let decisions = self.gate.predict_many(rows).map_err(|e| error::to_js(&e))?;
        Ok(decisions.iter().map(|d| self.writer.write(d)).collect())
    }

    /// Every broken clause of a record, without asking the model.
    pub fn validate(&self, record: &JsValue) -> js_sys::Array {
        let violations = self.gate.validate(record::read(&self.keys, record));
        self.writer.violations(&violations)
    }

    /// The model's raw scores of a record, bit for bit, or `undefined` if it has no features.
    ///
    /// # Errors
    /// An `Error` with `code` if the model fails.
    pub fn scores(&mut self, record: &JsValue) -> Result<Option<js_sys::Float64Array>, JsValue> {
        let record = record::read(&self.keys, record);
        let answer = self.gate.explain(record).map_err(|e| error::to_js(&e))?;
        Ok(answer.map(|(scores, _)| js_sys::Float64Array::from(scores)))
    }

    /// Gives the random key for identifiers: 32 bytes, or it is left out.
    #[wasm_bindgen(js_name = setKey)]
    pub fn set_key(&mut self, key: &[u8]) {
        if let Ok(key) = key.try_into() {
            self.gate.set_key(key);
        }
    }

    /// Kill switch, and suspension by a drift alarm.
    #[wasm_bindgen(js_name = setSwitches)]
    pub fn set_switches(&mut self, killed: bool, suspended: bool) {
        self.gate.set_killed(killed);
        self.gate.set_suspended(suspended);
    }

    /// Day and escalations of the budget; then, for each assertion, how often it was checked and
    /// broken.
    pub fn state(&self) -> Vec<f64> {
        let state = self.gate.state();
        let mut all = vec![state.day() as f64, f64::from(state.escalated_today())];
        for counts in state.counts() {
            all.extend([counts.checked as f64, counts.broken as f64]);
        }
        all
    }

    /// Goes on with another instance's budget.
    pub fn restore(&mut self, day: f64, escalated: u32) {
        self.gate.restore(day as i64, escalated);
    }

    /// `sha256:` and 64 hexadecimal digits.
    #[wasm_bindgen(getter)]
    pub fn identity(&self) -> String {
        self.gate.identity().to_owned()
    }

    /// The contract's inputs, labels and thresholds.
    ///
    /// # Errors
    /// Never for a bundle that was loaded.
    pub fn info(&self) -> Result<JsValue, JsValue> {
        use serde::Serialize;
        let serializer = serde_wasm_bindgen::Serializer::json_compatible();
        Ok(self.gate.info().serialize(&serializer)?)
    }
}
