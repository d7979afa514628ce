//! Writing a bundle: the same parts always give the same bytes.

use super::manifest::{Manifest, Part, Reference, Runtime, RuntimeKind};
use super::{
    FORMAT_VERSION, HEADER_BYTES, MAGIC, MANIFEST_FORMAT, aligned, identity_of, sha256_hex,
};
use crate::error::{Error, ErrorCode, Result};
use crate::limits::{MAX_BUNDLE_BYTES, MAX_MANIFEST_BYTES};
use std::collections::BTreeMap;

/// Collects the parts of a bundle and writes them.
#[derive(Debug)]
pub struct BundleWriter {
    name: String,
    runtime: Runtime,
    parts: BTreeMap<String, (String, Vec<u8>)>,
    references: Vec<Reference>,
}

impl BundleWriter {
    /// A bundle of this name, compiled by this version of the crate.
    pub fn new(name: impl Into<String>, runtime: RuntimeKind) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Self {
            name: name.into(),
            runtime: Runtime { kind: runtime, version },
            parts: BTreeMap::new(),
            references: Vec::new(),
        }
    }

    /// Adds a part.
    ///
    /// # Errors
    /// [`ErrorCode::BundleDuplicate`] if there is one of that name.
    pub fn part(&mut self, name: &str, media_type: &str, bytes: Vec<u8>) -> Result<&mut Self> {
        let old = self.parts.insert(name.to_owned(), (media_type.to_owned(), bytes));
        if old.is_some() {
            return Err(Error::new(
                ErrorCode::BundleDuplicate,
                format!("the part `{name}` was given twice"),
            ));
        }
        Ok(self)
    }

    /// Adds a reference to something outside.
    pub fn reference(&mut self, reference: Reference) -> &mut Self {
        self.references.push(reference);
        self
    }

    /// The bundle's bytes and its identity.
    ///
    /// # Errors
    /// [`ErrorCode::BundlePart`] if a needed part is missing, [`ErrorCode::BundleTooLarge`] past
    /// a limit.
    pub fn finish(mut self) -> Result<(Vec<u8>, String)> {
        self.references.sort();
        self.references.dedup();
        let manifest = Manifest {
            format: MANIFEST_FORMAT.to_owned(),
            name: self.name,
            runtime: self.runtime,
            parts: self
                .parts
                .iter()
                .map(|(name, (media_type, bytes))| Part {
                    name: name.clone(),
                    media_type: media_type.clone(),
                    bytes: bytes.len() as u64,
                    sha256: sha256_hex(bytes),
                })
                .collect(),
            references: self.references,
        };
        manifest.check()?;
        let json = super::to_canonical_json(&manifest)?;
        let too_large = || Error::new(ErrorCode::BundleTooLarge, "the bundle would be too large");
        if json.len() > MAX_MANIFEST_BYTES {
            return Err(too_large());
        }
        let length = u32::try_from(json.len()).map_err(|_| too_large())?;

        let mut out = Vec::with_capacity(HEADER_BYTES + json.len());
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&json);
        for (_, bytes) in self.parts.values() {
            out.resize(aligned(out.len()).ok_or_else(too_large)?, 0);
            out.extend_from_slice(bytes);
        }
        if out.len() > MAX_BUNDLE_BYTES {
            return Err(too_large());
        }
        Ok((out, identity_of(&json)))
    }
}
