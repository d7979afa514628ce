//! Channels: small signed files that say which bundle is live. docs/channels.md has the format.

mod bless;
mod file;
mod machine;
mod post;
#[cfg(test)]
mod tests;

pub use bless::{Question, bless};
#[cfg(test)]
use file::ChannelFile;
pub use file::{Editor, Signer, read};
pub use machine::{Note, Step, step};
pub use post::post;

use crate::signature::{MAX_SEQUENCE, time};
use driftline::limits::MAX_CHANNEL_STEPS;
use driftline::{Error, ErrorCode, Result};
use serde::{Deserialize, Serialize};

/// Format and domain of a channel's statement.
pub const FORMAT: &str = "driftline.channel/1";

/// Longest name, address, reason or person, in bytes.
const MAX_TEXT: usize = 1_024;

/// What a channel says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Always `driftline.channel/1`.
    pub format: String,
    /// The signer: `sha256:` and the hash of the public key's 32 bytes.
    pub key: String,
    /// Name, such as `stable`. Shares of clients are drawn under it.
    pub name: String,
    /// One more with each step; a gate takes none that is less than the last it saw.
    pub sequence: u64,
    /// When the last step was taken, such as `2013-06-03T00:00:00Z`, as all times here.
    pub updated: String,
    /// From when on no gate takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// What clients run.
    pub live: Target,
    /// What a share of the clients runs instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<Canary>,
    /// What was live before, and is returned to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Target>,
    /// Oldest version of the package that may run it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_runtime: Option<String>,
    /// What beacons are told.
    #[serde(default, skip_serializing_if = "Telemetry::is_plain")]
    pub telemetry: Telemetry,
    /// Why the kill switch is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub killed: Option<String>,
    /// The last steps, the oldest first.
    pub history: Vec<Entry>,
}

/// A bundle and where it lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The bundle's.
    pub identity: String,
    /// Address of the stand-alone bundle; a relative one is resolved against the channel's.
    pub url: String,
    /// Its length.
    pub bytes: u64,
    /// Hash of the file, 64 hexadecimal digits.
    pub sha256: String,
}

/// A bundle for a share of the clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// The bundle.
    pub bundle: Target,
    /// Share of the clients, 1 to 99.
    pub percent: u8,
}

/// Switches of the beacon. What is absent stays as the host says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// Nothing is encoded or sent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub off: bool,
    /// The share of the windows that is sent at most, in thousandths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_milli: Option<u16>,
}

impl Telemetry {
    fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A bundle became live for all.
    Release,
    /// A bundle was given to a share, or the share was changed.
    Canary,
    /// The canary became live.
    Promote,
    /// The canary was withdrawn, or an earlier bundle is live again.
    Rollback,
    /// The kill switch was turned on.
    Kill,
    /// It was turned off.
    Resume,
    /// Signed anew: expiry, least runtime, telemetry.
    Renew,
}

impl Action {
    /// As files and commands name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Canary => "canary",
            Self::Promote => "promote",
            Self::Rollback => "rollback",
            Self::Kill => "kill",
            Self::Resume => "resume",
            Self::Renew => "renew",
        }
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The channel's after it.
    pub sequence: u64,
    /// When.
    pub at: String,
    /// What.
    pub action: Action,
    /// The bundle that it put in place; of a switch, the one that is live.
    pub bundle: Target,
    /// Identity of the bundle that it took out of its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<String>,
    /// Share of a canary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
    /// Who, as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why, as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Channel {
    /// Whether it keeps the form, whoever signed it.
    ///
    /// # Errors
    /// [`ErrorCode::ChannelInvalid`] with the member.
    pub fn check(&self) -> Result<()> {
        text("name", Some(&self.name))?;
        if self.sequence == 0 || self.sequence > MAX_SEQUENCE {
            return Err(invalid("the sequence is not from 1 to 2^53 − 1").at_path("sequence"));
        }
        for (path, at) in [("updated", Some(&self.updated)), ("expires", self.expires.as_ref())] {
            instant(path, at)?;
        }
        self.live.check("live")?;
        if let Some(previous) = &self.previous {
            previous.check("previous")?;
        }
        if let Some(Canary { bundle, percent }) = &self.canary {
            bundle.check("canary")?;
            if !(1..=99).contains(percent) {
                return Err(invalid("a canary's share is from 1 to 99 percent").at_path("canary"));
            }
            if bundle.identity == self.live.identity {
                return Err(invalid("the canary is live already").at_path("canary"));
            }
        }
        if let Some(version) = &self.minimum_runtime {
            self::version(version)?;
        }
        if self.telemetry.rate_milli.is_some_and(|rate| !(1..=1000).contains(&rate)) {
            return Err(invalid("a rate is from 1 to 1000 thousandths").at_path("telemetry"));
        }
        text("killed", self.killed.as_ref())?;
        if self.history.is_empty() || self.history.len() > MAX_CHANNEL_STEPS {
            let message = format!("the history has not 1 to {MAX_CHANNEL_STEPS} steps");
            return Err(invalid(message).at_path("history"));
        }
        for entry in &self.history {
            entry.bundle.check("history")?;
            instant("history", Some(&entry.at))?;
            text("history", entry.by.as_ref())?;
            text("history", entry.reason.as_ref())?;
        }
        let rises = self.history.windows(2).all(|pair| match pair {
            [a, b] => a.sequence + 1 == b.sequence,
            _ => true,
        });
        if !rises || self.history.last().map(|entry| entry.sequence) != Some(self.sequence) {
            return Err(invalid("the history does not lead to the sequence").at_path("history"));
        }
        Ok(())
    }
}

impl Target {
    fn check(&self, path: &str) -> Result<()> {
        let hex = |text: &str| {
            text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        if !self.identity.strip_prefix("sha256:").is_some_and(hex) {
            return Err(invalid("an identity is `sha256:` and 64 digits").at_path(path));
        }
        if !hex(&self.sha256) {
            return Err(invalid("a hash has 64 hexadecimal digits").at_path(path));
        }
        if self.bytes == 0 || self.bytes > driftline::limits::MAX_BUNDLE_BYTES as u64 {
            return Err(invalid(format!("a bundle of {} bytes", self.bytes)).at_path(path));
        }
        text(path, Some(&self.url))
    }
}

/// A version as `1.2.3`.
///
/// # Errors
/// [`ErrorCode::ChannelInvalid`].
pub fn version(text: &str) -> Result<[u32; 3]> {
    let refused = || invalid("a version is as `1.2.3`").at_path("minimum_runtime");
    let plain = |part: &str| part == "0" || !part.starts_with('0');
    let numbers: Vec<u32> = text
        .split('.')
        .filter(|part| part.bytes().all(|b| b.is_ascii_digit()) && plain(part))
        .filter_map(|part| part.parse().ok())
        .collect();
    match numbers.as_slice() {
        [a, b, c] if text.split('.').count() == 3 => Ok([*a, *b, *c]),
        _ => Err(refused()),
    }
}

fn text(path: &str, value: Option<&String>) -> Result<()> {
    let Some(value) = value else { return Ok(()) };
    if value.is_empty() || value.len() > MAX_TEXT || value.chars().any(char::is_control) {
        let message = format!("a text here has 1 to {MAX_TEXT} bytes and no control characters");
        return Err(invalid(message).at_path(path));
    }
    Ok(())
}

fn instant(path: &str, value: Option<&String>) -> Result<()> {
    match value {
        Some(value) => time::check(value)
            .map_err(|_| invalid("a time is not as 2013-06-03T00:00:00Z").at_path(path)),
        None => Ok(()),
    }
}

/// A channel that cannot be used.
fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::ChannelInvalid, message)
}
