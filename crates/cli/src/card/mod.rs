//! A bundle told to others: as a model card, and as a bill of materials.

mod bom;
mod page;

pub use bom::bom;
pub use page::sheet;

use crate::provenance::Provenance;
use driftline::bundle::Manifest;
use driftline::contract::Contract;
use driftline::decision::Policy;

/// What is told.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The bundle's identity.
    pub identity: &'a str,
    /// Its manifest.
    pub manifest: &'a Manifest,
    /// Its contract.
    pub contract: &'a Contract,
    /// Its policy.
    pub policy: &'a Policy,
    /// Its part `provenance`, if it has one.
    pub provenance: Option<&'a Provenance>,
}
