//! Errors for JavaScript.

use crate::error::Error;
use js_sys::Reflect;
use serde::Serialize;
use wasm_bindgen::JsValue;

/// A real `Error` with `code`, `help` and `place`.
pub(super) fn to_js(error: &Error) -> JsValue {
    let js = JsValue::from(js_sys::Error::new(&error.to_string()));
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    let place = error.place().serialize(&serializer).unwrap_or(JsValue::NULL);
    for (key, value) in [
        ("code", JsValue::from_str(error.code().as_str())),
        ("help", JsValue::from_str(error.help())),
        ("place", place),
    ] {
        // setting a property of a fresh object cannot fail
        let _ = Reflect::set(&js, &JsValue::from_str(key), &value);
    }
    js
}
