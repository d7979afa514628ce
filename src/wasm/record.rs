//! JavaScript values to a raw record. Only a record's own properties count, so that nothing that
//! was put on a prototype can become an input.

use super::keys::Keys;
use crate::contract::{RawRecord, Value};
use crate::limits::{MAX_LIST_DEPTH, MAX_LIST_LENGTH, MAX_TEXT_BYTES, MAX_UNKNOWN_LISTED};
use crate::tensor::TensorData;
use js_sys::{
    Array, BigInt, BigInt64Array, Date, Float32Array, Float64Array, Int32Array, JsString, Object,
    Reflect, Uint8Array, Uint8ClampedArray,
};
use std::borrow::Cow;
use wasm_bindgen::prelude::*;

// js-sys declares both as never throwing. A revoked proxy and a false `Date` do throw, and an
// exception that is not caught here would unwind past these frames and leave the instance unusable
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = Array, js_name = isArray)]
    fn try_is_array(value: &JsValue) -> Result<bool, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["Date", "prototype", "getTime"], js_name = call)]
    fn try_get_time(date: &JsValue) -> Result<f64, JsValue>;
}

/// Reads a record. What is no record, or throws while it is read, is said in the result.
pub(super) fn read(keys: &Keys, record: &JsValue) -> RawRecord<'static> {
    let Some(object) = as_record(record) else {
        return RawRecord { not_a_record: Some(type_name(record)), ..RawRecord::default() };
    };
    let Ok(own) = Reflect::own_keys(object) else {
        return RawRecord { not_a_record: Some("unreadable object"), ..RawRecord::default() };
    };
    let mut found = 0;
    let mut budget = MAX_LIST_LENGTH;
    let values = keys
        .iter()
        .map(|key| {
            if !own.includes(key, 0) {
                return Value::Absent;
            }
            found += 1;
            Reflect::get(object, key).map_or(Value::Unreadable, |v| value(&v, 0, &mut budget))
        })
        .collect();
    let mut raw = RawRecord { values, ..RawRecord::default() };
    if own.length() != found {
        list_unknown(keys, &own, &mut raw);
    }
    raw
}

fn list_unknown(keys: &Keys, own: &Array, raw: &mut RawRecord<'static>) {
    for key in own.iter() {
        let name = match key.dyn_ref::<JsString>() {
            Some(text) => clipped(text),
            None => "symbol".to_owned(),
        };
        if key.is_string() && keys.knows(&name) {
            continue;
        }
        raw.unknown_count += 1;
        if raw.unknown.len() < MAX_UNKNOWN_LISTED {
            raw.unknown.push(Cow::Owned(name));
        }
    }
}

/// The object, if it can be a record: no array, date, map or other built-in with its own meaning.
fn as_record(value: &JsValue) -> Option<&Object> {
    if !value.is_object() || is_array(value) {
        return None;
    }
    let builtin = value.has_type::<Date>()
        || value.has_type::<js_sys::Map>()
        || value.has_type::<js_sys::Set>()
        || value.has_type::<js_sys::Promise>()
        || value.has_type::<js_sys::ArrayBuffer>()
        || value.has_type::<js_sys::RegExp>()
        || js_sys::ArrayBuffer::is_view(value);
    (!builtin).then(|| value.unchecked_ref())
}

fn value(js: &JsValue, depth: usize, budget: &mut usize) -> Value<'static> {
    if let Some(number) = js.as_f64() {
        return Value::Number(number);
    }
    if let Some(text) = js.dyn_ref::<JsString>() {
        return text_value(text);
    }
    if js.is_null() {
        return Value::Null;
    }
    if js.is_undefined() {
        return Value::Absent;
    }
    if let Some(flag) = js.as_bool() {
        return Value::Bool(flag);
    }
    if let Some(big) = js.dyn_ref::<BigInt>() {
        return i64::try_from(big.clone()).map_or(Value::Other("huge integer"), Value::Integer);
    }
    if let Some(date) = js.dyn_ref::<Date>() {
        return try_get_time(date).map_or(Value::Unreadable, Value::Date);
    }
    // a view by its inner slots, not by its prototype, which anybody can set
    if js_sys::ArrayBuffer::is_view(js) {
        return view(js, budget);
    }
    match try_is_array(js) {
        Ok(true) => list(js.unchecked_ref(), depth, budget),
        Ok(false) if depth == 0 && js.is_object() => described(js, budget),
        Ok(false) => Value::Other(type_name(js)),
        Err(_) => Value::Unreadable,
    }
}

/// A typed array, copied in one piece. Its element type is the contract's to judge; of the types
/// that no contract knows it is only said that they are another.
fn view(js: &JsValue, budget: &mut usize) -> Value<'static> {
    macro_rules! copy {
        ($($array:ident $data:ident,)*) => {
            $(if let Some(array) = js.dyn_ref::<$array>() {
                let Some(rest) = budget.checked_sub(array.length() as usize) else {
                    return Value::Other("overlong array");
                };
                *budget = rest;
                // the array of a buffer that was given away is empty, and copying it throws
                let data = if array.length() == 0 { Vec::new() } else { array.to_vec() };
                return Value::Typed(TensorData::$data(data));
            })*
        };
    }
    copy! {
        Float32Array Float32,
        Uint8Array Uint8,
        Uint8ClampedArray Uint8,
        Float64Array Float64,
        Int32Array Int32,
        BigInt64Array Int64,
    }
    Value::Other("typed array of another element type")
}

/// An array as `{shape, data}`; any other object is no value.
fn described(js: &JsValue, budget: &mut usize) -> Value<'static> {
    let object: &Object = js.unchecked_ref();
    let Ok(own) = Reflect::own_keys(object) else { return Value::Unreadable };
    let keys = ["shape", "data"].map(JsValue::from_str);
    if own.length() != 2 || !keys.iter().all(|key| own.includes(key, 0)) {
        return Value::Other(type_name(js));
    }
    let mut member = |key: &JsValue| {
        Reflect::get(object, key).map_or(Value::Unreadable, |v| value(&v, 1, budget))
    };
    let [shape, data] = &keys;
    let members = [("shape", member(shape)), ("data", member(data))];
    Value::Object(members.into_iter().map(|(name, v)| (Cow::Borrowed(name), v)).collect())
}

/// An array; `budget` is how many elements the record's arrays may still have together.
fn list(array: &Array, depth: usize, budget: &mut usize) -> Value<'static> {
    if depth == MAX_LIST_DEPTH {
        return Value::Other("deeply nested array");
    }
    let length = Reflect::get(array, &JsValue::from_str("length")).ok().and_then(|n| n.as_f64());
    let Some(length) = length else { return Value::Unreadable };
    // the length of a proxy can be any number
    if !(length >= 0.0 && length <= *budget as f64) {
        return Value::Other("overlong array");
    }
    let length = length as u32;
    *budget -= length as usize;
    let mut item =
        |i| Reflect::get_u32(array, i).map_or(Value::Unreadable, |v| value(&v, depth + 1, budget));
    Value::List((0..length).map(&mut item).collect())
}

fn is_array(js: &JsValue) -> bool {
    try_is_array(js).unwrap_or(false)
}

fn text_value(text: &JsString) -> Value<'static> {
    let copy = clipped(text);
    // UTF-8 cannot hold a lone surrogate: it would come out as another character
    if copy.contains('\u{FFFD}') && !is_well_formed(text) {
        return Value::Other("text with half a character");
    }
    Value::Text(Cow::Owned(copy))
}

/// The text, cut just past the limit, so that a huge one never enters this memory.
fn clipped(text: &JsString) -> String {
    let limit = MAX_TEXT_BYTES as u32 + 1;
    if text.length() > limit { text.slice(0, limit).into() } else { text.into() }
}

/// Whether no surrogate stands alone; engines before 2023 lack `isWellFormed`.
fn is_well_formed(text: &JsString) -> bool {
    char::decode_utf16(text.iter()).all(|c| c.is_ok())
}

fn type_name(js: &JsValue) -> &'static str {
    if js.is_null() {
        "null"
    } else if js.is_undefined() {
        "undefined"
    } else if js.is_string() {
        "text"
    } else if js.as_f64().is_some() {
        "number"
    } else if js.as_bool().is_some() {
        "boolean"
    } else if js.is_function() {
        "function"
    } else if js.is_symbol() {
        "symbol"
    } else if js.is_bigint() {
        "integer"
    } else if is_array(js) {
        "array"
    } else if js.has_type::<Date>() {
        "date"
    } else {
        "object"
    }
}
