//! Who is told, and by what: `[alerts.to.NAME]` in the settings.

use super::rules::{Severity, usage};
use super::secret::{Secret, Source};
use driftline::Error;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::net::IpAddr;

/// A way to tell somebody.
#[derive(Clone, Debug)]
pub struct Destination {
    /// What is less bad than this is not told here: `least` in the settings, by default `info`.
    pub least: Severity,
    /// How.
    pub way: Way,
}

impl<'de> Deserialize<'de> for Destination {
    fn deserialize<D: Deserializer<'de>>(settings: D) -> Result<Self, D::Error> {
        // serde cannot both flatten and refuse what is unknown
        let mut table = toml::Table::deserialize(settings)?;
        let least = table.remove("least").map(Severity::deserialize).transpose();
        let way = Way::deserialize(table).map_err(D::Error::custom)?;
        Ok(Self { least: least.map_err(D::Error::custom)?.unwrap_or(Severity::Info), way })
    }
}

/// The kinds of destinations.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Way {
    /// A notice as JSON, signed.
    Webhook {
        /// Where.
        url: String,
        /// The key of the signature.
        secret: Option<Source>,
    },
    /// An incoming webhook of Slack.
    Slack {
        /// Where: whoever knows it may write, so that it is a secret.
        url: Source,
    },
    /// Alertmanager's interface, version 2.
    Alertmanager {
        /// Where, without `/api/v2/alerts`.
        url: String,
        /// A bearer token, where a proxy wants one.
        token: Option<Source>,
    },
    /// A `repository_dispatch` of GitHub when an alert fires, so that a workflow trains anew.
    Github {
        /// `owner/name`.
        repository: String,
        /// What the workflow listens to.
        #[serde(default = "event_type")]
        event_type: String,
        /// A token that may write to the repository.
        token: Source,
        /// Where GitHub's interface is.
        #[serde(default = "github")]
        api: String,
    },
    /// Mail by SMTP.
    Mail(Mail),
}

/// A mail server and who is written to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The server.
    pub host: String,
    /// Its port; 465 for `implicit`, 587 for `start_tls`, 25 for `none` without it.
    pub port: Option<u16>,
    /// How the connection is made safe.
    #[serde(default)]
    pub tls: Tls,
    /// Who signs in.
    pub user: Option<String>,
    /// With what.
    pub password: Option<Source>,
    /// The sender's address.
    pub from: String,
    /// The receivers' addresses.
    pub receivers: Vec<String>,
}

/// How a connection to a mail server is made safe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// From the first byte on.
    #[default]
    Implicit,
    /// After `STARTTLS`, without which nothing is sent.
    StartTls,
    /// Not at all; to this machine alone.
    None,
}

fn event_type() -> String {
    "driftline-alert".to_owned()
}

fn github() -> String {
    "https://api.github.com".to_owned()
}

/// Receivers of one mail.
const MAX_RECEIVERS: usize = 50;

impl Destination {
    pub(super) fn check(&self) -> Result<(), Error> {
        match &self.way {
            Way::Webhook { url, .. } | Way::Alertmanager { url, .. } => check_url(url),
            Way::Slack { .. } => Ok(()),
            Way::Github { repository, event_type, api, .. } => {
                let sound = |part: &str| {
                    let known = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
                    !matches!(part, "" | "." | "..") && part.chars().all(known)
                };
                let parts = repository.split_once('/');
                if !parts.is_some_and(|(owner, name)| sound(owner) && sound(name)) {
                    return Err(usage(format!("`{repository}` is no `owner/name`")));
                }
                if event_type.is_empty() || event_type.chars().count() > 100 {
                    return Err(usage("`event_type` has 1 to 100 characters".to_owned()));
                }
                check_url(api)
            }
            Way::Mail(mail) => mail.check(),
        }
    }
}

impl Mail {
    fn check(&self) -> Result<(), Error> {
        if self.tls == Tls::None && !is_loopback(&self.host) {
            return Err(usage(format!("mail to `{}` without TLS", self.host)));
        }
        if self.user.is_some() != self.password.is_some() {
            return Err(usage("`user` and `password` go together".to_owned()));
        }
        if self.receivers.is_empty() || self.receivers.len() > MAX_RECEIVERS {
            return Err(usage(format!("mail has 1 to {MAX_RECEIVERS} receivers")));
        }
        for address in self.receivers.iter().chain([&self.from]) {
            if address.parse::<lettre::message::Mailbox>().is_err() {
                return Err(usage(format!("`{address}` is no address of mail")));
            }
        }
        Ok(())
    }
}

/// Whether a host is this machine by its name alone; no name is looked up.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Lets a URL pass that is TLS, or goes to this machine.
///
/// # Errors
/// [`driftline::ErrorCode::BadUsage`], without what stands behind the host: that may be secret.
pub fn check_url(url: &str) -> Result<(), Error> {
    let no = |what: &str| Err(usage(format!("a URL {what}")));
    let Ok(parsed) = url.parse::<ureq::http::Uri>() else { return no("cannot be read") };
    let Some(authority) = parsed.authority() else { return no("has no host") };
    if authority.as_str().contains('@') {
        return no("holds a name or a password; give them as secrets");
    }
    match parsed.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if is_loopback(authority.host()) => Ok(()),
        Some("http") => no(&format!("to `{}` is not of TLS", authority.host())),
        _ => no("is neither of https nor of http"),
    }
}

/// A destination with its secrets at hand.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Its name in the settings.
    pub name: String,
    /// What is less bad is not told here.
    pub least: Severity,
    /// How.
    pub to: To,
}

/// [`Way`] with its secrets.
#[derive(Clone, Debug)]
pub enum To {
    /// See [`Way::Webhook`].
    Webhook(String, Option<Secret>),
    /// See [`Way::Slack`].
    Slack(Secret),
    /// See [`Way::Alertmanager`]; the whole path.
    Alertmanager(String, Option<Secret>),
    /// See [`Way::Github`]: the whole path, the event, the token.
    Github(String, String, Secret),
    /// See [`Way::Mail`].
    Mail(Box<Mail>, Option<Secret>),
}

impl Destination {
    /// Reads the secrets.
    ///
    /// # Errors
    /// [`driftline::ErrorCode::BadUsage`] for one that is not there.
    pub fn ready(
        &self,
        name: &str,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Ready, Error> {
        let read = |source: &Option<Source>| {
            source.as_ref().map(|source| source.read(variable)).transpose()
        };
        let at = |base: &str, path: &str| format!("{}{path}", base.trim_end_matches('/'));
        let to = match &self.way {
            Way::Webhook { url, secret } => To::Webhook(url.clone(), read(secret)?),
            Way::Slack { url } => {
                let url = url.read(variable)?;
                check_url(url.get())?;
                To::Slack(url)
            }
            Way::Alertmanager { url, token } => {
                To::Alertmanager(at(url, "/api/v2/alerts"), read(token)?)
            }
            Way::Github { repository, event_type, token, api } => To::Github(
                at(api, &format!("/repos/{repository}/dispatches")),
                event_type.clone(),
                token.read(variable)?,
            ),
            Way::Mail(mail) => To::Mail(Box::new(mail.clone()), read(&mail.password)?),
        };
        Ok(Ready { name: name.to_owned(), least: self.least, to })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_of_tls_goes_to_this_machine_alone() {
        for url in
            ["https://a.example/x", "http://127.0.0.1:9/x", "http://localhost/", "http://[::1]:8/"]
        {
            assert!(check_url(url).is_ok(), "{url}");
        }
        for url in [
            "http://a.example/",
            "http://127.0.0.1.a.example/",
            "http://localhost.a.example/",
            "ftp://127.0.0.1/",
            "https://user:word@a.example/",
            "/x",
            "",
        ] {
            assert!(check_url(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_fault_of_a_url_does_not_tell_what_may_be_secret() {
        let error = check_url("http://hooks.example/services/T0/secret").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn every_kind_is_read_and_what_is_unsafe_is_refused() {
        let read = |text: &str| {
            toml::from_str::<Destination>(text).map_err(|e| usage(e.to_string()))?.check()
        };
        for (sound, text) in [
            (true, "kind = \"webhook\"\nurl = \"https://a.example\"\nsecret = { env = \"A\" }"),
            (true, "kind = \"slack\"\nurl = { file = \"/run/a\" }\nleast = \"critical\""),
            (true, "kind = \"alertmanager\"\nurl = \"http://127.0.0.1:9093\""),
            (true, "kind = \"github\"\nrepository = \"o/n\"\ntoken = { env = \"A\" }"),
            (true, "kind = \"mail\"\nhost = \"a\"\nfrom = \"a@b.c\"\nreceivers = [\"d@e.f\"]"),
            (false, "kind = \"webhook\"\nurl = \"http://a.example\""),
            (false, "kind = \"webhook\"\nurl = \"https://a.example\"\nsecret = \"in the file\""),
            (false, "kind = \"webhook\"\nurl = \"https://a.example\"\nheader = 3"),
            (false, "kind = \"github\"\nrepository = \"o/../n\"\ntoken = { env = \"A\" }"),
            (false, "kind = \"mail\"\nhost = \"a\"\nfrom = \"a\"\nreceivers = [\"d@e.f\"]"),
            (
                false,
                "kind = \"mail\"\nhost = \"a\"\ntls = \"none\"\nfrom = \"a@b.c\"\nreceivers = [\"d@e.f\"]",
            ),
        ] {
            assert_eq!(read(text).is_ok(), sound, "{text}: {:?}", read(text));
        }
    }
}
