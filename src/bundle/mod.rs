//! The bundle: model, contract, preprocessing, policy and baseline under one identity.
//!
//! Layout of a `.driftline` file, all numbers little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 0..8 | magic `\x89DRIFTL\n` |
//! | 8..12 | format version, 1 |
//! | 12..16 | length of the manifest |
//! | 16.. | manifest, canonical JSON |
//! | … | each part, in the manifest's order, at the next multiple of 16; gaps are zero |
//!
//! The identity is the SHA-256 of the manifest's bytes; the manifest holds the SHA-256 of every
//! part, so that the identity covers the whole file.

mod canonical;
mod manifest;
mod read;
pub mod wasm;
mod write;

pub use canonical::to_canonical_json;
pub use manifest::{Manifest, Part, Reference, Runtime, RuntimeKind};
pub use read::Bundle;
pub use write::BundleWriter;

use sha2::{Digest, Sha256};

/// First bytes of a stand-alone bundle. The high bit and the line feed show damage done by
/// transfers that treat the file as text.
pub const MAGIC: [u8; 8] = *b"\x89DRIFTL\n";

/// Version of the file layout that this crate writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// Value of the manifest's `format`.
pub const MANIFEST_FORMAT: &str = "driftline.bundle/1";

/// Names of the parts that every gate knows.
pub mod part {
    /// The contract, canonical JSON.
    pub const CONTRACT: &str = "contract";
    /// The policy, canonical JSON.
    pub const POLICY: &str = "policy";
    /// The compiled model.
    pub const MODEL: &str = "model";
    /// The training data's histograms, canonical JSON.
    pub const BASELINE: &str = "baseline";
    /// Rows with the training pipeline's scores, canonical JSON.
    pub const GOLDEN: &str = "golden";
    /// Prefix of a time zone's rules; the IANA name follows.
    pub const ZONE_PREFIX: &str = "zones/";
}

const ALIGNMENT: usize = 16;
const HEADER_BYTES: usize = 16;

/// SHA-256 in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        for nibble in [byte >> 4, byte & 15] {
            text.push(DIGITS.get(usize::from(nibble)).map_or('?', |d| char::from(*d)));
        }
    }
    text
}

/// The identity that a manifest's bytes give: `sha256:` and 64 hexadecimal digits.
pub fn identity_of(manifest: &[u8]) -> String {
    format!("sha256:{}", sha256_hex(manifest))
}

/// The next multiple of the alignment.
fn aligned(offset: usize) -> Option<usize> {
    offset.checked_next_multiple_of(ALIGNMENT)
}
