//! The checks of an input, compiled.

use super::lookup::Values;
use super::order::{Bound, compare};
use crate::contract::clause::{Charset, Check, Of, ValueType};
use crate::contract::document::parse_json;
use crate::contract::pattern::{Like, Pattern};
use crate::contract::quote::quote;
use crate::contract::scalar::Scalar;
use crate::contract::schema::InputType;
use crate::contract::strptime::{Form, is_date, is_lenient_date};
use crate::contract::valid::Cell;
use crate::contract::value::Value;
use crate::contract::violation::Severity;
use crate::error::{Error, ErrorCode, Result};
use std::cmp::Ordering;

/// One check, ready to be tried.
#[derive(Clone, Debug)]
pub(crate) struct CompiledCheck {
    pub severity: Severity,
    kind: Kind,
    /// What the value must be, for messages.
    wanted: Box<str>,
}

#[derive(Clone, Debug)]
enum Kind {
    Range {
        low: Option<(Bound, bool)>,
        high: Option<(Bound, bool)>,
    },
    InSet(Values),
    NotInSet(Values),
    Length {
        low: usize,
        high: usize,
    },
    Regex(Box<[Pattern]>, Of),
    Like(Box<[Like]>, Of),
    Strftime(Form),
    Date {
        lenient: bool,
    },
    Json,
    #[cfg(feature = "json-schema")]
    JsonSchema(std::sync::Arc<jsonschema::Validator>),
    MissingOnly,
    Types(Box<[ValueType]>),
    #[cfg(feature = "unicode")]
    Nfc,
    Charset(Charset),
}

/// A broken check: the code and what was found.
pub(super) type Broken = (ErrorCode, String);

impl CompiledCheck {
    /// Compiles a check of an input of this type.
    ///
    /// # Errors
    /// [`ErrorCode::ContractInvalid`] for what cannot be read, [`ErrorCode::RuntimeMismatch`] for
    /// what this build does not have. The path is the caller's.
    #[inline(never)]
    pub fn new(check: &Check, input: InputType) -> Result<Self> {
        let invalid = |why: String| Error::new(ErrorCode::ContractInvalid, why);
        let bound = |s: &Option<Scalar>, open: bool| {
            s.as_ref()
                .map(|s| Bound::new(s, input).map(|b| (b, open)))
                .transpose()
                .map_err(|wanted| invalid(format!("an end of the range is not {wanted}")))
        };
        let (kind, wanted) = match check {
            Check::Range { minimum, exclusive_minimum, maximum, exclusive_maximum, .. } => {
                let low = bound(minimum, *exclusive_minimum)?;
                let high = bound(maximum, *exclusive_maximum)?;
                (Kind::Range { low, high }, shown_range(check))
            }
            Check::InSet { values, .. } => {
                (Kind::InSet(Values::new(values)), "one of the allowed values".into())
            }
            Check::NotInSet { values, .. } => {
                (Kind::NotInSet(Values::new(values)), "a value that is not forbidden".into())
            }
            Check::Length { minimum, maximum, .. } => {
                let low = minimum.unwrap_or(0) as usize;
                let high = maximum.map_or(usize::MAX, |n| n as usize);
                let most = maximum.map_or_else(|| "any number".to_owned(), |n| n.to_string());
                (Kind::Length { low, high }, format!("a text of {low} to {most} characters"))
            }
            Check::Regex { patterns, of, anchor, python, .. } => {
                if !cfg!(feature = "regex") {
                    return Err(Error::not_built("regular expressions", "regex"));
                }
                let compiled = patterns.iter().map(|p| Pattern::new(p, *anchor, *python));
                let compiled = compiled.collect::<Result<Box<[_]>, _>>().map_err(invalid)?;
                (Kind::Regex(compiled, *of), listed("a text that matches", *of, patterns))
            }
            Check::Like { patterns, of, .. } => {
                let compiled = patterns.iter().map(|p| Like::new(p)).collect();
                (Kind::Like(compiled, *of), listed("a text like", *of, patterns))
            }
            Check::Strftime { .. } | Check::Date { .. } if !cfg!(feature = "text") => {
                return Err(Error::not_built("dates in texts", "text"));
            }
            Check::Strftime { format, .. } => {
                let form = Form::new(format)
                    .map_err(|d| invalid(format!("the directive {} is not known", quote(&d))))?;
                (Kind::Strftime(form), format!("a time of the form {}", quote(format)))
            }
            Check::Date { lenient, .. } => (Kind::Date { lenient: *lenient }, "a date".into()),
            Check::Json { .. } => (Kind::Json, "JSON".into()),
            Check::JsonSchema { schema, .. } => (json_schema(schema)?, "JSON of the schema".into()),
            Check::MissingOnly { .. } => (Kind::MissingOnly, "no value".into()),
            Check::Types { types, .. } => {
                (Kind::Types(types.as_slice().into()), "a value of the listed types".into())
            }
            Check::Nfc { .. } => (nfc()?, "text in Unicode's normal form C".into()),
            Check::Charset { charset, .. } => {
                let name = match charset {
                    Charset::Ascii => "ASCII text",
                    Charset::Latin1 => "text of ISO 8859-1",
                    Charset::Printable => "text without control characters",
                };
                (Kind::Charset(*charset), name.into())
            }
        };
        Ok(Self { severity: check.severity(), kind, wanted: wanted.into() })
    }

    /// Whether the check looks at the raw value's type.
    pub fn looks_at_type(&self) -> bool {
        matches!(self.kind, Kind::Types(_))
    }

    /// Tries the check on the raw value, before anything that the input accepts is taken for
    /// something else.
    pub fn try_type(&self, value: &Value<'_>) -> Option<Broken> {
        let Kind::Types(types) = &self.kind else {
            return None;
        };
        let found = match value {
            Value::Absent | Value::Null => return None,
            Value::Bool(_) => Some(ValueType::Boolean),
            Value::Integer(_) | Value::Other(crate::contract::HUGE_INTEGER) => {
                Some(ValueType::Integer)
            }
            Value::Number(_) => Some(ValueType::Number),
            Value::Text(_) => Some(ValueType::Text),
            Value::Date(_) => Some(ValueType::Date),
            Value::List(_) | Value::Typed(_) => Some(ValueType::Array),
            Value::Object(_) => Some(ValueType::Object),
            Value::Other(_) | Value::Unreadable => None,
        };
        if found.is_some_and(|t| types.contains(&t)) {
            return None;
        }
        let message = format!("a value of type `{}` is not of the listed types", value.type_name());
        Some((ErrorCode::WrongType, message))
    }

    /// Tries the check on a cell that is there.
    pub fn try_cell(&self, cell: &Cell<'_>) -> Option<Broken> {
        let (holds, code) = match &self.kind {
            Kind::Range { low, high } => {
                let inside = |end: &Option<(Bound, bool)>, side: Ordering| {
                    end.as_ref().is_none_or(|(bound, open)| match compare(cell, bound) {
                        Some(Ordering::Equal) => !open,
                        Some(order) => order == side,
                        None => false,
                    })
                };
                let holds = inside(low, Ordering::Greater) && inside(high, Ordering::Less);
                (holds, ErrorCode::OutOfRange)
            }
            Kind::InSet(values) => (values.contains(cell), ErrorCode::NotInSet),
            Kind::NotInSet(values) => (!values.contains(cell), ErrorCode::ForbiddenValue),
            Kind::MissingOnly => (false, ErrorCode::NotMissing),
            Kind::Types(_) => (true, ErrorCode::WrongType),
            // a category is one of the contract's own texts
            _ if matches!(cell, Cell::Category(_)) => (true, ErrorCode::BadCharacter),
            _ => match text(cell) {
                Some(text) => self.try_text(text),
                None => (false, ErrorCode::WrongType),
            },
        };
        if holds {
            return None;
        }
        Some((code, format!("{} is not {}", shown(cell), self.wanted)))
    }

    fn try_text(&self, text: &str) -> (bool, ErrorCode) {
        match &self.kind {
            Kind::Length { low, high } => {
                let n = text.chars().count();
                (
                    n >= *low && n <= *high,
                    if n < *low { ErrorCode::TooShort } else { ErrorCode::TooLong },
                )
            }
            Kind::Regex(patterns, of) => {
                (holds(*of, patterns, |p| p.matches(text)), ErrorCode::PatternMismatch)
            }
            Kind::Like(patterns, of) => {
                (holds(*of, patterns, |p| p.matches(text)), ErrorCode::PatternMismatch)
            }
            Kind::Strftime(form) => (form.matches(text), ErrorCode::BadFormat),
            Kind::Date { lenient: true } => (is_lenient_date(text), ErrorCode::BadFormat),
            Kind::Date { lenient: false } => (is_date(text), ErrorCode::BadFormat),
            Kind::Json => {
                let parsed = parse_json(text.as_bytes(), ErrorCode::BadFormat, "value");
                (parsed.is_ok(), ErrorCode::BadFormat)
            }
            #[cfg(feature = "json-schema")]
            Kind::JsonSchema(schema) => {
                let json = serde_json::from_str(text);
                (json.is_ok_and(|json| schema.is_valid(&json)), ErrorCode::BadFormat)
            }
            #[cfg(feature = "unicode")]
            Kind::Nfc => (unicode_normalization::is_nfc(text), ErrorCode::BadCharacter),
            Kind::Charset(charset) => {
                let within = |c: char| match charset {
                    Charset::Ascii => c.is_ascii(),
                    Charset::Latin1 => u32::from(c) < 0x100,
                    Charset::Printable => !c.is_control(),
                };
                (text.chars().all(within), ErrorCode::BadCharacter)
            }
            _ => (true, ErrorCode::WrongType),
        }
    }
}

fn holds<T>(of: Of, list: &[T], test: impl FnMut(&T) -> bool) -> bool {
    match of {
        Of::All => list.iter().all(test),
        Of::Any => list.iter().any(test),
        Of::None => !list.iter().any(test),
    }
}

fn text<'a>(cell: &'a Cell<'_>) -> Option<&'a str> {
    match cell {
        Cell::Text(text) | Cell::Unseen(text) => Some(text),
        _ => None,
    }
}

fn shown(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Text(text) | Cell::Unseen(text) => quote(text),
        Cell::Integer(i) => format!("`{i}`"),
        Cell::Number(x) => format!("`{x:?}`"),
        Cell::Boolean(b) => format!("`{b}`"),
        _ => "the value".to_owned(),
    }
}

fn listed(what: &str, of: Of, patterns: &[String]) -> String {
    let of = match (of, patterns.len()) {
        (Of::None, _) => "none of ",
        (_, 1) => "",
        (Of::All, _) => "all of ",
        (Of::Any, _) => "any of ",
    };
    let shown: Vec<String> = patterns.iter().take(3).map(|p| quote(p)).collect();
    let more = if patterns.len() > 3 { " and others" } else { "" };
    format!("{what} {of}{}{more}", shown.join(", "))
}

fn shown_range(check: &Check) -> String {
    let Check::Range { minimum, exclusive_minimum, maximum, exclusive_maximum, .. } = check else {
        return String::new();
    };
    let end =
        |s: &Option<Scalar>, none: &str| s.as_ref().map_or(none.to_owned(), Scalar::to_string);
    let open = if *exclusive_minimum || minimum.is_none() { '(' } else { '[' };
    let close = if *exclusive_maximum || maximum.is_none() { ')' } else { ']' };
    format!("in {open}{}, {}{close}", end(minimum, "−∞"), end(maximum, "∞"))
}

#[cfg(feature = "json-schema")]
fn json_schema(schema: &serde_json::Value) -> Result<Kind> {
    let validator = jsonschema::options()
        .with_pattern_options(jsonschema::PatternOptions::regex())
        .build(schema)
        .map_err(|e| {
            let why = crate::contract::quote::plain(&e.to_string());
            Error::new(ErrorCode::ContractInvalid, format!("the schema is none: {why}"))
        })?;
    Ok(Kind::JsonSchema(std::sync::Arc::new(validator)))
}

#[cfg(not(feature = "json-schema"))]
fn json_schema(_: &serde_json::Value) -> Result<Kind> {
    Err(Error::not_built("JSON Schema", "json-schema"))
}

#[cfg(feature = "unicode")]
fn nfc() -> Result<Kind> {
    Ok(Kind::Nfc)
}

#[cfg(not(feature = "unicode"))]
fn nfc() -> Result<Kind> {
    Err(Error::not_built("Unicode's normal forms", "unicode"))
}
