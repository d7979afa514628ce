//! The step `hash_tokens` in a build without the feature `text`: refused.

use crate::contract::Step;
use crate::error::{Error, Result};

/// None can be made.
#[derive(Clone, Debug)]
pub(super) enum TokenHasher {}

impl TokenHasher {
    pub fn new(_: &Step) -> Result<Self> {
        Err(Error::not_built("the step `hash_tokens`", "text"))
    }

    pub fn row(&self, _: &str) -> Vec<f64> {
        match *self {}
    }
}
