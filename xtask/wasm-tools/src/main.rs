//! wasm-bindgen and its test runner as one program.
//!
//! Both must be of exactly the version of the crate `wasm-bindgen` that the library is built with.
//! Built from here, the workspace's lock file sees to that, and nobody installs a tool by hand.

use std::env;
use std::ffi::OsString;

fn main() -> anyhow::Result<()> {
    let mut args: Vec<OsString> = env::args_os().collect();
    let tool = if args.len() > 1 { args.remove(1) } else { OsString::new() };
    match tool.to_str() {
        Some("bindgen") => wasm_bindgen_cli::wasm_bindgen::run_cli_with_args(args),
        Some("test-runner") => wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(args),
        _ => anyhow::bail!("usage: wasm-tools bindgen|test-runner ARGUMENTS…"),
    }
}
