//! Bundles, contracts and policies from files, whatever form they have.

use crate::definition::Source;
use crate::output::read_file;
use driftline::bundle::{self, Bundle, part};
use driftline::contract::Contract;
use driftline::limits::{MAX_BUNDLE_BYTES, MAX_DEFINITION_BYTES};
use driftline::summary::Declared;
use driftline::{Error, ErrorCode, Result};
use std::path::Path;

/// First bytes of a WebAssembly module.
const WASM: &[u8; 4] = b"\0asm";

/// What a file is, told by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A stand-alone bundle.
    Bundle,
    /// A WebAssembly module, which may carry a bundle.
    Wasm,
    /// Something else.
    Other,
}

/// Tells what the bytes are.
pub fn kind_of(bytes: &[u8]) -> Kind {
    if bytes.starts_with(&bundle::MAGIC) {
        Kind::Bundle
    } else if bytes.starts_with(WASM) {
        Kind::Wasm
    } else {
        Kind::Other
    }
}

/// Reads a stand-alone bundle, or the one that a WebAssembly file carries.
///
/// # Errors
/// Those of the bundle's reader, with the file's name.
pub fn bundle_bytes(path: &Path) -> Result<Vec<u8>> {
    let bytes = unchecked_bundle_bytes(path)?;
    Bundle::read(&bytes).map_err(|e| e.in_file(path.display().to_string()))?;
    Ok(bytes)
}

/// The same, whatever the bytes of the bundle are.
///
/// # Errors
/// [`ErrorCode::Io`], [`ErrorCode::BundleTooLarge`], and those of a WebAssembly file that carries
/// no bundle.
pub fn unchecked_bundle_bytes(path: &Path) -> Result<Vec<u8>> {
    let named = |e: Error| e.in_file(path.display().to_string());
    let bytes = read_file(path, MAX_BUNDLE_BYTES + (64 << 20)).map_err(|e| {
        if e.code() == ErrorCode::InputTooLarge {
            named(Error::new(ErrorCode::BundleTooLarge, e.message()))
        } else {
            e
        }
    })?;
    Ok(match kind_of(&bytes) {
        Kind::Wasm => bundle::wasm::extract(&bytes).map_err(named)?.to_vec(),
        _ => bytes,
    })
}

/// A contract file with the places of its clauses, or the contract of a bundle.
///
/// # Errors
/// What cannot be read or contradicts itself, with its place.
pub fn contract(path: &Path) -> Result<(Contract, Option<Source>)> {
    let head = crate::output::read_head(path, 8)?;
    if kind_of(&head) != Kind::Other {
        let bytes = bundle_bytes(path)?;
        return Ok((contract_of(&bytes)?, None));
    }
    let source = Source::read(path, ErrorCode::ContractSyntax)?;
    let contract: Contract = source.value()?;
    contract.check().map_err(|e| source.locate(e))?;
    Ok((contract, Some(source)))
}

/// The contract of a bundle.
///
/// # Errors
/// Those of the bundle's reader and the contract's.
pub fn contract_of(bundle: &[u8]) -> Result<Contract> {
    Contract::from_json(Bundle::read(bundle)?.part(part::CONTRACT)?)
}

/// The segments and metrics that hosts declare, in JSON.
///
/// # Errors
/// Those of [`Declared::from_json`], with the file's name.
pub fn declared(path: &Path) -> Result<Declared> {
    let named = |e: Error| e.in_file(path.display().to_string());
    let bytes = read_file(path, MAX_DEFINITION_BYTES)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| named(Error::new(ErrorCode::BadInput, "the file is not UTF-8")))?;
    Declared::from_json(&text).map_err(named)
}
