//! Deployments and activations.

use super::beacons::{allow_origin, failed};
use super::body;
use super::models::{json_of, off_thread};
use super::query::Parameters;
use crate::deployments::store::{self, Counted, Filter, Put};
use crate::deployments::{Action, Deployment, live};
use crate::limits::{BODY_TIMEOUT, MAX_BEACON_BYTES};
use crate::problem::Problem;
use crate::serve::Peer;
use crate::store::Fault;
use crate::trust::{self, Right};
use crate::{Collector, MS_PER_HOUR, alerts};
use axum::body::Body;
use axum::extract::{Extension, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use driftline::ErrorCode;
use driftline::beacon::Mode;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;

/// Longest name, person or reason, in bytes.
const MAX_TEXT: usize = 1_024;

/// One step as it is posted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Posted {
    at: String,
    channel: String,
    sequence: Option<i64>,
    action: Action,
    identity: String,
    previous: Option<String>,
    percent: u8,
    by: Option<String>,
    reason: Option<String>,
}

/// Keeps a step. 201: it is new; 200: it was there.
pub async fn post(
    State(collector): State<Arc<Collector>>,
    headers: HeaderMap,
    content: Body,
) -> Result<Response, Problem> {
    trust::authorize(collector.config(), &headers, Right::Admin)?;
    let bytes = body(&headers, content, MAX_BEACON_BYTES, BODY_TIMEOUT).await?;
    let posted: Posted = parse(&bytes)?;
    let Posted { at, channel, sequence, action, identity, previous, percent, by, reason } = posted;
    named(&channel)?;
    for one in [Some(&identity), previous.as_ref()].into_iter().flatten() {
        identified(one)?;
    }
    for text in [&by, &reason].into_iter().flatten() {
        if text.len() > MAX_TEXT {
            return Err(refused(format!("a text has more than {MAX_TEXT} bytes")));
        }
    }
    if percent > 100 || sequence.is_some_and(|sequence| sequence < 1) {
        return Err(refused("`percent` is at most 100, `sequence` at least 1"));
    }
    let at = second(&at)?;
    let one = Deployment { at, channel, sequence, action, identity, previous, percent, by, reason };
    let answer = view(&one);
    match changed(&collector, move |write| store::put(write, &one)).await? {
        Put::New => Ok((StatusCode::CREATED, json_of(&answer)?).into_response()),
        Put::Known => json_of(&answer),
        Put::Other => {
            let message = "another step of the channel has this sequence";
            Err(Problem::new(StatusCode::CONFLICT, ErrorCode::BadInput, message))
        }
        Put::Full => {
            let message = "there are as many deployments as may be kept";
            Err(Problem::new(StatusCode::CONFLICT, ErrorCode::InputTooLarge, message))
        }
    }
}

/// The steps of channels and what became of them; or what was live at an instant.
pub async fn all(
    State(collector): State<Arc<Collector>>,
    query: RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    trust::authorize(collector.config(), &headers, Right::Read)?;
    let known = ["name", "channel", "identity", "from", "to", "at"];
    let mut asked = Parameters::read(&query, &known)?;
    let channel = asked.text("channel");
    if let Some(at) = asked.second("at")? {
        asked.end("at")?;
        return json_of(&at_instant(collector, channel, at).await?);
    }
    let filter = Filter { name: asked.text("name"), channel, identity: asked.text("identity") };
    let from = asked.second("from")?.unwrap_or(i64::MIN);
    let to = asked.second("to")?.unwrap_or(i64::MAX);
    let read = off_thread(collector, move |read| {
        let hour = |second: i64| second.div_euclid(MS_PER_HOUR / 1_000);
        let steps = store::list(read, &filter, from, to)?;
        Ok((steps, store::activations(read, &filter, hour(from), hour(to).saturating_add(1))?))
    });
    let (steps, activations) = read.await?;
    let steps: Vec<Value> = steps.iter().map(view).collect();
    json_of(&json!({ "deployments": steps, "activations": grouped(&activations) }))
}

async fn at_instant(
    collector: Arc<Collector>,
    channel: Option<String>,
    second: i64,
) -> Result<Value, Problem> {
    let steps = off_thread(collector, move |read| store::until(read, second)).await?;
    let channels: Vec<Value> = live(&steps)
        .iter()
        .filter(|(name, _)| channel.as_ref().is_none_or(|asked| asked == *name))
        .map(|(name, state)| {
            let top = state.stack.last();
            json!({
                "channel": name,
                "identity": top.map(|(identity, _)| identity),
                "since": top.map(|(_, since)| alerts::instant(*since)),
                "canary": state.canary.as_ref().map(|(identity, percent, since)| {
                    json!({ "identity": identity, "percent": percent, "since": alerts::instant(*since) })
                }),
                "killed": state.killed,
            })
        })
        .collect();
    Ok(json!({ "at": alerts::instant(second), "live": channels }))
}

fn view(one: &Deployment) -> Value {
    json!({
        "at": alerts::instant(one.at),
        "channel": one.channel,
        "sequence": one.sequence,
        "action": one.action,
        "identity": one.identity,
        "previous": one.previous,
        "percent": one.percent,
        "by": one.by,
        "reason": one.reason,
    })
}

/// One object an hour, channel and identity.
fn grouped(rows: &[store::Activations]) -> Vec<Value> {
    let same = |a: &store::Activations, b: &store::Activations| {
        (a.hour, &a.channel, &a.identity) == (b.hour, &b.channel, &b.identity)
    };
    rows.chunk_by(same)
        .filter_map(|group| {
            let first = group.first()?;
            let well: i64 =
                group.iter().filter(|row| row.code.is_empty()).map(|row| row.clients).sum();
            let failed: Vec<Value> = group
                .iter()
                .filter(|row| !row.code.is_empty())
                .map(|row| json!({ "code": row.code, "count": row.clients }))
                .collect();
            Some(json!({
                "hour": alerts::instant(first.hour * 3_600),
                "channel": first.channel,
                "identity": first.identity,
                "activated": well,
                "failed": failed,
            }))
        })
        .collect()
}

/// What became of a bundle on one client.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Activation {
    key: Option<String>,
    channel: String,
    identity: String,
    outcome: Outcome,
    code: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Activated,
    Failed,
}

/// Counts an activation; nothing of the client is kept. 204: it is on the disk.
pub async fn activation(
    State(collector): State<Arc<Collector>>,
    Extension(Peer(peer)): Extension<Peer>,
    headers: HeaderMap,
    content: Body,
) -> Response {
    let answer = match body(&headers, content, MAX_BEACON_BYTES, BODY_TIMEOUT).await {
        Ok(bytes) => count(&collector, peer, &headers, &bytes).await,
        Err(problem) => Err(problem),
    };
    let mut response = answer.map_or_else(Problem::into_response, IntoResponse::into_response);
    allow_origin(&headers, &mut response);
    response
}

async fn count(
    collector: &Arc<Collector>,
    peer: std::net::IpAddr,
    headers: &HeaderMap,
    bytes: &[u8],
) -> Result<StatusCode, Problem> {
    let config = collector.config();
    let Activation { key, channel, identity, outcome, code } = parse(bytes)?;
    let origin = headers.get(header::ORIGIN).map(|value| value.to_str().unwrap_or("null"));
    trust::admit(config, key.as_deref(), origin)?;
    named(&channel)?;
    identified(&identity)?;
    let code = match (outcome, code) {
        (Outcome::Activated, None) => "",
        // only codes that this version knows: a row for each text would have no end
        (Outcome::Failed, Some(code)) => {
            code.parse::<ErrorCode>().map_err(Problem::unprocessable)?.as_str()
        }
        _ => return Err(refused("a failed activation has a `code`, and no other has")),
    };
    let hour = collector.hour();
    let sender = trust::sender(config, headers, peer);
    // one client each, as a beacon of `randomized` mode
    collector.allow(sender, hour, Mode::Randomized, 1).map_err(|_| {
        let message = "the sender has sent as much as it may in this hour";
        let code = ErrorCode::TooManyRequests;
        let status = StatusCode::TOO_MANY_REQUESTS;
        Problem::new(status, code, message).after(collector.seconds_to_hour())
    })?;
    let counted =
        changed(collector, move |write| store::count(write, hour, &channel, &identity, code));
    match counted.await? {
        Counted::Yes => Ok(StatusCode::NO_CONTENT),
        Counted::Unknown => {
            let message = "nobody registered or deployed this identity here";
            Err(Problem::new(StatusCode::NOT_FOUND, ErrorCode::UnknownIdentity, message))
        }
        Counted::Full => Err(failed(&Fault::Busy)),
    }
}

pub(super) async fn changed<T: Send + 'static>(
    collector: &Arc<Collector>,
    work: impl FnOnce(&mut rusqlite::Connection) -> crate::store::Stored<T> + Send + 'static,
) -> Result<T, Problem> {
    let collector = Arc::clone(collector);
    let done = tokio::task::spawn_blocking(move || collector.store().change(work)).await;
    done.map_err(|_| failed(&Fault::Closed))?.map_err(|fault| failed(&fault))
}

pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes)
        .map_err(|error| refused(format!("the body does not fit: {error}")))
}

fn second(text: &str) -> Result<i64, Problem> {
    let at = text.parse::<Timestamp>();
    at.map(|at| at.as_millisecond().div_euclid(1_000))
        .map_err(|_| refused("an instant is as 2026-11-22T08:00:00Z"))
}

pub(super) fn named(channel: &str) -> Result<(), Problem> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if (1..=64).contains(&channel.len()) && channel.bytes().all(plain) {
        return Ok(());
    }
    Err(refused("a channel's name has 1 to 64 letters, digits, `_`, `-` and `.`"))
}

pub(super) fn identified(identity: &str) -> Result<(), Problem> {
    let hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    if identity
        .strip_prefix("sha256:")
        .is_some_and(|rest| rest.len() == 64 && rest.bytes().all(hex))
    {
        return Ok(());
    }
    Err(refused("an identity is `sha256:` and 64 hexadecimal digits"))
}

pub(super) fn refused(message: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, ErrorCode::BadInput, message)
}
