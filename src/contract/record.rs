//! Raw records: the values of a source put in the order of the contract's inputs.

use super::json::Parser;
use super::schema::Contract;
use super::value::{RawRecord, Value};
use crate::error::{Error, ErrorCode, Result};
use crate::limits::{MAX_RECORD_BYTES, MAX_UNKNOWN_LISTED};
use crate::sorted::sort;
use std::borrow::Cow;

/// Reads raw records for one contract.
#[derive(Clone, Debug)]
pub struct RecordReader {
    /// Names in the order of the inputs.
    names: Vec<Box<str>>,
    /// Indices of `names`, sorted by name.
    sorted: Vec<u32>,
}

impl RecordReader {
    /// A reader for the contract's inputs.
    #[inline(never)]
    pub fn new(contract: &Contract) -> Self {
        let names: Vec<Box<str>> = contract.inputs.iter().map(|i| i.name.as_str().into()).collect();
        let mut sorted: Vec<(&str, u32)> = names.iter().map(AsRef::as_ref).zip(0..).collect();
        sort(&mut sorted);
        let sorted = sorted.into_iter().map(|(_, i)| i).collect();
        Self { names, sorted }
    }

    /// Index of the input with this name, compared byte for byte.
    pub fn input_index(&self, name: &str) -> Option<usize> {
        let named = |i: &u32| self.names.get(*i as usize).map_or("", AsRef::as_ref);
        let at = self.sorted.binary_search_by(|i| named(i).cmp(name)).ok()?;
        self.sorted.get(at).map(|i| *i as usize)
    }

    /// Names of the inputs, in the contract's order.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(AsRef::as_ref)
    }

    /// Reads one JSON object. Other JSON gives a record that is `not_a_record`.
    ///
    /// # Errors
    /// [`ErrorCode::BadInput`] with line and column for text that is no JSON, and
    /// [`ErrorCode::InputTooLarge`] past the limit.
    pub fn read_json<'a>(&self, text: &'a str) -> Result<RawRecord<'a>> {
        if text.len() > MAX_RECORD_BYTES {
            return Err(Error::new(ErrorCode::InputTooLarge, "the record is too large"));
        }
        let mut parser = Parser::new(text);
        let mut row = self.row();
        if parser.peek() == Some(b'{') {
            parser.object(|parser, name| {
                let value = parser.value(1)?;
                row.put(name, value);
                Ok(())
            })?;
        } else {
            row.record.not_a_record = Some(parser.value(0)?.type_name());
        }
        parser.end()?;
        Ok(row.record)
    }

    /// Puts pairs of name and value in order, whatever they come from.
    pub fn read_pairs<'a>(
        &self,
        pairs: impl IntoIterator<Item = (Cow<'a, str>, Value<'a>)>,
    ) -> RawRecord<'a> {
        let mut row = self.row();
        for (name, value) in pairs {
            row.put(name, value);
        }
        row.record
    }

    /// A record that is none; `found` says what it is instead, such as `array`.
    pub fn not_a_record(found: &'static str) -> RawRecord<'static> {
        RawRecord { not_a_record: Some(found), ..RawRecord::default() }
    }

    fn row<'a>(&self) -> Row<'a, '_> {
        let values = vec![Value::Absent; self.names.len()];
        Row { reader: self, record: RawRecord { values, ..RawRecord::default() }, next: 0 }
    }
}

struct Row<'a, 'r> {
    reader: &'r RecordReader,
    record: RawRecord<'a>,
    /// Where the next field is looked for first: most sources keep the contract's order.
    next: usize,
}

impl<'a> Row<'a, '_> {
    fn put(&mut self, name: Cow<'a, str>, value: Value<'a>) {
        let expected = self.reader.names.get(self.next).is_some_and(|n| **n == *name);
        let found = if expected { Some(self.next) } else { self.reader.input_index(&name) };
        match found.and_then(|i| Some((i, self.record.values.get_mut(i)?))) {
            Some((i, cell)) => {
                if *cell == Value::Absent {
                    *cell = value;
                } else if !self.record.duplicates.contains(&i) {
                    self.record.duplicates.push(i);
                }
                self.record.out_of_order |= i < self.next;
                self.next = i + 1;
            }
            None => {
                self.record.unknown_count += 1;
                if self.record.unknown.len() < MAX_UNKNOWN_LISTED {
                    self.record.unknown.push(name);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader() -> RecordReader {
        let contract = Contract::from_json(
            br#"{"format": "driftline.contract/1", "name": "t", "inputs": [
                {"name": "b", "type": "number"}, {"name": "a", "type": "text"}]}"#,
        )
        .unwrap();
        RecordReader::new(&contract)
    }

    #[test]
    fn fields_find_their_input_in_any_order() {
        let record = reader().read_json(r#"{"a": "x", "b": 1}"#).unwrap();
        assert_eq!(record.values, [Value::Integer(1), Value::Text("x".into())]);
        let record = reader().read_json(r#"{"\u0061": "x"}"#).unwrap();
        assert_eq!(record.values, [Value::Absent, Value::Text("x".into())]);
        assert_eq!(reader().input_index("a"), Some(1));
        assert_eq!(reader().input_index("A"), None);
    }

    #[test]
    fn duplicate_and_unknown_fields_are_seen() {
        let record = reader()
            .read_json(r#"{"b": 1, "b": 2, "b": 3, "__proto__": {"b": 4}, "a ": null}"#)
            .unwrap();
        assert_eq!(record.duplicates, [0]);
        assert_eq!(record.unknown, ["__proto__", "a "]);
        let many: String = (0..100).map(|n| format!("\"u{n}\": {n},")).collect();
        let text = format!("{{{many} \"a\": null}}");
        let record = reader().read_json(&text).unwrap();
        assert_eq!((record.unknown.len(), record.unknown_count), (MAX_UNKNOWN_LISTED, 100));
        assert_eq!(record.values, [Value::Absent, Value::Null]);
    }

    #[test]
    fn what_is_no_object_is_no_record() {
        for (text, found) in
            [("[1]", "array"), ("null", "null"), ("7", "integer"), ("\"\"", "text")]
        {
            assert_eq!(reader().read_json(text).unwrap().not_a_record, Some(found));
        }
        assert_eq!(reader().read_json("{").unwrap_err().code(), ErrorCode::BadInput);
        assert_eq!(reader().read_json(r#"{"a": 1} x"#).unwrap_err().code(), ErrorCode::BadInput);
    }

    #[test]
    fn pairs_are_read_alike() {
        let pairs = [
            ("a".into(), Value::Null),
            ("b".into(), Value::Number(1.0)),
            ("b".into(), Value::Null),
        ];
        let record = reader().read_pairs(pairs);
        assert_eq!(record.values, [Value::Number(1.0), Value::Null]);
        assert_eq!(record.duplicates, [0]);
    }
}
