//! Steps of an array in a build without the feature `arrays`: there are none, since its contracts
//! have no arrays.

use super::features::FeatureTensor;
use super::step::Refusal;
use crate::contract::Step;
use crate::tensor::Tensor;

/// None can be made.
#[derive(Clone, Debug)]
pub(super) enum ArrayPlan {}

impl ArrayPlan {
    pub fn new(_: &[Step], _: usize) -> Option<Self> {
        None
    }

    pub fn run(&self, _: &Tensor, _: &mut FeatureTensor) -> Result<(), Refusal> {
        match *self {}
    }
}
