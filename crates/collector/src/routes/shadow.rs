//! Counts of candidates beside live bundles.

use super::beacons::{allow_origin, failed};
use super::body;
use super::deployments::{changed, identified, named, parse, refused};
use super::models::{json_of, off_thread};
use super::query::Parameters;
use crate::limits::{BODY_TIMEOUT, MAX_SHADOW_BYTES};
use crate::problem::Problem;
use crate::serve::Peer;
use crate::shadow::store::{self, Added, Compared, Filter};
use crate::shadow::{Counts, Criterion, verdict};
use crate::store::{Fault, id_of};
use crate::trust::{self, Right};
use crate::{Collector, alerts};
use axum::body::Body;
use axum::extract::{Extension, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use driftline::ErrorCode;
use driftline::beacon::Mode;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// A batch of counts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    key: Option<String>,
    id: String,
    channel: String,
    counts: Counts,
}

/// Adds a batch. 204: it is on the disk, now or before.
pub async fn take(
    State(collector): State<Arc<Collector>>,
    Extension(Peer(peer)): Extension<Peer>,
    headers: HeaderMap,
    content: Body,
) -> Response {
    let answer = match body(&headers, content, MAX_SHADOW_BYTES, BODY_TIMEOUT).await {
        Ok(bytes) => add(&collector, peer, &headers, &bytes).await,
        Err(problem) => Err(problem),
    };
    let mut response = answer.map_or_else(Problem::into_response, IntoResponse::into_response);
    allow_origin(&headers, &mut response);
    response
}

async fn add(
    collector: &Arc<Collector>,
    peer: std::net::IpAddr,
    headers: &HeaderMap,
    bytes: &[u8],
) -> Result<StatusCode, Problem> {
    let config = collector.config();
    let Batch { key, id, channel, counts } = parse(bytes)?;
    let origin = headers.get(header::ORIGIN).map(|value| value.to_str().unwrap_or("null"));
    let app = trust::admit(config, key.as_deref(), origin)?;
    if let Some(name) = &config.deployments.shadow_app
        && app.is_none_or(|app| app.name != *name)
    {
        let message = "another app counts what candidates answer";
        return Err(Problem::new(StatusCode::FORBIDDEN, ErrorCode::UnknownKey, message));
    }
    named(&channel)?;
    identified(&counts.live)?;
    identified(&counts.candidate)?;
    if let Some(fault) = counts.fault() {
        return Err(refused(fault));
    }
    let id = id_of(&id).ok_or_else(|| refused("`id` is no UUID"))?;
    let hour = collector.hour();
    let sender = trust::sender(config, headers, peer);
    let records = (counts.records + counts.failed).unsigned_abs();
    collector.allow(sender, hour, Mode::Pseudonymous, records).map_err(|_| {
        let message = "the sender has sent as much as it may in this hour";
        Problem::new(StatusCode::TOO_MANY_REQUESTS, ErrorCode::TooManyRequests, message)
            .after(collector.seconds_to_hour())
    })?;
    let added = changed(collector, move |write| store::add(write, (hour, &id, &channel), &counts));
    match added.await? {
        Added::Yes | Added::Known => Ok(StatusCode::NO_CONTENT),
        Added::Unknown => {
            let message = "nobody registered or deployed one of these identities here";
            Err(Problem::new(StatusCode::NOT_FOUND, ErrorCode::UnknownIdentity, message))
        }
        Added::Full => Err(failed(&Fault::Busy)),
    }
}

/// What was counted of each candidate, and whether it may be promoted.
pub async fn all(
    State(collector): State<Arc<Collector>>,
    query: RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    trust::authorize(collector.config(), &headers, Right::Read)?;
    let known = ["channel", "live", "candidate", "from", "to", "by", "least", "margin", "level"];
    let mut asked = Parameters::read(&query, &known)?;
    let (from, to) = (asked.hour("from")?, asked.hour("to")?);
    let by = [("agreement", true), ("accuracy", false)];
    let by_agreement = asked.word("by", &by)?.unwrap_or(true);
    let (least, margin) = (asked.share("least")?, asked.share("margin")?);
    let level = asked.share("level")?.unwrap_or(0.05);
    let criterion = match (by_agreement, least, margin) {
        (true, least, None) => Criterion::Agreement(least.unwrap_or(0.95)),
        (false, None, margin) => Criterion::Accuracy(margin.unwrap_or(0.01)),
        _ => {
            let message = "`least` goes with `by=agreement`, `margin` with `by=accuracy`";
            return Err(super::query::bad(message.to_owned()));
        }
    };
    let filter = Filter {
        channel: asked.text("channel"),
        live: asked.text("live"),
        candidate: asked.text("candidate"),
    };
    let span = (from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX));
    let read = off_thread(collector, move |read| store::list(read, &filter, span));
    let view = |Compared { channel, hours: (first, last), batches, counts }: Compared| -> Value {
        json!({
            "channel": channel,
            "live": counts.live,
            "candidate": counts.candidate,
            "from": alerts::instant(first * 3_600),
            "to": alerts::instant((last + 1) * 3_600),
            "batches": batches,
            "verdict": verdict(&counts, criterion, level),
            "counts": counts,
        })
    };
    let all: Vec<Value> = read.await?.into_iter().map(view).collect();
    json_of(&json!({ "shadows": all }))
}
