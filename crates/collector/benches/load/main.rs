//! The collector under load, under kills and under hostile clients:
//! `cargo bench --package driftline-collector --bench load -- [speed|kills|hostile] [SECONDS] [KILLS]`.
//!
//! The collector is a process of its own, so that it can be killed and its memory be read; the clients
//! are in this one and share the machine's cores.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "../../tests/common/mod.rs"]
mod common;
mod hostile;
mod kills;
mod process;
mod speed;

use std::path::Path;

fn main() {
    // cargo adds an argument of its own
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let [serve, kind, folder] = &args[..]
        && serve == process::SERVE
    {
        process::serve(process::Kind::of(kind).unwrap(), Path::new(folder));
        return;
    }
    let numbers: Vec<u64> = args.iter().filter_map(|arg| arg.parse().ok()).collect();
    let named = |part: &str| args.iter().any(|arg| arg == part);
    let all = !["speed", "kills", "hostile"].into_iter().any(named);
    process::machine();
    if all || named("speed") {
        speed::run(numbers.first().copied().unwrap_or(5));
    }
    if all || named("kills") {
        kills::run(numbers.get(1).copied().unwrap_or(20));
    }
    if all || named("hostile") {
        hostile::run();
    }
}
