//! Tells a collector what was deployed.

use super::{Channel, Entry};
use driftline::{Error, ErrorCode, Result};
use serde_json::{Value, json};
use std::time::Duration;

/// A collector that does not answer must not hold up a rollback.
const TIMEOUT: Duration = Duration::from_secs(10);

/// One deployment as `POST /v1/deployments` takes it.
pub fn deployment(channel: &Channel, entry: &Entry) -> Value {
    let percent = match (entry.percent, &channel.killed) {
        (Some(percent), _) => percent,
        (None, Some(_)) => 0,
        (None, None) => 100,
    };
    json!({
        "at": entry.at,
        "channel": channel.name,
        "sequence": entry.sequence,
        "action": entry.action,
        "identity": entry.bundle.identity,
        "previous": entry.replaced,
        "percent": percent,
        "by": entry.by,
        "reason": entry.reason,
    })
}

/// Posts the last step.
///
/// # Errors
/// [`ErrorCode::Io`]: the channel is what it is all the same.
pub fn post(collector: &str, token: Option<&str>, channel: &Channel) -> Result<()> {
    let Some(entry) = channel.history.last() else { return Ok(()) };
    let address = format!("{}/v1/deployments", collector.trim_end_matches('/'));
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .http_status_as_error(false)
        .build()
        .into();
    let mut request = agent.post(&address).header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let failed = |message: String| {
        Error::new(ErrorCode::Io, message)
            .with_help("the channel was edited all the same; post the step again later")
            .in_file(address.clone())
    };
    let mut answer = request
        .send(deployment(channel, entry).to_string())
        .map_err(|error| failed(format!("the collector was not told: {error}")))?;
    if answer.status().is_success() {
        return Ok(());
    }
    let told = answer.body_mut().with_config().limit(4_096).read_to_string().unwrap_or_default();
    let told: Value = serde_json::from_str(&told).unwrap_or_default();
    let detail = told.get("detail").and_then(Value::as_str).unwrap_or("no reason given");
    Err(failed(format!("the collector answered {}: {detail}", answer.status().as_u16())))
}
