//! A beacon's bytes into checked counts, for collectors and commands.

use super::envelope::{Envelope, Host, Mode, hex, is_uuid, plain};
use super::vlq;
use crate::error::{Error, ErrorCode, Result};
use crate::limits::{
    MAX_BEACON_BYTES, MAX_BEACON_HOURS, MAX_CONTRIBUTION, MAX_COUNT, MAX_EPSILON_MILLI,
    MAX_SUMMARY_CELLS,
};
use crate::privacy::{Epsilon, leaves};
use crate::summary::BlockKind;

/// A beacon that keeps the form. Whether its counts fit the layout is told by [`place`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beacon {
    /// Random UUID.
    pub id: String,
    /// Identity of the bundle that decided.
    pub identity: String,
    /// Id of the layout.
    pub layout: String,
    /// Start of the window, in hours since 1970.
    pub start: i64,
    /// Length of the window in hours.
    pub hours: u32,
    /// The counts, by mode.
    pub body: Body,
    /// Thousandths of the records that were counted.
    pub rate: u32,
    /// Where the gate runs.
    pub host: Host,
    /// Version of the package that sent it.
    pub sdk: String,
    /// Random name of the sender.
    pub instance: Option<String>,
    /// Number among the sender's.
    pub seq: Option<u32>,
    /// Write key.
    pub key: Option<String>,
}

/// What a beacon counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// One client's answer about one block.
    Randomized {
        /// Of the day.
        epsilon: Epsilon,
        /// Place in the layout.
        block: u32,
        /// The answer.
        cell: u32,
    },
    /// Counts with noise, of the blocks that leave.
    Aggregated {
        /// Of the window.
        epsilon: Epsilon,
        /// Records that one client could contribute.
        bound: u32,
        /// In the order of the layout; may be negative.
        counts: Vec<i64>,
    },
    /// Plain counts of all blocks.
    Pseudonymous {
        /// In the order of the layout; none is negative.
        counts: Vec<i64>,
    },
}

impl Body {
    /// The mode.
    pub fn mode(&self) -> Mode {
        match self {
            Self::Randomized { .. } => Mode::Randomized,
            Self::Aggregated { .. } => Mode::Aggregated,
            Self::Pseudonymous { .. } => Mode::Pseudonymous,
        }
    }
}

/// Reads and checks a beacon.
///
/// # Errors
/// [`ErrorCode::InputTooLarge`], [`ErrorCode::FormatVersion`], [`ErrorCode::BeaconSyntax`] with the
/// member.
pub fn decode(bytes: &[u8]) -> Result<Beacon> {
    if bytes.len() > MAX_BEACON_BYTES {
        let message = format!("the beacon has more than {MAX_BEACON_BYTES} bytes");
        return Err(Error::new(ErrorCode::InputTooLarge, message));
    }
    let envelope: Envelope = serde_json::from_slice(bytes).map_err(|error| {
        Error::new(ErrorCode::BeaconSyntax, "the beacon is no JSON of this form")
            .at_line(error.line() as u64, error.column() as u64)
    })?;
    let Envelope { format, id, identity, layout, mode, start, hours, .. } = envelope;
    if format != Envelope::FORMAT {
        return Err(Error::new(ErrorCode::FormatVersion, "the beacon is of another version")
            .at_path("format"));
    }
    let check = |ok: bool, member: &str| if ok { Ok(()) } else { Err(unfit(member)) };
    check(is_uuid(&id), "id")?;
    check(identity.strip_prefix("sha256:").is_some_and(|rest| hex(rest, 64)), "identity")?;
    check(hex(&layout, 16), "layout")?;
    check((0..=i64::from(u32::MAX)).contains(&start), "start")?;
    check((1..=MAX_BEACON_HOURS).contains(&hours), "hours")?;
    check(plain(&envelope.sdk, 32, ".+-"), "sdk")?;
    check(envelope.instance.as_ref().is_none_or(|text| plain(text, 64, "-")), "instance")?;
    check(envelope.key.as_ref().is_none_or(|text| plain(text, 128, "_.-")), "key")?;
    check(envelope.rate.is_none_or(|rate| (1..=1_000).contains(&rate)), "rate")?;

    let randomized = mode == Mode::Randomized;
    let noisy = mode != Mode::Pseudonymous;
    let there = [
        ("epsilon", envelope.epsilon.is_some(), noisy),
        ("bound", envelope.bound.is_some(), mode == Mode::Aggregated),
        ("block", envelope.block.is_some(), randomized),
        ("cell", envelope.cell.is_some(), randomized),
        ("counts", envelope.counts.is_some(), !randomized),
    ];
    for (member, is, should) in there {
        check(is == should, member)?;
    }
    check(!randomized || (envelope.instance.is_none() && envelope.seq.is_none()), "instance")?;
    check(!randomized || (start % 24 == 0 && hours == 24), "start")?;
    let epsilon = envelope.epsilon.unwrap_or(MAX_EPSILON_MILLI);
    let epsilon = Epsilon::from_milli(epsilon).map_err(|_| unfit("epsilon"))?;
    let counts = match &envelope.counts {
        Some(text) => {
            vlq::read(text, MAX_SUMMARY_CELLS, MAX_COUNT).ok_or_else(|| unfit("counts"))?
        }
        None => Vec::new(),
    };
    let body = match mode {
        Mode::Randomized => Body::Randomized {
            epsilon,
            block: envelope.block.ok_or_else(|| unfit("block"))?,
            cell: envelope.cell.ok_or_else(|| unfit("cell"))?,
        },
        Mode::Aggregated => {
            let bound = envelope.bound.ok_or_else(|| unfit("bound"))?;
            check((1..=MAX_CONTRIBUTION).contains(&bound), "bound")?;
            Body::Aggregated { epsilon, bound, counts }
        }
        Mode::Pseudonymous => {
            check(counts.iter().all(|count| *count >= 0), "counts")?;
            Body::Pseudonymous { counts }
        }
    };
    Ok(Beacon {
        id,
        identity,
        layout,
        start,
        hours,
        body,
        rate: envelope.rate.unwrap_or(1_000),
        host: envelope.host,
        sdk: envelope.sdk,
        instance: envelope.instance,
        seq: envelope.seq,
        key: envelope.key,
    })
}

/// The counts by block of a layout, given as kind and number of cells of each: places with all their
/// cells. An answer becomes a one in its cell. `None` if they do not fit.
pub fn place(body: &Body, layout: &[(BlockKind, u32)]) -> Option<Vec<(u32, Vec<i64>)>> {
    let all = |counts: &[i64], sent: &dyn Fn(BlockKind) -> bool| {
        let mut placed = Vec::new();
        let mut rest = counts;
        for (at, (kind, cells)) in (0u32..).zip(layout) {
            if sent(*kind) {
                let (block, after) = rest.split_at_checked(*cells as usize)?;
                placed.push((at, block.to_vec()));
                rest = after;
            }
        }
        rest.is_empty().then_some(placed)
    };
    match body {
        Body::Pseudonymous { counts } => all(counts, &|_| true),
        Body::Aggregated { counts, .. } => all(counts, &leaves),
        Body::Randomized { block, cell, .. } => {
            let (kind, cells) = layout.get(*block as usize)?;
            if !super::FEATURES.contains(kind) || *cells < 2 {
                return None;
            }
            let mut counts = vec![0; *cells as usize];
            *counts.get_mut(*cell as usize)? = 1;
            Some(vec![(*block, counts)])
        }
    }
}

#[cold]
fn unfit(member: &str) -> Error {
    Error::new(ErrorCode::BeaconSyntax, format!("the beacon's `{member}` does not fit"))
        .at_path(member)
}
