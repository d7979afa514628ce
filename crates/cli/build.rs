//! Puts the runtimes that `driftline build` packs into the command, if they have been built.
//!
//! `cargo xtask` writes them to `pkg/dist-tabular/`, `pkg/dist/` and `pkg/dist-tract/`. Without them
//! the command looks for the files beside itself; see `src/package/runtime.rs`.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    embed("../../pkg/dist-tabular", "tabular_files.rs");
    embed("../../pkg/dist", "plan_files.rs");
    embed("../../pkg/dist-tract", "tract_files.rs");
}

fn embed(dist: &str, to: &str) {
    let dist = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join(dist);
    println!("cargo::rerun-if-changed={}", dist.display());
    let mut files = list(&dist.join("template"));
    let wasm = dist.join("runtime/driftline_bg.wasm");
    if files.is_empty() || !wasm.is_file() {
        files.clear();
    } else {
        files.push(wasm);
    }
    let mut code = String::from("&[\n");
    for file in &files {
        let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if let Ok(full) = file.canonicalize() {
            let _ = writeln!(code, "    ({name:?}, include_bytes!({full:?})),");
        }
    }
    code.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join(to);
    if let Err(error) = fs::write(&out, code) {
        println!("cargo::error=cannot write {}: {error}", out.display());
    }
}

/// The files of a directory, sorted by name; none if it is not there.
fn list(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut files: Vec<PathBuf> =
        entries.flatten().map(|e| e.path()).filter(|p| p.is_file()).collect();
    files.sort();
    files
}
