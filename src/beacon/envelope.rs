//! The form of a beacon.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// The stable string.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// What a stable string names.
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

words! {
    /// What was done to the counts before they left.
    Mode {
        /// One answer about one feature, randomized at the client.
        Randomized "randomized",
        /// Counts over many users, with noise.
        Aggregated "aggregated",
        /// Plain counts.
        Pseudonymous "pseudonymous",
    }
}

words! {
    /// Where the gate runs.
    Host {
        /// A page.
        Browser "browser",
        /// A web worker.
        Worker "worker",
        /// Cloudflare Workers.
        Workerd "workerd",
        /// Node.js.
        Node "node",
        /// Deno.
        Deno "deno",
        /// Bun.
        Bun "bun",
        /// The command `driftline`.
        Native "native",
    }
}

/// A beacon as it is sent. Which members it has is told by its mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// Always [`Envelope::FORMAT`].
    pub format: String,
    /// A random UUID: the same beacon sent again has the same.
    #[cfg_attr(
        feature = "schema",
        schemars(regex(pattern = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"))
    )]
    pub id: String,
    /// Identity of the bundle that decided.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^sha256:[0-9a-f]{64}$")))]
    pub identity: String,
    /// Id of the layout that the counts stand in.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[0-9a-f]{16}$")))]
    pub layout: String,
    /// What was done to the counts.
    pub mode: Mode,
    /// Start of the window, in whole hours since 1970-01-01T00:00:00Z; in `randomized` mode of a day.
    pub start: i64,
    /// Length of the window in hours; 24 in `randomized` mode.
    pub hours: u32,
    /// ε in thousandths; not in `pseudonymous` mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<u32>,
    /// In `aggregated` mode: records that one client could contribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<u32>,
    /// In `randomized` mode: place of the block in the layout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<u32>,
    /// In `randomized` mode: the answer, a cell of the block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<u32>,
    /// In the other modes: the cells of the layout as Base64 VLQ; in `aggregated` mode without the
    /// blocks that do not leave, and sums of confidence in whole ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[A-Za-z0-9+/]*$")))]
    pub counts: Option<String>,
    /// Thousandths of the records that were counted at all; absent if all were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// Where the gate runs.
    pub host: Host,
    /// Version of the package that sends.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[0-9A-Za-z.+-]{1,32}$")))]
    pub sdk: String,
    /// A random name of the sender, as long as it runs; not in `randomized` mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[0-9A-Za-z-]{1,64}$")))]
    pub instance: Option<String>,
    /// Number of the beacon among those of its instance; not in `randomized` mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u32>,
    /// Write key of the app, which is public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[0-9A-Za-z_.-]{1,128}$")))]
    pub key: Option<String>,
}

impl Envelope {
    /// Format and version.
    pub const FORMAT: &'static str = "driftline.beacon/1";
}

/// Whether a text is of the characters and length that its member allows.
pub(super) fn plain(text: &str, most: usize, others: &str) -> bool {
    (1..=most).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// A UUID in lower case.
pub(super) fn is_uuid(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let mut parts = text.split('-');
    lengths.iter().all(|digits| parts.next().is_some_and(|part| hex(part, *digits)))
        && parts.next().is_none()
}
