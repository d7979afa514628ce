//! What DVC tracks: `.dvc` files and `dvc.lock`, with every digest computed again where the data
//! lies beside them.

use super::references::{file_name, parse};
use crate::output::{io_error, read_file};
use driftline::bundle::{sha256_hex, to_canonical_json};
use driftline::{Error, ErrorCode, Result};
use md5::{Digest, Md5};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// Files of a tracked directory: each is opened and hashed.
const MAX_FILES: usize = 1_000_000;
/// How deep a tracked directory may be.
const MAX_DEPTH: usize = 64;
/// Bytes of a dvc.lock that are read.
const MAX_BYTES: usize = 1 << 20;

/// A file of DVC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its name.
    pub name: String,
    /// `sha256:` and its hash.
    pub digest: String,
    /// Where the paths begin, if not beside the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wdir: Option<String>,
    /// What it tracks, in its order.
    pub tracked: Vec<Tracked>,
    /// Parameters that its stages had, by file and name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
}

/// A file or directory that DVC tracks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tracked {
    /// Where it lies, as DVC says.
    pub path: String,
    /// The stage that it belongs to; a `.dvc` file has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// Whether the stage reads it, and does not write it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub input: bool,
    /// DVC's own digest with its scheme, such as `md5:…`; of a directory it ends in `.dir`.
    pub digest: String,
    /// Bytes, as DVC says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Files of a directory, as DVC says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
    /// Whether it is a digest of DVC before 3, which reads CRLF as LF in texts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub legacy: bool,
    /// `sha256:` and the hash that was computed, if the data was there. Of a directory: of the
    /// canonical JSON list of `relpath` and `sha256` of its files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// What a path really holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// As DVC spells it, with `.dir` for a directory.
    pub md5: String,
    /// The same with CRLF as LF.
    pub legacy_md5: Option<String>,
    /// With its scheme.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// Files of a directory.
    pub files: Option<u64>,
}

#[derive(Deserialize)]
struct Raw {
    outs: Option<Vec<RawEntry>>,
    deps: Option<Vec<RawEntry>>,
    wdir: Option<String>,
    stages: Option<BTreeMap<String, RawStage>>,
}

#[derive(Deserialize)]
struct RawStage {
    #[serde(default)]
    deps: Vec<RawEntry>,
    #[serde(default)]
    outs: Vec<RawEntry>,
    #[serde(default)]
    params: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
}

#[derive(Deserialize)]
struct RawEntry {
    path: String,
    md5: Option<String>,
    etag: Option<String>,
    checksum: Option<String>,
    size: Option<u64>,
    nfiles: Option<u64>,
    hash: Option<String>,
}

impl File {
    /// Reads a `.dvc` file or a `dvc.lock`.
    ///
    /// # Errors
    /// [`ErrorCode::BadInput`] if it is none, or tracks something without a digest.
    pub fn read(path: &Path) -> Result<Self> {
        let raw: Raw = parse(path, "a .dvc file or dvc.lock")?;
        let digest = format!("sha256:{}", sha256_hex(&read_file(path, MAX_BYTES)?));
        let placed = |e: Error| e.in_file(path.display().to_string());
        let mut file = Self {
            name: file_name(path),
            digest,
            wdir: raw.wdir,
            tracked: Vec::new(),
            params: BTreeMap::new(),
        };
        if raw.outs.is_none() && raw.stages.is_none() {
            return Err(placed(Error::new(ErrorCode::BadInput, "the file tracks nothing")));
        }
        // dependencies of an import have no digest of data on this disk
        for entry in raw.outs.unwrap_or_default() {
            file.tracked.push(tracked(entry, None, false).map_err(placed)?);
        }
        for entry in raw.deps.unwrap_or_default().into_iter().filter(|d| d.md5.is_some()) {
            file.tracked.push(tracked(entry, None, true).map_err(placed)?);
        }
        for (name, stage) in raw.stages.unwrap_or_default() {
            let entries = stage.deps.into_iter().map(|e| (e, true));
            for (entry, input) in entries.chain(stage.outs.into_iter().map(|e| (e, false))) {
                file.tracked.push(tracked(entry, Some(&name), input).map_err(placed)?);
            }
            for (source, values) in stage.params {
                file.params.entry(source).or_default().extend(values);
            }
        }
        Ok(file)
    }

    /// With the SHA-256 of all that lies beside the file at `path`.
    ///
    /// # Errors
    /// [`ErrorCode::ProvenanceMismatch`] where the data is not as the file says.
    pub fn examined(mut self, path: &Path) -> Result<Self> {
        let base = self.base(path.parent().unwrap_or(Path::new("")));
        for tracked in &mut self.tracked {
            let Some(content) = tracked.content(&base, &base)? else { continue };
            if let Some((what, stated, found)) = tracked.differs(&content) {
                let message = format!(
                    "`{}` has the {what} {found}, `{}` says {stated}",
                    tracked.path, self.name
                );
                return Err(Error::new(ErrorCode::ProvenanceMismatch, message)
                    .in_file(path.display().to_string()));
            }
            tracked.sha256 = Some(content.sha256);
        }
        Ok(self)
    }

    /// Where the paths begin, for a file that lies in `folder`.
    pub fn base(&self, folder: &Path) -> PathBuf {
        self.wdir.as_ref().map_or_else(|| folder.to_owned(), |wdir| folder.join(wdir))
    }

    /// What it tracks and no stage reads.
    pub fn outs(&self) -> impl Iterator<Item = &Tracked> {
        self.tracked.iter().filter(|t| !t.input)
    }
}

fn tracked(entry: RawEntry, stage: Option<&str>, input: bool) -> Result<Tracked> {
    let legacy = entry.md5.is_some() && entry.hash.is_none();
    let digest = match (entry.md5, entry.etag, entry.checksum) {
        (Some(md5), ..) => format!("md5:{md5}"),
        (_, Some(etag), _) => format!("etag:{etag}"),
        (.., Some(checksum)) => format!("checksum:{checksum}"),
        _ => {
            let message = format!("`{}` has no digest", entry.path);
            return Err(Error::new(ErrorCode::BadInput, message).with_help("run `dvc commit`"));
        }
    };
    Ok(Tracked {
        path: entry.path,
        stage: stage.map(str::to_owned),
        input,
        digest,
        size: entry.size,
        files: entry.nfiles,
        legacy,
        sha256: None,
    })
}

impl Tracked {
    /// What lies at its path under `base`; `None` if nothing does, or it lies outside `root`.
    ///
    /// # Errors
    /// [`ErrorCode::Io`].
    pub fn content(&self, base: &Path, root: &Path) -> Result<Option<Content>> {
        let path = base.join(&self.path);
        let inside = |path: &Path| {
            let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
            Some(path.canonicalize().ok()?.starts_with(root.canonicalize().ok()?))
        };
        if inside(&path) != Some(true) {
            return Ok(None);
        }
        if path.is_dir() { directory(&path).map(Some) } else { single(&path).map(Some) }
    }

    /// The first thing that is otherwise: what, stated, found.
    pub fn differs(&self, content: &Content) -> Option<(&'static str, String, String)> {
        let digest = format!("md5:{}", content.md5);
        let legacy = content.legacy_md5.as_ref().map(|md5| format!("md5:{md5}"));
        let known = self.digest.starts_with("md5:");
        if known && self.digest != digest && !(self.legacy && Some(&self.digest) == legacy.as_ref())
        {
            return Some(("digest", self.digest.clone(), digest));
        }
        let count = |what, stated: Option<u64>, found: u64| {
            let stated = stated.filter(|n| *n != found)?;
            Some((what, stated.to_string(), found.to_string()))
        };
        count("size", self.size, content.size)
            .or_else(|| count("number of files", self.files, content.files?))
            .or_else(|| {
                let stated = self.sha256.clone().filter(|s| *s != content.sha256)?;
                Some(("digest", stated, content.sha256.clone()))
            })
    }

    /// The list of a directory's files in DVC's cache under `root`, where only that is at hand.
    pub fn cached_list(&self, root: &Path) -> Option<PathBuf> {
        let md5 = self.digest.strip_prefix("md5:")?;
        let (head, tail) = md5.split_at_checked(2)?;
        let plain = md5.strip_suffix(".dir")?.bytes().all(|b| b.is_ascii_hexdigit());
        let path = root.join(".dvc/cache/files/md5").join(head).join(tail);
        (plain && path.is_file()).then_some(path)
    }
}

/// One file's digests.
pub fn single(path: &Path) -> Result<Content> {
    let mut file = fs::File::open(path).map_err(|e| io_error(path, &e))?;
    let (mut md5, mut legacy, mut sha256) = (Md5::new(), Md5::new(), Sha256::new());
    let (mut size, mut text, mut held) = (0, true, false);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let n = file.read(&mut buffer).map_err(|e| io_error(path, &e))?;
        let chunk = buffer.get(..n).unwrap_or_default();
        if chunk.is_empty() {
            break;
        }
        // DVC tells a text by its first 512 bytes
        if size == 0 {
            text = !chunk.iter().take(512).any(|b| *b == 0);
        }
        size += n as u64;
        md5.update(chunk);
        sha256.update(chunk);
        if text {
            held = without_cr(chunk, held, &mut legacy);
        }
    }
    if held {
        legacy.update(b"\r");
    }
    Ok(Content {
        md5: hex(&md5.finalize()),
        legacy_md5: text.then(|| hex(&legacy.finalize())),
        sha256: format!("sha256:{}", hex(&sha256.finalize())),
        size,
        files: None,
    })
}

/// Feeds a chunk with CRLF as LF; whether a CR is held back for the next one.
fn without_cr(chunk: &[u8], mut held: bool, to: &mut Md5) -> bool {
    let mut out = Vec::with_capacity(chunk.len() + 1);
    for byte in chunk {
        if held && *byte != b'\n' {
            out.push(b'\r');
        }
        held = *byte == b'\r';
        if !held {
            out.push(*byte);
        }
    }
    to.update(&out);
    held
}

#[derive(Serialize)]
struct Named {
    relpath: String,
    sha256: String,
}

/// A directory's digests: DVC hashes the JSON list of its files, sorted by path.
fn directory(root: &Path) -> Result<Content> {
    let mut files = Vec::new();
    walk(root, "", 0, &mut files)?;
    files.sort();
    let (mut list, mut own, mut size) = (Vec::new(), Vec::new(), 0);
    for relpath in files {
        let content = single(&root.join(&relpath))?;
        size += content.size;
        list.push((content.md5, relpath.clone()));
        own.push(Named { relpath, sha256: content.sha256 });
    }
    let digest = Md5::digest(manifest(&list));
    Ok(Content {
        md5: format!("{}.dir", hex(&digest)),
        legacy_md5: None,
        sha256: format!("sha256:{}", sha256_hex(&to_canonical_json(&own)?)),
        size,
        files: Some(own.len() as u64),
    })
}

fn walk(root: &Path, below: &str, depth: usize, files: &mut Vec<String>) -> Result<()> {
    let folder = root.join(below);
    if depth > MAX_DEPTH {
        return Err(Error::new(ErrorCode::InputTooLarge, "the directory is too deep")
            .in_file(folder.display().to_string()));
    }
    for entry in fs::read_dir(&folder).map_err(|e| io_error(&folder, &e))? {
        let entry = entry.map_err(|e| io_error(&folder, &e))?;
        let name = entry.file_name().into_string().map_err(|_| {
            Error::new(ErrorCode::BadInput, "a file's name is not UTF-8")
                .in_file(folder.display().to_string())
        })?;
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        let kind = entry.file_type().map_err(|e| io_error(&folder, &e))?;
        if kind.is_dir() {
            walk(root, &path, depth + 1, files)?;
        } else if kind.is_file() || entry.path().is_file() {
            // a link to a directory is none of DVC's files, one to a file is
            files.push(path);
        }
        if files.len() > MAX_FILES {
            return Err(Error::new(ErrorCode::InputTooLarge, "the directory has too many files")
                .in_file(root.display().to_string()));
        }
    }
    Ok(())
}

/// The list as Python's `json.dumps` spells it.
fn manifest(list: &[(String, String)]) -> String {
    let mut out = String::from("[");
    for (i, (md5, relpath)) in list.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        out.push_str("{\"md5\": \"");
        out.push_str(md5);
        out.push_str("\", \"relpath\": \"");
        for unit in relpath.encode_utf16() {
            match unit {
                0x22 => out.push_str("\\\""),
                0x5c => out.push_str("\\\\"),
                0x0a => out.push_str("\\n"),
                0x0d => out.push_str("\\r"),
                0x09 => out.push_str("\\t"),
                0x08 => out.push_str("\\b"),
                0x0c => out.push_str("\\f"),
                0x20..=0x7e => out.push(char::from(unit as u8)),
                _ => out.push_str(&format!("\\u{unit:04x}")),
            }
        }
        out.push_str("\"}");
    }
    out.push(']');
    out
}

/// Whether a path says nothing of the machine: relative, and not upwards.
pub fn is_plain(path: &str) -> bool {
    Path::new(path).components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
