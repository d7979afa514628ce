//! Figures of the collector itself and of its models, after merging: for whoever scrapes (`/metrics`
//! in the text format of Prometheus) and by OTLP to whoever is named.
//!
//! Both print the same points under the same names. Figures of models are those of the last look at
//! the rules, so that a scrape reads no counts.

mod meters;
mod models;
mod otlp;
mod points;
mod prometheus;
mod push;

#[cfg(test)]
mod vector_tests;

pub(crate) use meters::{Meters, Work};
pub(crate) use models::of_model;
pub(crate) use points::{MAX_MODELS, Point, collected};
pub(crate) use prometheus::{CONTENT_TYPE, text};
pub use push::{Export, Otlp, Pusher};
