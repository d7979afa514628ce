//! Reading a bundle. Every byte is either covered by a hash or checked to be zero.

use super::manifest::Manifest;
use super::{FORMAT_VERSION, HEADER_BYTES, MAGIC, aligned, identity_of, part, sha256_hex};
use crate::contract::read_json;
use crate::error::{Error, ErrorCode, Result};
use crate::limits::{MAX_BUNDLE_BYTES, MAX_MANIFEST_BYTES};

/// A bundle whose every part has the hash that its manifest says.
#[derive(Clone, Debug)]
pub struct Bundle<'a> {
    manifest: Manifest,
    identity: String,
    parts: Vec<&'a [u8]>,
}

impl<'a> Bundle<'a> {
    /// Reads a stand-alone bundle and checks all of it.
    ///
    /// # Errors
    /// [`ErrorCode::BundleTooLarge`], [`ErrorCode::BundleSyntax`], [`ErrorCode::FormatVersion`],
    /// [`ErrorCode::BundleTruncated`], [`ErrorCode::BundleAltered`] (naming the part),
    /// [`ErrorCode::BundleDuplicate`] or [`ErrorCode::BundlePart`].
    #[inline(never)]
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        if bytes.len() > MAX_BUNDLE_BYTES {
            return Err(Error::new(
                ErrorCode::BundleTooLarge,
                format!("the bundle has {} bytes", bytes.len()),
            ));
        }
        let (json, mut offset) = manifest_bytes(bytes)?;
        let manifest: Manifest = read_json(json, ErrorCode::BundleSyntax, "manifest")?;
        manifest.check()?;
        let mut parts = Vec::with_capacity(manifest.parts.len());
        for entry in &manifest.parts {
            let start = aligned(offset).ok_or_else(truncated)?;
            let gap = bytes.get(offset..start).ok_or_else(truncated)?;
            if gap.iter().any(|b| *b != 0) {
                return Err(altered(&format!("the gap before the part `{}`", entry.name)));
            }
            let length = usize::try_from(entry.bytes).map_err(|_| truncated())?;
            let end = start.checked_add(length).ok_or_else(truncated)?;
            let body = bytes.get(start..end).ok_or_else(truncated)?;
            if sha256_hex(body) != entry.sha256 {
                return Err(altered(&format!("the part `{}`", entry.name)));
            }
            parts.push(body);
            offset = end;
        }
        if offset != bytes.len() {
            return Err(altered("what follows the last part"));
        }
        Ok(Self { identity: identity_of(json), manifest, parts })
    }

    /// What the bundle holds.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// `sha256:` and the manifest's hash.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// A part, if the bundle has it.
    pub fn optional_part(&self, name: &str) -> Option<&'a [u8]> {
        let at = self.manifest.parts.iter().position(|p| p.name == name)?;
        self.parts.get(at).copied()
    }

    /// A part.
    ///
    /// # Errors
    /// [`ErrorCode::BundlePart`] if the bundle lacks it.
    pub fn part(&self, name: &str) -> Result<&'a [u8]> {
        self.optional_part(name)
            .ok_or_else(|| Error::new(ErrorCode::BundlePart, format!("there is no part `{name}`")))
    }

    /// The time zones' rules by IANA name.
    pub fn zones(&self) -> impl Iterator<Item = (&str, &'a [u8])> {
        self.manifest.parts.iter().zip(&self.parts).filter_map(|(entry, body)| {
            entry.name.strip_prefix(part::ZONE_PREFIX).map(|zone| (zone, *body))
        })
    }
}

#[inline(never)]
fn manifest_bytes(bytes: &[u8]) -> Result<(&[u8], usize)> {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
        let known = !bytes.is_empty() && MAGIC.starts_with(bytes.get(..8).unwrap_or(bytes));
        return Err(if known { truncated() } else { not_a_bundle() });
    };
    let [magic @ .., v0, v1, v2, v3, l0, l1, l2, l3] = header;
    if *magic != MAGIC {
        return Err(not_a_bundle());
    }
    let version = u32::from_le_bytes([*v0, *v1, *v2, *v3]);
    if version != FORMAT_VERSION {
        return Err(Error::new(
            ErrorCode::FormatVersion,
            format!(
                "the bundle has format version {version}, this driftline reads {FORMAT_VERSION}"
            ),
        ));
    }
    let length = u32::from_le_bytes([*l0, *l1, *l2, *l3]) as usize;
    if length > MAX_MANIFEST_BYTES {
        return Err(Error::new(
            ErrorCode::BundleTooLarge,
            format!("the manifest claims {length} bytes"),
        ));
    }
    let json = rest.get(..length).ok_or_else(truncated)?;
    Ok((json, HEADER_BYTES + length))
}

fn truncated() -> Error {
    Error::new(ErrorCode::BundleTruncated, "the bundle ends too early")
}

fn not_a_bundle() -> Error {
    Error::new(ErrorCode::BundleSyntax, "the bytes do not begin as a bundle does")
}

fn altered(what: &str) -> Error {
    Error::new(ErrorCode::BundleAltered, format!("{what} is not as the manifest says"))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
