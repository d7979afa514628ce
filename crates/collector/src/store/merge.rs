//! Beacons of one commit, merged before they are written.

use super::writer::Known;
use super::{Contribution, Fault, Stored, cells, mode_number};
use driftline::beacon::place;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Model, hour, mode, ε, bound: what may be merged with what.
type Key = (i64, i64, i64, u32, u32);

#[derive(Default)]
struct Head {
    changed: bool,
    beacons: i64,
    records: i64,
}

struct Row {
    changed: bool,
    reports: i64,
    cells: Vec<i64>,
}

/// The rows that a commit will change, as they will be.
#[derive(Default)]
pub(super) struct Batch {
    heads: BTreeMap<Key, Head>,
    rows: BTreeMap<(Key, u32), Row>,
}

impl Batch {
    /// Merges a beacon; `false`, with nothing changed, if it does not fit.
    pub fn add(
        &mut self,
        known: &Known,
        beacon: &Contribution,
        store: &Connection,
    ) -> Stored<bool> {
        let (mode, epsilon, bound) = beacon.noise();
        let key = (known.model, beacon.hour, mode_number(mode), epsilon, bound);
        let Some(blocks) = place(&beacon.body, &known.blocks) else { return Ok(false) };
        let records = beacon.records();
        if let Entry::Vacant(free) = self.heads.entry(key) {
            free.insert(head(store, key)?);
        }
        for (block, counts) in &blocks {
            if let Entry::Vacant(free) = self.rows.entry((key, *block)) {
                free.insert(row(store, key, *block, counts.len())?);
            }
        }
        let fits =
            self.heads.get(&key).is_some_and(|head| head.records.checked_add(records).is_some())
                && blocks.iter().all(|(block, counts)| {
                    self.rows.get(&(key, *block)).is_some_and(|row| {
                        row.cells.iter().zip(counts).all(|(a, b)| a.checked_add(*b).is_some())
                    })
                });
        if !fits {
            return Ok(false);
        }
        if let Some(head) = self.heads.get_mut(&key) {
            head.changed = true;
            head.beacons += 1;
            head.records += records;
        }
        for (block, counts) in &blocks {
            if let Some(row) = self.rows.get_mut(&(key, *block))
                && cells::add(&mut row.cells, counts)
            {
                row.changed = true;
                row.reports += 1;
            }
        }
        Ok(true)
    }

    /// Writes every changed row once.
    pub fn write(self, store: &Connection) -> Stored<()> {
        let mut heads = store.prepare_cached(
            "INSERT OR REPLACE INTO windows
             (model, grain, start, mode, epsilon, bound, beacons, records)
             VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        for ((model, hour, mode, epsilon, bound), head) in self.heads {
            let Head { changed, beacons, records } = head;
            if !changed {
                continue;
            }
            heads.execute(params![model, hour, mode, epsilon, bound, beacons, records])?;
        }
        let mut rows = store.prepare_cached(
            "INSERT OR REPLACE INTO counts
             (model, grain, start, mode, epsilon, bound, block, reports, cells)
             VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        for (((model, hour, mode, epsilon, bound), block), row) in self.rows {
            if !row.changed {
                continue;
            }
            let bytes = cells::pack(&row.cells);
            rows.execute(params![model, hour, mode, epsilon, bound, block, row.reports, bytes])?;
        }
        Ok(())
    }
}

fn head(store: &Connection, (model, hour, mode, epsilon, bound): Key) -> Stored<Head> {
    let found = store
        .prepare_cached(
            "SELECT beacons, records FROM windows WHERE model = ?1 AND grain = 0 AND start = ?2
             AND mode = ?3 AND epsilon = ?4 AND bound = ?5",
        )?
        .query_row(params![model, hour, mode, epsilon, bound], |row| {
            Ok(Head { changed: false, beacons: row.get(0)?, records: row.get(1)? })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

fn row(store: &Connection, key: Key, block: u32, width: usize) -> Stored<Row> {
    let (model, hour, mode, epsilon, bound) = key;
    let found: Option<(i64, Vec<u8>)> = store
        .prepare_cached(
            "SELECT reports, cells FROM counts WHERE model = ?1 AND grain = 0 AND start = ?2
             AND mode = ?3 AND epsilon = ?4 AND bound = ?5 AND block = ?6",
        )?
        .query_row(params![model, hour, mode, epsilon, bound, block], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((reports, bytes)) = found else {
        return Ok(Row { changed: false, reports: 0, cells: vec![0; width] });
    };
    let cells = cells::unpack(&bytes).filter(|cells| cells.len() == width);
    Ok(Row { changed: false, reports, cells: cells.ok_or(Fault::Damaged("counts"))? })
}
