//! One value of a column, and its form as a key of a dictionary.
//!
//! A CSV cell is its own key. A value of a typed source has a first byte that tells its type, so
//! that `1` and `"1"` stay apart.

use crate::rows::number::{self, Number};
use driftline::contract::{HUGE_INTEGER, Value};

/// A value that is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    Boolean(bool),
    Integer(i64),
    /// An integer that 64 bits do not hold.
    Huge,
    /// Any other number, NaN and infinity included.
    Number(f64),
    Text(&'a str),
    /// An array.
    Array,
    /// An object.
    Object,
    /// A value that no contract takes; its name.
    Refused(&'a str),
}

/// A CSV cell, which is not empty and UTF-8.
pub fn of_text(text: &[u8]) -> Cell<'_> {
    match text {
        b"true" => Cell::Boolean(true),
        b"false" => Cell::Boolean(false),
        _ if matches!(text.first(), Some(b'0'..=b'9' | b'-')) => match number::read(text) {
            Some(Number::Integer(i)) => Cell::Integer(i),
            Some(Number::Float(x)) => Cell::Number(x),
            Some(Number::Huge) => Cell::Huge,
            None => words(text),
        },
        _ => words(text),
    }
}

fn words(text: &[u8]) -> Cell<'_> {
    Cell::Text(std::str::from_utf8(text).unwrap_or_default())
}

/// Writes the key of a value of a typed source; `false` if the value is missing.
pub fn encode(value: &Value<'_>, key: &mut Vec<u8>) -> bool {
    key.clear();
    match value {
        Value::Absent | Value::Null => return false,
        Value::Bool(b) => key.extend([b'b', u8::from(*b)]),
        Value::Integer(i) => {
            key.push(b'i');
            key.extend(i.to_le_bytes());
        }
        Value::Number(x) => {
            key.push(b'n');
            key.extend(x.to_le_bytes());
        }
        Value::Text(text) => {
            key.push(b't');
            key.extend(text.as_bytes());
        }
        Value::Other(HUGE_INTEGER) => key.push(b'h'),
        Value::List(_) => key.push(b'a'),
        Value::Object(_) => key.push(b'o'),
        other => {
            key.push(b'x');
            key.extend(other.type_name().as_bytes());
        }
    }
    true
}

/// Reads a key again.
pub fn decode(key: &[u8]) -> Cell<'_> {
    let Some((tag, rest)) = key.split_first() else { return Cell::Refused("nothing") };
    let eight = rest.first_chunk::<8>().copied().unwrap_or_default();
    let text = std::str::from_utf8(rest).unwrap_or_default();
    match tag {
        b'b' => Cell::Boolean(rest.first() == Some(&1)),
        b'i' => Cell::Integer(i64::from_le_bytes(eight)),
        b'n' => Cell::Number(f64::from_le_bytes(eight)),
        b't' => Cell::Text(text),
        b'h' => Cell::Huge,
        b'a' => Cell::Array,
        b'o' => Cell::Object,
        _ => Cell::Refused(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_bring_typed_values_back() {
        let mut key = Vec::new();
        for (value, cell) in [
            (Value::Bool(true), Cell::Boolean(true)),
            (Value::Integer(-3), Cell::Integer(-3)),
            (Value::Number(0.1), Cell::Number(0.1)),
            (Value::Text("é".into()), Cell::Text("é")),
            (Value::Text("".into()), Cell::Text("")),
            (Value::Other(HUGE_INTEGER), Cell::Huge),
            (Value::List(Vec::new()), Cell::Array),
            (Value::Other("decimal"), Cell::Refused("decimal")),
        ] {
            assert!(encode(&value, &mut key));
            assert_eq!(decode(&key), cell);
        }
        assert!(!encode(&Value::Null, &mut key) && !encode(&Value::Absent, &mut key));
    }

    #[test]
    fn text_is_what_the_reader_of_rows_makes_of_it() {
        assert_eq!(of_text(b"12"), Cell::Integer(12));
        assert_eq!(of_text(b"-1.5"), Cell::Number(-1.5));
        assert_eq!(of_text(b"99999999999999999999"), Cell::Huge);
        for text in ["TRUE", "+1", "01", ".5", " 1", "NaN", "-", "x"] {
            assert_eq!(of_text(text.as_bytes()), Cell::Text(text));
        }
    }
}
