//! The stored form: what goes in and out, the graph as NNEF text, and the constants.

use crate::error::{Error, ErrorCode, Result};
use crate::limits::{MAX_MANIFEST_BYTES, MAX_NAME_BYTES, MAX_TENSORS};
use crate::model::TRACT_MAGIC;
use crate::tensor::DType;
use serde::{Deserialize, Serialize};

/// Symbol of the number of rows.
pub const ROWS: &str = "rows";

/// What a stored model says of itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Version of the stored form.
    pub version: u32,
    /// Inputs in the order of the graph.
    pub inputs: Vec<Port>,
    /// Outputs in the order of the graph.
    pub outputs: Vec<Port>,
    /// Bytes of the graph's text, which follows the header.
    pub graph: usize,
    /// Name and bytes of each constant; they follow the graph in this order.
    pub constants: Vec<(String, usize)>,
}

/// An input or output.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// Name as in the ONNX model.
    pub name: String,
    /// Element type.
    pub dtype: DType,
    /// Dimensions, outermost first.
    pub shape: Vec<Length>,
}

/// Length of a dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Length {
    /// Always this long.
    Fixed(u32),
    /// An expression over symbols; [`ROWS`] is the number of rows.
    Symbol(String),
}

/// The version that this crate writes and reads.
pub const VERSION: u32 = 1;

/// Puts a model together.
///
/// # Errors
/// [`ErrorCode::Internal`] if the header cannot be written.
pub fn write(header: &Header, graph: &str, constants: &[Vec<u8>]) -> Result<Vec<u8>> {
    let head = serde_json::to_vec(header)
        .map_err(|e| Error::new(ErrorCode::Internal, format!("the header is not written: {e}")))?;
    let length = u32::try_from(head.len())
        .map_err(|_| Error::new(ErrorCode::ModelTooLarge, "the header is too long"))?;
    let mut out = TRACT_MAGIC.to_vec();
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&head);
    out.extend_from_slice(graph.as_bytes());
    for bytes in constants {
        out.extend_from_slice(bytes);
    }
    Ok(out)
}

/// The parts of a stored model.
#[derive(Debug)]
pub struct Parts<'a> {
    /// What it says of itself.
    pub header: Header,
    /// The graph.
    pub graph: &'a str,
    /// Each constant's bytes, in the order of the header.
    pub constants: Vec<&'a [u8]>,
}

/// Takes a model apart; every byte belongs to exactly one part.
///
/// # Errors
/// [`ErrorCode::PlanInvalid`] for damaged bytes, [`ErrorCode::RuntimeMismatch`] for another version.
pub fn read(bytes: &[u8]) -> Result<Parts<'_>> {
    let damaged = |text: &str| Error::new(ErrorCode::PlanInvalid, text);
    let cut = || damaged("the model ends too early");
    let rest = bytes.strip_prefix(TRACT_MAGIC).ok_or_else(|| damaged("this is no model"))?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > MAX_MANIFEST_BYTES {
        return Err(damaged("the header of the model is too long"));
    }
    let (head, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
    let header: Header = serde_json::from_slice(head)
        .map_err(|_| damaged("the header of the model cannot be read"))?;
    if header.version != VERSION {
        return Err(Error::new(
            ErrorCode::RuntimeMismatch,
            format!("the model has the form {}, this runtime reads {VERSION}", header.version),
        ));
    }
    let ports = header.inputs.iter().chain(&header.outputs);
    if header.inputs.len() > MAX_TENSORS
        || header.outputs.len() > MAX_TENSORS
        || ports.into_iter().any(|p| p.name.len() > MAX_NAME_BYTES || p.shape.len() > 16)
    {
        return Err(damaged("the header of the model is past its limits"));
    }
    let (graph, mut rest) = rest.split_at_checked(header.graph).ok_or_else(cut)?;
    let graph = str::from_utf8(graph).map_err(|_| damaged("the model's graph is no text"))?;
    let mut constants = Vec::new();
    for (_, length) in &header.constants {
        let (constant, tail) = rest.split_at_checked(*length).ok_or_else(cut)?;
        constants.push(constant);
        rest = tail;
    }
    if !rest.is_empty() {
        return Err(damaged("bytes follow the end of the model"));
    }
    Ok(Parts { header, graph, constants })
}
