//! Definitions out of JSON: serde over a parsed value.
//!
//! serde generates two ways to build a type: from its fields in a row, and from a map with names.
//! Only the first is used here, with the members put into the declared order; the second, twice
//! the size, then never gets into the WebAssembly.

use super::json::Parser;
use super::quote::{plain, quote};
use super::value::Value;
use crate::error::{Error, ErrorCode, Result};
use crate::sorted::sort;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use std::cell::Cell;
use std::fmt;

/// Parses JSON text, which a message calls `what`.
///
/// # Errors
/// `code`, with the line for what is no JSON and the path for what does not fit the type: a
/// missing, unknown or repeated field, another type of value.
pub fn read_json<T: DeserializeOwned>(bytes: &[u8], code: ErrorCode, what: &str) -> Result<T> {
    read_value(&parse_json(bytes, code, what)?, code)
}

/// Reads a type from a parsed value.
///
/// # Errors
/// `code`, with the path of what does not fit.
pub(crate) fn read_value<T: DeserializeOwned>(value: &Value<'_>, code: ErrorCode) -> Result<T> {
    T::deserialize(Node(value)).map_err(|fault| {
        let error = Error::new(code, plain(&fault.0.text));
        if fault.0.path.is_empty() { error } else { error.at_path(fault.0.path) }
    })
}

/// Parses JSON text, which a message calls `what`.
///
/// # Errors
/// `code`, with the line.
pub(crate) fn parse_json<'a>(bytes: &'a [u8], code: ErrorCode, what: &str) -> Result<Value<'a>> {
    let text =
        str::from_utf8(bytes).map_err(|_| Error::new(code, format!("the {what} is no UTF-8")))?;
    let mut parser = Parser::new(text);
    let parsed = parser.value(0).and_then(|value| parser.end().map(|()| value));
    parsed.map_err(|e| {
        let fault = e.message().strip_prefix("the record is no JSON: ").unwrap_or(e.message());
        let error = Error::new(code, format!("the {what} is no JSON: {fault}"));
        match (e.place().line, e.place().column) {
            (Some(line), Some(column)) => error.at_line(line, column),
            _ => error,
        }
    })
}

/// What does not fit, and where. Boxed: every reader that serde generates moves one around.
#[derive(Debug)]
struct Fault(Box<Misfit>);

#[derive(Debug)]
struct Misfit {
    text: String,
    path: String,
    /// The type was given too few fields; which one is known where they are handed out.
    short: bool,
}

impl Fault {
    #[cold]
    #[inline(never)]
    fn new(text: String) -> Self {
        Self(Box::new(Misfit { text, path: String::new(), short: false }))
    }

    #[cold]
    #[inline(never)]
    fn under(mut self, step: &str) -> Self {
        let path = &self.0.path;
        let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
        self.0.path = format!("{step}{dot}{path}");
        self
    }
}

impl Fault {
    /// Names the field that was asked for last, if that is what was missing.
    #[cold]
    #[inline(never)]
    fn lacks(self, field: Option<&'static str>) -> Self {
        match field {
            Some(name) if self.0.short => Self::new(format!("the field `{name}` is missing")),
            _ => self,
        }
    }

    #[cold]
    #[inline(never)]
    fn at(self, index: usize) -> Self {
        self.under(&format!("[{index}]"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self::new(text.to_string())
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(format!("{found} stands where {expected} is expected"))
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(format!("{found} stands where {expected} is expected"))
    }

    fn invalid_length(_: usize, expected: &dyn de::Expected) -> Self {
        let mut fault = Self::new(format!("{expected} is expected"));
        fault.0.short = true;
        fault
    }

    fn unknown_variant(name: &str, _: &'static [&'static str]) -> Self {
        Self::new(format!("{} is not known here", quote(name)))
    }
}

type Read<T> = std::result::Result<T, Fault>;

/// A value to read a type from.
#[derive(Clone, Copy)]
struct Node<'v, 'a>(&'v Value<'a>);

// What does not depend on the type is in functions of its own: serde makes a reader of each field's
// type, and each would have a copy of it.
impl<'v, 'a> Node<'v, 'a> {
    /// As serde says it of a value that a type does not take.
    #[cold]
    #[inline(never)]
    fn wrong(self, expected: &dyn de::Expected) -> Fault {
        let found = match self.0 {
            Value::Null => de::Unexpected::Unit,
            Value::Bool(b) => de::Unexpected::Bool(*b),
            Value::Integer(i) => de::Unexpected::Signed(*i),
            Value::Number(x) if !x.is_finite() => return too_large(),
            Value::Number(x) => de::Unexpected::Float(*x),
            Value::Text(text) => de::Unexpected::Str(text),
            Value::List(_) => de::Unexpected::Seq,
            Value::Object(_) => de::Unexpected::Map,
            Value::Other(name) => return Fault::new(format!("{name} is not carried")),
            other => de::Unexpected::Other(other.type_name()),
        };
        de::Error::invalid_type(found, expected)
    }

    #[cold]
    #[inline(never)]
    fn unexpected(self, expected: &dyn de::Expected) -> Fault {
        let found = self.0.type_name();
        Fault::new(format!("{found} stands where {expected} is expected"))
    }

    /// The members of an object that has none but these, each once.
    #[inline(never)]
    fn members(self, fields: &[&str], expected: &dyn de::Expected) -> Read<&'v [Member<'a>]> {
        let Value::Object(members) = self.0 else { return Err(self.unexpected(expected)) };
        check_names(members, fields)?;
        Ok(members)
    }

    /// The members of an object, each once.
    #[inline(never)]
    fn entries(self, expected: &dyn de::Expected) -> Read<Members<'v, 'a>> {
        let Value::Object(members) = self.0 else { return Err(self.unexpected(expected)) };
        let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
        sort(&mut names);
        let twice = |pair: &&[&str]| matches!(pair, [a, b] if a == b);
        if let Some([name, ..]) = names.windows(2).find(twice) {
            return Err(Fault::new(format!("{} stands twice", quote(name))));
        }
        Ok(Members(members.iter(), None))
    }

    /// One of the variants, and its name.
    #[inline(never)]
    fn variant(
        self,
        variants: &'static [&'static str],
        expected: &dyn de::Expected,
    ) -> Read<(Variant<'v, 'a>, &'v str)> {
        let (name, content) = match self.0 {
            Value::Text(name) => (name.as_ref(), None),
            Value::Object(members) => match members.as_slice() {
                [(name, content)] => (name.as_ref(), Some(Node(content))),
                _ => return Err(Fault::new("an object with one name is expected".to_owned())),
            },
            _ => return Err(self.unexpected(expected)),
        };
        let index = variants.iter().zip(0u32..).find(|(known, _)| **known == name);
        match index {
            Some((_, index)) => Ok((Variant { index, content }, name)),
            None => Err(de::Error::unknown_variant(name, variants)),
        }
    }
}

#[cold]
fn too_large() -> Fault {
    Fault::new("a number is past what binary64 holds".to_owned())
}

/// Reads one kind of value, and refuses all others.
macro_rules! only {
    ($($read:ident $value:pat => $visit:ident($with:expr);)*) => {
        $(fn $read<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
            match self.0 {
                $value => visitor.$visit($with),
                _ => Err(self.wrong(&visitor)),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Node<'_, '_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(b) => visitor.visit_bool(*b),
            Value::Integer(i) => visitor.visit_i64(*i),
            Value::Number(x) if x.is_finite() => visitor.visit_f64(*x),
            Value::Text(text) => visitor.visit_str(text),
            Value::List(items) => visitor.visit_seq(Items(items.iter(), 0)),
            Value::Object(_) => self.deserialize_map(visitor),
            _ => Err(self.wrong(&visitor)),
        }
    }

    only! {
        deserialize_bool Value::Bool(b) => visit_bool(*b);
        deserialize_i8 Value::Integer(i) => visit_i64(*i);
        deserialize_i16 Value::Integer(i) => visit_i64(*i);
        deserialize_i32 Value::Integer(i) => visit_i64(*i);
        deserialize_i64 Value::Integer(i) => visit_i64(*i);
        deserialize_u8 Value::Integer(i) => visit_i64(*i);
        deserialize_u16 Value::Integer(i) => visit_i64(*i);
        deserialize_u32 Value::Integer(i) => visit_i64(*i);
        deserialize_u64 Value::Integer(i) => visit_i64(*i);
        deserialize_str Value::Text(text) => visit_str(text);
        deserialize_string Value::Text(text) => visit_str(text);
        deserialize_seq Value::List(items) => visit_seq(Items(items.iter(), 0));
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        match self.0 {
            Value::Integer(i) => visitor.visit_i64(*i),
            Value::Number(x) if x.is_finite() => visitor.visit_f64(*x),
            _ => Err(self.wrong(&visitor)),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Read<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Read<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        let entries = self.entries(&visitor)?;
        visitor.visit_map(entries)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Read<V::Value> {
        let members = self.members(fields, &visitor)?;
        let missing = Cell::new(None);
        let ordered = Fields { members, fields: fields.iter(), missing: &missing };
        visitor.visit_seq(ordered).map_err(|fault| fault.lacks(missing.get()))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Read<V::Value> {
        let (variant, name) = self.variant(variants, &visitor)?;
        visitor.visit_enum(variant).map_err(|f| f.under(name))
    }

    forward_to_deserialize_any! {
        i128 u128 f32 char bytes byte_buf unit unit_struct tuple_struct identifier ignored_any
    }
}

/// Refuses names that are unknown or stand twice.
fn check_names(members: &[Member<'_>], fields: &[&str]) -> Read<()> {
    for (i, (name, _)) in members.iter().enumerate() {
        let name = name.as_ref();
        if !fields.contains(&name) {
            return Err(Fault::new(format!("the field {} is not known here", quote(name))));
        }
        if members.iter().take(i).any(|(earlier, _)| earlier == name) {
            return Err(Fault::new(format!("the field {} stands twice", quote(name))));
        }
    }
    Ok(())
}

/// The fields of a type in the order of their declaration.
struct Fields<'v, 'a> {
    members: &'v [Member<'a>],
    fields: std::slice::Iter<'static, &'static str>,
    missing: &'v Cell<Option<&'static str>>,
}

impl<'v, 'a> Fields<'v, 'a> {
    /// The next field's name and its value, if it has one.
    #[inline(never)]
    fn following(&mut self) -> Option<(&'static str, Node<'v, 'a>)> {
        let name = *self.fields.next()?;
        let found = self.members.iter().find(|(member, _)| member == name);
        if found.is_none() {
            self.missing.set(Some(name));
        }
        found.map(|(_, value)| (name, Node(value)))
    }
}

impl<'de> SeqAccess<'de> for Fields<'_, '_> {
    type Error = Fault;

    /// `None` for an absent field: its default, or an error that names it.
    #[inline(never)]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Read<Option<T::Value>> {
        let Some((name, node)) = self.following() else { return Ok(None) };
        seed.deserialize(node).map(Some).map_err(|f| f.under(name))
    }
}

struct Items<'v, 'a>(std::slice::Iter<'v, Value<'a>>, usize);

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = Fault;

    #[inline(never)]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Read<Option<T::Value>> {
        let Some(value) = self.0.next() else { return Ok(None) };
        let at = self.1;
        self.1 += 1;
        seed.deserialize(Node(value)).map(Some).map_err(|f| f.at(at))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

type Member<'a> = (std::borrow::Cow<'a, str>, Value<'a>);

struct Members<'v, 'a>(std::slice::Iter<'v, Member<'a>>, Option<&'v Member<'a>>);

impl<'de> MapAccess<'de> for Members<'_, '_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Read<Option<K::Value>> {
        self.1 = self.0.next();
        let Some((name, _)) = self.1 else { return Ok(None) };
        seed.deserialize(name.as_ref().into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Read<V::Value> {
        let Some((name, value)) = self.1 else {
            return Err(Fault::new("a value without a name".to_owned()));
        };
        seed.deserialize(Node(value)).map_err(|f| f.under(name))
    }
}

struct Variant<'v, 'a> {
    index: u32,
    content: Option<Node<'v, 'a>>,
}

impl<'v, 'a> Variant<'v, 'a> {
    fn content(self) -> Read<Node<'v, 'a>> {
        self.content.ok_or_else(|| Fault::new("it needs more than its name".to_owned()))
    }
}

impl<'de, 'v, 'a> EnumAccess<'de> for Variant<'v, 'a> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Read<(V::Value, Self)> {
        let index: de::value::U32Deserializer<Fault> = self.index.into_deserializer();
        Ok((seed.deserialize(index)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, '_> {
    type Error = Fault;

    fn unit_variant(self) -> Read<()> {
        match self.content {
            None | Some(Node(Value::Null)) => Ok(()),
            Some(_) => Err(Fault::new("it takes nothing but its name".to_owned())),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Read<T::Value> {
        seed.deserialize(self.content()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Read<V::Value> {
        self.content()?.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Read<V::Value> {
        self.content()?.deserialize_struct("", fields, visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Whole {
        name: String,
        #[serde(default)]
        often: u32,
        #[serde(default)]
        kinds: Vec<Kind>,
        #[serde(default)]
        map: BTreeMap<String, f64>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Plain,
        Number(f64),
        Pair { first: i64, second: Option<String> },
    }

    fn read(text: &str) -> std::result::Result<Whole, (String, String)> {
        read_json(text.as_bytes(), ErrorCode::ContractSyntax, "contract").map_err(|e| {
            assert_eq!(e.code(), ErrorCode::ContractSyntax);
            (e.message().to_owned(), e.place().path.clone().unwrap_or_default())
        })
    }

    #[test]
    fn reads_what_serde_json_reads() {
        for text in [
            r#"{"name":"a"}"#,
            r#"{"map":{"x":1,"y":2.5},"often":3,"name":"b","kinds":[]}"#,
            r#"{"name":"","kinds":["plain",{"number":1},{"pair":{"second":null,"first":-1}}]}"#,
        ] {
            assert_eq!(read(text).unwrap(), serde_json::from_str(text).unwrap(), "{text}");
        }
    }

    #[test]
    fn faults_say_what_and_where() {
        for (text, message, path) in [
            (r#"{}"#, "the field `name` is missing", ""),
            (r#"{"name":"a","x":1}"#, "the field `x` is not known here", ""),
            (r#"{"name":"a","name":"b"}"#, "the field `name` stands twice", ""),
            (r#"{"name":"a","map":{"q":1,"q":2}}"#, "`q` stands twice", "map"),
            (r#"{"name":"a","often":-1}"#, "integer `-1` stands where u32 is expected", "often"),
            (r#"{"name":"a","kinds":["best"]}"#, "`best` is not known here", "kinds[0]"),
            (
                r#"{"name":"a","kinds":["plain",{"pair":{"second":"x"}}]}"#,
                "the field `first` is missing",
                "kinds[1].pair",
            ),
            (
                r#"{"name":"a","kinds":[{"plain":1}]}"#,
                "it takes nothing but its name",
                "kinds[0].plain",
            ),
            (
                r#"{"name":"a","kinds":["number"]}"#,
                "it needs more than its name",
                "kinds[0].number",
            ),
            (r#"[1]"#, "array stands where struct Whole is expected", ""),
        ] {
            let (found, at) = read(text).unwrap_err();
            assert_eq!((found.as_str(), at.as_str()), (message, path), "{text}");
        }
    }
}
