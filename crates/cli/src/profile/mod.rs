//! What the rows of a file look like, and the contract that they suggest.
//!
//! One pass in bounded memory: `scan` reads the rows, `split` finds their cells, `column` counts them, `facts` says what was
//! seen, `suspicion` what is odd about it, `draft` which contract follows and `baseline` which
//! histograms.

mod baseline;
mod blocks;
mod cell;
mod column;
mod dictionary;
mod distinct;
mod draft;
mod facts;
mod frequent;
mod hash;
mod kind;
mod numbers;
mod personal;
mod quantiles;
mod sample;
mod scan;
mod shape;
mod split;
mod summary;
mod suspicion;
mod table;
mod tally;
mod target;
#[cfg(test)]
mod tests;
mod yaml;

pub use baseline::baseline;
pub use draft::draft;
pub use facts::Profile;
pub use table::table;
pub use yaml::yaml;

use crate::rows::Input;
use driftline::{Error, Result};

/// A profile with the first rows that could not be read.
pub struct Profiled {
    pub profile: Profile,
    pub faults: Vec<Error>,
}

/// Reads the file once; `target` is the column that a model is to predict.
///
/// # Errors
/// What makes the file unreadable, and names of columns that it does not have.
pub fn profile(input: &Input, target: Option<&str>) -> Result<Profiled> {
    let mut tally = scan::scan(input, target.is_some())?;
    let faults = std::mem::take(&mut tally.faults);
    Ok(Profiled { profile: facts::profile(tally, input, target)?, faults })
}
