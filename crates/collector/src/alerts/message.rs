//! What each kind of destination is sent for a notice.

use super::evaluate::{Alert, Notice, Stage};
use super::rules::Severity;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Longest text of a subject line, in characters.
const MAX_SUBJECT: usize = 200;

/// An instant in RFC 3339.
pub fn instant(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

/// The alert for programs: of a generic webhook, and of `client_payload`.
pub fn webhook(notice: &Notice) -> Value {
    let alert = &notice.alert;
    json!({
        "format": "driftline.alert/1",
        "key": notice.key,
        "id": alert.id,
        "state": alert.state,
        "rule": alert.rule,
        "severity": alert.severity,
        "identity": alert.identity,
        "name": alert.name,
        "subject": alert.subject,
        "message": alert.message,
        "value": alert.value,
        "threshold": alert.threshold,
        "suspend": alert.suspend,
        "since": instant(alert.since),
        "fired": alert.fired.map(instant),
        "resolved": alert.resolved.map(instant),
    })
}

/// `DELETE`s and line ends would let a name write lines of its own.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// One line for people.
pub fn headline(alert: &Alert) -> String {
    let state = match alert.state {
        Stage::Resolved => "resolved",
        Stage::Firing | Stage::Pending => alert.severity.as_str(),
    };
    let mut text = format!("[{state}] {}: {}", alert.name, alert.rule);
    if !alert.subject.is_empty() {
        text.push_str(&format!(" ({})", alert.subject));
    }
    plain(&text).chars().take(MAX_SUBJECT).collect()
}

/// The lines of a mail.
pub fn lines(notice: &Notice) -> String {
    let alert = &notice.alert;
    let mut text = format!(
        "{}\n\nmodel: {}\nidentity: {}\nrule: {}\nseverity: {}\nsince: {}\n",
        plain(&alert.message),
        plain(&alert.name),
        plain(&alert.identity),
        plain(&alert.rule),
        alert.severity.as_str(),
        instant(alert.since),
    );
    if let Some(resolved) = alert.resolved {
        text.push_str(&format!("resolved: {}\n", instant(resolved)));
    }
    if alert.suspend && alert.state == Stage::Firing {
        text.push_str("gates that ask the collector suspend the model's thresholds\n");
    }
    text
}

/// The body of Slack's incoming webhook. `&`, `<` and `>` are its control characters.
pub fn slack(notice: &Notice) -> Value {
    let alert = &notice.alert;
    let escape =
        |text: &str| plain(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let sign = match (alert.state, alert.severity) {
        (Stage::Resolved, _) => ":white_check_mark:",
        (_, Severity::Critical) => ":rotating_light:",
        (_, Severity::Warning) => ":warning:",
        (_, Severity::Info) => ":information_source:",
    };
    let text = format!(
        "{sign} {}\n{}\nsince {}, `{}`",
        escape(&headline(alert)),
        escape(&alert.message),
        instant(alert.since),
        escape(&alert.identity),
    );
    json!({ "text": text })
}

/// One alert of Alertmanager's interface. `until`: when a firing one counts as resolved if nothing
/// more is heard of it.
pub fn alertmanager(alert: &Alert, until: i64) -> Value {
    json!({
        "labels": {
            "alertname": alert.rule,
            "severity": alert.severity,
            "model": alert.name,
            "identity": alert.identity,
            // what tells alerts apart must stay while more inputs join
            "alert": alert.id,
        },
        "annotations": {
            "summary": headline(alert),
            "description": alert.message,
            "subject": alert.subject,
            "value": alert.value.map(|value| value.to_string()).unwrap_or_default(),
            "threshold": alert.threshold.to_string(),
        },
        "startsAt": instant(alert.fired.unwrap_or(alert.since)),
        "endsAt": instant(alert.resolved.unwrap_or(until)),
    })
}

/// GitHub's `repository_dispatch`; `client_payload` may have ten properties, so it has one.
pub fn github(notice: &Notice, event_type: &str) -> Value {
    json!({ "event_type": event_type, "client_payload": { "alert": webhook(notice) } })
}
