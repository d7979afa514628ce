//! Ed25519 keys, in the PEM files that other tools write and read too (RFC 8410).

use crate::output::{io_error, read_file};
use driftline::bundle::sha256_hex;
use driftline::limits::MAX_SIGNATURE_BYTES;
use driftline::{Error, ErrorCode, Result};
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey, ed25519};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A private key with its public half.
pub struct Keypair(SigningKey);

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl Keypair {
    /// A new key from the system's randomness.
    pub fn generate() -> Result<Self> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)
            .map_err(|e| Error::new(ErrorCode::NoRandomness, format!("no random bytes: {e}")))?;
        Ok(Self::from_seed(&seed))
    }

    /// The key of a seed (RFC 8032, §5.1.5).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Reads a PKCS#8 PEM file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = text(path)?;
        SigningKey::from_pkcs8_pem(&text).map(Self).map_err(|_| {
            Error::new(ErrorCode::BadInput, "the file holds no Ed25519 private key")
                .with_help("pass the file that `driftline keygen -o FILE` wrote")
                .in_file(path.display().to_string())
        })
    }

    /// Writes the private key to `path`, for its owner alone, and the public one to `path`.pub.
    /// Never overwrites.
    pub fn write(&self, path: &Path) -> Result<PathBuf> {
        // without the public half, as version 1 of PKCS#8, which every reader knows
        let bytes = ed25519::KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        let private = bytes
            .to_pkcs8_pem(LineEnding::LF)
            .map_err(|e| Error::new(ErrorCode::Internal, e.to_string()))?;
        let mut public_path = path.as_os_str().to_owned();
        public_path.push(".pub");
        let public_path = PathBuf::from(public_path);
        if public_path.exists() {
            return Err(exists(&public_path));
        }
        create(path, private.as_bytes(), 0o600)?;
        create(&public_path, self.public().to_pem()?.as_bytes(), 0o644)?;
        Ok(public_path)
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs `domain`, a line feed and `bytes`; a signature in one domain is none in another.
    pub fn sign(&self, domain: &str, bytes: &[u8]) -> [u8; 64] {
        self.0.sign(&message(domain, bytes)).to_bytes()
    }
}

impl PublicKey {
    /// Reads a PEM file with a public key.
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(&text(path)?).map_err(|e| e.in_file(path.display().to_string()))
    }

    /// Reads PEM text, or the 32 bytes as 64 hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self> {
        let key = if text.starts_with("-----BEGIN") {
            VerifyingKey::from_public_key_pem(text).ok()
        } else {
            from_hex(text.trim()).and_then(|raw| VerifyingKey::from_bytes(&raw).ok())
        };
        key.filter(|key| !key.is_weak()).map(Self).ok_or_else(|| {
            Error::new(ErrorCode::BadInput, "the text is no Ed25519 public key")
                .with_help("pass the .pub file that `driftline keygen` wrote")
        })
    }

    /// PEM with the SubjectPublicKeyInfo.
    pub fn to_pem(&self) -> Result<String> {
        let pem = self.0.to_public_key_pem(LineEnding::LF);
        pem.map_err(|e| Error::new(ErrorCode::Internal, e.to_string()))
    }

    /// The 32 bytes in hexadecimal digits.
    pub fn to_hex(&self) -> String {
        hex(self.0.as_bytes())
    }

    /// `sha256:` and the hash of the 32 bytes.
    pub fn id(&self) -> String {
        format!("sha256:{}", sha256_hex(self.0.as_bytes()))
    }

    /// Whether the signature of `bytes` in the domain is this key's.
    pub fn verify(&self, domain: &str, bytes: &[u8], signature: &[u8; 64]) -> bool {
        let signature = Signature::from_bytes(signature);
        self.0.verify_strict(&message(domain, bytes), &signature).is_ok()
    }
}

fn message(domain: &str, bytes: &[u8]) -> Vec<u8> {
    [domain.as_bytes(), b"\n", bytes].concat()
}

fn text(path: &Path) -> Result<String> {
    String::from_utf8(read_file(path, MAX_SIGNATURE_BYTES)?).map_err(|_| {
        Error::new(ErrorCode::BadInput, "the file is no text").in_file(path.display().to_string())
    })
}

fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let file = options.open(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    file.map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => exists(path),
        _ => io_error(path, &e),
    })
}

fn exists(path: &Path) -> Error {
    Error::new(ErrorCode::Io, "the file exists, and keys are never overwritten")
        .with_help("choose another name, or move the old key away")
        .in_file(path.display().to_string())
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Exactly `N` bytes from lower-case hexadecimal digits.
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let mut out = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(out)
}
