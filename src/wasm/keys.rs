//! The contract's input names as JavaScript strings, made once.

use js_sys::JsString;
use wasm_bindgen::JsValue;

/// Input names in the contract's order.
#[derive(Debug)]
pub struct Keys {
    names: Vec<String>,
    keys: Vec<JsValue>,
}

impl Keys {
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let names: Vec<String> = names.map(str::to_owned).collect();
        let keys = names.iter().map(|name| JsString::from(name.as_str()).into()).collect();
        Self { names, keys }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &JsValue> {
        self.keys.iter()
    }

    pub(super) fn knows(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }
}
