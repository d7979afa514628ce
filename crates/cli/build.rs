//! Puts the runtime that `driftline build` packs into the command, if it has been built.
//!
//! `cargo xtask` writes it to `pkg/dist/`. Without it the command looks for the files beside
//! itself; see `src/package/runtime.rs`.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let dist = here.join("../../pkg/dist");
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
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("runtime_files.rs");
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
