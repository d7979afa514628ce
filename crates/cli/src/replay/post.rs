//! Beacons over HTTP.

use super::usage;
use driftline::{Error, ErrorCode, Result};
use serde::Deserialize;
use std::thread;
use std::time::Duration;
use ureq::Agent;
use ureq::http::{Response, StatusCode, header};

/// For one request, answer included.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Tries of one beacon.
const TRIES: u32 = 6;

/// Pause before the second try; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Longest pause that an answer may ask for; who asks for more means another hour.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Of an answer's body.
const MAX_ANSWER_BYTES: u64 = 16 * 1024;

/// What became of a beacon.
#[derive(Debug)]
pub enum Answer {
    /// 204: it is on the collector's disk, by this or an earlier time.
    Counted,
    /// 202: it waits for its bundle.
    Parked,
    /// It was refused; others may not be.
    Refused(Error),
    /// It was refused for what all of them have in common.
    RefusesAll(Error),
}

/// A collector's address.
#[derive(Debug)]
pub struct Collector {
    agent: Agent,
    address: String,
}

impl Collector {
    /// `address` is `http://host:port` or `https://…`, with or without the path of beacons.
    ///
    /// # Errors
    /// [`ErrorCode::BadUsage`] for another address.
    pub fn new(address: &str) -> Result<Self> {
        let known = address.starts_with("http://") || address.starts_with("https://");
        let host = address.split("://").nth(1).and_then(|rest| rest.split(['/', '?', '#']).next());
        // what stands before an `@` would be a password in a process list
        let plain = host.is_some_and(|host| !host.is_empty() && !host.contains('@'));
        if !known || !plain || address.contains(['?', '#', ' ']) {
            return Err(usage(format!("`{address}` is no address of a collector"))
                .with_help("pass for example http://127.0.0.1:8787"));
        }
        let base = address.trim_end_matches('/');
        let base = base.strip_suffix("/v1/beacons").unwrap_or(base);
        let config = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("driftline/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { agent: config.into(), address: base.to_owned() })
    }

    /// The address, without a path.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Sends one beacon; where the collector asks for patience or does not answer, again after a
    /// pause.
    ///
    /// # Errors
    /// [`ErrorCode::Io`] if there is no answer; the collector's own code if it is busy for longer.
    pub fn send(&self, beacon: &str) -> Result<Answer> {
        let mut pause = FIRST_PAUSE;
        let mut tries = 1;
        loop {
            let (problem, asked) = match self.post(beacon) {
                Ok(response) => match meaning(response) {
                    Meaning::Answer(answer) => return Ok(answer),
                    Meaning::Later(problem, asked) => (problem, asked),
                },
                Err(error) => (self.silent(&error), None),
            };
            let next = asked.unwrap_or(pause);
            if tries == TRIES || next > LONGEST_PAUSE {
                return Err(match asked {
                    Some(asked) => problem.with_help(format!(
                        "the collector asks to come again in {} s",
                        asked.as_secs()
                    )),
                    None => problem,
                });
            }
            thread::sleep(next);
            pause = (pause * 2).min(LONGEST_PAUSE);
            tries += 1;
        }
    }

    fn post(&self, beacon: &str) -> Result<Response<ureq::Body>, ureq::Error> {
        self.agent
            .post(format!("{}/v1/beacons", self.address))
            .header(header::CONTENT_TYPE, "text/plain;charset=UTF-8")
            .send(beacon)
    }

    fn silent(&self, error: &ureq::Error) -> Error {
        Error::new(ErrorCode::Io, format!("`{}` does not answer: {error}", self.address))
            .with_help("check the address, and that the collector runs")
    }
}

enum Meaning {
    Answer(Answer),
    Later(Error, Option<Duration>),
}

fn meaning(mut response: Response<ureq::Body>) -> Meaning {
    let status = response.status();
    match status {
        StatusCode::ACCEPTED => return Meaning::Answer(Answer::Parked),
        _ if status.is_success() => return Meaning::Answer(Answer::Counted),
        _ => {}
    }
    let asked = response.headers().get(header::RETRY_AFTER).and_then(|value| {
        let seconds: u64 = value.to_str().ok()?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds))
    });
    let body = response.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_vec();
    let error = problem(status, &body.unwrap_or_default());
    match status.as_u16() {
        408 | 425 | 429 | 500.. => Meaning::Later(error, asked),
        // the address, the key or the identity, which all beacons share
        300..=399 | 401 | 403..=405 | 410 => Meaning::Answer(Answer::RefusesAll(error)),
        _ => Meaning::Answer(Answer::Refused(error)),
    }
}

/// What a refusal says (RFC 9457), or its status alone if it says nothing that is ours.
fn problem(status: StatusCode, body: &[u8]) -> Error {
    #[derive(Deserialize)]
    struct Problem {
        code: String,
        detail: String,
        help: Option<String>,
    }
    let plain = |text: &str| text.chars().filter(|c| !c.is_control()).take(300).collect::<String>();
    let told = serde_json::from_slice::<Problem>(body).ok();
    let known = told.and_then(|told| Some((told.code.parse::<ErrorCode>().ok()?, told)));
    let Some((code, Problem { detail, help, .. })) = known else {
        return Error::new(ErrorCode::Io, format!("the collector answers {status}"))
            .with_help("check that a driftline collector is at this address");
    };
    let error = Error::new(code, format!("the collector answers {status}: {}", plain(&detail)));
    match help {
        Some(help) => error.with_help(plain(&help)),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_of_http_and_holds_no_secret() {
        let base = |text: &str| Collector::new(text).map(|c| c.address().to_owned());
        for good in ["http://127.0.0.1:1", "http://127.0.0.1:1/", "http://127.0.0.1:1/v1/beacons"] {
            assert_eq!(base(good).unwrap(), "http://127.0.0.1:1");
        }
        assert_eq!(base("https://a.example/drift/").unwrap(), "https://a.example/drift");
        for bad in
            ["", "127.0.0.1:1", "ftp://a", "http://", "http://u:p@a", "http://a?b", "http://a b"]
        {
            assert_eq!(base(bad).unwrap_err().code(), ErrorCode::BadUsage, "{bad}");
        }
    }

    #[test]
    fn a_problem_is_told_with_its_code_and_anything_else_with_its_status() {
        let body =
            br#"{"code": "unknown_key", "detail": "no\u001b app", "help": "h", "status": 403}"#;
        let told = problem(StatusCode::FORBIDDEN, body);
        assert_eq!((told.code(), told.help()), (ErrorCode::UnknownKey, "h"));
        assert_eq!(told.message(), "the collector answers 403 Forbidden: no app");
        let told = problem(StatusCode::BAD_GATEWAY, b"<html>");
        assert_eq!(told.code(), ErrorCode::Io);
        assert!(told.message().contains("502"), "{told}");
    }
}
