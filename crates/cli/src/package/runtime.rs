//! The runtime's files: the WebAssembly module without a bundle, its scripts and templates.

use super::{Variant, WASM};
use crate::output::io_error;
use driftline::{Error, ErrorCode, Result};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Files by name.
type Files = &'static [(&'static str, &'static [u8])];

/// Where the files of one runtime are looked for.
#[derive(Debug)]
struct Places {
    /// Names a directory to take them from, in place of the files inside the command.
    variable: &'static str,
    /// Inside this command; none if it was built before them.
    embedded: Files,
    /// Beside this command, under `../share/driftline`.
    beside: &'static str,
    /// What makes them in the repository.
    task: &'static str,
}

const TABULAR: Places = Places {
    variable: "DRIFTLINE_RUNTIME_TABULAR",
    embedded: include!(concat!(env!("OUT_DIR"), "/tabular_files.rs")),
    beside: "runtime-tabular",
    task: "cargo xtask wasm",
};

const PLAN: Places = Places {
    variable: "DRIFTLINE_RUNTIME",
    embedded: include!(concat!(env!("OUT_DIR"), "/plan_files.rs")),
    beside: "runtime",
    task: "cargo xtask wasm",
};

const TRACT: Places = Places {
    variable: "DRIFTLINE_RUNTIME_TRACT",
    embedded: include!(concat!(env!("OUT_DIR"), "/tract_files.rs")),
    beside: "runtime-tract",
    task: "cargo xtask wasm --tract",
};

/// Templates without which there is no package.
const NEEDED: &[&str] = &[WASM, "index.d.ts.in", "package.json.in", "api.d.ts", "index.js"];

/// Where the files are.
#[derive(Debug)]
pub enum Runtime {
    /// Inside this command.
    Embedded(Files),
    /// Read from a directory.
    Read(BTreeMap<String, Vec<u8>>),
}

impl Runtime {
    /// Looks where the runtime's variable says, inside the command, and beside it, in this order.
    ///
    /// # Errors
    /// [`ErrorCode::Io`] if the files are in none of these places.
    pub fn find(variant: Variant) -> Result<Self> {
        let places = match variant {
            Variant::Tabular => TABULAR,
            Variant::Plan => PLAN,
            Variant::Tract => TRACT,
        };
        let variable = places.variable;
        if let Some(named) = std::env::var_os(variable) {
            return Self::read(Path::new(&named), variable);
        }
        if !places.embedded.is_empty() {
            return Ok(Self::Embedded(places.embedded));
        }
        match beside(places.beside) {
            Some(directory) if directory.is_dir() => Self::read(&directory, variable),
            _ => Err(Error::new(
                ErrorCode::Io,
                format!("this command was built without the runtime `{}`", variant.as_str()),
            )
            .with_help(format!(
                "install a released driftline; in its repository run `{}` first, or name the \
                 runtime's directory in {variable}",
                places.task
            ))),
        }
    }

    /// Whether [`Self::find`] would take the smaller runtime of plans. Somebody who names a
    /// directory for plans in general, and none for this one, means all of them.
    pub fn has_tabular() -> bool {
        let named = |places: &Places| std::env::var_os(places.variable).is_some();
        named(&TABULAR)
            || !named(&PLAN)
                && (!TABULAR.embedded.is_empty()
                    || beside(TABULAR.beside).is_some_and(|directory| directory.is_dir()))
    }

    /// Reads an installed runtime, which is flat, or the repository's `pkg/dist`.
    fn read(directory: &Path, variable: &str) -> Result<Self> {
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
                    .with_help(format!("correct {variable}, or install driftline again"))
                    .in_file(directory.display().to_string()))
            }
        }
    }

    /// Every file with its name.
    pub fn files(&self) -> Vec<(&str, Cow<'_, [u8]>)> {
        match self {
            Self::Embedded(files) => {
                files.iter().map(|(name, bytes)| (*name, Cow::Borrowed(*bytes))).collect()
            }
            Self::Read(files) => {
                let read = files.iter();
                read.map(|(name, bytes)| (name.as_str(), Cow::Borrowed(bytes.as_slice()))).collect()
            }
        }
    }
}

/// `../share/driftline/NAME` seen from the command.
fn beside(name: &str) -> Option<PathBuf> {
    let command = std::env::current_exe().ok()?;
    Some(command.parent()?.parent()?.join("share/driftline").join(name))
}
