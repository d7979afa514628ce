//! The commit of a folder, by the command `git`, when it is asked for.

use driftline::{Error, ErrorCode, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::Command;

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Git {
    /// Its hash, 40 or 64 hexadecimal digits.
    pub commit: String,
    /// Whether tracked files had changes that no commit has.
    pub dirty: bool,
}

impl Git {
    /// As a reference's digest.
    pub fn digest(&self) -> String {
        format!("git:{}{}", self.commit, if self.dirty { "-dirty" } else { "" })
    }
}

/// The commit that the folder has checked out.
///
/// # Errors
/// [`ErrorCode::BadInput`] if it is no work tree with a commit.
pub fn read(folder: &Path) -> Result<Git> {
    let fault = |why: String| {
        Error::new(ErrorCode::BadInput, format!("no commit can be read: {why}"))
            .with_help("name a folder of a git work tree, as in `--provenance git=DIR`")
            .in_file(folder.display().to_string())
    };
    let commit = ask(folder, &["rev-parse", "--verify", "HEAD^{commit}"]).map_err(fault)?;
    let changes = ask(folder, &["status", "--porcelain", "--untracked-files=no"]).map_err(fault)?;
    Ok(Git { commit, dirty: !changes.is_empty() })
}

/// Whether the folder's repository has a commit of this hash; `Err` if there is no repository.
pub fn has(folder: &Path, commit: &str) -> Result<bool, String> {
    ask(folder, &["rev-parse", "--git-dir"])?;
    let hash = matches!(commit.len(), 40 | 64) && commit.bytes().all(|b| b.is_ascii_hexdigit());
    Ok(hash && ask(folder, &["cat-file", "-e", &format!("{commit}^{{commit}}")]).is_ok())
}

/// Whether the repository holds a part of the history only.
pub fn shallow(folder: &Path) -> bool {
    ask(folder, &["rev-parse", "--is-shallow-repository"]).is_ok_and(|said| said == "true")
}

fn ask(folder: &Path, args: &[&str]) -> Result<String, String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        // what the folder's own settings would have run is not run
        .args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"])
        .args(args)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C")
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .output()
        .map_err(|e| format!("`git` does not run: {e}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.lines().next().unwrap_or("git failed").trim_start_matches("fatal: ").to_owned())
}
