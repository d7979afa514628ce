//! Where a policy's novelty finds its numbers among the features.

use crate::decision::Novelty;
use crate::error::{Error, ErrorCode, Result};
use crate::preprocess::Features;

/// A novelty with the places of its features.
#[derive(Debug)]
pub(super) struct Placed {
    novelty: Novelty,
    /// For each of its features the tensor and the column.
    places: Vec<(usize, usize)>,
    values: Vec<f64>,
    bins: Vec<usize>,
}

impl Placed {
    /// Finds each feature's column.
    #[inline(never)]
    pub fn new(novelty: &Novelty, features: &Features) -> Result<Self> {
        let mut places = Vec::with_capacity(novelty.features.len());
        for (i, feature) in novelty.features.iter().enumerate() {
            let found = features.tensors().iter().enumerate().find_map(|(at, tensor)| {
                (0..tensor.width).find(|n| tensor.column(*n) == feature.name).map(|n| (at, n))
            });
            places.push(found.ok_or_else(|| {
                let message = format!("the contract has no feature `{}`", feature.name);
                let path = format!("novelty.features[{i}].name");
                Error::new(ErrorCode::PolicyInvalid, message).at_path(path)
            })?);
        }
        Ok(Self { novelty: novelty.clone(), places, values: Vec::new(), bins: Vec::new() })
    }

    /// The p-value of one row of the features.
    pub fn p_value(&mut self, features: &Features, row: usize) -> f64 {
        let tensors = features.tensors();
        let number = |(at, n): &(usize, usize)| tensors.get(*at)?.number(row, *n);
        self.values.clear();
        self.values.extend(self.places.iter().map(|place| number(place).unwrap_or(f64::NAN)));
        self.novelty.p_value(self.novelty.strangeness(&self.values, &mut self.bins))
    }
}
