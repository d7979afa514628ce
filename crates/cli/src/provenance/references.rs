//! References from a bundle to what it was made from.

use super::{Provenance, git};
use crate::assemble::Sources;
use crate::output::read_file;
use driftline::bundle::{Reference, sha256_hex};
use driftline::limits::MAX_ONNX_BYTES;
use driftline::{Error, ErrorCode, Result};
use std::path::Path;

/// Roles by the file's ending, where the caller gives none.
const ROLES: &[(&str, &[&str])] = &[
    ("data", &["csv", "gz", "jsonl", "ndjson", "parquet"]),
    ("source", &["ipynb", "py", "r", "rs", "scala", "sql"]),
    ("environment", &["lock", "toml", "txt"]),
];

/// What an argument of `--provenance` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    /// The commit of a folder.
    Git(&'a Path),
    /// A `.dvc` file or a `dvc.lock`.
    Dvc(&'a Path),
    /// An MLmodel file.
    Mlflow(&'a Path),
    /// A requirements file.
    Requirements(&'a Path),
    /// Any other file, and its role if one was given.
    File(Option<&'a str>, &'a Path),
}

impl<'a> Kind<'a> {
    /// Told by the role, else by the file's name.
    pub fn of(given: &'a str) -> Self {
        // a name with an equals sign and no role is taken as it is, if it exists
        let (role, path) = match given.split_once('=') {
            Some((role, path)) if !Path::new(given).exists() => (Some(role), Path::new(path)),
            _ => (None, Path::new(given)),
        };
        let name = file_name(path);
        let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        match (role, ending.as_deref(), &*name) {
            (Some("git"), ..) => Self::Git(path),
            (None, None, "git") if !path.exists() => Self::Git(Path::new(".")),
            (None, Some("dvc"), _) | (None, _, "dvc.lock") => Self::Dvc(path),
            (None, _, "MLmodel") => Self::Mlflow(path),
            (None, Some("txt"), _) if name.starts_with("requirements") => Self::Requirements(path),
            _ => Self::File(role, path),
        }
    }
}

/// A reference to every file that the bundle is made from, in no particular order.
///
/// # Errors
/// [`ErrorCode::Io`].
pub fn references(sources: &Sources, provenance: Option<&Provenance>) -> Result<Vec<Reference>> {
    let mut all = vec![hashed("model", &sources.model)?, hashed("contract", &sources.contract)?];
    let optional = [
        ("policy", &sources.policy),
        ("baseline", &sources.baseline),
        ("golden", &sources.golden),
        ("golden", &sources.expected),
    ];
    for (role, path) in optional {
        if let Some(path) = path {
            all.push(hashed(role, path)?);
        }
    }
    for given in &sources.provenance {
        match Kind::of(given) {
            Kind::Git(_) | Kind::Mlflow(_) => {}
            Kind::Dvc(path) => all.push(hashed("dvc", path)?),
            Kind::Requirements(path) => all.push(hashed("environment", path)?),
            Kind::File(role, path) => all.push(hashed(role.unwrap_or(role_of(path)), path)?),
        }
    }
    let Some(provenance) = provenance else { return Ok(all) };
    all.extend(provenance.git.iter().map(|g| named("source", "git", git::Git::digest(g))));
    for tracked in provenance.dvc.iter().flat_map(|file| file.outs()) {
        all.push(named("data", &tracked.path, tracked.digest.clone()));
    }
    for run in &provenance.mlflow {
        let ids = [("run_id", &run.run_id), ("model_uuid", &run.model_uuid)];
        for (name, id) in ids {
            all.extend(id.as_ref().map(|id| named("run", name, format!("mlflow:{id}"))));
        }
    }
    Ok(all)
}

fn role_of(path: &Path) -> &'static str {
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    let found =
        ROLES.iter().find(|(_, endings)| ending.as_deref().is_some_and(|e| endings.contains(&e)));
    found.map_or("file", |(role, _)| role)
}

fn named(role: &str, name: &str, digest: String) -> Reference {
    Reference { role: role.to_owned(), name: name.to_owned(), digest }
}

fn hashed(role: &str, path: &Path) -> Result<Reference> {
    let digest = format!("sha256:{}", sha256_hex(&read_file(path, MAX_ONNX_BYTES)?));
    Ok(named(role, &file_name(path), digest))
}

/// The file's name without directories, which belong to one machine.
pub fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// Reads a YAML file of another tool.
pub fn parse<T: serde::de::DeserializeOwned>(path: &Path, what: &str) -> Result<T> {
    let bytes = read_file(path, 1 << 20)?;
    serde_saphyr::from_slice(&bytes).map_err(|e| {
        let error = Error::new(ErrorCode::BadInput, format!("the file is not {what}"));
        match e.location() {
            Some(at) => error.at_line(at.line(), at.column()),
            None => error,
        }
        .in_file(path.display().to_string())
    })
}
