//! References from a bundle to what it was made from.

use crate::assemble::Sources;
use crate::output::read_file;
use driftline::bundle::{Reference, sha256_hex};
use driftline::limits::MAX_ONNX_BYTES;
use driftline::{Error, ErrorCode, Result};
use serde::Deserialize;
use std::path::Path;

/// Roles by the file's ending, where the caller gives none.
const ROLES: &[(&str, &[&str])] = &[
    ("data", &["csv", "gz", "jsonl", "ndjson", "parquet"]),
    ("source", &["ipynb", "py", "r", "rs", "scala", "sql"]),
    ("environment", &["lock", "toml", "txt"]),
];

/// A reference to every file that the bundle is made from, in no particular order.
///
/// # Errors
/// [`ErrorCode::Io`], and [`ErrorCode::BadInput`] for a .dvc or MLmodel file that is none.
pub fn references(sources: &Sources) -> Result<Vec<Reference>> {
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
        // a name with an equals sign and no role is taken as it is, if it exists
        let (role, path) = match given.split_once('=') {
            Some((role, path)) if !Path::new(given).exists() => (Some(role), Path::new(path)),
            _ => (None, Path::new(given.as_str())),
        };
        all.extend(provenance(role, path)?);
    }
    Ok(all)
}

fn provenance(role: Option<&str>, path: &Path) -> Result<Vec<Reference>> {
    let name = file_name(path);
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    match (role, ending.as_deref(), name.as_str()) {
        (None, Some("dvc"), _) => dvc(path),
        (None, _, "MLmodel") => mlflow(path),
        _ => {
            let guess = ROLES
                .iter()
                .find(|(_, endings)| ending.as_deref().is_some_and(|e| endings.contains(&e)))
                .map_or("file", |(role, _)| role);
            Ok(vec![hashed(role.unwrap_or(guess), path)?])
        }
    }
}

fn hashed(role: &str, path: &Path) -> Result<Reference> {
    let digest = format!("sha256:{}", sha256_hex(&read_file(path, MAX_ONNX_BYTES)?));
    Ok(Reference { role: role.to_owned(), name: file_name(path), digest })
}

/// The file's name without directories, which belong to one machine.
fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

#[derive(Deserialize)]
struct Dvc {
    outs: Vec<DvcOut>,
}

#[derive(Deserialize)]
struct DvcOut {
    path: String,
    md5: Option<String>,
    etag: Option<String>,
}

/// What a `.dvc` file tracks, by DVC's own digest.
fn dvc(path: &Path) -> Result<Vec<Reference>> {
    let file: Dvc = parse(path, "a .dvc file")?;
    file.outs
        .into_iter()
        .map(|out| {
            let digest = match (out.md5, out.etag) {
                (Some(md5), _) => format!("md5:{md5}"),
                (None, Some(etag)) => format!("etag:{etag}"),
                (None, None) => {
                    let message = format!("the output `{}` has no digest", out.path);
                    return Err(Error::new(ErrorCode::BadInput, message)
                        .with_help("run `dvc commit`")
                        .in_file(path.display().to_string()));
                }
            };
            Ok(Reference { role: "data".into(), name: out.path, digest })
        })
        .collect()
}

#[derive(Deserialize)]
struct MlModel {
    run_id: Option<String>,
    model_uuid: Option<String>,
}

/// The run and the model that MLflow logged.
fn mlflow(path: &Path) -> Result<Vec<Reference>> {
    let file: MlModel = parse(path, "an MLmodel file")?;
    let of = |name: &str, id: Option<String>| {
        let digest = format!("mlflow:{}", id?);
        Some(Reference { role: "run".into(), name: name.into(), digest })
    };
    let found: Vec<Reference> = [of("run_id", file.run_id), of("model_uuid", file.model_uuid)]
        .into_iter()
        .flatten()
        .collect();
    if found.is_empty() {
        return Err(Error::new(ErrorCode::BadInput, "the file names neither run nor model")
            .in_file(path.display().to_string()));
    }
    Ok(found)
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path, what: &str) -> Result<T> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dvc_and_mlflow_give_their_own_digests() {
        let dir = tempfile::tempdir().unwrap();
        let dvc = dir.path().join("train.csv.dvc");
        std::fs::write(&dvc, "outs:\n- md5: abc\n  size: 1\n  hash: md5\n  path: train.csv\n")
            .unwrap();
        let want = |role: &str, name: &str, digest: &str| Reference {
            role: role.into(),
            name: name.into(),
            digest: digest.into(),
        };
        assert_eq!(provenance(None, &dvc).unwrap(), [want("data", "train.csv", "md5:abc")]);
        let ml = dir.path().join("MLmodel");
        std::fs::write(&ml, "run_id: r1\nmodel_uuid: null\n").unwrap();
        assert_eq!(provenance(None, &ml).unwrap(), [want("run", "run_id", "mlflow:r1")]);
        std::fs::write(&ml, "flavors: {}\n").unwrap();
        assert_eq!(provenance(None, &ml).unwrap_err().code(), ErrorCode::BadInput);
    }

    #[test]
    fn other_files_are_hashed_under_their_role() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("train.py");
        std::fs::write(&path, b"").unwrap();
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let got = provenance(None, &path).unwrap();
        assert_eq!((got[0].role.as_str(), got[0].digest.as_str()), ("source", empty));
        assert_eq!(provenance(Some("pipeline"), &path).unwrap()[0].role, "pipeline");
        assert_eq!(provenance(None, &dir.path().join("no")).unwrap_err().code(), ErrorCode::Io);
    }
}
