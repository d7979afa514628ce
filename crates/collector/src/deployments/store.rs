//! Deployments and activations in the collector's own file.

use super::{Action, Deployment, Seen};
use crate::store::{Fault, Stored, cells, mode_number};
use driftline::beacon::Mode;
use driftline::summary::BlockKind;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Deployments in one answer, the newest.
pub const MAX_LISTED: i64 = 1_000;

/// Deployments that are kept at all: an admin's token writes them.
const MAX_KEPT: i64 = 1_000_000;

/// Rows of activations in one hour: bundles × codes of all channels. A write key is public.
const MAX_HOUR_ROWS: i64 = 1_000;

const COLUMNS: &str =
    "at, channel, sequence, action, identity, previous, percent, whose, reason FROM deployments";

/// What became of a posted deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is new.
    New,
    /// It was there.
    Known,
    /// Another step has its channel and sequence.
    Other,
    /// There is no room.
    Full,
}

/// Keeps a deployment once.
///
/// # Errors
/// [`Fault`].
pub fn put(store: &mut Connection, one: &Deployment) -> Stored<Put> {
    let change = store.transaction()?;
    let found = change
        .prepare_cached(&format!("SELECT {COLUMNS} WHERE channel = ?1 AND sequence = ?2"))?
        .query_row(params![one.channel, one.sequence], |row| Ok(read(row)))
        .optional()?
        .transpose()?;
    if let Some(found) = found {
        return Ok(if found == *one { Put::Known } else { Put::Other });
    }
    let kept: i64 = change.query_row("SELECT count(*) FROM deployments", [], |row| row.get(0))?;
    if kept >= MAX_KEPT {
        return Ok(Put::Full);
    }
    let Deployment { at, channel, sequence, action, identity, previous, percent, by, reason } = one;
    change.execute(
        "INSERT INTO deployments
         (at, channel, sequence, action, identity, previous, percent, whose, reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![at, channel, sequence, action.as_str(), identity, previous, percent, by, reason],
    )?;
    change.commit()?;
    Ok(Put::New)
}

fn read(row: &Row<'_>) -> Stored<Deployment> {
    let action: String = row.get(3)?;
    Ok(Deployment {
        at: row.get(0)?,
        channel: row.get(1)?,
        sequence: row.get(2)?,
        action: Action::of(&action).ok_or(Fault::Damaged("a deployment"))?,
        identity: row.get(4)?,
        previous: row.get(5)?,
        percent: row.get(6)?,
        by: row.get(7)?,
        reason: row.get(8)?,
    })
}

/// Which deployments.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of models of this name.
    pub name: Option<String>,
    /// Of this channel.
    pub channel: Option<String>,
    /// That put this in place, or took it away.
    pub identity: Option<String>,
}

/// Steps in `[from, to)`, in seconds, in their order: the newest, if there are more than fit.
///
/// # Errors
/// [`Fault`].
pub fn list(store: &Connection, filter: &Filter, from: i64, to: i64) -> Stored<Vec<Deployment>> {
    let mut rows = store.prepare_cached(&format!(
        "SELECT {COLUMNS} WHERE at >= ?1 AND at < ?2 AND (?3 IS NULL OR channel = ?3)
         AND (?4 IS NULL OR identity = ?4 OR previous = ?4)
         AND (?5 IS NULL OR identity IN (SELECT identity FROM models WHERE name = ?5))
         ORDER BY at DESC, deployment DESC LIMIT ?6"
    ))?;
    let Filter { name, channel, identity } = filter;
    let rows = rows
        .query_map(params![from, to, channel, identity, name, MAX_LISTED], |row| Ok(read(row)))?;
    let mut all = rows.collect::<Result<Stored<Vec<_>>, _>>()??;
    all.reverse();
    Ok(all)
}

/// Every step up to a second, in order, for what is live then. Switches and renewals are few.
///
/// # Errors
/// [`Fault`].
pub fn until(store: &Connection, at: i64) -> Stored<Vec<Deployment>> {
    let mut rows = store.prepare_cached(&format!(
        "SELECT {COLUMNS} WHERE at <= ?1 ORDER BY at, sequence, deployment"
    ))?;
    let rows = rows.query_map([at], |row| Ok(read(row)))?;
    rows.collect::<Result<Stored<Vec<_>>, _>>()?
}

/// What became of a counted activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// It is counted.
    Yes,
    /// Nobody registered or deployed the identity.
    Unknown,
    /// The hour has as many rows as it may.
    Full,
}

/// Counts an activation; `code` is empty for one that went well.
///
/// # Errors
/// [`Fault`].
pub fn count(
    store: &mut Connection,
    hour: i64,
    channel: &str,
    identity: &str,
    code: &str,
) -> Stored<Counted> {
    let change = store.transaction()?;
    let known: bool = change
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM models WHERE identity = ?1)
             OR EXISTS (SELECT 1 FROM deployments WHERE identity = ?1)",
        )?
        .query_row([identity], |row| row.get(0))?;
    if !known {
        return Ok(Counted::Unknown);
    }
    let added = change
        .prepare_cached(
            "INSERT INTO activations (hour, channel, identity, code, clients)
             SELECT ?1, ?2, ?3, ?4, 1 WHERE (SELECT count(*) FROM activations WHERE hour = ?1) < ?5
             OR EXISTS (SELECT 1 FROM activations WHERE hour = ?1 AND channel = ?2
                AND identity = ?3 AND code = ?4)
             ON CONFLICT DO UPDATE SET clients = clients + 1",
        )?
        .execute(params![hour, channel, identity, code, MAX_HOUR_ROWS])?;
    change.commit()?;
    Ok(if added == 1 { Counted::Yes } else { Counted::Full })
}

/// One row of activations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activations {
    /// Hours since 1970.
    pub hour: i64,
    /// The channel's name.
    pub channel: String,
    /// Of the bundle.
    pub identity: String,
    /// Empty: it went well.
    pub code: String,
    /// How many.
    pub clients: i64,
}

/// Activations in hours `[from, to)`, in order.
///
/// # Errors
/// [`Fault::TooManyRows`] beyond what one answer may have.
pub fn activations(
    store: &Connection,
    filter: &Filter,
    from: i64,
    to: i64,
) -> Stored<Vec<Activations>> {
    let most = crate::limits::MAX_ROWS;
    let mut rows = store.prepare_cached(
        "SELECT hour, channel, identity, code, clients FROM activations
         WHERE hour >= ?1 AND hour < ?2 AND (?3 IS NULL OR channel = ?3)
         AND (?4 IS NULL OR identity = ?4)
         AND (?5 IS NULL OR identity IN (SELECT identity FROM models WHERE name = ?5))
         ORDER BY hour, channel, identity, code LIMIT ?6",
    )?;
    let Filter { name, channel, identity } = filter;
    let rows = rows.query_map(params![from, to, channel, identity, name, most + 1], |row| {
        Ok(Activations {
            hour: row.get(0)?,
            channel: row.get(1)?,
            identity: row.get(2)?,
            code: row.get(3)?,
            clients: row.get(4)?,
        })
    })?;
    let all = rows.collect::<Result<Vec<_>, _>>()?;
    if all.len() as i64 > most { Err(Fault::TooManyRows) } else { Ok(all) }
}

/// Identities that activations were counted of, registered or not, each with the newest hour of one.
///
/// # Errors
/// [`Fault`].
pub fn activated(store: &Connection) -> Stored<Vec<(String, i64)>> {
    // one step in the index an identity, in place of all its rows
    let mut rows = store.prepare_cached(
        "WITH RECURSIVE each (identity) AS (
             SELECT min(identity) FROM activations
             UNION ALL
             SELECT (SELECT min(identity) FROM activations WHERE identity > each.identity)
             FROM each WHERE each.identity IS NOT NULL)
         SELECT identity, (SELECT max(hour) FROM activations WHERE identity = each.identity)
         FROM each WHERE identity IS NOT NULL",
    )?;
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Clients by code in the hours `[from, to)`, over all channels; the code of those on which a bundle
/// was activated is empty.
///
/// # Errors
/// [`Fault`].
pub fn outcomes(
    store: &Connection,
    identity: &str,
    (from, to): (i64, i64),
) -> Stored<Vec<(String, i64)>> {
    let mut rows = store.prepare_cached(
        "SELECT code, sum(clients) FROM activations
         WHERE identity = ?1 AND hour >= ?2 AND hour < ?3 GROUP BY code ORDER BY code",
    )?;
    let rows = rows.query_map(params![identity, from, to], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What is known of a bundle in a channel since a second. Truth is that of plain counts: noise would
/// have to be seen through, and its bound is no exact one.
///
/// # Errors
/// [`Fault`].
pub fn seen(store: &Connection, channel: &str, identity: &str, since: i64) -> Stored<Seen> {
    let hour = since.div_euclid(3_600);
    let mut seen = Seen::default();
    let filter = Filter {
        channel: Some(channel.to_owned()),
        identity: Some(identity.to_owned()),
        name: None,
    };
    for row in activations(store, &filter, hour, i64::MAX)? {
        let clients = row.clients.max(0).unsigned_abs();
        let sum = if row.code.is_empty() { &mut seen.activated } else { &mut seen.failed };
        *sum = sum.saturating_add(clients);
    }
    let mut rows = store.prepare_cached(
        "SELECT block, cells, summary FROM counts JOIN models USING (model)
         WHERE identity = ?1 AND grain = 0 AND start >= ?2 AND mode = ?3",
    )?;
    let mut rows = rows.query(params![identity, hour, mode_number(Mode::Pseudonymous)])?;
    while let Some(row) = rows.next()? {
        let block: i64 = row.get(0)?;
        let summary: String = row.get(2)?;
        let block = usize::try_from(block).ok();
        let Some(at) = block.and_then(|block| accepted(&summary, block)) else { continue };
        let bytes: Vec<u8> = row.get(1)?;
        let cells = cells::unpack(&bytes).ok_or(Fault::Damaged("counts"))?;
        let count = |at: usize| cells.get(at).map_or(0, |count| count.max(&0).unsigned_abs());
        seen.wrong = seen.wrong.saturating_add(count(at));
        seen.answers = seen.answers.saturating_add(count(at) + count(at + 1));
    }
    Ok(seen)
}

/// Where a block counts the accepted answers that were wrong; those that were right come next.
fn accepted(summary: &str, block: usize) -> Option<usize> {
    #[derive(serde::Deserialize)]
    struct Layout {
        blocks: Vec<Block>,
    }
    #[derive(serde::Deserialize)]
    struct Block {
        kind: String,
        name: String,
        cells: Vec<String>,
    }
    let layout: Layout = serde_json::from_str(summary).ok()?;
    let block = layout.blocks.get(block)?;
    // a segment's block counts the same answers again
    if block.kind != BlockKind::OutcomeCorrect.as_str() || !block.name.is_empty() {
        return None;
    }
    block.cells.iter().position(|cell| cell == "accept/wrong")
}

/// Whether a rule has spoken of a bundle since a second.
///
/// # Errors
/// [`Fault`].
pub fn proposed(store: &Connection, channel: &str, identity: &str, since: i64) -> Stored<bool> {
    Ok(store
        .prepare_cached(
            "SELECT 1 FROM deployments WHERE channel = ?1 AND previous = ?2 AND at >= ?3
             AND action = 'rule'",
        )?
        .exists(params![channel, identity, since])?)
}
