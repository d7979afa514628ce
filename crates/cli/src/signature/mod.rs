//! Ed25519 signatures over statements: of bundles, of keys' successors, of channels.

mod file;
mod keys;
mod signed;
#[cfg(test)]
mod tests;
pub mod time;

pub use file::{
    MAX_SEQUENCE, ROTATION, Rotation, SIGNATURE, SignatureFile, Statement, Subject, Trust,
};
pub use keys::{Keypair, PublicKey};
pub use signed::Signed;
