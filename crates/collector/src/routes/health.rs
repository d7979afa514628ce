//! Whether the process lives, and whether it can take beacons.

use super::query::Parameters;
use crate::Collector;
use crate::problem::Problem;
use crate::store;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use driftline::ErrorCode;
use std::sync::Arc;

/// The process answers.
pub async fn alive(query: RawQuery) -> Result<&'static str, Problem> {
    Parameters::none(&query)?;
    Ok("ok\n")
}

/// The store takes and answers.
pub async fn ready(
    State(collector): State<Arc<Collector>>,
    query: RawQuery,
) -> Result<&'static str, Problem> {
    Parameters::none(&query)?;
    let at = Arc::clone(&collector);
    // what takes beacons is the store, also where ClickHouse has the counts
    let read = tokio::task::spawn_blocking(move || at.store().read(store::read_models)).await;
    if collector.store().is_open() && matches!(read, Ok(Ok(_))) {
        return Ok("ready\n");
    }
    let message = "the store takes no beacons";
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::StoreFailed, message))
}
