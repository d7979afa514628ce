//! Privatized counts in an envelope. docs/beacon.md describes it field by field.
//!
//! A beacon is JSON of at most [`crate::limits::MAX_BEACON_BYTES`]. Counts stand in it by their place
//! in the layout, as Base64 VLQ: the numbers of source maps, six bits a character, so that a small
//! count takes one. Nothing in it is text of a record.

mod decode;
mod encode;
mod envelope;
mod header;
mod vlq;

pub use decode::{Beacon, Body, decode, place};
pub use encode::{FEATURES, encode, pick_feature};
pub use envelope::{Envelope, Host, Mode};
pub use header::Header;
