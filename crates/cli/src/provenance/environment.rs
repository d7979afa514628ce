//! What the training ran with: pip's requirements files (PEP 508), pinned versions told from others.

use crate::output::read_file;
use driftline::bundle::sha256_hex;
use driftline::limits::MAX_DEFINITION_BYTES;
use driftline::{Error, ErrorCode, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A requirements file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Name of the file.
    pub name: String,
    /// `sha256:` and the file's hash.
    pub digest: String,
    /// Packages of one version, sorted.
    pub packages: Vec<Package>,
    /// Lines that pin no version, as they stand: what they install is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<String>,
}

/// A package of one version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Normalised name (PEP 503).
    pub name: String,
    /// The version after `==`.
    pub version: String,
    /// For which environments, where the line says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
}

impl Environment {
    /// Reads a requirements file.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = read_file(path, MAX_DEFINITION_BYTES)?;
        let digest = format!("sha256:{}", sha256_hex(&bytes));
        let text = String::from_utf8(bytes).map_err(|_| {
            Error::new(ErrorCode::BadInput, "the file is not UTF-8")
                .in_file(path.display().to_string())
        })?;
        let (packages, open) = parse(&text);
        Ok(Self { name: super::references::file_name(path), digest, packages, open })
    }
}

/// Pinned packages, and the lines that pin nothing.
fn parse(text: &str) -> (Vec<Package>, Vec<String>) {
    let (mut packages, mut open) = (Vec::new(), Vec::new());
    let mut line = String::new();
    for piece in text.lines().chain([""]) {
        // pip joins lines before it looks for comments
        if let Some(head) = piece.strip_suffix('\\') {
            line.push_str(head);
            continue;
        }
        line.push_str(piece);
        let whole = std::mem::take(&mut line);
        let bare = match whole.find(" #") {
            _ if whole.trim_start().starts_with('#') => "",
            Some(at) => whole.get(..at).unwrap_or_default(),
            None => &whole,
        };
        // options of a line, such as hashes, come after the requirement
        let bare = bare.split(" --").next().unwrap_or_default().trim();
        if bare.is_empty() || bare.starts_with("--hash") {
            continue;
        }
        match pinned(bare) {
            Some(package) => packages.push(package),
            None => open.push(bare.to_owned()),
        }
    }
    packages.sort();
    packages.dedup();
    (packages, open)
}

fn pinned(line: &str) -> Option<Package> {
    let (requirement, marker) = match line.split_once(';') {
        Some((requirement, marker)) => (requirement, Some(marker.trim().to_owned())),
        None => (line, None),
    };
    let (name, version) = requirement.split_once("==")?;
    // `===` compares texts
    let version = version.strip_prefix('=').unwrap_or(version).trim();
    let name = name.split('[').next().unwrap_or_default().trim();
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let named = !name.is_empty() && name.bytes().all(word);
    let one = !version.is_empty() && version.bytes().all(|b| word(b) || matches!(b, b'+' | b'!'));
    (named && one).then(|| Package { name: normalised(name), version: version.to_owned(), marker })
}

/// PEP 503: runs of `-`, `_` and `.` are one `-`, in lower case.
fn normalised(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        let c = if matches!(c, '_' | '.') { '-' } else { c.to_ascii_lowercase() };
        if c != '-' || !out.ends_with('-') {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pinned_versions_are_told_from_open_lines() {
        let text = "# made by pip-compile\nNumPy==1.26.4\nscikit_learn[alldeps]==1.5.0 \\\n    \
                    --hash=sha256:aa \\\n    --hash=sha256:bb\npandas>=2 # soon\nonnx == 1.16.*\n\
                    -r other.txt\ntorch===2.0+cpu ; python_version < \"3.12\"\nx @ https://e.org/x\n\
                    ruamel..yaml==0.1,<2\n";
        let (packages, open) = parse(text);
        let all: Vec<(&str, &str)> = packages.iter().map(|p| (&*p.name, &*p.version)).collect();
        assert_eq!(all, [("numpy", "1.26.4"), ("scikit-learn", "1.5.0"), ("torch", "2.0+cpu")]);
        assert_eq!(packages[2].marker.as_deref(), Some("python_version < \"3.12\""));
        let wanted = ["pandas>=2", "onnx == 1.16.*", "-r other.txt", "x @ https://e.org/x"];
        assert_eq!(open, [&wanted[..], &["ruamel..yaml==0.1,<2"]].concat());
        assert_eq!(normalised("Ruamel..__yaml"), "ruamel-yaml");
    }
}
