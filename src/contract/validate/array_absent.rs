//! Arrays in a build without the feature `arrays`: refused.

use super::Report;
use crate::contract::schema::Input;
use crate::contract::valid::Cell;
use crate::contract::value::Value;
use crate::error::{Error, Result};

/// None can be made.
#[derive(Clone, Debug)]
pub(super) enum ArrayRule {}

impl ArrayRule {
    pub fn new(_: &Input) -> Result<Self> {
        Err(Error::not_built("arrays", "arrays"))
    }

    pub fn validate<'r>(&self, _: Value<'r>, _: &mut Report<'_>) -> Cell<'r> {
        match *self {}
    }
}
