//! Every limit of the collector on what comes from outside, each with its reason.

use std::time::Duration;

/// One beacon as sent, in bytes: twice what the largest mode may encode.
pub const MAX_BEACON_BYTES: usize = 16 * 1024;

/// One batch of a candidate's counts, in bytes: 20 numbers a label, of 1,000 labels.
pub const MAX_SHADOW_BYTES: usize = 256 * 1024;

/// A bundle at registration, in bytes: held in memory while its parts are read.
pub const MAX_REGISTERED_BYTES: usize = 64 << 20;

/// How long a client may take to send a request's head; a partial head holds a connection.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a client may take to send a beacon's body.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a client may take to send a bundle: 64 MiB on a slow line.
pub const UPLOAD_TIMEOUT: Duration = Duration::from_secs(120);

/// How long requests in flight may take to end once a shutdown was asked for.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections at once, unless the settings say otherwise: each holds a buffer of [`MAX_HEAD_BYTES`],
/// a descriptor and a task.
pub const CONNECTIONS: u32 = 4_096;

/// The most connections that settings may ask for: 1 GiB of such buffers.
pub const MAX_CONNECTIONS: u32 = 65_536;

/// A request's head, in bytes; hyper takes no less than 8 KiB.
pub const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Beacons that wait for the writer; beyond it the answer is 503 with `Retry-After`.
pub const MAX_QUEUE: usize = 4_096;

/// Beacons in one commit: bounds the memory of a batch and how long an answer waits.
pub const MAX_BATCH: usize = 1_024;

/// Ids that wait in memory to be sorted into the store's tree, half a megabyte. The more there are,
/// the more of them share a page that is written, and the longer is the one commit that does it.
pub const MAX_FRESH_IDS: usize = 1 << 13;

/// Senders that are told apart in one hour, 32 bytes each; those beyond share one allowance.
pub const MAX_SENDERS: usize = 1 << 20;

/// Beacons of unknown identities that may be parked.
pub const MAX_PARKED: u64 = 10_000;

/// Most days that windows may be taken for after they began, a century: what is replayed into a
/// collector is not older, and hours stay far from the end of their range.
pub const MAX_ACCEPT_DAYS: u32 = 36_525;

/// Hours for which the ids of beacons are kept beyond the last at which a copy would be taken. A
/// window of `randomized` mode is taken for a day longer than others.
pub const ID_GRACE_HOURS: i64 = 8 * 24;

/// How far a client's clock may be ahead, in hours.
pub const MAX_AHEAD_HOURS: i64 = 1;

/// Rows of counts in one answer; a longer span is refused, never cut.
pub const MAX_ROWS: i64 = 100_000;

/// Cells of the years that alerts keep in memory so as to read what changed alone, 64 MB: a model of
/// 600 cells has 219,000. A model beyond is read whole at each look.
pub const MAX_KEPT_CELLS: usize = 8 << 20;

/// Rows of counts that one report may add up: a year of hours of 100 blocks, some seconds.
pub const MAX_SUMMED_ROWS: usize = 1_000_000;

/// Windows of one report, over all ways of noise: its memory, and what a page can draw.
pub const MAX_REPORT_WINDOWS: usize = 1_000;

/// Registered models: each is read at start.
pub const MAX_MODELS: usize = 10_000;

/// What `Retry-After` says when the writer is behind, in seconds.
pub const RETRY_AFTER_BUSY: u64 = 5;

/// Bytes of beacons that may wait for ClickHouse, unless the settings say otherwise: hours of an
/// outage at a thousand beacons a second.
pub const MAX_OUTBOX_BYTES: u64 = 8 << 30;

/// Bytes of one batch for ClickHouse: some ten thousand beacons, in memory while they are sent.
pub const SHIPPED_BYTES: usize = 8 << 20;

/// How often the outbox is looked at. ClickHouse wants few inserts and large ones.
pub const SHIP_EVERY: Duration = Duration::from_secs(1);

/// The longest wait after a fault of ClickHouse; it doubles from [`SHIP_EVERY`].
pub const SHIP_AGAIN_MOST: Duration = Duration::from_secs(60);

/// How often collectors tell each other of bundles through ClickHouse.
pub const SHARE_MODELS_EVERY: Duration = Duration::from_secs(10);

/// How long a statement of ClickHouse may take.
pub const SINK_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a connection to it may take.
pub const SINK_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest answer of ClickHouse that is read: [`MAX_ROWS`] rows of some thousand bytes.
pub const MAX_SINK_ANSWER_BYTES: u64 = 512 << 20;

/// How long beacons stay in ClickHouse once their day is in the sums, in seconds: longer than any
/// question that began before.
pub const SETTLE_GRACE_SECONDS: u64 = 3_600;
