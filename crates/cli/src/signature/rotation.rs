//! Keys that name their successors, so that whoever pins the older one trusts the newer one.

use super::keys::{Keypair, PublicKey};
use super::signed::{Signed, invalid};
use crate::output::read_file;
use driftline::limits::{MAX_SIGNATURE_BYTES, MAX_SIGNATURES};
use driftline::{Error, ErrorCode, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Format and domain of a statement about a key's successor.
pub const ROTATION: &str = "driftline.rotation/1";

/// What a key says of its successor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// Always `driftline.rotation/1`.
    pub format: String,
    /// The older key, which signs this.
    pub key: String,
    /// The newer key's 32 bytes as 64 hexadecimal digits.
    pub successor: String,
    /// When it was signed, if the signer says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
}

impl Rotation {
    /// Signs it with the older key.
    pub fn sign(&self, pair: &Keypair) -> Result<Signed> {
        Signed::new(ROTATION, self, pair)
    }
}

/// The pinned keys and those that they named as successors.
///
/// # Errors
/// [`ErrorCode::SignatureInvalid`] if a rotation by a trusted key does not hold.
pub fn trusted(rotations: &[Signed], pinned: &[PublicKey]) -> Result<Vec<PublicKey>> {
    let mut keys = pinned.to_vec();
    let mut waiting: Vec<&Signed> = rotations.iter().collect();
    // each round trusts at least one more key, or ends
    loop {
        let mut later = Vec::new();
        let before = waiting.len();
        for signed in waiting {
            match signed.open::<Rotation>(ROTATION, &keys) {
                Ok(rotation) => {
                    let successor = PublicKey::parse(&rotation.successor)
                        .map_err(|_| invalid("a rotation names no public key"))?;
                    keys.push(successor);
                }
                Err(e) if e.code() == ErrorCode::KeyUnknown => later.push(signed),
                Err(e) => return Err(e),
            }
        }
        if later.is_empty() || later.len() == before {
            return Ok(keys);
        }
        waiting = later;
    }
}

/// Adds the rotations of files, as `driftline rotate` wrote them, to those that are there.
///
/// # Errors
/// The files', [`ErrorCode::BadInput`] if one holds no rotation, [`ErrorCode::BadUsage`] if they
/// become too many.
pub fn add(rotations: &mut Vec<Signed>, paths: &[PathBuf]) -> Result<()> {
    for path in paths {
        let bytes = read_file(path, MAX_SIGNATURE_BYTES)?;
        let refused = || {
            Error::new(ErrorCode::BadInput, "the file holds no rotation")
                .with_help("pass what `driftline rotate` wrote")
                .in_file(path.display().to_string())
        };
        let signed: Signed = serde_json::from_slice(&bytes).map_err(|_| refused())?;
        serde_json::from_str::<Rotation>(&signed.statement).map_err(|_| refused())?;
        if !rotations.contains(&signed) {
            rotations.push(signed);
        }
    }
    if rotations.len() > MAX_SIGNATURES {
        let message = format!("more than {MAX_SIGNATURES} rotations in one file");
        return Err(Error::new(ErrorCode::BadUsage, message)
            .with_help("have gates pin a newer key, and begin without the rotations to it"));
    }
    Ok(())
}
