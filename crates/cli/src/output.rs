//! Where a command writes: a file, or standard output.

use driftline::{Error, ErrorCode, Result};
use serde::Serialize;
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::path::Path;

/// A buffered file or standard output, named for messages.
pub struct Output {
    name: String,
    to: Box<dyn Write>,
}

impl Output {
    /// Opens `path`; `-` is standard output.
    pub fn open(path: &Path) -> Result<Self> {
        if path == Path::new("-") {
            return Ok(Self::stdout());
        }
        let file = File::create(path).map_err(|e| io_error(path, &e))?;
        Ok(Self { name: path.display().to_string(), to: Box::new(BufWriter::new(file)) })
    }

    /// Standard output.
    pub fn stdout() -> Self {
        Self { name: "standard output".into(), to: Box::new(BufWriter::new(io::stdout())) }
    }

    /// Writes one line.
    pub fn line(&mut self, text: &str) -> Result<()> {
        let done = self.to.write_all(text.as_bytes()).and_then(|()| self.to.write_all(b"\n"));
        self.ended(done)
    }

    /// Writes one value as one line of JSON.
    pub fn json(&mut self, value: &impl Serialize) -> Result<()> {
        let text = to_json(value)?;
        self.line(&text)
    }

    /// Hands the buffer over; must be the last call.
    pub fn finish(mut self) -> Result<()> {
        let done = self.to.flush();
        self.ended(done)
    }

    fn ended(&self, done: io::Result<()>) -> Result<()> {
        match done {
            Ok(()) => Ok(()),
            // the reader, such as `head`, has all it wants: not an error
            Err(e) if e.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
            Err(e) => Err(Error::new(ErrorCode::Io, e.to_string()).in_file(&*self.name)),
        }
    }
}

/// One value as JSON on one line.
pub fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::new(ErrorCode::Internal, e.to_string()))
}

/// Reads a whole file, of at most `limit` bytes.
pub fn read_file(path: &Path, limit: usize) -> Result<Vec<u8>> {
    let size = fs::metadata(path).map_err(|e| io_error(path, &e))?.len();
    if size > limit as u64 {
        return Err(Error::new(
            ErrorCode::InputTooLarge,
            format!("the file has {size} bytes, the limit is {limit}"),
        )
        .in_file(path.display().to_string()));
    }
    fs::read(path).map_err(|e| io_error(path, &e))
}

/// The first `length` bytes of a file, or all if it is shorter.
pub fn read_head(path: &Path, length: u64) -> Result<Vec<u8>> {
    let file = File::open(path).map_err(|e| io_error(path, &e))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes).map_err(|e| io_error(path, &e))?;
    Ok(bytes)
}

/// Writes a whole file and the directories above it.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|e| io_error(parent, &e))?;
    }
    fs::write(path, bytes).map_err(|e| io_error(path, &e))
}

/// Writes a whole file at once: whoever looks sees the old one or the new one.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written =
        tempfile::Builder::new().prefix(".driftline-").tempfile_in(folder).and_then(|mut file| {
            file.write_all(bytes)?;
            readable(file.as_file())?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|e| e.error)
        });
    written.map(drop).map_err(|e| io_error(path, &e))
}

/// What is published may be read by all; temporary files may not.
#[cfg(unix)]
fn readable(file: &File) -> io::Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &File) -> io::Result<()> {
    Ok(())
}

/// An error of the file system, with the file's name.
pub fn io_error(path: &Path, error: &io::Error) -> Error {
    let text = match error.kind() {
        ErrorKind::NotFound => "the file does not exist".to_owned(),
        ErrorKind::PermissionDenied => "the file may not be opened".to_owned(),
        ErrorKind::IsADirectory => "this is a directory".to_owned(),
        _ => error.to_string(),
    };
    Error::new(ErrorCode::Io, text).in_file(path.display().to_string())
}
