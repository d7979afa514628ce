//! ClickHouse as the place of the sums, for more beacons than one collector takes.
//!
//! SQLite stays what a beacon is answered by: it goes into the outbox in the commit of its id. A thread
//! ships the outbox in batches. Rows are told apart by the beacon's id, so that a batch that comes
//! twice, or a beacon that two collectors took, is counted once (docs/scale.md).

mod client;
mod reads;
mod sender;

pub use client::Client;
pub use reads::Reader;
pub(crate) use reads::{forget, settle};
pub use sender::Sender;

use crate::limits::MAX_OUTBOX_BYTES;
use driftline::{Error, ErrorCode};
use serde::Deserialize;

/// Where ClickHouse is.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClickHouse {
    /// Of its HTTP interface, such as `http://127.0.0.1:8123`.
    pub url: String,
    /// Letters, digits and `_`; made if it is missing.
    #[serde(default = "database")]
    pub database: String,
    /// Who writes and reads there.
    #[serde(default)]
    pub user: Option<String>,
    /// Its password; better from the environment.
    #[serde(default)]
    pub password: Option<String>,
    /// Bytes of beacons that may wait for it on the disk; beyond that they are answered 503.
    #[serde(default = "outbox_bytes")]
    pub outbox_bytes: u64,
}

fn database() -> String {
    "driftline".to_owned()
}

fn outbox_bytes() -> u64 {
    MAX_OUTBOX_BYTES
}

impl std::fmt::Debug for ClickHouse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClickHouse {{ database: {}, user: {:?} }}", self.database, self.user)
    }
}

impl ClickHouse {
    /// Whether the settings may be run with.
    ///
    /// # Errors
    /// [`ErrorCode::BadUsage`].
    pub fn check(&self) -> Result<(), Error> {
        let usage = |message: String| Err(Error::new(ErrorCode::BadUsage, message));
        if !self.url.starts_with("http://") && !self.url.starts_with("https://") {
            return usage(format!("`{}` is no address of an HTTP interface", self.url));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if self.database.is_empty() || !self.database.chars().all(plain) {
            let name = &self.database;
            return usage(format!("`{name}` is no database's name: letters, digits and `_`"));
        }
        Ok(())
    }
}

/// The statements; tests run them on ClickHouse's own engine.
pub(crate) mod sql {
    pub const SCHEMA: &str = include_str!("sql/schema.sql");
    pub const HOURS: &str = include_str!("sql/hours.sql");
    pub const STARTS: &str = include_str!("sql/starts.sql");
    pub const WINDOWS: &str = include_str!("sql/windows.sql");
    pub const COUNTS: &str = include_str!("sql/counts.sql");
    pub const MODELS: &str = include_str!("sql/models.sql");
    pub const DEFINITIONS: &str = include_str!("sql/definitions.sql");
    pub const KNOWN: &str = include_str!("sql/known.sql");
    pub const OPEN_DAYS: &str = include_str!("sql/open_days.sql");
    pub const SETTLED: &str = include_str!("sql/settled.sql");
    pub const OVER: &str = include_str!("sql/over.sql");
    pub const FORGOTTEN: &str = include_str!("sql/forgotten.sql");
    pub const SUMMED: &str = include_str!("sql/summed.sql");
    pub const SETTLE: &str = include_str!("sql/settle.sql");
    pub const MARK: &str = include_str!("sql/mark.sql");

    /// A statement with the parts that it names.
    pub fn whole(text: &str) -> String {
        text.replace("<starts>", STARTS).replace("<hours>", HOURS)
    }
}
