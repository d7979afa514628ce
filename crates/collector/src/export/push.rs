//! Sends figures by OTLP over HTTP, on a thread of its own.

use super::{otlp, points};
use crate::Collector;
use crate::alerts::{Secret, Source, Tried, agent, check_url, post};
use crate::bell::Bell;
use crate::store::{Fault, say};
use driftline::{Error, ErrorCode};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// How long one push may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Longest wait that a receiver may ask for, in seconds.
const LONGEST_ASKED: i64 = 3_600;

/// Settings of the export.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Export {
    /// Where figures are sent to; absent: nowhere.
    pub otlp: Option<Otlp>,
}

/// A receiver of OTLP over HTTP.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Otlp {
    /// Where, without `/v1/metrics`.
    pub endpoint: String,
    /// How often, in seconds.
    #[serde(default = "minute")]
    pub every_seconds: u32,
    /// Headers with secrets, such as `authorization`.
    #[serde(default)]
    pub headers: BTreeMap<String, Source>,
}

const fn minute() -> u32 {
    60
}

impl Export {
    /// Whether the settings may be run with.
    ///
    /// # Errors
    /// [`ErrorCode::BadUsage`].
    pub fn check(&self) -> Result<(), Error> {
        let Some(otlp) = &self.otlp else { return Ok(()) };
        if otlp.every_seconds == 0 {
            let message = "`export.otlp.every_seconds` is 0";
            return Err(Error::new(ErrorCode::BadUsage, message));
        }
        check_url(&otlp.endpoint)
    }
}

/// The thread, which ends when this is dropped.
#[derive(Debug)]
pub struct Pusher {
    bell: Arc<Bell>,
    thread: Option<JoinHandle<()>>,
}

impl Pusher {
    /// Starts it if the settings name a receiver.
    ///
    /// # Errors
    /// A secret that is not there; no thread can be had.
    pub fn start(
        collector: &Arc<Collector>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Error> {
        let bell = Arc::new(Bell::default());
        let Some(otlp) = &collector.config().export.otlp else {
            return Ok(Self { bell, thread: None });
        };
        let url = format!("{}/v1/metrics", otlp.endpoint.trim_end_matches('/'));
        let every = Duration::from_secs(otlp.every_seconds.into());
        let read = |(name, source): (&String, &Source)| Ok((name.clone(), source.read(variable)?));
        let headers: Vec<(String, Secret)> =
            otlp.headers.iter().map(read).collect::<Result<_, Error>>()?;
        let (at, ear) = (Arc::clone(collector), Arc::clone(&bell));
        let thread = std::thread::Builder::new()
            .name("driftline-otlp".to_owned())
            .spawn(move || push_always(&at, &ear, &url, &headers, every));
        let thread = thread
            .map_err(|error| Error::new(ErrorCode::Io, format!("no thread for OTLP: {error}")))?;
        Ok(Self { bell, thread: Some(thread) })
    }

    /// Has it send now.
    pub fn push(&self) {
        self.bell.ring(false);
    }
}

impl Drop for Pusher {
    fn drop(&mut self) {
        self.bell.ring(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Each push has everything since the start, so that one that fails is made up for by the next.
fn push_always(
    collector: &Collector,
    bell: &Bell,
    url: &str,
    headers: &[(String, Secret)],
    every: Duration,
) {
    let agent = agent(TIMEOUT);
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (&**name, value.get())).collect();
    let (mut heard, mut failed, mut not_before) = (0, false, i64::MIN);
    while bell.wait(&mut heard, every) {
        let now = collector.seconds();
        if now < not_before {
            continue;
        }
        let points = match points::collected(collector) {
            Ok(points) => points,
            Err(Fault::Closed) => return,
            Err(fault) => {
                say(&format!("figures could not be read: {fault}"));
                continue;
            }
        };
        let body = otlp::request(&points, collector.started, now).to_string();
        let (problem, after) = match post(&agent, url, &headers, &body, now) {
            Tried::Done => {
                failed = false;
                continue;
            }
            Tried::Later(problem, after) => (problem, after),
            Tried::Refused(problem) => (problem, None),
        };
        not_before = now.saturating_add(after.unwrap_or(0).min(LONGEST_ASKED));
        if !failed {
            // said once until it works again
            say(&format!("figures by OTLP: {problem}"));
        }
        failed = true;
    }
}
