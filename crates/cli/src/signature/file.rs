//! The file `NAME.sig`: who vouches for a bundle. docs/identity.md has the format.

use super::keys::{Keypair, PublicKey};
use super::rotation::trusted;
use super::signed::{Signed, invalid};
use super::time::check as check_time;
use driftline::limits::{MAX_SIGNATURE_BYTES, MAX_SIGNATURES};
use driftline::{Error, ErrorCode, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Format of the file.
pub const FILE: &str = "driftline.signatures/1";
/// Format and domain of a statement about a bundle.
pub const SIGNATURE: &str = "driftline.signature/1";

/// Largest sequence number: what JavaScript counts without loss.
pub const MAX_SEQUENCE: u64 = (1 << 53) - 1;

/// The signature file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignatureFile {
    /// Always `driftline.signatures/1`.
    pub format: String,
    /// Statements about one bundle, at most one of each key.
    pub signatures: Vec<Signed>,
    /// Statements of older keys that name their successors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rotations: Vec<Signed>,
}

/// What a key says of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Always `driftline.signature/1`.
    pub format: String,
    /// The bundle's identity.
    pub identity: String,
    /// The model's name, as in the manifest.
    pub name: String,
    /// The signer: `sha256:` and the hash of the public key's 32 bytes.
    pub key: String,
    /// Place of this release among those of the same name; a later one has a larger number.
    pub sequence: u64,
    /// `sha256:` and the hash of the whole WebAssembly file, where that was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wasm: Option<String>,
    /// When it was signed, if the signer says so: `2013-06-03T00:00:00Z`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// From when on it is no longer good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

/// What is to be vouched for.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Identity of the bundle at hand.
    pub identity: &'a str,
    /// Name in its manifest.
    pub name: &'a str,
    /// Hash of the WebAssembly file that it came in; `None` for a stand-alone bundle.
    pub wasm: Option<&'a str>,
}

/// Whom to believe, and how old it may be.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'a> {
    /// Pinned keys.
    pub keys: &'a [PublicKey],
    /// Least sequence number.
    pub minimum: u64,
    /// The time, as in statements.
    pub now: &'a str,
}

impl SignatureFile {
    /// A file without signatures.
    pub fn new() -> Self {
        Self { format: FILE.into(), signatures: Vec::new(), rotations: Vec::new() }
    }

    /// Reads and bounds a file; nothing is verified.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_SIGNATURE_BYTES {
            return Err(invalid(&format!("the signature file has {} bytes", bytes.len())));
        }
        let file: Self = serde_json::from_slice(bytes)
            .map_err(|e| invalid(&format!("the file is no signature file: {e}")))?;
        if file.format != FILE {
            return Err(Error::new(
                ErrorCode::FormatVersion,
                format!("the signature file's format is not `{FILE}`"),
            ));
        }
        if file.signatures.len() > MAX_SIGNATURES || file.rotations.len() > MAX_SIGNATURES {
            return Err(invalid("the file holds too many signatures or rotations"));
        }
        Ok(file)
    }

    /// Bytes to write.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|e| Error::new(ErrorCode::Internal, e.to_string()))?;
        text.push(b'\n');
        Ok(text)
    }

    /// The first statement that a trusted key made about the subject.
    ///
    /// # Errors
    /// [`ErrorCode::SignatureMissing`], [`ErrorCode::KeyUnknown`],
    /// [`ErrorCode::SignatureInvalid`], [`ErrorCode::SignatureExpired`] or
    /// [`ErrorCode::Downgrade`]: of several statements by trusted keys, what the first lacks.
    pub fn verify(&self, subject: &Subject<'_>, trust: &Trust<'_>) -> Result<Statement> {
        let keys = trusted(&self.rotations, trust.keys)?;
        let mut first = None;
        let mut unknown = None;
        for signed in &self.signatures {
            let judged = signed
                .open::<Statement>(SIGNATURE, &keys)
                .and_then(|statement| statement.judge(subject, trust));
            match judged {
                Ok(statement) => return Ok(statement),
                Err(e) if e.code() == ErrorCode::KeyUnknown => unknown = unknown.or(Some(e)),
                Err(e) => first = first.or(Some(e)),
            }
        }
        Err(first.or(unknown).unwrap_or_else(|| {
            Error::new(ErrorCode::SignatureMissing, "the signature file holds no signature")
        }))
    }
}

impl Statement {
    /// Signs it with the key that it names.
    pub fn sign(&self, pair: &Keypair) -> Result<Signed> {
        Signed::new(SIGNATURE, self, pair)
    }

    fn judge(self, subject: &Subject<'_>, trust: &Trust<'_>) -> Result<Self> {
        for time in [&self.created, &self.expires].into_iter().flatten() {
            check_time(time).map_err(|_| invalid("a time is not as 2013-06-03T00:00:00Z"))?;
        }
        if self.sequence > MAX_SEQUENCE {
            return Err(invalid("the sequence number is beyond 2^53 − 1"));
        }
        if self.identity != subject.identity {
            return Err(invalid("the signature is of another bundle"));
        }
        if self.name != subject.name {
            return Err(invalid("the signature is of another name"));
        }
        if let Some(wasm) = subject.wasm
            && self.wasm.as_deref() != Some(wasm)
        {
            return Err(invalid(match self.wasm {
                Some(_) => "the signature is of another WebAssembly file",
                None => "the signature is of the bundle alone and not of the WebAssembly file",
            }));
        }
        if let Some(expires) = &self.expires
            && expires.as_str() <= trust.now
        {
            return Err(Error::new(
                ErrorCode::SignatureExpired,
                format!("the signature was good until {expires}"),
            ));
        }
        if self.sequence < trust.minimum {
            return Err(Error::new(
                ErrorCode::Downgrade,
                format!("sequence {} is below the least, {}", self.sequence, trust.minimum),
            ));
        }
        Ok(self)
    }
}
