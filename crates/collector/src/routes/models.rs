//! What was counted, for pages and programs.

use super::beacons::failed;
use super::query::{Identity, Parameters};
use crate::Collector;
use crate::problem::Problem;
use crate::store::{Fault, Reads, Stored};
use crate::trust::{Right, authorize};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use driftline::ErrorCode;
use rusqlite::Connection;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// A span of time, `[from, to)`, in hours since 1970, and perhaps one block.
struct Span {
    hours: (i64, i64),
    block: Option<u32>,
}

impl Span {
    /// `takes`: the names that the path takes.
    fn read(query: &RawQuery, takes: &[&'static str]) -> Result<Self, Problem> {
        let mut asked = Parameters::read(query, takes)?;
        let (from, to) = (asked.hour("from")?, asked.hour("to")?);
        let hours = (from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX));
        Ok(Self { hours, block: asked.number("block")? })
    }
}

/// Every registered model.
pub async fn all(
    State(collector): State<Arc<Collector>>,
    query: RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    authorize(collector.config(), &headers, Right::Read)?;
    Parameters::none(&query)?;
    let models = ask(collector, |store| store.models()).await?;
    json_of(&json!({ "models": models }))
}

/// The registrations of an identity: layout, contract and baseline of each.
pub async fn one(
    State(collector): State<Arc<Collector>>,
    Identity(identity): Identity,
    query: RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    authorize(collector.config(), &headers, Right::Read)?;
    Parameters::none(&query)?;
    let at = identity.clone();
    let found = ask(collector, move |store| store.definitions(&at)).await?;
    if found.is_empty() {
        return Err(unknown());
    }
    let read = |text: &str| {
        serde_json::from_str::<Value>(text).map_err(|_| failed(&Fault::Damaged("a definition")))
    };
    let mut registrations = Vec::new();
    for one in &found {
        registrations.push(json!({
            "layout": one.layout,
            "summary": read(&one.summary)?,
            "contract": read(&one.contract)?,
            "baseline": one.baseline.as_deref().map(read).transpose()?,
        }));
    }
    json_of(&json!({ "identity": identity, "registrations": registrations }))
}

/// Totals of a model's windows.
pub async fn windows(
    State(collector): State<Arc<Collector>>,
    Identity(identity): Identity,
    query: RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    authorize(collector.config(), &headers, Right::Read)?;
    let (from, to) = Span::read(&query, &["from", "to"])?.hours;
    let rows = ask(collector, move |store| {
        known(store, &identity)?.then(|| store.windows(&identity, from, to)).transpose()
    });
    json_of(&json!({ "windows": rows.await?.ok_or_else(unknown)? }))
}

/// Sums of a model's blocks.
pub async fn counts(
    State(collector): State<Arc<Collector>>,
    Identity(identity): Identity,
    query: RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    authorize(collector.config(), &headers, Right::Read)?;
    let Span { hours: (from, to), block } = Span::read(&query, &["from", "to", "block"])?;
    let rows = ask(collector, move |store| {
        known(store, &identity)?.then(|| store.counts(&identity, from, to, block)).transpose()
    });
    json_of(&json!({ "counts": rows.await?.ok_or_else(unknown)? }))
}

pub(super) fn known(store: &dyn Reads, identity: &str) -> Stored<bool> {
    Ok(!store.definitions(identity)?.is_empty())
}

/// The answer for an identity that was never registered.
pub(super) fn unknown() -> Problem {
    let message = "nobody registered this identity here";
    Problem::new(StatusCode::NOT_FOUND, ErrorCode::UnknownIdentity, message)
}

/// Asks for counts, wherever they are, on a thread that may block.
pub async fn ask<T: Send + 'static>(
    collector: Arc<Collector>,
    work: impl FnOnce(&dyn Reads) -> Stored<T> + Send + 'static,
) -> Result<T, Problem> {
    answer(tokio::task::spawn_blocking(move || collector.read(work)).await)
}

/// Reads the store on a thread that may block.
pub async fn off_thread<T: Send + 'static>(
    collector: Arc<Collector>,
    work: impl FnOnce(&Connection) -> Stored<T> + Send + 'static,
) -> Result<T, Problem> {
    answer(tokio::task::spawn_blocking(move || collector.store().read(work)).await)
}

fn answer<T>(read: Result<Stored<T>, tokio::task::JoinError>) -> Result<T, Problem> {
    match read {
        Ok(found) => found.map_err(|fault| failed(&fault)),
        Err(_) => Err(failed(&Fault::Closed)),
    }
}

/// An answer of JSON.
pub fn json_of(value: &impl Serialize) -> Result<Response, Problem> {
    let Ok(text) = serde_json::to_string(value) else {
        return Err(failed(&Fault::Damaged("an answer")));
    };
    let mut response = text.into_response();
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    Ok(response)
}
