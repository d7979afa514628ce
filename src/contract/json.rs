//! JSON text to raw values, strictly RFC 8259.
//!
//! serde_json is not used for records, because it hides what a contract must see: a field named
//! twice, and an integer too large for 64 bits, which it would round to a float.

use super::decimal;
use super::value::Value;
use crate::error::{Error, ErrorCode, Result};
use crate::limits::MAX_JSON_DEPTH;
use std::borrow::Cow;

/// What [`Value::Other`] says of an integer that 64 bits cannot hold.
pub const HUGE_INTEGER: &str = "integer beyond 64 bits";

/// What [`Value::Other`] says of text with half a surrogate pair, which is no Unicode text.
pub const LONE_SURROGATE: &str = "text with a lone surrogate";

pub(super) struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next byte that is not white space, not consumed.
    pub fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(self.at) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    /// Refuses anything but white space after the value.
    pub fn end(&mut self) -> Result<()> {
        if self.peek().is_some() { Err(self.fault("text after the value")) } else { Ok(()) }
    }

    fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    pub fn fault(&self, what: &str) -> Error {
        let before = self.text.as_bytes().get(..self.at).unwrap_or_default();
        let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
        let lines = before.iter().filter(|b| **b == b'\n').count();
        let column = self.text.get(line_start..self.at).map_or(0, |t| t.chars().count());
        Error::new(ErrorCode::BadInput, format!("the record is no JSON: {what}"))
            .at_line(lines as u64 + 1, column as u64 + 1)
    }

    /// Walks the members of an object; `visit` reads each value.
    pub fn object(
        &mut self,
        mut visit: impl FnMut(&mut Self, Cow<'a, str>) -> Result<()>,
    ) -> Result<()> {
        self.at += 1;
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.fault("a name in quotes is missing"));
            }
            // a name that is no Unicode text names no input; it is shown as it is written
            let start = self.at;
            let name = match self.string()? {
                Some(name) => name,
                None => Cow::Borrowed(self.text.get(start + 1..self.at - 1).unwrap_or_default()),
            };
            if !self.take(b':') {
                return Err(self.fault("a colon is missing"));
            }
            visit(self, name)?;
            if self.take(b'}') {
                return Ok(());
            }
            if !self.take(b',') {
                return Err(self.fault("a comma or a closing brace is missing"));
            }
        }
    }

    pub fn value(&mut self, depth: usize) -> Result<Value<'a>> {
        if depth > MAX_JSON_DEPTH {
            return Err(self.fault("the value is nested too deep"));
        }
        match self.peek() {
            Some(b'"') => Ok(self.string()?.map_or(Value::Other(LONE_SURROGATE), Value::Text)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'{') => self.members(depth),
            Some(b'[') => self.array(depth),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(_) => Err(self.fault("a value is missing")),
            None => Err(self.fault("the text ends too early")),
        }
    }

    #[inline(never)]
    fn members(&mut self, depth: usize) -> Result<Value<'a>> {
        let mut members = Vec::new();
        self.object(|parser, name| {
            members.push((name, parser.value(depth + 1)?));
            Ok(())
        })?;
        Ok(Value::Object(members))
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Result<Value<'a>> {
        if self.text.as_bytes().get(self.at..).is_some_and(|t| t.starts_with(word.as_bytes())) {
            self.at += word.len();
            return Ok(value);
        }
        Err(self.fault("a value is missing"))
    }

    #[inline(never)]
    fn array(&mut self, depth: usize) -> Result<Value<'a>> {
        self.at += 1;
        let mut items = Vec::new();
        if self.take(b']') {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.take(b']') {
                return Ok(Value::List(items));
            }
            if !self.take(b',') {
                return Err(self.fault("a comma or a closing bracket is missing"));
            }
        }
    }

    fn digits(&mut self) -> usize {
        let bytes = self.text.as_bytes();
        let start = self.at;
        while bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        self.at - start
    }

    fn next_is(&self, wanted: &[u8]) -> bool {
        self.text.as_bytes().get(self.at).is_some_and(|b| wanted.contains(b))
    }

    #[inline(never)]
    fn number(&mut self) -> Result<Value<'a>> {
        let start = self.at;
        let integer = self.literal().map_err(|message| self.fault(message))?;
        let literal = self.text.get(start..self.at).unwrap_or_default();
        if integer && literal != "-0" {
            return Ok(literal.parse().map_or(Value::Other(HUGE_INTEGER), Value::Integer));
        }
        // what overflows is infinite here and `not_finite` for the validator
        decimal::parse(literal)
            .map(Value::Number)
            .ok_or_else(|| self.fault("the number is not readable"))
    }

    /// Skips a number; whether it has neither fraction nor exponent.
    fn literal(&mut self) -> std::result::Result<bool, &'static str> {
        self.at += usize::from(self.next_is(b"-"));
        let leading_zero = self.next_is(b"0");
        let n = self.digits();
        if n == 0 || (leading_zero && n > 1) {
            return Err("the number has no digits, or a leading zero");
        }
        let mut integer = true;
        if self.next_is(b".") {
            integer = false;
            self.at += 1;
            if self.digits() == 0 {
                return Err("the fraction has no digits");
            }
        }
        if self.next_is(b"eE") {
            integer = false;
            self.at += 1;
            self.at += usize::from(self.next_is(b"+-"));
            if self.digits() == 0 {
                return Err("the exponent has no digits");
            }
        }
        Ok(integer)
    }

    /// The text of a string, or `None` if it holds half a surrogate pair.
    fn string(&mut self) -> Result<Option<Cow<'a, str>>> {
        self.at += 1;
        let start = self.at;
        self.plain();
        if self.next_is(b"\"") {
            let text = self.text.get(start..self.at).unwrap_or_default();
            self.at += 1;
            return Ok(Some(Cow::Borrowed(text)));
        }
        let mut out = self.text.get(start..self.at).unwrap_or_default().to_owned();
        let mut unicode = true;
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(unicode.then_some(Cow::Owned(out)));
                }
                Some(b'\\') => {
                    self.at += 1;
                    match self.escape()? {
                        Some(c) => out.push(c),
                        None => unicode = false,
                    }
                }
                Some(_) => return Err(self.fault("a control character in a string")),
                None => return Err(self.fault("the string does not end")),
            }
            let start = self.at;
            self.plain();
            out.push_str(self.text.get(start..self.at).unwrap_or_default());
        }
    }

    /// Skips what stands for itself in a string.
    fn plain(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let n = rest.iter().position(|b| *b < 0x20 || *b == b'"' || *b == b'\\');
        self.at += n.unwrap_or(rest.len());
    }

    fn escape(&mut self) -> Result<Option<char>> {
        let c = match self.text.as_bytes().get(self.at) {
            Some(b @ (b'"' | b'\\' | b'/')) => char::from(*b),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode_escape();
            }
            _ => return Err(self.fault("the escape is not known")),
        };
        self.at += 1;
        Ok(Some(c))
    }

    fn unicode_escape(&mut self) -> Result<Option<char>> {
        let first = self.hex4()?;
        if !(0xd800..0xdc00).contains(&first) {
            return Ok(char::from_u32(first));
        }
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if !rest.starts_with(b"\\u") {
            return Ok(None);
        }
        let back = self.at;
        self.at += 2;
        let second = self.hex4()?;
        if !(0xdc00..0xe000).contains(&second) {
            self.at = back;
            return Ok(None);
        }
        Ok(char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)))
    }

    fn hex4(&mut self) -> Result<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4).unwrap_or_default();
        let code = digits
            .iter()
            .try_fold(0, |code, b| Some(code * 16 + char::from(*b).to_digit(16)?))
            .filter(|_| digits.len() == 4)
            .ok_or_else(|| self.fault("the escape has no four hexadecimal digits"))?;
        self.at += 4;
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Value<'_>> {
        let mut parser = Parser::new(text);
        let value = parser.value(0)?;
        parser.end()?;
        Ok(value)
    }

    #[test]
    fn numbers_keep_what_they_are() {
        assert_eq!(read("12").unwrap(), Value::Integer(12));
        assert_eq!(read("9007199254740993").unwrap(), Value::Integer(9_007_199_254_740_993));
        assert_eq!(read("-9223372036854775808").unwrap(), Value::Integer(i64::MIN));
        assert_eq!(read("9223372036854775808").unwrap(), Value::Other(HUGE_INTEGER));
        assert_eq!(read("1e400").unwrap(), Value::Number(f64::INFINITY));
        assert_eq!(read("12.0").unwrap(), Value::Number(12.0));
        assert!(matches!(read("-0").unwrap(), Value::Number(x) if x.is_sign_negative()));
        for bad in ["01", "+1", "1.", ".5", "1e", "-", "0x1", "NaN", "Infinity", "1_0", "--1"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn strings_borrow_unless_escaped() {
        assert!(matches!(read("\"JFK\"").unwrap(), Value::Text(Cow::Borrowed("JFK"))));
        assert_eq!(read(r#""\u00e9\ud83d\ude00\n\/""#).unwrap(), Value::Text("é😀\n/".into()));
        for lone in [r#""\ud800""#, r#""\udc00x""#, r#""\ud800\ud83d\ude00""#, r#""\ud800A""#] {
            assert_eq!(read(lone).unwrap(), Value::Other(LONE_SURROGATE), "{lone}");
        }
        for bad in ["\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12é4\"", "\"a\nb\"", "'a'"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn faults_have_a_place_and_depth_an_end() {
        let error = read("{\"a\":\n 1,}").unwrap_err();
        assert_eq!((error.place().line, error.place().column), (Some(2), Some(4)));
        assert!(read(&format!("{}{}", "[".repeat(60), "]".repeat(60))).is_ok());
        assert!(read(&"[".repeat(1_000_000)).is_err());
        assert!(read("{} {}").is_err());
        assert!(read("").is_err());
        assert!(read("nul").is_err());
    }

    fn same(ours: &Value<'_>, theirs: &serde_json::Value) -> bool {
        use serde_json::Value as J;
        match (ours, theirs) {
            (Value::Null, J::Null) => true,
            (Value::Bool(a), J::Bool(b)) => a == b,
            (Value::Integer(a), J::Number(b)) => b.as_i64() == Some(*a),
            (Value::Number(a), J::Number(b)) => b.as_f64() == Some(*a),
            (Value::Text(a), J::String(b)) => a == b,
            (Value::List(a), J::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
            }
            (Value::Object(a), J::Object(b)) => {
                a.iter().all(|(k, v)| b.get(k.as_ref()).is_some_and(|b| same(v, b)))
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json_on_what_is_json(text in r#"[\[\]{}:,"\\a-z0-9.eE+\-u ]{0,24}"#) {
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            match read(&text) {
                Ok(ours) => {
                    // huge numbers and lone surrogates are where the two differ on purpose
                    if let Ok(theirs) = theirs && !format!("{ours:?}").contains("Other") {
                        prop_assert!(same(&ours, &theirs), "{text}: {ours:?}");
                    }
                }
                Err(_) => prop_assert!(theirs.is_err(), "{text} is JSON"),
            }
        }
    }
}
