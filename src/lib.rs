//! driftline: a gate in front of an ONNX model.
//!
//! The modules stand in the order of the data's way; each imports only from those before it, and
//! from the foundations `error`, `limits`, `sorted`, `stats` and `tensor`. `tests/architecture.rs` holds that.

pub mod error;
pub mod limits;
pub mod sorted;
pub mod stats;
pub mod tensor;

pub mod contract;
pub mod preprocess;

pub mod model;

pub mod decision;
pub mod summary;

pub mod privacy;

pub mod beacon;

pub mod drift;

pub mod bundle;
pub mod gate;
#[cfg(target_arch = "wasm32")]
pub mod wasm;

pub use error::{Error, ErrorCode, Result};
