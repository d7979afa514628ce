//! Settings: one TOML file, then the environment, then the command line.

use crate::alerts::Alerts;
use crate::deployments::Deployments;
use crate::export::Export;
use crate::limits::{CONNECTIONS, MAX_ACCEPT_DAYS, MAX_CONNECTIONS};
use crate::sink::ClickHouse;
use crate::store::Kept;
use driftline::{Error, ErrorCode};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What the collector is told before it starts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address and port.
    pub listen: SocketAddr,
    /// Folder of the store.
    pub data: PathBuf,
    /// What becomes of a beacon whose identity nobody registered.
    pub unknown_identities: Unknown,
    /// Who may read and who may change; needed unless the address is this machine's own.
    pub tokens: Tokens,
    /// Who may send; needed unless the address is this machine's own.
    pub apps: Vec<App>,
    /// Bounds on what one sender may move.
    pub caps: Caps,
    /// How long counts are kept.
    pub retention: Kept,
    /// Days for which a window is taken after it began: an offline queue keeps its beacons for a
    /// week. More where history is replayed.
    pub accept_days: u32,
    /// Where the sums go instead of the store.
    pub clickhouse: Option<ClickHouse>,
    /// Connections at once; further ones wait.
    pub connections: u32,
    /// A header that a trusted proxy sets to the client's address, in lower case; by default the
    /// connection's is taken.
    pub client_address_header: Option<String>,
    /// What is watched, and who is told.
    pub alerts: Alerts,
    /// Folder of the dashboard's files, in place of those inside the command.
    pub dashboard: Option<PathBuf>,
    /// Who is sent figures.
    pub export: Export,
    /// When a deployment is taken back.
    pub deployments: Deployments,
}

/// What to do with beacons of unknown identities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// Answer 404.
    #[default]
    Refuse,
    /// Keep a bounded number until somebody registers the identity.
    Park,
}

/// Bearer tokens.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tokens {
    /// May read counts and status.
    pub read: Option<String>,
    /// May register bundles too.
    pub admin: Option<String>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let told = |token: &Option<String>| if token.is_some() { "set" } else { "none" };
        write!(f, "Tokens {{ read: {}, admin: {} }}", told(&self.read), told(&self.admin))
    }
}

/// An app that may send beacons.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// For people.
    pub name: String,
    /// The write key that its pages carry. It is public and only tells apps apart.
    pub key: String,
    /// Origins whose pages may send, such as `https://shop.example`; empty: any.
    #[serde(default)]
    pub origins: BTreeSet<String>,
}

/// Bounds on what one sender may move in an hour. A sender is an address, of which a hash with a key
/// that lives an hour is held in memory.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Caps {
    /// Beacons of `randomized` mode, one client each: as many as may share an address.
    pub randomized_beacons: u32,
    /// Beacons of the other modes.
    pub other_beacons: u32,
    /// Records that all of a sender's beacons of the other modes may say they counted.
    pub records: u64,
}

impl Default for Caps {
    fn default() -> Self {
        Self { randomized_beacons: 600, other_beacons: 600, records: 100_000_000 }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8787)),
            data: PathBuf::from("driftline-data"),
            unknown_identities: Unknown::default(),
            tokens: Tokens::default(),
            apps: Vec::new(),
            caps: Caps::default(),
            retention: Kept::default(),
            accept_days: 8,
            clickhouse: None,
            connections: CONNECTIONS,
            client_address_header: None,
            alerts: Alerts::default(),
            dashboard: None,
            export: Export::default(),
            deployments: Deployments::default(),
        }
    }
}

const MIN_TOKEN: usize = 16;

impl Config {
    /// Reads the file's text.
    ///
    /// # Errors
    /// [`ErrorCode::BadInput`] with the line.
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let before = text.get(..start).unwrap_or_default();
            let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
            let message = error.message().replace('\n', " ");
            Error::new(ErrorCode::BadInput, format!("line {line}: {message}"))
        })
    }

    /// Takes what the environment names: `DRIFTLINE_LISTEN`, `DRIFTLINE_DATA`,
    /// `DRIFTLINE_ACCEPT_DAYS`, `DRIFTLINE_DASHBOARD`, `DRIFTLINE_READ_TOKEN`, `DRIFTLINE_ADMIN_TOKEN`,
    /// `DRIFTLINE_CLICKHOUSE_PASSWORD`.
    ///
    /// # Errors
    /// [`ErrorCode::BadUsage`] for an address that is none, and for days that are no number.
    pub fn take(&mut self, variable: impl Fn(&str) -> Option<String>) -> Result<(), Error> {
        if let Some(listen) = variable("DRIFTLINE_LISTEN") {
            self.listen = listen.parse().map_err(|_| {
                usage(format!("`DRIFTLINE_LISTEN` is `{listen}`, which is no address with a port"))
            })?;
        }
        if let Some(data) = variable("DRIFTLINE_DATA") {
            self.data = PathBuf::from(data);
        }
        if let Some(days) = variable("DRIFTLINE_ACCEPT_DAYS") {
            self.accept_days = days.parse().map_err(|_| {
                usage(format!("`DRIFTLINE_ACCEPT_DAYS` is `{days}`, which is no number of days"))
            })?;
        }
        if let Some(folder) = variable("DRIFTLINE_DASHBOARD") {
            self.dashboard = Some(PathBuf::from(folder));
        }
        if let Some(token) = variable("DRIFTLINE_READ_TOKEN") {
            self.tokens.read = Some(token);
        }
        if let Some(token) = variable("DRIFTLINE_ADMIN_TOKEN") {
            self.tokens.admin = Some(token);
        }
        if let (Some(clickhouse), Some(password)) =
            (&mut self.clickhouse, variable("DRIFTLINE_CLICKHOUSE_PASSWORD"))
        {
            clickhouse.password = Some(password);
        }
        Ok(())
    }

    /// Hours for which a window is taken after it began; one of `randomized` mode for a day longer.
    pub fn accepted_hours(&self) -> i64 {
        i64::from(self.accept_days) * 24
    }

    /// Whether the settings may be run with.
    ///
    /// # Errors
    /// [`ErrorCode::BadUsage`]: short or shared secrets, or none where others can reach it; bounds
    /// that let nothing in or have no end.
    pub fn check(&self) -> Result<(), Error> {
        let local = self.listen.ip().is_loopback();
        if !local && self.apps.is_empty() {
            return Err(usage(format!(
                "`{}` can be reached from elsewhere, and no app with a write key is named",
                self.listen
            )));
        }
        if !local && (self.tokens.read.is_none() || self.tokens.admin.is_none()) {
            return Err(usage(format!(
                "`{}` can be reached from elsewhere, and needs a read token and an admin token",
                self.listen
            )));
        }
        let tokens = [("read", &self.tokens.read), ("admin", &self.tokens.admin)];
        for (name, token) in tokens {
            if token.as_ref().is_some_and(|token| token.len() < MIN_TOKEN) {
                return Err(usage(format!(
                    "the {name} token has fewer than {MIN_TOKEN} characters"
                )));
            }
        }
        if self.tokens.read.is_some() && self.tokens.read == self.tokens.admin {
            return Err(usage("the read token and the admin token are the same".to_owned()));
        }
        let mut keys = BTreeSet::new();
        for app in &self.apps {
            if app.key.is_empty() || !keys.insert(&app.key) {
                return Err(usage(format!("the app `{}` has no key of its own", app.name)));
            }
            for origin in &app.origins {
                let plain = origin.split_once("://").is_some_and(|(scheme, host)| {
                    matches!(scheme, "https" | "http") && !host.is_empty() && !host.contains('/')
                });
                if !plain {
                    return Err(usage(format!(
                        "`{origin}` is no origin: scheme and host, without a slash at the end"
                    )));
                }
            }
        }
        if let Some(clickhouse) = &self.clickhouse {
            clickhouse.check()?;
        }
        if !(1..=MAX_CONNECTIONS).contains(&self.connections) {
            return Err(usage(format!("`connections` must be between 1 and {MAX_CONNECTIONS}")));
        }
        if self.caps.randomized_beacons == 0 || self.caps.other_beacons == 0 {
            return Err(usage("a cap of 0 beacons lets nothing in".to_owned()));
        }
        if !(1..=MAX_ACCEPT_DAYS).contains(&self.accept_days) {
            return Err(usage(format!(
                "`accept_days` is {}, and must be 1 to {MAX_ACCEPT_DAYS}",
                self.accept_days
            )));
        }
        self.export.check()?;
        self.deployments.check()?;
        if let Some(name) = &self.deployments.shadow_app
            && self.apps.iter().all(|app| app.name != *name)
        {
            let message = format!("`shadow_app` names `{name}`, which is no app here");
            return Err(Error::new(ErrorCode::BadUsage, message));
        }
        self.alerts.check()
    }
}

fn usage(message: String) -> Error {
    Error::new(ErrorCode::BadUsage, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_says_something_unknown_is_refused_with_its_line() {
        let error = Config::from_toml("listen = \"127.0.0.1:1\"\nlisten_to = 3\n").unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
    }

    #[test]
    fn an_address_that_others_reach_needs_keys_and_tokens() {
        let mut config = Config { listen: "0.0.0.0:80".parse().unwrap(), ..Config::default() };
        assert!(config.check().is_err());
        config.apps = vec![App { name: "a".into(), key: "k".into(), origins: BTreeSet::default() }];
        assert!(config.check().is_err());
        config.tokens = Tokens { read: Some("r".repeat(16)), admin: Some("a".repeat(16)) };
        assert!(config.check().is_ok());
        config.tokens.read = config.tokens.admin.clone();
        assert!(config.check().is_err());
    }

    #[test]
    fn a_path_is_no_origin() {
        let origins = BTreeSet::from(["https://a.example/".to_owned()]);
        let apps = vec![App { name: "a".into(), key: "k".into(), origins }];
        assert!(Config { apps, ..Config::default() }.check().is_err());
    }

    #[test]
    fn windows_are_taken_for_a_day_at_least_and_a_century_at_most() {
        let check = |accept_days| Config { accept_days, ..Config::default() }.check();
        assert_eq!(Config::default().accept_days, 8);
        for (days, good) in [(0, false), (1, true), (MAX_ACCEPT_DAYS, true), (u32::MAX, false)] {
            assert_eq!(check(days).is_ok(), good, "{days}");
        }
        let set = |text: &str| {
            let mut config = Config::default();
            let text = text.to_owned();
            config
                .take(|name| (name == "DRIFTLINE_ACCEPT_DAYS").then(|| text.clone()))
                .map(|()| config.accept_days)
        };
        assert_eq!(set("5000").unwrap(), 5000);
        assert!(set("-1").is_err());
        assert!(set("a week").is_err());
    }

    #[test]
    fn no_connections_and_too_many_are_refused() {
        for connections in [0, MAX_CONNECTIONS + 1] {
            assert!(Config { connections, ..Config::default() }.check().is_err());
        }
    }

    #[test]
    fn tokens_are_not_printed() {
        let tokens = Tokens { read: Some("a secret".into()), admin: None };
        assert!(!format!("{tokens:?}").contains("a secret"));
    }
}
