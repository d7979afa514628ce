//! A copy becomes the store again.

use super::{FILE, Fault, Stored, is_whole, schema};
use rusqlite::{Connection, OpenFlags};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// What a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Version of its tables, before this driftline changes them.
    pub version: i64,
    /// Models in it.
    pub models: i64,
}

/// Puts a copy in place of a folder's store, once it was read whole. The store must not be in use:
/// that is asked of SQLite, and holds off none that starts meanwhile.
///
/// # Errors
/// [`Fault::Damaged`] for what is no whole copy, [`Fault::Newer`], [`Fault::Exists`] unless
/// `force`d, [`Fault::InUse`].
pub fn restore(folder: &Path, from: &Path, force: bool) -> Stored<Restored> {
    let restored = check(from)?;
    fs::create_dir_all(folder).map_err(|error| at(folder, error))?;
    let place = folder.join(FILE);
    if place.exists() {
        if !force {
            return Err(Fault::Exists(place));
        }
        free(&place)?;
    }
    // beside the place, so that the last step is one rename
    let beside = folder.join(format!("{FILE}-restore"));
    fs::copy(from, &beside).map_err(|error| at(from, error))?;
    let file = fs::File::open(&beside).map_err(|error| at(&beside, error))?;
    file.sync_all().map_err(|error| at(&beside, error))?;
    // a journal of the old store would be played into the new one
    for end in ["-wal", "-shm"] {
        let journal = folder.join(format!("{FILE}{end}"));
        match fs::remove_file(&journal) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(at(&journal, error)),
            _ => {}
        }
    }
    fs::rename(&beside, &place).map_err(|error| at(&place, error))?;
    // so that the new name outlives a power cut; where a folder cannot be opened it is the system's
    if let Ok(folder) = fs::File::open(folder) {
        folder.sync_all().map_err(|error| at(&place, error))?;
    }
    Ok(restored)
}

/// Reads all of a copy.
fn check(from: &Path) -> Stored<Restored> {
    fs::metadata(from).map_err(|error| at(from, error))?;
    // a copy has no journal; one beside it belongs to a store that is in use
    if Path::new(&format!("{}-wal", from.display())).exists() {
        return Err(Fault::InUse(from.to_owned()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let copy = Connection::open_with_flags(from, flags)?;
    let damaged = |_| Fault::Damaged("the copy is no driftline store");
    let version = schema::version(&copy).map_err(damaged)?;
    if version == 0 {
        return Err(Fault::Damaged("the copy is no driftline store"));
    }
    schema::check(version)?;
    let models = copy.query_row("SELECT count(*) FROM models", [], |row| row.get(0));
    let models = models.map_err(|_| Fault::Damaged("the copy is no driftline store"))?;
    if !is_whole(&copy).unwrap_or(false) {
        return Err(Fault::Damaged("the copy is not whole"));
    }
    Ok(Restored { version, models })
}

/// Whether nobody has the store open: only then SQLite lets its journal be ended.
fn free(place: &Path) -> Stored<()> {
    let Ok(store) = Connection::open(place) else { return Ok(()) };
    // a file that is no store any more is just what is replaced
    let mode: Result<String, _> =
        store.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0));
    match mode {
        Err(rusqlite::Error::SqliteFailure(error, _))
            if matches!(
                error.code,
                rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked
            ) =>
        {
            Err(Fault::InUse(place.to_owned()))
        }
        _ => Ok(()),
    }
}

fn at(path: &Path, error: std::io::Error) -> Fault {
    Fault::File { path: path.to_owned(), error }
}
