//! Secrets of destinations: in the environment or in a file, never in the settings, never printed.

use super::rules::usage;
use driftline::Error;
use serde::Deserialize;
use std::io::Read;
use std::path::PathBuf;

/// Longest secret, in bytes: more is some other file.
const MAX_SECRET_BYTES: u64 = 16 * 1024;

/// Where a secret is.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Source {
    /// In a variable of the environment.
    Env(String),
    /// In a file; line ends at its end do not belong to it.
    File(PathBuf),
}

impl Source {
    /// Reads it.
    ///
    /// # Errors
    /// [`driftline::ErrorCode::BadUsage`] if it is not there, empty, or no text of one line.
    pub fn read(&self, variable: &dyn Fn(&str) -> Option<String>) -> Result<Secret, Error> {
        let (found, place) = match self {
            Self::Env(name) => (variable(name), format!("the variable `{name}`")),
            Self::File(path) => {
                let mut text = String::new();
                let read = std::fs::File::open(path)
                    .and_then(|file| file.take(MAX_SECRET_BYTES).read_to_string(&mut text));
                (read.ok().map(|_| text), format!("the file `{}`", path.display()))
            }
        };
        let found = found.unwrap_or_default();
        let secret = found.trim_end_matches(['\r', '\n']);
        if secret.is_empty() || secret.chars().any(char::is_control) {
            return Err(usage(format!("{place} holds no secret of one line")));
        }
        Ok(Secret(secret.to_owned()))
    }
}

/// A secret that prints as nothing.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// What it is.
    pub fn get(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_from_where_it_is_and_never_printed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "from a file\r\n").unwrap();
        let none = |_: &str| None;
        let read = Source::File(path.clone()).read(&none).unwrap();
        assert_eq!(read.get(), "from a file");
        assert!(!format!("{read:?}").contains("file"));
        let read = Source::Env("A".into()).read(&|name| (name == "A").then(|| "b".into()));
        assert_eq!(read.unwrap().get(), "b");
        std::fs::write(&path, "two\nlines\n").unwrap();
        for missing in [
            Source::File(path),
            Source::File(folder.path().join("nothing")),
            Source::Env("A".into()),
        ] {
            assert!(missing.read(&none).is_err(), "{missing:?}");
        }
    }
}
