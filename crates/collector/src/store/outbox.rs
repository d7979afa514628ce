//! Beacons on their way to ClickHouse: rows of its table, in the order of the commits.

use super::writer::Known;
use super::{Contribution, Fault, Stored, mode_number};
use driftline::beacon::place;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use std::collections::BTreeMap;

/// One beacon as ClickHouse takes it: counts that are not 0 by 2³² × block + cell.
#[derive(Serialize)]
struct Line<'a> {
    identity: &'a str,
    layout: &'a str,
    hour: i64,
    mode: i64,
    epsilon: u32,
    bound: u32,
    id: &'a str,
    records: i64,
    reports: BTreeMap<u32, u8>,
    cells: BTreeMap<u64, i64>,
}

/// The beacons of one commit.
#[derive(Default)]
pub(super) struct Lines {
    text: Vec<u8>,
    beacons: u32,
    oldest: Option<i64>,
}

impl Lines {
    /// Takes a beacon; `false`, with nothing changed, if it does not fit.
    pub fn add(&mut self, known: &Known, beacon: &Contribution) -> Stored<bool> {
        let Some(blocks) = place(&beacon.body, &known.blocks) else { return Ok(false) };
        let (mode, epsilon, bound) = beacon.noise();
        let mut cells = BTreeMap::new();
        for (block, counts) in &blocks {
            let at = (u64::from(*block) << 32..).zip(counts);
            cells.extend(at.filter(|(_, count)| **count != 0).map(|(at, count)| (at, *count)));
        }
        let line = Line {
            identity: &beacon.identity,
            layout: &beacon.layout,
            hour: beacon.hour,
            mode: mode_number(mode),
            epsilon,
            bound,
            id: &beacon.id,
            records: beacon.records(),
            reports: blocks.iter().map(|(block, _)| (*block, 1)).collect(),
            cells,
        };
        serde_json::to_writer(&mut self.text, &line).map_err(|_| Fault::Damaged("a beacon"))?;
        self.text.push(b'\n');
        self.beacons += 1;
        self.oldest = Some(self.oldest.map_or(beacon.hour, |oldest| oldest.min(beacon.hour)));
        Ok(true)
    }

    /// Writes them as one row; its bytes.
    pub fn write(self, store: &Connection) -> Stored<u64> {
        let Some(oldest) = self.oldest else { return Ok(0) };
        store
            .prepare_cached("INSERT INTO outbox (oldest, beacons, body) VALUES (?1, ?2, ?3)")?
            .execute(params![oldest, self.beacons, self.text])?;
        Ok(self.text.len() as u64)
    }
}

/// Rows that are shipped together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Batch {
    /// Numbers of the outbox's rows.
    pub numbers: Vec<i64>,
    /// Beacons in them.
    pub beacons: i64,
    /// Lines of JSON.
    pub rows: Vec<u8>,
}

/// The oldest rows, of about `bytes`, whose windows all start at `not_before` or later.
///
/// # Errors
/// [`Fault`].
pub(crate) fn waiting(store: &Connection, not_before: i64, bytes: usize) -> Stored<Batch> {
    let mut batch = Batch::default();
    let mut rows = store
        .prepare_cached("SELECT seq, beacons, body FROM outbox WHERE oldest >= ?1 ORDER BY seq")?;
    let mut rows = rows.query([not_before])?;
    while batch.rows.len() < bytes
        && let Some(row) = rows.next()?
    {
        batch.numbers.push(row.get(0)?);
        batch.beacons += row.get::<_, i64>(1)?;
        let body = row.get_ref(2)?.as_blob().map_err(|_| Fault::Damaged("the outbox"))?;
        batch.rows.extend_from_slice(body);
    }
    Ok(batch)
}

/// Beacons that came too late to be shipped; they stay.
///
/// # Errors
/// [`Fault`].
pub(crate) fn held(store: &Connection, not_before: i64) -> Stored<i64> {
    let sql = "SELECT coalesce(sum(beacons), 0) FROM outbox WHERE oldest < ?1";
    Ok(store.query_row(sql, [not_before], |row| row.get(0))?)
}

/// Bytes that wait.
pub(super) fn bytes(store: &Connection) -> Stored<u64> {
    let sql = "SELECT coalesce(sum(length(body)), 0) FROM outbox";
    let bytes: i64 = store.query_row(sql, [], |row| row.get(0))?;
    Ok(bytes.unsigned_abs())
}

/// Forgets rows that have arrived.
pub(super) fn shipped(store: &mut Connection, numbers: &[i64]) -> Stored<()> {
    let change = store.transaction()?;
    {
        let mut forget = change.prepare_cached("DELETE FROM outbox WHERE seq = ?1")?;
        for number in numbers {
            forget.execute([number])?;
        }
    }
    Ok(change.commit()?)
}

/// What tells this store's batches from those of others; made once.
pub(super) fn instance(store: &Connection) -> Stored<String> {
    store.execute(
        "INSERT OR IGNORE INTO facts (name, value) VALUES ('instance', lower(hex(randomblob(8))))",
        [],
    )?;
    let sql = "SELECT value FROM facts WHERE name = 'instance'";
    Ok(store.query_row(sql, [], |row| row.get(0))?)
}

/// Refuses a store whose beacons went elsewhere before.
pub(super) fn check(store: &Connection, outbox: bool) -> Stored<()> {
    let any = |sql: &str| store.query_row(sql, [], |_| Ok(())).optional();
    if outbox && any("SELECT 1 FROM windows LIMIT 1")?.is_some() {
        return Err(Fault::Elsewhere("it has counts of its own; ClickHouse needs a new folder"));
    }
    if !outbox && any("SELECT 1 FROM outbox LIMIT 1")?.is_some() {
        return Err(Fault::Elsewhere("beacons in it wait for ClickHouse, which is not set"));
    }
    Ok(())
}
