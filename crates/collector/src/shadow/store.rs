//! Counts of comparisons in the collector's own file.

use super::Counts;
use crate::store::{Fault, Stored, cells};
use rusqlite::{Connection, OptionalExtension, params};

/// Rows of one hour: pairs of bundles in channels. A write key is public.
const MAX_HOUR_ROWS: i64 = 1_000;

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is counted.
    Yes,
    /// It was counted before.
    Known,
    /// Nobody registered or deployed one of the two bundles.
    Unknown,
    /// The hour has as many rows as it may, or a sum would be too large.
    Full,
}

/// Adds a batch once; `id` names it.
///
/// # Errors
/// [`Fault`].
pub fn add(
    store: &mut Connection,
    (hour, id, channel): (i64, &[u8; 16], &str),
    counts: &Counts,
) -> Stored<Added> {
    let change = store.transaction()?;
    for identity in [&counts.live, &counts.candidate] {
        let known: bool = change
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM models WHERE identity = ?1)
                 OR EXISTS (SELECT 1 FROM deployments WHERE identity = ?1)",
            )?
            .query_row([identity], |row| row.get(0))?;
        if !known {
            return Ok(Added::Unknown);
        }
    }
    let new = change
        .prepare_cached("INSERT OR IGNORE INTO shadow_ids (id, hour) VALUES (?1, ?2)")?
        .execute(params![id, hour])?;
    if new == 0 {
        return Ok(Added::Known);
    }
    let labels = serde_json::to_string(&counts.labels).map_err(|_| Fault::Damaged("labels"))?;
    let key = params![hour, channel, counts.live, counts.candidate, labels];
    let before: Option<Vec<u8>> = change
        .prepare_cached(
            "SELECT cells FROM shadows WHERE hour = ?1 AND channel = ?2 AND live = ?3
             AND candidate = ?4 AND labels = ?5",
        )?
        .query_row(key, |row| row.get(0))
        .optional()?;
    let mut sum = counts.cells();
    match before {
        Some(bytes) => {
            let before = cells::unpack(&bytes).ok_or(Fault::Damaged("shadow counts"))?;
            if !cells::add(&mut sum, &before) {
                return Ok(Added::Full);
            }
        }
        None => {
            let rows: i64 = change
                .prepare_cached("SELECT count(*) FROM shadows WHERE hour = ?1")?
                .query_row([hour], |row| row.get(0))?;
            if rows >= MAX_HOUR_ROWS {
                return Ok(Added::Full);
            }
        }
    }
    change
        .prepare_cached(
            "INSERT INTO shadows (hour, channel, live, candidate, labels, batches, cells)
             VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6)
             ON CONFLICT DO UPDATE SET batches = batches + 1, cells = excluded.cells",
        )?
        .execute(params![
            hour,
            channel,
            counts.live,
            counts.candidate,
            labels,
            cells::pack(&sum)
        ])?;
    change.commit()?;
    Ok(Added::Yes)
}

/// Which comparisons.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// In this channel.
    pub channel: Option<String>,
    /// Beside this bundle.
    pub live: Option<String>,
    /// Of this one.
    pub candidate: Option<String>,
}

/// What was counted of a pair of bundles in a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The channel's name.
    pub channel: String,
    /// First and last hour since 1970 in which something was counted.
    pub hours: (i64, i64),
    /// Batches.
    pub batches: i64,
    /// Their sum.
    pub counts: Counts,
}

/// Comparisons over the hours `[from, to)`, each the sum of its hours.
///
/// # Errors
/// [`Fault`]; [`Fault::TooManyRows`] beyond what one answer may have.
pub fn list(store: &Connection, filter: &Filter, (from, to): (i64, i64)) -> Stored<Vec<Compared>> {
    let most = crate::limits::MAX_ROWS;
    let mut select = store.prepare_cached(
        "SELECT channel, live, candidate, labels, hour, batches, cells FROM shadows
         WHERE hour >= ?1 AND hour < ?2 AND (?3 IS NULL OR channel = ?3)
         AND (?4 IS NULL OR live = ?4) AND (?5 IS NULL OR candidate = ?5)
         ORDER BY channel, live, candidate, labels, hour LIMIT ?6",
    )?;
    let Filter { channel, live, candidate } = filter;
    let mut rows = select.query(params![from, to, channel, live, candidate, most + 1])?;
    let mut all: Vec<(Compared, String, Vec<i64>)> = Vec::new();
    let mut seen = 0;
    while let Some(row) = rows.next()? {
        seen += 1;
        if seen > most {
            return Err(Fault::TooManyRows);
        }
        let damaged = || Fault::Damaged("shadow counts");
        let (channel, live, candidate): (String, String, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        let (labels, hour, batches): (String, i64, i64) = (row.get(3)?, row.get(4)?, row.get(5)?);
        let bytes: Vec<u8> = row.get(6)?;
        let more = cells::unpack(&bytes).ok_or_else(damaged)?;
        if let Some((last, of, cells)) = all.last_mut()
            && (&last.channel, &last.counts.live, &last.counts.candidate, &*of)
                == (&channel, &live, &candidate, &labels)
        {
            last.hours.1 = hour;
            last.batches += batches;
            if !cells::add(cells, &more) {
                return Err(damaged());
            }
            continue;
        }
        let names: Vec<String> = serde_json::from_str(&labels).map_err(|_| damaged())?;
        let counts = Counts::of((live, candidate), names, &more).ok_or_else(damaged)?;
        all.push((Compared { channel, hours: (hour, hour), batches, counts }, labels, more));
    }
    let summed = all.into_iter().map(|(compared, _, cells)| {
        let Counts { live, candidate, labels, .. } = compared.counts;
        let counts = Counts::of((live, candidate), labels, &cells);
        Some(Compared { counts: counts?, ..compared })
    });
    summed.collect::<Option<_>>().ok_or(Fault::Damaged("shadow counts"))
}
