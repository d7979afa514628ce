//! Tables, and how an older file becomes a newer one.

use super::{Fault, Stored};
use rusqlite::Connection;

/// One entry a version; `user_version` says how many a file has. Entries are never changed.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE models (
        model       INTEGER PRIMARY KEY,
        identity    TEXT NOT NULL,
        layout      TEXT NOT NULL,
        name        TEXT NOT NULL,
        registered  INTEGER NOT NULL,
        contract    TEXT NOT NULL,
        baseline    TEXT,
        summary     TEXT NOT NULL,
        UNIQUE (identity, layout)
    );
    -- one row a beacon, until no copy of it would be taken any more
    CREATE TABLE seen (
        id          TEXT PRIMARY KEY,
        hour        INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX seen_hour ON seen (hour);
    -- grain: 0 hour, 1 day, 2 month; start: hours since 1970
    CREATE TABLE windows (
        model       INTEGER NOT NULL,
        grain       INTEGER NOT NULL,
        start       INTEGER NOT NULL,
        mode        INTEGER NOT NULL,
        epsilon     INTEGER NOT NULL,
        bound       INTEGER NOT NULL,
        beacons     INTEGER NOT NULL,
        records     INTEGER NOT NULL,
        PRIMARY KEY (model, grain, start, mode, epsilon, bound)
    ) WITHOUT ROWID;
    CREATE TABLE counts (
        model       INTEGER NOT NULL,
        grain       INTEGER NOT NULL,
        start       INTEGER NOT NULL,
        mode        INTEGER NOT NULL,
        epsilon     INTEGER NOT NULL,
        bound       INTEGER NOT NULL,
        block       INTEGER NOT NULL,
        reports     INTEGER NOT NULL,
        cells       BLOB NOT NULL,
        PRIMARY KEY (model, grain, start, mode, epsilon, bound, block)
    ) WITHOUT ROWID;
    CREATE TABLE parked (
        id          TEXT PRIMARY KEY,
        identity    TEXT NOT NULL,
        layout      TEXT NOT NULL,
        hour        INTEGER NOT NULL,
        body        BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX parked_identity ON parked (identity, layout);
    CREATE TABLE audit (
        at          INTEGER NOT NULL,
        what        TEXT NOT NULL,
        subject     TEXT NOT NULL
    );
",
    "
    -- severity: 0 info, 1 warning, 2 critical; stage: 0 pending, 1 firing, 2 resolved;
    -- times: seconds since 1970; slot: with rule and identity, what tells alerts apart
    CREATE TABLE alerts (
        id          TEXT PRIMARY KEY,
        rule        TEXT NOT NULL,
        severity    INTEGER NOT NULL,
        identity    TEXT NOT NULL,
        name        TEXT NOT NULL,
        subject     TEXT NOT NULL,
        stage       INTEGER NOT NULL,
        suspend     INTEGER NOT NULL,
        since       INTEGER NOT NULL,
        fired       INTEGER,
        resolved    INTEGER,
        value       REAL,
        threshold   REAL NOT NULL,
        message     TEXT NOT NULL,
        told        INTEGER,
        notices     INTEGER NOT NULL,
        round       INTEGER NOT NULL,
        slot        TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX alerts_stage ON alerts (stage, identity);
    CREATE INDEX alerts_since ON alerts (since);
    -- what waits to be told, in order; a try that fails puts `due` off
    CREATE TABLE notices (
        notice      INTEGER PRIMARY KEY AUTOINCREMENT,
        key         TEXT NOT NULL,
        destination TEXT NOT NULL,
        alert       TEXT NOT NULL,
        body        TEXT NOT NULL,
        made        INTEGER NOT NULL,
        due         INTEGER NOT NULL,
        tries       INTEGER NOT NULL,
        UNIQUE (destination, key)
    );
    CREATE TABLE deliveries (
        delivery    INTEGER PRIMARY KEY,
        alert       TEXT NOT NULL,
        destination TEXT NOT NULL,
        at          INTEGER NOT NULL,
        problem     TEXT
    );
    CREATE INDEX deliveries_alert ON deliveries (alert);
",
    "
    -- one row at most: ids of beacons whose window began before this hour are forgotten
    CREATE TABLE forgotten (hour INTEGER NOT NULL);
",
    "
    ALTER TABLE models ADD COLUMN importance TEXT;
",
    "
    -- at: seconds since 1970; sequence: the channel's, none of what a rule says
    CREATE TABLE deployments (
        deployment  INTEGER PRIMARY KEY,
        at          INTEGER NOT NULL,
        channel     TEXT NOT NULL,
        sequence    INTEGER,
        action      TEXT NOT NULL,
        identity    TEXT NOT NULL,
        previous    TEXT,
        percent     INTEGER NOT NULL,
        whose       TEXT,
        reason      TEXT,
        UNIQUE (channel, sequence)
    );
    CREATE INDEX deployments_at ON deployments (at);
    CREATE INDEX deployments_identity ON deployments (identity);
    -- hour: since 1970; code: empty if it went well
    CREATE TABLE activations (
        hour        INTEGER NOT NULL,
        channel     TEXT NOT NULL,
        identity    TEXT NOT NULL,
        code        TEXT NOT NULL,
        clients     INTEGER NOT NULL,
        PRIMARY KEY (hour, channel, identity, code)
    ) WITHOUT ROWID;
    CREATE INDEX activations_identity ON activations (identity, hour);
",
    "
    -- what waits for ClickHouse: a row a commit, numbers are never used again
    CREATE TABLE outbox (
        seq         INTEGER PRIMARY KEY AUTOINCREMENT,
        oldest      INTEGER NOT NULL,
        beacons     INTEGER NOT NULL,
        body        BLOB NOT NULL
    );
    CREATE TABLE facts (
        name        TEXT PRIMARY KEY,
        value       TEXT NOT NULL
    ) WITHOUT ROWID;
",
    "
    -- instead of `seen`: ids as bytes, in the order of their hours; `fresh` has those that are not
    -- in the tree yet, a row a commit, 8 bytes of hour and 16 of id each
    CREATE TABLE ids (
        hour        INTEGER NOT NULL,
        id          BLOB NOT NULL,
        PRIMARY KEY (hour, id)
    ) WITHOUT ROWID;
    CREATE TABLE fresh (
        seq         INTEGER PRIMARY KEY,
        ids         BLOB NOT NULL
    );
    INSERT INTO ids SELECT hour, unhex(id, '-') FROM seen ORDER BY hour, unhex(id, '-');
    DROP TABLE seen;
",
    "
    -- what candidates answered beside live bundles, by the hour in which the counts came
    CREATE TABLE shadows (
        hour        INTEGER NOT NULL,
        channel     TEXT NOT NULL,
        live        TEXT NOT NULL,
        candidate   TEXT NOT NULL,
        labels      TEXT NOT NULL,
        batches     INTEGER NOT NULL,
        cells       BLOB NOT NULL,
        PRIMARY KEY (hour, channel, live, candidate, labels)
    ) WITHOUT ROWID;
    CREATE TABLE shadow_ids (
        id          BLOB PRIMARY KEY,
        hour        INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX shadow_ids_hour ON shadow_ids (hour);
",
];

/// Pages of the file that the writer keeps in memory, in KiB: 700,000 ids.
const CACHE_KIB: i64 = 32_768;

/// Pages of 4 KiB in the journal after which they go into the file.
const JOURNAL_PAGES: i64 = 4_000;

/// Opens the file's journal and brings it to this version.
///
/// # Errors
/// A file of a newer version, or one that SQLite cannot use.
pub fn prepare(connection: &mut Connection) -> Stored<()> {
    // a crash of the machine after an answer must not lose what was answered for
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    // the ids of a busy hour stay in memory, and a page that changes often goes into the file seldom
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "wal_autocheckpoint", JOURNAL_PAGES)?;
    let version = version(connection)?;
    check(version)?;
    let done = usize::try_from(version).unwrap_or_default();
    for (at, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        let change = connection.transaction()?;
        change.execute_batch(migration)?;
        let version = i64::try_from(at + 1).unwrap_or(i64::MAX);
        change.pragma_update(None, "user_version", version)?;
        change.commit()?;
    }
    Ok(())
}

/// How many of the entries a file has.
///
/// # Errors
/// A file that is no database.
pub fn version(connection: &Connection) -> Stored<i64> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Whether this driftline knows all of a file's tables.
///
/// # Errors
/// [`Fault::Newer`].
pub fn check(version: i64) -> Stored<()> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if version > known { Err(Fault::Newer { version, known }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_a_file_from_before_they_were_bytes_are_known() {
        let mut file = Connection::open_in_memory().unwrap();
        for migration in &MIGRATIONS[..6] {
            file.execute_batch(migration).unwrap();
        }
        file.pragma_update(None, "user_version", 6).unwrap();
        let seen = "INSERT INTO seen (id, hour) VALUES ('0A000000-0000-4000-8000-0000000000ff', 7)";
        file.execute_batch(seen).unwrap();
        prepare(&mut file).unwrap();
        let id: (i64, Vec<u8>) = file
            .query_row("SELECT hour, id FROM ids", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        let mut bytes = [0; 16];
        (bytes[0], bytes[6], bytes[8], bytes[15]) = (0x0a, 0x40, 0x80, 0xff);
        assert_eq!(id, (7, bytes.to_vec()));
    }
}
