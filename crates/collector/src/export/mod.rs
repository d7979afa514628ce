//! Figures of the collector itself, and of its models, for Prometheus and OTLP.

mod meters;

pub(crate) use meters::Meters;
