//! What a gate asks: whether an alert suspends its model.

use super::beacons::allow_origin;
use super::models::{json_of, known, off_thread, unknown};
use crate::problem::Problem;
use crate::trust::{self, Right};
use crate::{Collector, alerts};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// Of which model, and with which write key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    identity: String,
    key: Option<String>,
}

/// The suspension of a model. A page may read it under its app's write key, which is public: it is
/// told the rule's name and nothing of what was counted.
pub async fn one(
    State(collector): State<Arc<Collector>>,
    query: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let answer = match super::asked(query) {
        Ok(asked) => tell(collector, asked, &headers).await,
        Err(problem) => Err(problem),
    };
    let mut answer = answer.unwrap_or_else(IntoResponse::into_response);
    allow_origin(&headers, &mut answer);
    answer
}

async fn tell(
    collector: Arc<Collector>,
    asked: Asked,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let config = collector.config();
    if asked.key.is_some() {
        let origin = headers.get(header::ORIGIN).map(|value| value.to_str().unwrap_or("null"));
        trust::admit(config, asked.key.as_deref(), origin)?;
    } else {
        trust::authorize(config, headers, Right::Read)?;
    }
    let identity = asked.identity.clone();
    let found = off_thread(collector, move |read| {
        let known = known(read, &identity)?;
        known.then(|| alerts::store::suspended(read, &identity)).transpose()
    });
    let suspended = found.await?.ok_or_else(unknown)?;
    json_of(&json!({
        "identity": asked.identity,
        "suspended": suspended.is_some(),
        "reason": suspended.as_ref().map(|(rule, _)| rule),
        "since": suspended.as_ref().map(|(_, since)| alerts::instant(*since)),
        "channel": null,
    }))
}
