//! A bare model for JavaScript: tensors in, tensors out. Feature `raw`, for measurements.

use super::error;
use crate::model::Model;
use crate::tensor::TensorData;
use js_sys::{Array, BigInt64Array, Float32Array, Float64Array, Int32Array, Uint8Array};
use wasm_bindgen::prelude::*;

/// A compiled model without contract and policy.
#[wasm_bindgen]
#[derive(Debug)]
pub struct WasmModel {
    model: Model,
    inputs: Vec<TensorData>,
}

#[wasm_bindgen]
impl WasmModel {
    /// Loads what `driftline build` compiled.
    ///
    /// # Errors
    /// An `Error` with `code`, `help` and `place`.
    #[wasm_bindgen(constructor)]
    pub fn new(bytes: &[u8]) -> Result<Self, JsValue> {
        let model = Model::from_bytes(bytes).map_err(|e| error::to_js(&e))?;
        let inputs = model.inputs().iter().map(|info| TensorData::empty(info.dtype)).collect();
        Ok(Self { model, inputs })
    }

    /// Predicts rows from one typed array for each input, or one array of strings.
    ///
    /// # Errors
    /// An `Error` with `code`.
    pub fn run(&mut self, rows: usize, inputs: &Array) -> Result<Array, JsValue> {
        for (i, data) in self.inputs.iter_mut().enumerate() {
            let value = inputs.get(u32::try_from(i).unwrap_or(u32::MAX));
            match data {
                TensorData::Float32(v) => {
                    let array: &Float32Array = value.unchecked_ref();
                    v.resize(array.length() as usize, 0.0);
                    array.copy_to(v);
                }
                TensorData::Float64(v) => *v = value.unchecked_ref::<Float64Array>().to_vec(),
                TensorData::Int64(v) => *v = value.unchecked_ref::<BigInt64Array>().to_vec(),
                TensorData::Int32(v) => *v = value.unchecked_ref::<Int32Array>().to_vec(),
                TensorData::String(v) => {
                    *v = value
                        .unchecked_ref::<Array>()
                        .iter()
                        .map(|text| text.as_string().unwrap_or_default())
                        .collect();
                }
                _ => return Err(JsValue::from_str("an element type that nothing measures")),
            }
        }
        let inputs: Vec<&TensorData> = self.inputs.iter().collect();
        self.model.run(rows, &inputs).map_err(|e| error::to_js(&e))?;
        let outputs = (0..self.model.outputs().len()).filter_map(|i| self.model.output(i));
        Ok(outputs.map(|output| to_js(output.to_data())).collect())
    }
}

fn to_js(data: TensorData) -> JsValue {
    match data {
        TensorData::Float32(v) => Float32Array::from(v.as_slice()).into(),
        TensorData::Float64(v) => Float64Array::from(v.as_slice()).into(),
        TensorData::Int64(v) => BigInt64Array::from(v.as_slice()).into(),
        TensorData::Int32(v) => Int32Array::from(v.as_slice()).into(),
        TensorData::Uint8(v) => Uint8Array::from(v.as_slice()).into(),
        TensorData::Bool(v) => v.iter().map(|b| JsValue::from_bool(*b)).collect::<Array>().into(),
        TensorData::String(v) => v.iter().map(|s| JsValue::from_str(s)).collect::<Array>().into(),
        #[allow(unreachable_patterns)]
        _ => JsValue::UNDEFINED,
    }
}
