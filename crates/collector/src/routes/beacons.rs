//! Beacons.

use super::body;
use crate::limits::{BODY_TIMEOUT, MAX_BEACON_BYTES, RETRY_AFTER_BUSY};
use crate::problem::Problem;
use crate::serve::Peer;
use crate::store::{Fault, Taken};
use crate::{Collector, config::Unknown, senders::Refused, trust};
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use driftline::ErrorCode;
use std::sync::Arc;

/// Seconds for which a browser may remember what a preflight said.
const PREFLIGHT_SECONDS: &str = "86400";

/// Counts a beacon. 204: it is on the disk. 202: it waits for its identity.
pub async fn take(
    State(collector): State<Arc<Collector>>,
    Extension(Peer(peer)): Extension<Peer>,
    headers: HeaderMap,
    content: Body,
) -> Response {
    let answer = match body(&headers, content, MAX_BEACON_BYTES, BODY_TIMEOUT).await {
        Ok(bytes) => count(&collector, peer, &headers, &bytes).await,
        Err(problem) => Err(problem),
    };
    collector.meters.answer(match &answer {
        Ok((_, word)) => word,
        Err(problem) => problem.code().as_str(),
    });
    let answer = answer.map(|(status, _)| status);
    let mut response = answer.map_or_else(Problem::into_response, IntoResponse::into_response);
    allow_origin(&headers, &mut response);
    response
}

/// Tells a browser that it may send what needs asking first, such as `application/json`.
pub async fn preflight(headers: HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
        (header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    allow_origin(&headers, &mut response);
    response
}

/// A page may read the answer, which holds nothing of others'; no credentials are taken. Whether it
/// may send is decided by its key and origin, since a browser sends beacons without asking.
pub(super) fn allow_origin(headers: &HeaderMap, response: &mut Response) {
    if let Some(origin) = headers.get(header::ORIGIN) {
        let answer = response.headers_mut();
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        answer
            .insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
        answer.insert(header::VARY, HeaderValue::from_static("origin"));
    }
}

async fn count(
    collector: &Collector,
    peer: std::net::IpAddr,
    headers: &HeaderMap,
    bytes: &[u8],
) -> Result<(StatusCode, &'static str), Problem> {
    let config = collector.config();
    let beacon = crate::beacon::read(bytes).map_err(Problem::unprocessable)?;
    let origin = headers.get(header::ORIGIN).map(|value| value.to_str().unwrap_or("null"));
    trust::admit(config, beacon.key.as_deref(), origin)?;
    let now = collector.hour();
    let (accepted, since) = (config.accepted_hours(), collector.store().remembers_since());
    crate::beacon::check_time(&beacon.counts, now, accepted, since)?;
    let sender = trust::sender(config, headers, peer);
    let (mode, records) = (beacon.counts.body.mode(), beacon.counts.records());
    // noise may have made it negative
    let counted = records.max(0);
    let records = counted.unsigned_abs();
    collector.allow(sender, now, mode, records).map_err(|refused| {
        let what = match refused {
            Refused::Beacons => "the sender has sent as many beacons as it may in this hour",
            Refused::Records => "the sender has counted as many records as it may in this hour",
        };
        let code = ErrorCode::TooManyRequests;
        Problem::new(StatusCode::TOO_MANY_REQUESTS, code, what).after(collector.seconds_to_hour())
    })?;
    let park = (config.unknown_identities == Unknown::Park).then(|| bytes.to_vec());
    match collector.store().take(beacon.counts, park).await {
        Ok(Taken::Counted) => {
            collector.meters.records(counted);
            Ok((StatusCode::NO_CONTENT, "counted"))
        }
        Ok(Taken::Duplicate) => Ok((StatusCode::NO_CONTENT, "duplicate")),
        Ok(Taken::Parked) => Ok((StatusCode::ACCEPTED, "parked")),
        Ok(Taken::Unknown) => Err(Problem::new(
            StatusCode::NOT_FOUND,
            ErrorCode::UnknownIdentity,
            "nobody registered the beacon's identity here",
        )),
        Ok(Taken::Unfit) => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            ErrorCode::BeaconUnfit,
            "the beacon's counts are not those of its identity",
        )),
        Err(fault) => Err(failed(&fault)),
    }
}

/// What a fault of the store is to a client.
pub fn failed(fault: &Fault) -> Problem {
    let (code, message) = match fault {
        Fault::TooManyRows => {
            let code = ErrorCode::InputTooLarge;
            let message = "the span has more rows than one answer may have; ask for a shorter one";
            return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, message);
        }
        Fault::Busy => (ErrorCode::Busy, "more beacons wait than may"),
        Fault::Closed => (ErrorCode::StoreFailed, "the collector is ending"),
        Fault::Sink(_) => {
            (ErrorCode::StoreFailed, "ClickHouse, which has the counts, did not answer")
        }
        // nothing says that it will pass soon: a client backs off by its own rule
        _ => {
            let (code, message) = (ErrorCode::StoreFailed, "the store could not be used");
            return Problem::new(StatusCode::INTERNAL_SERVER_ERROR, code, message);
        }
    };
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, message).after(RETRY_AFTER_BUSY)
}
