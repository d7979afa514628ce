//! Alerts and their history.

use super::models::{json_of, off_thread};
use super::query::Parameters;
use crate::Collector;
use crate::alerts::{self, Alert, Stage};
use crate::problem::Problem;
use crate::trust::{Right, authorize};
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};
use std::sync::Arc;

/// The newest alerts, and the rules.
pub async fn all(
    State(collector): State<Arc<Collector>>,
    query: RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    authorize(collector.config(), &headers, Right::Read)?;
    let mut asked = Parameters::read(&query, &["identity", "state"])?;
    let identity = asked.text("identity");
    let state = asked.word("state", &Stage::ALL.map(|stage| (stage.as_str(), stage)))?;
    let listed = off_thread(Arc::clone(&collector), move |read| {
        alerts::store::list(read, identity.as_deref(), state)
    });
    let alerts: Vec<Value> =
        listed.await?.iter().map(|(alert, tries)| view(alert, tries)).collect();
    let rules: Vec<Value> = collector
        .config()
        .alerts
        .rules
        .iter()
        .map(|rule| {
            json!({
                "name": rule.name,
                "severity": rule.severity,
                "what": rule.what,
                "threshold": rule.limit(),
                "hold_minutes": rule.hold_minutes,
                "cooldown_minutes": rule.cooldown_minutes,
                "suspend": rule.suspend,
            })
        })
        .collect();
    json_of(&json!({ "alerts": alerts, "rules": rules }))
}

fn view(alert: &Alert, tries: &[alerts::store::Logged]) -> Value {
    let deliveries: Vec<Value> =
        tries.iter().map(|(to, at, problem)| alerts::told(to, *at, problem.as_deref())).collect();
    json!({
        "id": alert.id,
        "rule": alert.rule,
        "severity": alert.severity,
        "identity": alert.identity,
        "name": alert.name,
        "subject": alert.subject,
        "state": alert.state,
        "suspend": alert.suspend,
        "since": alerts::instant(alert.since),
        "fired": alert.fired.map(alerts::instant),
        "resolved": alert.resolved.map(alerts::instant),
        "value": alert.value,
        "threshold": alert.threshold,
        "message": alert.message,
        "deliveries": deliveries,
    })
}
