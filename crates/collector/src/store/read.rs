//! What the pages and the drift engine ask.

use super::{Fault, Stored, cells, mode_of};
use crate::limits::{MAX_ROWS, MAX_SUMMED_ROWS};
use driftline::beacon::Mode;
use rusqlite::{Connection, Row, params};
use serde::Serialize;

/// A registered model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Model {
    /// The bundle's.
    pub identity: String,
    /// The bundle's name.
    pub name: String,
    /// Of its counts.
    pub layout: String,
    /// When it was registered, in seconds since 1970.
    pub registered: i64,
    /// Start of the newest window, in hours since 1970.
    pub newest: Option<i64>,
    /// Beacons of all windows that are kept.
    pub beacons: i64,
    /// Records of all windows that are kept.
    pub records: i64,
}

/// A window's totals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Window {
    /// Of the counts; those of another layout are in a row of their own.
    pub layout: String,
    /// `hour`, `day` or `month`.
    pub grain: &'static str,
    /// Hours since 1970.
    pub start: i64,
    /// How its beacons were made private.
    pub mode: Mode,
    /// ε in thousandths, 0 for none.
    pub epsilon: u32,
    /// Records that one client could contribute to a beacon, 0 for no bound.
    pub bound: u32,
    /// How many.
    pub beacons: i64,
    /// Records that they say they counted.
    pub records: i64,
}

/// One block's sums over a window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Which the block is a place in.
    pub layout: String,
    /// `hour`, `day` or `month`.
    pub grain: &'static str,
    /// Hours since 1970.
    pub start: i64,
    /// How its beacons were made private.
    pub mode: Mode,
    /// ε in thousandths, 0 for none.
    pub epsilon: u32,
    /// Records that one client could contribute to a beacon, 0 for no bound.
    pub bound: u32,
    /// Place in the layout.
    pub block: u32,
    /// Beacons that reported on the block.
    pub reports: i64,
    /// Sums as sent: with noise, or of randomized answers.
    pub cells: Vec<i64>,
}

/// The questions that pages, reports and exports ask, wherever the sums are.
pub trait Reads {
    /// Every registered model, newest first.
    ///
    /// # Errors
    /// [`Fault`].
    fn models(&self) -> Stored<Vec<Model>>;

    /// The registrations of an identity, oldest first.
    ///
    /// # Errors
    /// [`Fault`].
    fn definitions(&self, identity: &str) -> Stored<Vec<Definitions>>;

    /// Windows of a model that start in `[from, to)`, in hours, by their start.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::TooManyRows`].
    fn windows(&self, identity: &str, from: i64, to: i64) -> Stored<Vec<Window>>;

    /// Sums of a model's blocks in windows that start in `[from, to)`, in hours, by their start; of one
    /// block if given.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::TooManyRows`].
    fn counts(&self, identity: &str, from: i64, to: i64, block: Option<u32>)
    -> Stored<Vec<Counts>>;

    /// Hands on the sums of an identity's blocks under one layout, in windows that start in
    /// `[from, to)`, in hours, in no order: what is added up need not be held.
    ///
    /// # Errors
    /// [`Fault`], also that of `take`; [`Fault::TooManyRows`].
    fn each_count(
        &self,
        key: (&str, &str),
        span: (i64, i64),
        take: &mut dyn FnMut(Counts) -> Stored<()>,
    ) -> Stored<()>;
}

impl Reads for Connection {
    fn models(&self) -> Stored<Vec<Model>> {
        models(self)
    }

    fn definitions(&self, identity: &str) -> Stored<Vec<Definitions>> {
        definitions(self, identity)
    }

    fn windows(&self, identity: &str, from: i64, to: i64) -> Stored<Vec<Window>> {
        windows(self, identity, from, to)
    }

    fn counts(
        &self,
        identity: &str,
        from: i64,
        to: i64,
        block: Option<u32>,
    ) -> Stored<Vec<Counts>> {
        counts(self, identity, from, to, block)
    }

    fn each_count(
        &self,
        key: (&str, &str),
        span: (i64, i64),
        take: &mut dyn FnMut(Counts) -> Stored<()>,
    ) -> Stored<()> {
        each_count(self, key, span, take)
    }
}

/// The name of a grain's number.
pub(crate) fn grain(number: i64) -> &'static str {
    match number {
        0 => "hour",
        1 => "day",
        _ => "month",
    }
}

/// Every registered model, newest first.
///
/// # Errors
/// [`Fault`].
pub fn models(store: &Connection) -> Stored<Vec<Model>> {
    let mut rows = store.prepare_cached(
        "SELECT identity, name, layout, registered, max(start), coalesce(sum(beacons), 0),
         coalesce(sum(records), 0) FROM models LEFT JOIN windows USING (model)
         GROUP BY model ORDER BY registered DESC, identity",
    )?;
    let rows = rows.query_map([], |row| {
        Ok(Model {
            identity: row.get(0)?,
            name: row.get(1)?,
            layout: row.get(2)?,
            registered: row.get(3)?,
            newest: row.get(4)?,
            beacons: row.get(5)?,
            records: row.get(6)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What a registration said, as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definitions {
    /// The bundle's name.
    pub name: String,
    /// Id of the layout.
    pub layout: String,
    /// The layout: blocks with the names of their cells.
    pub summary: String,
    /// The contract.
    pub contract: String,
    /// The baseline.
    pub baseline: Option<String>,
    /// Weight of each input to the model.
    pub importance: Option<String>,
}

/// The registrations of an identity, oldest first.
///
/// # Errors
/// [`Fault`].
pub fn definitions(store: &Connection, identity: &str) -> Stored<Vec<Definitions>> {
    let mut rows = store.prepare_cached(
        "SELECT layout, summary, contract, baseline, name, importance FROM models
         WHERE identity = ?1 ORDER BY model",
    )?;
    let rows = rows.query_map([identity], |row| {
        Ok(Definitions {
            layout: row.get(0)?,
            summary: row.get(1)?,
            contract: row.get(2)?,
            baseline: row.get(3)?,
            name: row.get(4)?,
            importance: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Windows of a model that start in `[from, to)`, in hours.
///
/// # Errors
/// [`Fault`].
pub fn windows(store: &Connection, identity: &str, from: i64, to: i64) -> Stored<Vec<Window>> {
    let mut rows = store.prepare_cached(
        "SELECT grain, start, mode, epsilon, bound, beacons, records, layout
         FROM windows JOIN models USING (model)
         WHERE identity = ?1 AND start >= ?2 AND start < ?3
         ORDER BY start, layout, grain, mode, epsilon, bound LIMIT ?4",
    )?;
    let mut rows = rows.query(params![identity, from, to, MAX_ROWS + 1])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(Window {
            layout: row.get(7)?,
            grain: grain(row.get(0)?),
            start: row.get(1)?,
            mode: mode(row, 2)?,
            epsilon: row.get(3)?,
            bound: row.get(4)?,
            beacons: row.get(5)?,
            records: row.get(6)?,
        });
        if all.len() as i64 > MAX_ROWS {
            return Err(Fault::TooManyRows);
        }
    }
    Ok(all)
}

/// Sums of a model's blocks in windows that start in `[from, to)`, in hours; of one block if given.
///
/// # Errors
/// [`Fault`].
pub fn counts(
    store: &Connection,
    identity: &str,
    from: i64,
    to: i64,
    block: Option<u32>,
) -> Stored<Vec<Counts>> {
    let mut rows = store.prepare_cached(
        "SELECT grain, start, mode, epsilon, bound, block, reports, cells, layout
         FROM counts JOIN models USING (model)
         WHERE identity = ?1 AND start >= ?2 AND start < ?3 AND (?4 IS NULL OR block = ?4)
         ORDER BY start, layout, grain, mode, epsilon, bound, block LIMIT ?5",
    )?;
    let mut rows = rows.query(params![identity, from, to, block, MAX_ROWS + 1])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let bytes: Vec<u8> = row.get(7)?;
        all.push(Counts {
            layout: row.get(8)?,
            grain: grain(row.get(0)?),
            start: row.get(1)?,
            mode: mode(row, 2)?,
            epsilon: row.get(3)?,
            bound: row.get(4)?,
            block: row.get(5)?,
            reports: row.get(6)?,
            cells: cells::unpack(&bytes).ok_or(Fault::Damaged("counts"))?,
        });
        if all.len() as i64 > MAX_ROWS {
            // a sum over a part of them would be wrong and not look so
            return Err(Fault::TooManyRows);
        }
    }
    Ok(all)
}

/// Hands on the sums of an identity's blocks under one layout, in windows that start in `[from, to)`,
/// in hours, one after the other and in no order: what is added up need not be held.
///
/// # Errors
/// [`Fault`], also that of `take`.
pub fn each_count(
    store: &Connection,
    (identity, layout): (&str, &str),
    (from, to): (i64, i64),
    mut take: impl FnMut(Counts) -> Stored<()>,
) -> Stored<()> {
    // every grain by name, so that the key's start narrows the search
    let mut rows = store.prepare_cached(
        "SELECT grain, start, mode, epsilon, bound, block, reports, cells FROM counts
         WHERE model = (SELECT model FROM models WHERE identity = ?1 AND layout = ?2)
         AND grain IN (0, 1, 2) AND start >= ?3 AND start < ?4",
    )?;
    let mut rows = rows.query(params![identity, layout, from, to])?;
    let mut taken = 0;
    while let Some(row) = rows.next()? {
        taken += 1;
        if taken > MAX_SUMMED_ROWS {
            return Err(Fault::TooManyRows);
        }
        let bytes = row.get_ref(7)?.as_blob().map_err(|_| Fault::Damaged("counts"))?;
        take(Counts {
            layout: String::new(),
            grain: grain(row.get(0)?),
            start: row.get(1)?,
            mode: mode(row, 2)?,
            epsilon: row.get(3)?,
            bound: row.get(4)?,
            block: row.get(5)?,
            reports: row.get(6)?,
            cells: cells::unpack(bytes).ok_or(Fault::Damaged("counts"))?,
        })?;
    }
    Ok(())
}

/// Whether SQLite finds the file whole.
///
/// # Errors
/// [`Fault`].
pub fn is_whole(store: &Connection) -> Stored<bool> {
    let answer: String = store.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    Ok(answer == "ok")
}

fn mode(row: &Row<'_>, at: usize) -> Stored<Mode> {
    mode_of(row.get(at)?).ok_or(Fault::Damaged("a mode"))
}
