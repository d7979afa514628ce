//! The HTTP interface; docs/collector.md lists it.

mod alerts;
mod beacons;
mod bundles;
mod deployments;
mod health;
mod metrics;
mod models;
mod pages;
mod query;
mod reports;
mod shadow;
mod status;

pub use pages::Pages;

use crate::Collector;
use crate::problem::Problem;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use driftline::ErrorCode;
use std::sync::Arc;
use std::time::Duration;

/// All routes over a collector.
pub fn router(collector: Arc<Collector>) -> Router {
    Router::new()
        .route("/v1/beacons", post(beacons::take).options(beacons::preflight))
        .route("/v1/bundles", post(bundles::register))
        .route("/v1/models", get(models::all))
        .route("/v1/models/{identity}", get(models::one))
        .route("/v1/models/{identity}/windows", get(models::windows))
        .route("/v1/models/{identity}/counts", get(models::counts))
        .route("/v1/models/{identity}/drift", get(reports::drift))
        .route("/v1/models/{identity}/report", get(reports::report))
        .route("/v1/compare", get(reports::compare))
        .route("/v1/alerts", get(alerts::all))
        .route("/v1/status", get(status::one))
        .route("/", get(pages::file))
        .route("/icon.svg", get(pages::file))
        .route("/assets/{name}", get(pages::file))
        .route("/metrics", get(metrics::all))
        .route("/v1/deployments", get(deployments::all).post(deployments::post))
        .route("/v1/activations", post(deployments::activation).options(beacons::preflight))
        .route("/v1/shadow", get(shadow::all).post(shadow::take).options(beacons::preflight))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .fallback(missing)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn(guard))
        .with_state(collector)
}

async fn missing() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, ErrorCode::NotFound, "there is nothing at this path")
}

async fn wrong_method() -> Problem {
    let message = "the path does not take this method";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::NotFound, message)
}

/// Headers that every answer has.
async fn guard(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// A body of at most `limit` bytes that comes within a time.
async fn body(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    within: Duration,
) -> Result<Bytes, Problem> {
    if headers.get(header::CONTENT_ENCODING).is_some_and(|value| value != "identity") {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ErrorCode::BadInput,
            "the body is compressed, which is not taken",
        ));
    }
    let large = || {
        let message = format!("the body has more than {limit} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::InputTooLarge, message)
    };
    let told = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if told.and_then(|text| text.parse::<usize>().ok()).is_some_and(|length| length > limit) {
        return Err(large());
    }
    match tokio::time::timeout(within, axum::body::to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        // hyper's own errors end the connection; what is left is the limit
        Ok(Err(_)) => Err(large()),
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            ErrorCode::BadInput,
            "the body did not come in time",
        )),
    }
}
