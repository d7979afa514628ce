//! The files of a folder by their names: a bundle knows what it was made from by name alone.

use crate::output::io_error;
use driftline::{Error, ErrorCode, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Files that are looked at.
const MAX_FILES: usize = 200_000;
/// How deep it is looked.
const MAX_DEPTH: usize = 32;
/// Folders that hold copies and caches and nothing of the source.
const LEFT_OUT: &[&str] = &[".git", ".dvc", ".venv", "node_modules", "target", "__pycache__"];

/// The files of a folder.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    files: BTreeMap<String, Vec<PathBuf>>,
}

impl Folder {
    /// Lists a folder and those in it; links are not followed.
    ///
    /// # Errors
    /// [`ErrorCode::Io`], [`ErrorCode::InputTooLarge`].
    pub fn list(root: &Path) -> Result<Self> {
        let mut files: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        let mut waiting = vec![(root.to_owned(), 0)];
        let mut count = 0;
        while let Some((folder, depth)) = waiting.pop() {
            for entry in fs::read_dir(&folder).map_err(|e| io_error(&folder, &e))? {
                let entry = entry.map_err(|e| io_error(&folder, &e))?;
                let kind = entry.file_type().map_err(|e| io_error(&entry.path(), &e))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if kind.is_dir() && depth < MAX_DEPTH && !LEFT_OUT.contains(&&*name) {
                    waiting.push((entry.path(), depth + 1));
                } else if kind.is_file() {
                    files.entry(name).or_default().push(entry.path());
                    count += 1;
                }
                if count > MAX_FILES {
                    let message = format!("the folder has more than {MAX_FILES} files");
                    return Err(Error::new(ErrorCode::InputTooLarge, message)
                        .with_help("name the folder of the sources alone")
                        .in_file(root.display().to_string()));
                }
            }
        }
        // the same order on every machine: the shallowest first
        for paths in files.values_mut() {
            paths.sort_by_key(|p| (p.components().count(), p.clone()));
        }
        Ok(Self { root: root.to_owned(), files })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The files of a name, the shallowest first.
    pub fn named(&self, name: &str) -> &[PathBuf] {
        self.files.get(name).map_or(&[], Vec::as_slice)
    }

    /// A file as messages name it: from the folder on.
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}
