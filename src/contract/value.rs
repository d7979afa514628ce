//! One raw value, as the caller gave it, before anything is checked.

use crate::tensor::{DType, TensorData};
use std::borrow::Cow;

/// A value of a raw record. Whatever a host has must fit one of these without loss; what does
/// not is [`Value::Other`] and never valid.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// The record has no such field, or JavaScript's `undefined`.
    Absent,
    /// JSON's or JavaScript's `null`; an empty cell of a CSV file.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer that its source could tell from a float: JSON without fraction or exponent, a
    /// JavaScript `BigInt`.
    Integer(i64),
    /// Any other number. A JavaScript number always arrives here.
    Number(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// A JavaScript `Date`: milliseconds since 1970-01-01T00:00:00Z, NaN if it is invalid.
    Date(f64),
    /// An array.
    List(Vec<Value<'a>>),
    /// An object, in the order of its source.
    Object(Vec<(Cow<'a, str>, Value<'a>)>),
    /// A typed array, such as JavaScript's `Float32Array`.
    Typed(TensorData),
    /// A value that no contract accepts; its name for messages, such as `function`.
    Other(&'static str),
    /// Reading the value raised an exception.
    Unreadable,
}

impl Value<'_> {
    /// What a message calls the value's type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Absent => "nothing",
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Integer(_) => "integer",
            Self::Number(_) => "number",
            Self::Text(_) => "text",
            Self::Date(_) => "date",
            Self::List(_) => "array",
            Self::Object(_) => "object",
            Self::Typed(data) => match data.dtype() {
                DType::Float32 => "float32 array",
                DType::Float64 => "float64 array",
                DType::Int64 => "int64 array",
                DType::Int32 => "int32 array",
                DType::Uint8 => "uint8 array",
                _ => "typed array",
            },
            Self::Other(name) => name,
            Self::Unreadable => "unreadable value",
        }
    }
}

/// A raw record, its values in the order of the contract's inputs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawRecord<'a> {
    /// One value an input of the contract; [`Value::Absent`] where the record has no such field.
    pub values: Vec<Value<'a>>,
    /// Names of the fields that the contract does not know, in the record's order, at most
    /// [`crate::limits::MAX_UNKNOWN_LISTED`].
    pub unknown: Vec<Cow<'a, str>>,
    /// How many unknown fields there are.
    pub unknown_count: usize,
    /// Inputs (by index) that the source named more than once; JSON text allows it.
    pub duplicates: Vec<usize>,
    /// The fields did not stand in the order of the contract's inputs. Sources without an order
    /// leave it `false`.
    pub out_of_order: bool,
    /// The source was no record at all; what it was instead.
    pub not_a_record: Option<&'static str>,
}
