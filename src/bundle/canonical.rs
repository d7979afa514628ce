//! JSON with one spelling: keys sorted by their bytes, no white space, shortest numbers.

use crate::error::{Error, ErrorCode, Result};
use serde::Serialize;
use serde_json::Value;

/// The one spelling of a value. Sorting is done here, because serde_json's own order changes with
/// a feature that any other crate of a build may turn on.
///
/// # Errors
/// [`ErrorCode::Internal`] if the value holds what JSON cannot: NaN, or keys that are no text.
pub fn to_canonical_json<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    let fault = |e: serde_json::Error| Error::new(ErrorCode::Internal, format!("no JSON: {e}"));
    let value = serde_json::to_value(value).map_err(fault)?;
    let mut out = Vec::new();
    write(&value, &mut out).map_err(fault)?;
    Ok(out)
}

fn write(value: &Value, out: &mut Vec<u8>) -> serde_json::Result<()> {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| key.as_bytes());
            out.push(b'{');
            for (i, (key, value)) in entries.into_iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                serde_json::to_writer(&mut *out, key)?;
                out.push(b':');
                write(value, out)?;
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write(item, out)?;
            }
            out.push(b']');
        }
        scalar => serde_json::to_writer(&mut *out, scalar)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value = json!({"b": [{"z": 1, "a": 2.5}], "a": null, "é": "\n"});
        assert_eq!(
            String::from_utf8(to_canonical_json(&value).unwrap()).unwrap(),
            r#"{"a":null,"b":[{"a":2.5,"z":1}],"é":"\n"}"#
        );
    }

    #[test]
    fn nan_becomes_null_and_not_text() {
        assert_eq!(to_canonical_json(&[f64::NAN]).unwrap(), b"[null]");
    }
}
