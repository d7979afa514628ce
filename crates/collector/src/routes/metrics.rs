//! Figures for Prometheus.

use super::beacons::failed;
use super::query::Parameters;
use crate::problem::Problem;
use crate::store::Fault;
use crate::trust::{Right, authorize};
use crate::{Collector, export};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// All figures as text.
pub async fn all(
    State(collector): State<Arc<Collector>>,
    query: RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    authorize(collector.config(), &headers, Right::Read)?;
    Parameters::none(&query)?;
    let read = tokio::task::spawn_blocking(move || export::collected(&collector)).await;
    let points = match read {
        Ok(found) => found.map_err(|fault| failed(&fault))?,
        Err(_) => return Err(failed(&Fault::Closed)),
    };
    let mut response = export::text(&points).into_response();
    let kind = HeaderValue::from_static(export::CONTENT_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}
