//! The runtime's files: the WebAssembly module without a bundle, its scripts and templates.

use super::WASM;
use crate::output::io_error;
use driftline::{Error, ErrorCode, Result};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The files inside this command; none if it was built before them.
const EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/runtime_files.rs"));

/// Names a directory to take the runtime from, in place of the files inside the command.
pub const VARIABLE: &str = "DRIFTLINE_RUNTIME";

/// Templates without which there is no package.
const NEEDED: &[&str] = &[WASM, "index.d.ts.in", "package.json.in", "api.d.ts", "index.js"];

/// Where the files are.
#[derive(Debug)]
pub enum Runtime {
    /// Inside this command.
    Embedded,
    /// Read from a directory.
    Read(BTreeMap<String, Vec<u8>>),
}

impl Runtime {
    /// Looks where [`VARIABLE`] says, inside the command, and beside it, in this order.
    ///
    /// # Errors
    /// [`ErrorCode::Io`] if the files are in none of these places.
    pub fn find() -> Result<Self> {
        if let Some(named) = std::env::var_os(VARIABLE) {
            return Self::read(Path::new(&named));
        }
        if !EMBEDDED.is_empty() {
            return Ok(Self::Embedded);
        }
        let beside = beside();
        match &beside {
            Some(directory) if directory.is_dir() => Self::read(directory),
            _ => Err(Error::new(ErrorCode::Io, "this command was built without the runtime")
                .with_help(format!(
                    "install a released driftline; in its repository run `cargo xtask wasm` first, \
                     or name the runtime's directory in {VARIABLE}"
                ))),
        }
    }

    /// Reads an installed runtime, which is flat, or the repository's `pkg/dist`.
    fn read(directory: &Path) -> Result<Self> {
        let template = directory.join("template");
        let (scripts, wasm) = if template.is_dir() {
            (template, directory.join("runtime").join(WASM))
        } else {
            (directory.to_path_buf(), directory.join(WASM))
        };
        let mut files = BTreeMap::new();
        let entries = std::fs::read_dir(&scripts).map_err(|e| io_error(&scripts, &e))?;
        let paths = entries.flatten().map(|e| e.path()).filter(|p| p.is_file());
        for path in paths.chain(wasm.is_file().then_some(wasm)) {
            let Some(name) = path.file_name().and_then(|n| n.to_str()) else { continue };
            let bytes = std::fs::read(&path).map_err(|e| io_error(&path, &e))?;
            files.insert(name.to_owned(), bytes);
        }
        match NEEDED.iter().find(|name| !files.contains_key(**name)) {
            None => Ok(Self::Read(files)),
            Some(name) => {
                Err(Error::new(ErrorCode::Io, format!("the runtime's directory lacks `{name}`"))
                    .with_help(format!("correct {VARIABLE}, or install driftline again"))
                    .in_file(directory.display().to_string()))
            }
        }
    }

    /// Every file with its name.
    pub fn files(&self) -> Vec<(&str, Cow<'_, [u8]>)> {
        match self {
            Self::Embedded => {
                EMBEDDED.iter().map(|(name, bytes)| (*name, Cow::Borrowed(*bytes))).collect()
            }
            Self::Read(files) => {
                let read = files.iter();
                read.map(|(name, bytes)| (name.as_str(), Cow::Borrowed(bytes.as_slice()))).collect()
            }
        }
    }
}

/// `../share/driftline/runtime` seen from the command.
fn beside() -> Option<PathBuf> {
    let command = std::env::current_exe().ok()?;
    Some(command.parent()?.parent()?.join("share/driftline/runtime"))
}
