//! The manifest: what the bundle holds and where it came from.

use super::{MANIFEST_FORMAT, part};
use crate::error::{Error, ErrorCode, Result};
use crate::limits::{MAX_BUNDLE_BYTES, MAX_PARTS};
use serde::{Deserialize, Serialize};

/// The list of a bundle's contents. Its canonical bytes give the identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Always `driftline.bundle/1`.
    pub format: String,
    /// The model's name, as in the contract.
    pub name: String,
    /// The runtime that the model part needs.
    pub runtime: Runtime,
    /// Every part, in the order of the file, which is that of the names.
    pub parts: Vec<Part>,
    /// Training data, source code and other files that the bundle was made from, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
}

/// The runtime that a bundle needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Runtime {
    /// Which runtime executes the model part.
    pub kind: RuntimeKind,
    /// Version of driftline that compiled the model part.
    pub version: String,
}

/// The two runtimes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum RuntimeKind {
    /// driftline's own flat program.
    Plan,
    /// tract.
    Tract,
}

impl RuntimeKind {
    /// As manifests name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Tract => "tract",
        }
    }
}

/// One part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Name, unique in the bundle.
    pub name: String,
    /// IANA media type.
    pub media_type: String,
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256 of the part, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// Something outside the bundle that it was made from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// What it was: `model`, `contract`, `data`, `source`, `environment` or another word.
    pub role: String,
    /// File name or other name, without a path of the machine.
    pub name: String,
    /// Digest with its scheme, such as `sha256:…`.
    pub digest: String,
}

impl Manifest {
    pub(super) fn check(&self) -> Result<()> {
        let fault = |code, message: String| Err(Error::new(code, message).at_path("manifest"));
        if self.format != MANIFEST_FORMAT {
            return fault(
                ErrorCode::FormatVersion,
                format!("the manifest's format is `{}`", clip(&self.format)),
            );
        }
        if self.parts.len() > MAX_PARTS {
            return fault(ErrorCode::BundleTooLarge, format!("{} parts", self.parts.len()));
        }
        for pair in self.parts.windows(2) {
            if let [a, b] = pair {
                if a.name == b.name {
                    return fault(
                        ErrorCode::BundleDuplicate,
                        format!("the part `{}` stands twice", clip(&a.name)),
                    );
                }
                if a.name > b.name {
                    return fault(ErrorCode::BundleSyntax, "the parts are not sorted".into());
                }
            }
        }
        for p in &self.parts {
            let known = p.sha256.len() == 64
                && p.sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            if !known {
                return fault(
                    ErrorCode::BundleSyntax,
                    format!("the part `{}` has no SHA-256", clip(&p.name)),
                );
            }
            if p.bytes > MAX_BUNDLE_BYTES as u64 {
                return fault(
                    ErrorCode::BundleTooLarge,
                    format!("the part `{}` claims {} bytes", clip(&p.name), p.bytes),
                );
            }
        }
        for name in [part::CONTRACT, part::POLICY, part::MODEL] {
            if !self.parts.iter().any(|p| p.name == name) {
                return fault(ErrorCode::BundlePart, format!("there is no part `{name}`"));
            }
        }
        Ok(())
    }
}

fn clip(text: &str) -> String {
    text.chars().take(crate::limits::MAX_QUOTED_CHARS).flat_map(char::escape_debug).collect()
}
