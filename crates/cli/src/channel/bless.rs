//! Asks a collector whether the canary may be promoted, by what a fleet counted of it.

use super::Channel;
use driftline::{Error, ErrorCode, Result};
use serde::Deserialize;
use std::time::Duration;

/// A verdict is a sum over stored hours: longer than that it does not take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Largest answer, in bytes.
const MAX_ANSWER: u64 = 4 << 20;

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// `agreement` or `accuracy`; the collector's usual way without it.
    pub by: Option<String>,
    /// Share of equal answers that has to be exceeded.
    pub least: Option<f64>,
    /// By how much it may be right less often.
    pub margin: Option<f64>,
    /// Chance of promoting what should not be.
    pub level: Option<f64>,
}

#[derive(Deserialize)]
struct Answer {
    shadows: Vec<Compared>,
}

#[derive(Deserialize)]
struct Compared {
    verdict: Verdict,
}

#[derive(Deserialize)]
struct Verdict {
    promote: String,
    by: String,
    estimate: Option<f64>,
    records: f64,
}

/// Refuses unless the collector's verdict on the channel's canary is yes.
///
/// # Errors
/// [`ErrorCode::ChannelStep`] for another verdict, or without counts; [`ErrorCode::Io`] if the
/// collector does not answer.
pub fn bless(
    collector: &str,
    token: Option<&str>,
    channel: &Channel,
    question: &Question,
) -> Result<()> {
    // without a canary the step itself says what is wrong
    let Some(canary) = &channel.canary else { return Ok(()) };
    let address = format!("{}/v1/shadow", collector.trim_end_matches('/'));
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .http_status_as_error(false)
        .build()
        .into();
    let mut request = agent
        .get(&address)
        .query("channel", &channel.name)
        .query("live", &channel.live.identity)
        .query("candidate", &canary.bundle.identity);
    let numbers =
        [("least", question.least), ("margin", question.margin), ("level", question.level)];
    for (name, number) in numbers {
        if let Some(number) = number {
            request = request.query(name, number.to_string());
        }
    }
    if let Some(by) = &question.by {
        request = request.query("by", by);
    }
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let failed = |message: String| {
        Error::new(ErrorCode::Io, message)
            .with_help("nothing was promoted; without --shadow nobody is asked")
            .in_file(address.clone())
    };
    let mut answer =
        request.call().map_err(|error| failed(format!("the collector was not asked: {error}")))?;
    let told = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_string();
    let told =
        told.map_err(|error| failed(format!("the collector's answer broke off: {error}")))?;
    if !answer.status().is_success() {
        let told: serde_json::Value = serde_json::from_str(&told).unwrap_or_default();
        let detail = told.get("detail").and_then(serde_json::Value::as_str);
        let detail = detail.unwrap_or("no reason given");
        return Err(failed(format!(
            "the collector answered {}: {detail}",
            answer.status().as_u16()
        )));
    }
    let Answer { shadows } = serde_json::from_str(&told)
        .map_err(|_| failed("the collector's answer is no list of verdicts".to_owned()))?;
    let refused = |why: String| {
        Error::new(ErrorCode::ChannelStep, format!("the canary is not promoted: {why}")).with_help(
            "wait for more records, or roll the canary back; docs/channels.md has the test",
        )
    };
    match shadows.as_slice() {
        [] => Err(refused("the collector has no counts of it beside what is live".to_owned())),
        [Compared { verdict }] if verdict.promote == "yes" => Ok(()),
        [Compared { verdict: Verdict { promote, by, estimate, records } }] => {
            let found = estimate.map_or_else(String::new, |found| format!(" {found:.4}"));
            Err(refused(format!("the verdict is `{promote}`, {by}{found} over {records} records")))
        }
        _ => Err(refused("it was counted under several lists of labels".to_owned())),
    }
}
