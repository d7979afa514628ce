//! Puts the dashboard into the library, if it has been built.
//!
//! `cargo xtask dashboard` writes it to `www/dist/dashboard`. Without it the collector looks for the
//! files elsewhere; see `src/routes/pages.rs`.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let dist = root.join("../../www/dist/dashboard");
    // cargo would build the crate anew at each call if what it is to watch were not there
    let _ = fs::create_dir_all(&dist);
    println!("cargo::rerun-if-changed={}", dist.display());
    let mut code = String::from("&[\n");
    for (path, file) in files(&dist) {
        let _ = writeln!(code, "    ({path:?}, include_bytes!({file:?})),");
    }
    code.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("dashboard_files.rs");
    if let Err(error) = fs::write(&out, code) {
        println!("cargo::error=cannot write {}: {error}", out.display());
    }
}

/// The page and its assets, by their paths on the collector; none without the page itself.
fn files(dist: &Path) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for (folder, prefix) in [(dist.to_path_buf(), "/"), (dist.join("assets"), "/assets/")] {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()) {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            if let (Some(name), Ok(full)) = (name, path.canonicalize()) {
                found.push((format!("{prefix}{name}"), full));
            }
        }
    }
    found.sort();
    if found.iter().any(|(path, _)| path == "/index.html") { found } else { Vec::new() }
}
