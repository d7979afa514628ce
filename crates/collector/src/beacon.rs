//! From a beacon's bytes to what the store counts.

use crate::limits::MAX_AHEAD_HOURS;
use crate::problem::Problem;
use crate::store::Contribution;
use axum::http::StatusCode;
use driftline::beacon::{Mode, decode};
use driftline::{Error, ErrorCode};

/// A beacon that keeps the form.
pub struct Received {
    /// Write key of its app.
    pub key: Option<String>,
    /// What is counted. Host, package and sender are read and not kept.
    pub counts: Contribution,
}

/// Reads a beacon.
///
/// # Errors
/// Those of [`decode`].
pub fn read(bytes: &[u8]) -> Result<Received, Error> {
    let beacon = decode(bytes)?;
    Ok(Received {
        key: beacon.key,
        counts: Contribution {
            id: beacon.id,
            identity: beacon.identity,
            layout: beacon.layout,
            hour: beacon.start,
            body: beacon.body,
        },
    })
}

/// Refuses windows that began too long ago or have not begun. `now`: hours since 1970; `accepted`:
/// hours for which a window is taken; `since`: the hour from which ids are remembered.
///
/// # Errors
/// 422.
pub fn check_time(
    counts: &Contribution,
    now: i64,
    accepted: i64,
    since: i64,
) -> Result<(), Problem> {
    let hour = counts.hour;
    // a client's day may have begun up to a day before what it says is over
    let oldest = now - accepted - if counts.body.mode() == Mode::Randomized { 24 } else { 0 };
    let message = if hour < oldest.max(since) {
        "the beacon's window began too long ago"
    } else if hour > now + MAX_AHEAD_HOURS {
        "the beacon's window has not begun"
    } else {
        return Ok(());
    };
    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::BeaconExpired, message))
}
