//! Channels as files: read, and edited so that a reader sees the old one or the new one.

use super::{Channel, FORMAT, Note, Step, step};
use crate::output::{io_error, read_file};
use crate::signature::{Keypair, PublicKey, Signed};
use driftline::limits::MAX_CHANNEL_BYTES;
use driftline::{Error, ErrorCode, Result};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Reads a channel and verifies it.
///
/// # Errors
/// The file's, and those of [`Channel::from_file`].
pub fn read(path: &Path, keys: &[PublicKey]) -> Result<Channel> {
    let bytes = read_file(path, MAX_CHANNEL_BYTES)?;
    Channel::from_file(&bytes, keys).map_err(|error| error.in_file(path.display().to_string()))
}

/// The one who may edit a channel, as long as this lives.
pub struct Editor<'a> {
    path: &'a Path,
    /// Held locked. The system lets go of it when the process ends, however it does.
    _lock: File,
}

impl<'a> Editor<'a> {
    /// Locks a channel, which need not be there yet.
    ///
    /// # Errors
    /// [`ErrorCode::Io`] if somebody else edits it, or its folder cannot be written to.
    pub fn lock(path: &'a Path) -> Result<Self> {
        let beside = beside(path, "lock")?;
        let opened = OpenOptions::new().write(true).create(true).truncate(false).open(&beside);
        let lock = opened.map_err(|error| io_error(&beside, &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                Err(Error::new(ErrorCode::Io, "somebody else edits the channel")
                    .with_help("try again when that has ended")
                    .in_file(path.display().to_string()))
            }
            Err(TryLockError::Error(error)) => Err(io_error(&beside, &error)),
        }
    }

    /// Takes a step. `name` is that of a new channel; `trust`: keys beside the signer's that may have
    /// signed the channel as it is. The answer is the channel before and after.
    ///
    /// # Errors
    /// Those of [`step`]; a channel that none of the keys signed; the file system's.
    pub fn take(
        &self,
        name: &str,
        pair: &Keypair,
        trust: &[PublicKey],
        asked: &Step,
        note: &Note,
    ) -> Result<(Option<Channel>, Channel)> {
        let mut keys = trust.to_vec();
        keys.push(pair.public());
        let before = if self.path.exists() { Some(read(self.path, &keys)?) } else { None };
        let after = step(before.as_ref(), name, &pair.public().id(), asked, note)
            .map_err(|error| error.in_file(self.path.display().to_string()))?;
        let signed = Signed::new(FORMAT, &after, pair)?;
        let mut bytes = serde_json::to_vec_pretty(&signed)
            .map_err(|error| Error::new(ErrorCode::Internal, error.to_string()))?;
        bytes.push(b'\n');
        if bytes.len() > MAX_CHANNEL_BYTES {
            let message = format!("the channel would have {} bytes", bytes.len());
            return Err(Error::new(ErrorCode::ChannelInvalid, message)
                .with_help("shorten addresses and reasons; the limits are in docs/limits.md"));
        }
        replace(self.path, &bytes).map_err(|error| io_error(self.path, &error))?;
        Ok((before, after))
    }
}

/// Puts bytes in the place of a file: all of them or none, also if the machine stops.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = beside(path, "draft").map_err(io::Error::other)?;
    reached("locked");
    // under the lock nobody else writes it; what a kill left behind is begun anew
    let mut file = File::create(&draft)?;
    reached("created");
    let (head, tail) = bytes.split_at(bytes.len() / 2);
    file.write_all(head)?;
    reached("half-written");
    file.write_all(tail)?;
    reached("written");
    file.sync_all()?;
    drop(file);
    reached("synced");
    fs::rename(&draft, path)?;
    reached("renamed");
    // the name, too, has to be on the disk
    File::open(folder(path))?.sync_all()?;
    reached("folder-synced");
    Ok(())
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A hidden file in the channel's own folder: only within one file system is a rename one step.
fn beside(path: &Path, what: &str) -> Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| {
        Error::new(ErrorCode::BadUsage, "the channel has no file name")
            .in_file(path.display().to_string())
    })?;
    let name = name.to_string_lossy();
    Ok(folder(path).join(format!(".{name}.{what}")))
}

/// In builds for tests the process ends here, without any chance to tidy up, if it was asked to.
fn reached(point: &str) {
    #[cfg(debug_assertions)]
    if std::env::var("DRIFTLINE_TEST_ABORT_AT").is_ok_and(|at| at == point) {
        std::process::abort();
    }
    #[cfg(not(debug_assertions))]
    let _ = point;
}
