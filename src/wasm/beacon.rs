//! Beacons, for JavaScript.

use super::{WasmGate, error};
use crate::beacon::{Header, encode, pick_feature};
use crate::error::{Error, ErrorCode, Result};
use crate::privacy::Random;
use js_sys::{Function, Uint8Array};
use std::result::Result as StdResult;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;

/// The host's source: a function from a number to so many random bytes.
struct Fill<'a>(&'a Function);

impl Random for Fill<'_> {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<()> {
        let failed = || Error::new(ErrorCode::NoRandomness, "the host gave no random bytes");
        let length = JsValue::from_f64(buffer.len() as f64);
        let answer = self.0.call1(&JsValue::UNDEFINED, &length).map_err(|_| failed())?;
        let bytes: Uint8Array = answer.dyn_into().map_err(|_| failed())?;
        if bytes.length() as usize != buffer.len() {
            return Err(failed());
        }
        bytes.copy_to(buffer);
        Ok(())
    }
}

#[wasm_bindgen]
impl WasmGate {
    /// The beacon of counts in the layout's order, or `undefined` if its mode lets nothing out.
    ///
    /// # Errors
    /// An `Error` with `code`.
    #[wasm_bindgen(js_name = encodeBeacon)]
    pub fn encode_beacon(
        &self,
        counts: &[f64],
        header: &str,
        fill: &Function,
    ) -> StdResult<Option<String>, JsValue> {
        let encoded = (|| -> Result<Option<String>> {
            let counts = super::summary::whole(counts)?;
            let header = Header::from_json(header)?;
            let layout = self.gate.window().layout();
            encode(&counts, layout, self.gate.identity(), &header, &mut Fill(fill))
        })();
        encoded.map_err(|e| error::to_js(&e))
    }

    /// What a client answers about in `randomized` mode: a place in the layout, drawn from the source.
    ///
    /// # Errors
    /// An `Error` with `code` if the source fails.
    #[wasm_bindgen(js_name = pickFeature)]
    pub fn pick_feature(&self, fill: &Function) -> StdResult<u32, JsValue> {
        pick_feature(self.gate.window().layout(), &mut Fill(fill)).map_err(|e| error::to_js(&e))
    }
}
