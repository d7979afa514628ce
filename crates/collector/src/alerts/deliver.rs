//! One try to tell one destination. Every try ends within a time, follows no redirect, and is either
//! done, to be tried later, or refused for good.

use super::destination::{Mail, Ready, Tls, To};
use super::evaluate::{Alert, Notice, Stage};
use super::secret::Secret;
use super::{message, signature};
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls as Wrapped, TlsParameters};
use lettre::{SmtpTransport, Transport};
use serde_json::{Value, json};
use std::time::Duration;
use ureq::Agent;
use ureq::http::{Response, header::RETRY_AFTER};

/// How long a destination may take for one try, from the look-up of its name to its answer.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// How long a firing alert stands at Alertmanager if the collector is not heard of any more.
pub const STANDS_SECONDS: i64 = 5 * 60;

/// What a try led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tried {
    /// It was taken.
    Done,
    /// It may be taken later; not before so many seconds, if the destination said so.
    Later(String, Option<i64>),
    /// It will not be taken.
    Refused(String),
}

/// A client for all destinations of a thread.
pub fn agent(timeout: Duration) -> Agent {
    Agent::config_builder()
        .timeout_global(Some(timeout))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .max_response_header_size(16 * 1024)
        .user_agent(concat!("driftline/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent()
}

/// Tries once. `now`: seconds since 1970.
pub fn send(agent: &Agent, to: &Ready, notice: &Notice, now: i64) -> Tried {
    match &to.to {
        To::Webhook(url, secret) => {
            let body = message::webhook(notice).to_string();
            let signed = secret
                .as_ref()
                .map(|key| signature::header(key.get().as_bytes(), now, body.as_bytes()));
            let mut headers = vec![("idempotency-key", notice.key.as_str())];
            headers.extend(signed.as_deref().map(|value| ("driftline-signature", value)));
            post(agent, url, &headers, &body, now)
        }
        To::Slack(url) => {
            let body = message::slack(notice).to_string();
            post(agent, url.get(), &[], &body, now)
        }
        To::Alertmanager(url, token) => stand(agent, url, token.as_ref(), [&notice.alert], now),
        // an end needs no training
        To::Github(..) if notice.alert.state == Stage::Resolved => Tried::Done,
        To::Github(url, event_type, token) => {
            let body = message::github(notice, event_type).to_string();
            let bearer = format!("Bearer {}", token.get());
            let headers = [
                ("accept", "application/vnd.github+json"),
                ("x-github-api-version", "2022-11-28"),
                ("authorization", &*bearer),
            ];
            post(agent, url, &headers, &body, now)
        }
        To::Mail(mail, password) => write(mail, password.as_ref(), notice),
    }
}

/// Tells Alertmanager how alerts stand.
pub fn stand<'a>(
    agent: &Agent,
    url: &str,
    token: Option<&Secret>,
    alerts: impl IntoIterator<Item = &'a Alert>,
    now: i64,
) -> Tried {
    let until = now.saturating_add(STANDS_SECONDS);
    let one = |alert| message::alertmanager(alert, until);
    let body = Value::Array(alerts.into_iter().map(one).collect()).to_string();
    let bearer = token.map(|token| format!("Bearer {}", token.get()));
    let headers: Vec<_> =
        bearer.as_deref().map(|value| ("authorization", value)).into_iter().collect();
    post(agent, url, &headers, &body, now)
}

/// Posts JSON.
pub fn post(agent: &Agent, url: &str, headers: &[(&str, &str)], body: &str, now: i64) -> Tried {
    let mut request = agent.post(url).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    match request.send(body) {
        Ok(answer) => meaning(&answer, now),
        // the error of a URL that cannot be used would repeat it, and it may be secret
        Err(ureq::Error::Http(_) | ureq::Error::BadUri(_)) => {
            Tried::Refused("the request cannot be written".to_owned())
        }
        Err(ureq::Error::Timeout(_)) => Tried::Later("timed out".to_owned(), None),
        Err(ureq::Error::Io(error)) => Tried::Later(error.kind().to_string(), None),
        Err(ureq::Error::HostNotFound) => Tried::Later("the host is not known".to_owned(), None),
        Err(_) => Tried::Later("no connection".to_owned(), None),
    }
}

/// What the answer says; its body is not read, as it is of no use to us and not ours to keep.
fn meaning<T>(answer: &Response<T>, now: i64) -> Tried {
    let status = answer.status().as_u16();
    match status {
        200..=299 => Tried::Done,
        408 | 425 | 429 | 500..=599 => {
            let told = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            Tried::Later(format!("status {status}"), told.and_then(|text| retry_after(text, now)))
        }
        300..=399 => Tried::Refused(format!("status {status}: redirects are not followed")),
        _ => Tried::Refused(format!("status {status}")),
    }
}

/// Seconds from now on, of a number or an HTTP date (RFC 9110).
pub fn retry_after(text: &str, now: i64) -> Option<i64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(i64::from(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(date.timestamp().as_second().saturating_sub(now).max(0))
}

/// Writes a mail.
fn write(mail: &Mail, password: Option<&Secret>, notice: &Notice) -> Tried {
    let built = letter(mail, notice).and_then(|letter| Ok((letter, transport(mail, password)?)));
    let (letter, transport) = match built {
        Ok(pair) => pair,
        Err(problem) => return Tried::Refused(problem),
    };
    match transport.send(&letter) {
        Ok(_) => Tried::Done,
        Err(error) => {
            // the server's own words are left out: they may repeat addresses
            let status = error.status().map(|code| format!("status {code}"));
            let problem = status.unwrap_or_else(|| {
                let what = if error.is_timeout() { "timed out" } else { "no connection" };
                what.to_owned()
            });
            if error.is_permanent() { Tried::Refused(problem) } else { Tried::Later(problem, None) }
        }
    }
}

fn letter(mail: &Mail, notice: &Notice) -> Result<Message, String> {
    let mailbox = |address: &String| {
        address.parse::<Mailbox>().map_err(|_| "an address cannot be read".to_owned())
    };
    let mut letter = Message::builder()
        .from(mailbox(&mail.from)?)
        .subject(message::headline(&notice.alert))
        // by it a second copy is told from a second notice
        .message_id(Some(format!("<{}@driftline.invalid>", notice.key)))
        .header(ContentType::TEXT_PLAIN);
    for address in &mail.receivers {
        letter = letter.to(mailbox(address)?);
    }
    letter.body(message::lines(notice)).map_err(|_| "the mail cannot be written".to_owned())
}

fn transport(mail: &Mail, password: Option<&Secret>) -> Result<SmtpTransport, String> {
    let parameters = || {
        TlsParameters::new(mail.host.clone()).map_err(|_| "the host is no name for TLS".to_owned())
    };
    let (tls, port) = match mail.tls {
        Tls::Implicit => (Wrapped::Wrapper(parameters()?), 465),
        Tls::StartTls => (Wrapped::Required(parameters()?), 587),
        Tls::None => (Wrapped::None, 25),
    };
    let mut builder = SmtpTransport::builder_dangerous(&mail.host)
        .port(mail.port.unwrap_or(port))
        .tls(tls)
        .timeout(Some(TIMEOUT));
    if let (Some(user), Some(password)) = (&mail.user, password) {
        builder = builder.credentials(Credentials::new(user.clone(), password.get().to_owned()));
    }
    Ok(builder.build())
}

/// When to try again, in seconds from now: twice as long after every try, up to an hour, of which a
/// random part between a half and the whole; never before the destination said.
pub fn back_off(tries: u32, asked: Option<i64>, random: u64) -> i64 {
    const FIRST: i64 = 5;
    const LONGEST: i64 = 3_600;
    const LONGEST_ASKED: i64 = 24 * 3_600;
    let whole = FIRST.saturating_mul(1 << tries.saturating_sub(1).min(20)).min(LONGEST);
    let half = whole / 2;
    let part = i64::try_from(random % (half.unsigned_abs() + 1)).unwrap_or(0);
    (half + part).max(asked.unwrap_or(0).clamp(0, LONGEST_ASKED)).max(1)
}

/// The log's word on a try.
pub fn logged(tried: &Tried) -> Option<String> {
    match tried {
        Tried::Done => None,
        Tried::Later(problem, _) | Tried::Refused(problem) => Some(problem.clone()),
    }
}

/// A delivery as `/v1/alerts` tells it.
pub fn told(destination: &str, at: i64, problem: Option<&str>) -> Value {
    json!({
        "to": destination,
        "at": message::instant(at),
        "ok": problem.is_none(),
        "problem": problem,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_and_honours_what_was_asked() {
        for random in [0, 1, 77, u64::MAX] {
            assert!((2..=5).contains(&back_off(1, None, random)));
            assert!((20..=40).contains(&back_off(4, None, random)));
            assert!((1_800..=3_600).contains(&back_off(u32::MAX, None, random)));
            assert!((120..=121).contains(&back_off(1, Some(120), random)));
            assert_eq!(back_off(1, Some(i64::MAX), random), 24 * 3_600);
        }
    }

    #[test]
    fn both_forms_of_retry_after_are_read() {
        assert_eq!(retry_after("120", 0), Some(120));
        let second = 784_111_777;
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", second - 30), Some(30));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", second + 30), Some(0));
        for odd in ["", "-5", "soon", "99999999999"] {
            assert_eq!(retry_after(odd, 0), None, "{odd}");
        }
    }
}
