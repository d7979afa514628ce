//! What a gate asks: whether an alert suspends its model.

use super::beacons::allow_origin;
use super::models::{json_of, known, off_thread, unknown};
use super::query::Parameters;
use crate::deployments::{self, live};
use crate::problem::Problem;
use crate::trust::{self, Right};
use crate::{Collector, alerts};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::sync::Arc;

/// Of which model, and with which write key.
struct Asked {
    identity: String,
    key: Option<String>,
}

/// The suspension of a model. A page may read it under its app's write key, which is public: it is
/// told the rule's name and nothing of what was counted.
pub async fn one(
    State(collector): State<Arc<Collector>>,
    query: RawQuery,
    headers: HeaderMap,
) -> Response {
    let answer = match asked(&query) {
        Ok(asked) => tell(collector, asked, &headers).await,
        Err(problem) => Err(problem),
    };
    let mut answer = answer.unwrap_or_else(IntoResponse::into_response);
    allow_origin(&headers, &mut answer);
    answer
}

fn asked(query: &RawQuery) -> Result<Asked, Problem> {
    let mut asked = Parameters::read(query, &["identity", "key"])?;
    Ok(Asked { identity: asked.needed("identity")?, key: asked.text("key") })
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
    let now = collector.seconds();
    let found = off_thread(collector, move |read| {
        if !known(read, &identity)? {
            return Ok(None);
        }
        let suspended = alerts::store::suspended(read, &identity)?;
        // the first channel, by name, of which it is a part
        let channels = live(&deployments::store::until(read, now)?);
        let channel = channels.into_iter().find_map(|(name, state)| {
            let top = state.stack.last().map(|(top, _)| top.clone())?;
            let canary = state.canary.is_some_and(|(canary, ..)| canary == identity);
            (top == identity || canary).then_some((name, top))
        });
        Ok(Some((suspended, channel)))
    });
    let (suspended, channel) = found.await?.ok_or_else(unknown)?;
    json_of(&json!({
        "identity": asked.identity,
        "suspended": suspended.is_some(),
        "reason": suspended.as_ref().map(|(rule, _)| rule),
        "since": suspended.as_ref().map(|(_, since)| alerts::instant(*since)),
        "channel": channel.map(|(name, live)| json!({ "name": name, "identity": live })),
    }))
}
