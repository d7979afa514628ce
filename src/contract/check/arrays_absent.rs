//! Arrays in a build without the feature `arrays`: refused.

use super::features::Flow;
use crate::contract::schema::{Contract, Input};
use crate::contract::step::Feature;
use crate::error::{Error, Result};

pub(super) fn flow(_: &Feature, _: &Input, path: &str) -> Result<Flow> {
    Err(Error::not_built("arrays", "arrays").at_path(path))
}

pub(crate) fn array_shape(_: &Contract, _: &Feature) -> Option<Vec<usize>> {
    None
}
