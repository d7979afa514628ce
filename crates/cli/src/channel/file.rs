//! Channels as files: read, and edited so that a reader sees the old one or the new one.

use super::{Channel, FORMAT, Note, Step, invalid, step};
use crate::output::{io_error, read_file};
use crate::signature::{Keypair, PublicKey, Signed, add_rotations, trusted};
use driftline::limits::{MAX_CHANNEL_BYTES, MAX_SIGNATURES};
use driftline::{Error, ErrorCode, Result};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A channel's file: the statement, its signature, and how a pinned key leads to the signer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelFile {
    /// As of [`Signed`].
    pub statement: String,
    /// As of [`Signed`].
    pub signature: String,
    /// Statements of older keys that name their successors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rotations: Vec<Signed>,
}

impl ChannelFile {
    /// Reads and bounds a file; nothing is verified.
    ///
    /// # Errors
    /// [`ErrorCode::ChannelInvalid`].
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_CHANNEL_BYTES {
            return Err(invalid(format!("the channel has {} bytes", bytes.len())));
        }
        let file: Self = serde_json::from_slice(bytes)
            .map_err(|e| invalid(format!("the file is no signed channel: {e}")))?;
        if file.rotations.len() > MAX_SIGNATURES {
            return Err(invalid("the file holds too many rotations"));
        }
        Ok(file)
    }

    /// The channel, if one of the keys or of their successors signed it; its expiry is not looked
    /// at.
    ///
    /// # Errors
    /// Those of signatures, and [`ErrorCode::ChannelInvalid`].
    pub fn open(&self, keys: &[PublicKey]) -> Result<Channel> {
        let keys = trusted(&self.rotations, keys)?;
        let (statement, signature) = (self.statement.clone(), self.signature.clone());
        let channel: Channel = Signed { statement, signature }.open(FORMAT, &keys)?;
        channel.check()?;
        Ok(channel)
    }
}

/// Reads a channel and verifies it.
///
/// # Errors
/// The file's, and those of [`ChannelFile`].
pub fn read(path: &Path, keys: &[PublicKey]) -> Result<Channel> {
    Ok(read_whole(path, keys)?.0)
}

fn read_whole(path: &Path, keys: &[PublicKey]) -> Result<(Channel, Vec<Signed>)> {
    let bytes = read_file(path, MAX_CHANNEL_BYTES)?;
    let opened = ChannelFile::from_json(&bytes).and_then(|file| Ok((file.open(keys)?, file)));
    let (channel, file) = opened.map_err(|error| error.in_file(path.display().to_string()))?;
    Ok((channel, file.rotations))
}

/// Who signs a step.
pub struct Signer<'a> {
    /// The key that signs the channel from here on.
    pub pair: &'a Keypair,
    /// Keys beside it that may have signed the channel as it is.
    pub trust: &'a [PublicKey],
    /// Files of rotations that the channel carries from here on, beside those that it has.
    pub rotations: &'a [PathBuf],
    /// Whether those that it has are left out.
    pub forget: bool,
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

    /// Takes a step; `name` is that of a new channel. The answer is the channel before and after.
    ///
    /// # Errors
    /// Those of [`step`] and of rotations; a channel that none of the keys signed; the file system's.
    pub fn take(
        &self,
        name: &str,
        signer: &Signer<'_>,
        asked: &Step,
        note: &Note,
    ) -> Result<(Option<Channel>, Channel)> {
        let Signer { pair, trust, rotations: files, forget } = *signer;
        let mut keys = trust.to_vec();
        keys.push(pair.public());
        let (before, mut rotations) = if self.path.exists() {
            let (before, rotations) = read_whole(self.path, &keys)?;
            (Some(before), if forget { Vec::new() } else { rotations })
        } else {
            (None, Vec::new())
        };
        let had = rotations.len();
        add_rotations(&mut rotations, files)?;
        let new = rotations.get(had..).unwrap_or_default();
        if trusted(new, &keys)?.len() < keys.len() + new.len() {
            return Err(Error::new(
                ErrorCode::KeyUnknown,
                "a rotation is by a key that is not known",
            )
            .with_help("name that key with --trust, so that the rotation can be checked"));
        }
        let after = step(before.as_ref(), name, &pair.public().id(), asked, note)
            .map_err(|error| error.in_file(self.path.display().to_string()))?;
        let Signed { statement, signature } = Signed::new(FORMAT, &after, pair)?;
        let file = ChannelFile { statement, signature, rotations };
        let mut bytes = serde_json::to_vec_pretty(&file)
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
