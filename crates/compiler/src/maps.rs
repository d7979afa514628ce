//! Inputs that are maps, which tract's protobuf types leave out: read from the message's bytes.
//!
//! ```text
//! ModelProto 7 graph → GraphProto 11 input → ValueInfoProto 1 name, 2 type → TypeProto 5 map_type
//! → 1 key_type, 2 value_type → TypeProto 1 tensor_type → 1 elem_type
//! ```

use crate::onnx::{dtype, shape_error};
use driftline::error::{Error, ErrorCode, Result};
use driftline::model::Dim;
use driftline::model::plan::{Shape, TensorType};
use driftline::tensor::DType;
use std::collections::BTreeMap;

/// Types of the keys and values of inputs that are maps, by name.
pub type Maps = BTreeMap<String, (TensorType, TensorType)>;

/// Finds the inputs that are maps in a model's bytes, which have been decoded before.
///
/// # Errors
/// [`ErrorCode::UnsupportedType`] for keys that are neither int64 nor string, and for values that
/// are no single elements.
pub fn inputs(model: &[u8]) -> Result<Maps> {
    let mut maps = Maps::new();
    for graph in messages(model, 7) {
        for input in messages(graph, 11) {
            let maps_of = messages(input, 2).flat_map(|ty| messages(ty, 5));
            let Some(map) = maps_of.last() else { continue };
            let name = String::from_utf8_lossy(messages(input, 1).last().unwrap_or(&[]));
            let types = types(map).map_err(|e| e.at_path(format!("input {name}")))?;
            maps.insert(name.into_owned(), types);
        }
    }
    Ok(maps)
}

fn types(map: &[u8]) -> Result<(TensorType, TensorType)> {
    let keys = dtype(number(map, 1))?;
    let value = messages(map, 2).flat_map(|ty| messages(ty, 1)).last();
    let (DType::Int64 | DType::String, Some(value)) = (keys, value) else {
        return Err(Error::new(
            ErrorCode::UnsupportedType,
            "a map is taken from int64 or string to single elements",
        ));
    };
    let entries = Shape::new(&[Dim::Batch(1)]).map_err(shape_error)?;
    Ok((TensorType::new(keys, entries), TensorType::new(dtype(number(value, 1))?, entries)))
}

/// A field of a message.
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Of fixed width: nothing here has one.
    Other,
}

struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn varint(&mut self) -> Option<u64> {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            n |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(n);
            }
        }
        None
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Field<'a>);

    /// Ends where the message does, or where it is damaged.
    fn next(&mut self) -> Option<Self::Item> {
        let tag = self.varint()?;
        let skip = match tag & 7 {
            0 => return Some((tag >> 3, Field::Number(self.varint()?))),
            1 => 8,
            2 => usize::try_from(self.varint()?).ok()?,
            5 => 4,
            _ => return None,
        };
        let (bytes, rest) = self.0.split_at_checked(skip)?;
        self.0 = rest;
        Some((tag >> 3, if tag & 7 == 2 { Field::Bytes(bytes) } else { Field::Other }))
    }
}

fn messages(bytes: &[u8], number: u64) -> impl Iterator<Item = &[u8]> {
    Fields(bytes).filter_map(move |(n, field)| match field {
        Field::Bytes(bytes) if n == number => Some(bytes),
        _ => None,
    })
}

/// A field that is an enumeration; 0 if it is not there.
fn number(bytes: &[u8], number: u64) -> i32 {
    let found = Fields(bytes).filter_map(|(n, field)| match field {
        Field::Number(value) if n == number => i32::try_from(value).ok(),
        _ => None,
    });
    found.last().unwrap_or(0)
}
