//! Ed25519 signatures over statements: of bundles, of keys' successors, of channels.

mod file;
mod keys;
mod rotation;
mod signed;
#[cfg(test)]
mod tests;
pub mod time;

pub use file::{MAX_SEQUENCE, SIGNATURE, SignatureFile, Statement, Subject, Trust};
pub use keys::{Keypair, PublicKey};
pub use rotation::{ROTATION, Rotation, add as add_rotations, trusted};
pub use signed::Signed;
