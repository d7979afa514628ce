//! Alerts, what waits to be told, and what became of it, in the collector's own file.

use super::evaluate::{Alert, Key, Notice, Stage, State};
use super::rules::Severity;
use crate::store::{Fault, Stored};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Notices that wait for one destination; beyond it the oldest go.
pub const MAX_WAITING: i64 = 10_000;

/// Alerts in one answer, the newest first.
pub const MAX_LISTED: i64 = 1_000;

/// Tries that are logged of one alert, the newest.
pub const MAX_LOGGED: i64 = 100;

const COLUMNS: &str = "id, rule, severity, identity, name, subject, stage, suspend, since, fired,
    resolved, value, threshold, message, told, notices, round, slot";

fn read(row: &Row<'_>) -> Stored<(Key, Alert)> {
    let severity: u16 = row.get(2)?;
    let stage: i64 = row.get(6)?;
    let alert = Alert {
        id: row.get(0)?,
        rule: row.get(1)?,
        severity: *Severity::ALL.get(usize::from(severity)).ok_or(Fault::Damaged("an alert"))?,
        identity: row.get(3)?,
        name: row.get(4)?,
        subject: row.get(5)?,
        state: [Stage::Pending, Stage::Firing, Stage::Resolved]
            .into_iter()
            .find(|known| *known as i64 == stage)
            .ok_or(Fault::Damaged("an alert"))?,
        suspend: row.get(7)?,
        since: row.get(8)?,
        fired: row.get(9)?,
        resolved: row.get(10)?,
        value: row.get(11)?,
        threshold: row.get(12)?,
        message: row.get(13)?,
        told: row.get(14)?,
        notices: row.get(15)?,
        round: row.get(16)?,
    };
    let key =
        Key { rule: alert.rule.clone(), identity: alert.identity.clone(), subject: row.get(17)? };
    Ok((key, alert))
}

/// What was so at the last look. `told_after`: resolved alerts that were told or ended before are
/// history alone.
///
/// # Errors
/// [`Fault`].
pub fn state(store: &Connection, told_after: i64) -> Stored<State> {
    let mut rows = store.prepare(&format!(
        "SELECT {COLUMNS} FROM alerts
         WHERE stage < 2 OR told >= ?1 OR resolved >= ?1 ORDER BY since, round"
    ))?;
    let mut rows = rows.query([told_after])?;
    let mut state = State::new();
    while let Some(row) = rows.next()? {
        // of one key the newest is the last
        let (key, alert) = read(row)?;
        state.insert(key, alert);
    }
    Ok(state)
}

/// Writes what a look changed, and queues what is to be told, in one transaction: after a crash
/// either both are there or none. `to`: each notice with its destinations' names.
///
/// # Errors
/// [`Fault`].
pub fn save(
    store: &mut Connection,
    before: &State,
    after: &State,
    to: &[(Notice, Vec<String>)],
    now: i64,
) -> Stored<()> {
    let change = store.transaction()?;
    {
        let mut remove =
            change.prepare_cached("DELETE FROM alerts WHERE id = ?1 AND fired IS NULL")?;
        for (key, alert) in before {
            if after.get(key).is_none_or(|newer| newer.id != alert.id) {
                remove.execute([&alert.id])?;
            }
        }
        let mut write = change.prepare_cached(&format!(
            "INSERT OR REPLACE INTO alerts ({COLUMNS}) VALUES
             (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)"
        ))?;
        for (key, a) in after.iter().filter(|(key, alert)| before.get(key) != Some(*alert)) {
            let (severity, stage) = (a.severity as i64, a.state as i64);
            write.execute(params![
                a.id,
                a.rule,
                severity,
                a.identity,
                a.name,
                a.subject,
                stage,
                a.suspend,
                a.since,
                a.fired,
                a.resolved,
                a.value,
                a.threshold,
                a.message,
                a.told,
                a.notices,
                a.round,
                key.subject,
            ])?;
        }
        let mut queue = change.prepare_cached(
            "INSERT OR IGNORE INTO notices (key, destination, alert, body, made, due, tries)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, 0)",
        )?;
        let mut bound = change.prepare_cached(
            "DELETE FROM notices WHERE destination = ?1 AND notice <=
             (SELECT notice FROM notices WHERE destination = ?1
              ORDER BY notice DESC LIMIT 1 OFFSET ?2)",
        )?;
        for (notice, names) in to {
            let body = serde_json::to_string(notice).map_err(|_| Fault::Damaged("a notice"))?;
            for name in names {
                queue.execute(params![notice.key, name, notice.alert.id, body, now])?;
                bound.execute(params![name, MAX_WAITING])?;
            }
        }
    }
    change.commit()?;
    Ok(())
}

/// A notice that waits.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Its place in the queue.
    pub place: i64,
    /// When it was made.
    pub made: i64,
    /// How often it was tried.
    pub tries: u32,
    /// What is told.
    pub notice: Notice,
}

/// The oldest notice of a destination that is due. Those behind it wait, so that an end is never
/// told before its start.
///
/// # Errors
/// [`Fault`].
pub fn next(store: &Connection, destination: &str, now: i64) -> Stored<Option<Waiting>> {
    let mut rows = store.prepare_cached(
        "SELECT notice, made, tries, body, due FROM notices WHERE destination = ?1
         ORDER BY notice LIMIT 1",
    )?;
    let mut rows = rows.query([destination])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    if row.get::<_, i64>(4)? > now {
        return Ok(None);
    }
    let body: String = row.get(3)?;
    Ok(Some(Waiting {
        place: row.get(0)?,
        made: row.get(1)?,
        tries: row.get(2)?,
        notice: serde_json::from_str(&body).map_err(|_| Fault::Damaged("a notice"))?,
    }))
}

/// Logs a try. `due`: when the next one is; without it the notice is done with.
///
/// # Errors
/// [`Fault`].
pub fn tried(
    store: &mut Connection,
    destination: &str,
    waiting: &Waiting,
    (now, due): (i64, Option<i64>),
    problem: Option<&str>,
) -> Stored<()> {
    let change = store.transaction()?;
    let alert = &waiting.notice.alert.id;
    change.execute(
        "INSERT INTO deliveries (alert, destination, at, problem) VALUES (?1, ?2, ?3, ?4)",
        params![alert, destination, now, problem],
    )?;
    change.execute(
        "DELETE FROM deliveries WHERE alert = ?1 AND delivery <=
         (SELECT delivery FROM deliveries WHERE alert = ?1
          ORDER BY delivery DESC LIMIT 1 OFFSET ?2)",
        params![alert, MAX_LOGGED],
    )?;
    match due {
        Some(due) => change.execute(
            "UPDATE notices SET due = ?2, tries = tries + 1 WHERE notice = ?1",
            params![waiting.place, due],
        )?,
        None => change.execute("DELETE FROM notices WHERE notice = ?1", [waiting.place])?,
    };
    change.commit()?;
    Ok(())
}

/// Forgets alerts that ended before an instant, and what waits for destinations that are no more.
///
/// # Errors
/// [`Fault`].
pub fn forget(store: &mut Connection, before: i64, destinations: &[String]) -> Stored<()> {
    let change = store.transaction()?;
    change.execute(
        "DELETE FROM deliveries WHERE alert IN
         (SELECT id FROM alerts WHERE stage = 2 AND resolved < ?1)",
        [before],
    )?;
    change.execute("DELETE FROM alerts WHERE stage = 2 AND resolved < ?1", [before])?;
    let known = serde_json::to_string(destinations).unwrap_or_default();
    change.execute(
        "DELETE FROM notices WHERE destination NOT IN (SELECT value FROM json_each(?1))",
        [known],
    )?;
    change.commit()?;
    Ok(())
}

/// A try as it was logged: destination, when, and the problem if there was one.
pub type Logged = (String, i64, Option<String>);

/// Alerts of an identity and a state, if given, the newest first, each with its tries.
///
/// # Errors
/// [`Fault`].
pub fn list(
    store: &Connection,
    identity: Option<&str>,
    stage: Option<Stage>,
) -> Stored<Vec<(Alert, Vec<Logged>)>> {
    let mut rows = store.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM alerts WHERE (?1 IS NULL OR identity = ?1)
         AND (?2 IS NULL OR stage = ?2) AND (stage < 2 OR fired IS NOT NULL)
         ORDER BY since DESC, id LIMIT ?3"
    ))?;
    let stage = stage.map(|stage| stage as i64);
    let mut rows = rows.query(params![identity, stage, MAX_LISTED])?;
    let mut tries = store.prepare_cached(
        "SELECT destination, at, problem FROM deliveries WHERE alert = ?1 ORDER BY delivery",
    )?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let (_, alert) = read(row)?;
        let log =
            tries.query_map([&alert.id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let log = log.collect::<Result<Vec<Logged>, _>>()?;
        all.push((alert, log));
    }
    Ok(all)
}

/// The rule that suspends an identity's thresholds, and since when; the oldest of several.
///
/// # Errors
/// [`Fault`].
pub fn suspended(store: &Connection, identity: &str) -> Stored<Option<(String, i64)>> {
    let mut rows = store.prepare_cached(
        "SELECT rule, coalesce(fired, since) FROM alerts
         WHERE identity = ?1 AND stage = 1 AND suspend = 1 ORDER BY fired, id LIMIT 1",
    )?;
    Ok(rows.query_row([identity], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

/// How many notices wait for each destination.
///
/// # Errors
/// [`Fault`].
pub fn waiting(store: &Connection) -> Stored<Vec<(String, i64)>> {
    let mut rows =
        store.prepare_cached("SELECT destination, count(*) FROM notices GROUP BY 1 ORDER BY 1")?;
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
