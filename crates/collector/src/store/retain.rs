//! Hours become days, days become months, and what is past its time goes.

use super::{Fault, Stored, cells};
use crate::limits::ID_GRACE_HOURS;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

/// How long counts keep their grain, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Kept {
    /// Days after which hours become days; at least as long as late beacons are taken.
    pub hours: u32,
    /// Days after which days become months.
    pub days: u32,
    /// Days after which months are forgotten; 0: never.
    pub months: u32,
}

impl Default for Kept {
    fn default() -> Self {
        Self { hours: 35, days: 400, months: 0 }
    }
}

/// What a call did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rolled {
    /// Rows of hours that became days.
    pub hours: u64,
    /// Rows of days that became months.
    pub days: u64,
    /// Rows that were forgotten.
    pub forgotten: u64,
    /// Ids of beacons that were forgotten.
    pub ids: u64,
}

const HOURS: i64 = 24;

/// The hour from which on ids are remembered.
pub(super) fn remembers_since(connection: &Connection) -> Stored<i64> {
    let hour: Option<i64> =
        connection.query_row("SELECT max(hour) FROM forgotten", [], |row| row.get(0))?;
    Ok(hour.unwrap_or(i64::MIN))
}

/// Up to which hour what is merged and forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    /// Hours before it are days.
    pub hours: i64,
    /// Days before it are months.
    pub days: i64,
    /// Months before it are forgotten.
    pub months: Option<i64>,
    /// Activations before it are forgotten.
    pub activations: i64,
}

impl Kept {
    /// `accepted`: hours for which windows are taken; `now`: hours since 1970.
    pub(crate) fn ends(self, accepted: i64, now: i64) -> Ends {
        // late beacons still go into hours, so that these must stay as long
        let hours = now - (i64::from(self.hours) * HOURS).max(accepted + HOURS);
        let days = hours.min(now - i64::from(self.days) * HOURS);
        let months = days.min(now - i64::from(self.months) * HOURS);
        Ends {
            hours: day_of(hours),
            days: month_of(days),
            months: (self.months > 0).then(|| month_of(months)),
            activations: days,
        }
    }
}

/// Merges and forgets. `accepted`: hours for which windows are taken; `now`: hours since 1970.
///
/// # Errors
/// [`Fault`].
pub(super) fn retain(
    connection: &mut Connection,
    kept: Kept,
    accepted: i64,
    now: i64,
) -> Stored<Rolled> {
    let change = connection.transaction()?;
    let ends = kept.ends(accepted, now);
    let mut rolled = Rolled {
        hours: roll(&change, 0, ends.hours, day_of)?,
        days: roll(&change, 1, ends.days, month_of)?,
        ..Rolled::default()
    };
    if let Some(end) = ends.months {
        for table in ["windows", "counts"] {
            let sql = format!("DELETE FROM {table} WHERE grain = 2 AND start < ?1");
            rolled.forgotten += change.execute(&sql, [end])? as u64;
        }
    }
    // counted by the hour for ever they would have no end
    change.execute("DELETE FROM activations WHERE hour < ?1", [ends.activations])?;
    change.execute("DELETE FROM shadows WHERE hour < ?1", [ends.activations])?;
    let ids = now - accepted - ID_GRACE_HOURS;
    change.execute(
        "INSERT INTO forgotten SELECT ?1 WHERE ?1 > (SELECT ifnull(max(hour), ?2) FROM forgotten)",
        [ids, i64::MIN],
    )?;
    change.execute("DELETE FROM forgotten WHERE hour < ?1", [ids])?;
    rolled.ids = change.execute("DELETE FROM ids WHERE hour < ?1", [ids])? as u64;
    change.execute("DELETE FROM shadow_ids WHERE hour < ?1", [ids])?;
    change.execute("DELETE FROM parked WHERE hour < ?1", [ids])?;
    change.commit()?;
    Ok(rolled)
}

/// First hour of the day in UTC.
pub(crate) fn day_of(hour: i64) -> i64 {
    hour - hour.rem_euclid(HOURS)
}

/// First hour of the month, by the civil calendar in UTC.
pub(crate) fn month_of(hour: i64) -> i64 {
    // Howard Hinnant's days_from_civil and its inverse, of which only the day of the month is needed
    let day = hour.div_euclid(HOURS);
    let shifted = day + 719_468;
    let era_day = shifted.rem_euclid(146_097);
    let year_of_era = (era_day - era_day / 1_460 + era_day / 36_524 - era_day / 146_096) / 365;
    let year_day = era_day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * year_day + 2) / 153;
    let day_of_month = year_day - (153 * month + 2) / 5;
    (day - day_of_month) * HOURS
}

/// Merges rows of one grain that start before `end` into the next grain.
fn roll(store: &Connection, grain: i64, end: i64, start_of: fn(i64) -> i64) -> Stored<u64> {
    let mut moved = 0;
    let heads: Vec<[i64; 7]> = {
        let mut rows = store.prepare(
            "SELECT model, start, mode, epsilon, bound, beacons, records FROM windows
             WHERE grain = ?1 AND start < ?2",
        )?;
        let rows = rows.query_map([grain, end], |row| {
            Ok([
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
                row.get(6)?,
            ])
        })?;
        rows.collect::<Result<_, _>>()?
    };
    for [model, start, mode, epsilon, bound, beacons, records] in heads {
        moved += 1;
        store
            .prepare_cached(
                "INSERT INTO windows (model, grain, start, mode, epsilon, bound, beacons, records)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT DO UPDATE SET beacons = beacons + excluded.beacons,
             records = records + excluded.records",
            )?
            .execute(params![
                model,
                grain + 1,
                start_of(start),
                mode,
                epsilon,
                bound,
                beacons,
                records
            ])?;
        roll_counts(store, grain, [model, start, mode, epsilon, bound], start_of(start))?;
    }
    store.execute("DELETE FROM windows WHERE grain = ?1 AND start < ?2", [grain, end])?;
    store.execute("DELETE FROM counts WHERE grain = ?1 AND start < ?2", [grain, end])?;
    Ok(moved)
}

fn roll_counts(
    store: &Connection,
    grain: i64,
    [model, start, mode, epsilon, bound]: [i64; 5],
    into: i64,
) -> Stored<()> {
    let mut select = store.prepare_cached(
        "SELECT a.block, a.reports, a.cells, b.reports, b.cells FROM counts a LEFT JOIN counts b
         ON b.model = a.model AND b.grain = ?7 AND b.start = ?6 AND b.mode = a.mode
         AND b.epsilon = a.epsilon AND b.bound = a.bound AND b.block = a.block
         WHERE a.model = ?1 AND a.grain = ?8 AND a.start = ?2 AND a.mode = ?3 AND a.epsilon = ?4
         AND a.bound = ?5",
    )?;
    type Both = (i64, i64, Vec<u8>, Option<i64>, Option<Vec<u8>>);
    let rows: Vec<Both> = select
        .query_map(params![model, start, mode, epsilon, bound, into, grain + 1, grain], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        })?
        .collect::<Result<_, _>>()?;
    let mut put = store.prepare_cached(
        "INSERT OR REPLACE INTO counts (model, grain, start, mode, epsilon, bound, block, reports, cells)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for (block, reports, bytes, old_reports, old_bytes) in rows {
        let mut sum = cells::unpack(&bytes).ok_or(Fault::Damaged("counts"))?;
        if let Some(old) = old_bytes {
            let old = cells::unpack(&old).ok_or(Fault::Damaged("counts"))?;
            if !cells::add(&mut sum, &old) {
                return Err(Fault::Damaged("counts"));
            }
        }
        let reports = reports + old_reports.unwrap_or_default();
        let bytes = cells::pack(&sum);
        put.execute(params![model, grain + 1, into, mode, epsilon, bound, block, reports, bytes])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_on_their_first_day() {
        // days since 1970: 2024-02-29 is 19782, 2024-02-01 is 19754, 2013-12-31 is 16070
        assert_eq!(month_of(19_782 * 24 + 5), 19_754 * 24);
        assert_eq!(month_of(19_754 * 24), 19_754 * 24);
        assert_eq!(month_of(16_070 * 24 + 23), 16_040 * 24);
        assert_eq!(month_of(0), 0);
        assert_eq!(month_of(-1), -31 * 24);
    }
}
