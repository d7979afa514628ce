//! Registration of bundles.

use super::beacons::failed;
use super::body;
use super::models::json_of;
use super::query::Parameters;
use crate::limits::{MAX_REGISTERED_BYTES, UPLOAD_TIMEOUT};
use crate::problem::Problem;
use crate::store::{Beside, Fault};
use crate::trust::{Right, authorize};
use crate::{Collector, register};
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use driftline::ErrorCode;
use serde_json::json;
use std::sync::Arc;

/// Makes a bundle's identity, layout and baseline known, and counts what was parked for it.
/// `declared` is the JSON of segments and metrics that its hosts declare, `importance` that of the
/// weight of each input to the model.
pub async fn register(
    State(collector): State<Arc<Collector>>,
    query: RawQuery,
    headers: HeaderMap,
    content: Body,
) -> Result<Response, Problem> {
    authorize(collector.config(), &headers, Right::Admin)?;
    let mut asked = Parameters::read(&query, &["declared", "importance"])?;
    let (declared, importance) = (asked.text("declared"), asked.text("importance"));
    let bytes = body(&headers, content, MAX_REGISTERED_BYTES, UPLOAD_TIMEOUT).await?;
    let read = tokio::task::spawn_blocking(move || {
        let model = register::read(&bytes, declared.as_deref())?;
        let beside = Beside { importance };
        if let Some(text) = &beside.importance {
            register::check_importance(text, &model)?;
        }
        Ok((model, beside))
    });
    let (model, beside) =
        read.await.map_err(|_| failed(&Fault::Closed))?.map_err(Problem::unprocessable)?;
    let (identity, layout, name) =
        (model.identity.clone(), model.layout.clone(), model.name.clone());
    let (counted, parked) = match collector.register(model).await {
        Ok(parked) => parked,
        Err(fault @ Fault::TooMany) => {
            let message = fault.to_string();
            return Err(Problem::new(StatusCode::CONFLICT, ErrorCode::BadInput, message));
        }
        Err(fault) => return Err(failed(&fault)),
    };
    if beside != Beside::default() {
        let annotated = collector.store().annotate(identity.clone(), beside).await;
        annotated.map_err(|fault| failed(&fault))?;
    }
    json_of(&json!({
        "identity": identity,
        "layout": layout,
        "name": name,
        "parked": { "counted": counted, "dropped": parked - counted },
    }))
}
