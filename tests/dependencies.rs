//! What the WebAssembly build of the library pulls in.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::process::Command;

/// Crates that are for native tools: large, or with a platform's clock, files, threads or
/// randomness behind them. A name also stands for every crate that begins with it and a dash.
const NATIVE_ONLY: &[&str] = &[
    "arrow",
    "axum",
    "clap",
    "csv",
    "flate2",
    "getrandom",
    "hyper",
    "indicatif",
    "memmap2",
    "miette",
    "mio",
    "ndarray",
    "onnx",
    "parquet",
    "prost",
    "protobuf",
    "rand",
    "rayon",
    "reqwest",
    "rusqlite",
    "rustls",
    "schemars",
    "serde-saphyr",
    "socket2",
    "tokio",
    "tract",
    "walkdir",
    "zip",
];

/// The crate names in the output of `cargo tree --prefix none` that are native only.
fn native_only(tree: &str) -> Vec<&str> {
    tree.lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| {
            NATIVE_ONLY.iter().any(|native| {
                name.strip_prefix(native)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            })
        })
        .collect()
}

#[test]
fn the_wasm_tree_has_no_native_crate() {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", "driftline", "--target", "wasm32-unknown-unknown"])
        .args(["--edges", "normal", "--prefix", "none"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).expect("names are text");
    for needed in ["driftline ", "wasm-bindgen ", "libm ", "serde_json "] {
        assert!(tree.lines().any(|line| line.starts_with(needed)), "no `{needed}` in\n{tree}");
    }
    assert_eq!(native_only(&tree), Vec::<&str>::new(), "in\n{tree}");
}

#[test]
fn a_native_crate_would_be_found() {
    let tree =
        "driftline v0.1.0 (/x)\nlibm v0.2.16\ntract-core v0.23.9\nclap v4.6.0 (*)\ncsvish v1.0.0\n";
    assert_eq!(native_only(tree), ["tract-core", "clap"]);
}
