//! Bundles that are not what they say: each is refused with its code.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Answer, Desk};
use std::fs;

/// A desk with the flights bundle and one good row.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.build_flights(&[]).good();
    desk.write("rows.jsonl", "{}\n");
    desk
}

fn predict(desk: &Desk, bundle: &str) -> Answer {
    desk.run(&["predict", bundle, "--input", "rows.jsonl", "--json"])
}

const BUNDLE: &str = "dist/flights-delay.driftline";
const WASM: &str = "dist/package/driftline_bg.wasm";

#[test]
fn damaged_bundles_are_refused() {
    let desk = desk();
    let good = desk.read(BUNDLE);
    predict(&desk, BUNDLE).good();

    desk.write("truncated.driftline", &good[..good.len() - 100]);
    assert_eq!(predict(&desk, "truncated.driftline").code(), "bundle_truncated");
    desk.write("empty.driftline", []);
    assert_eq!(predict(&desk, "empty.driftline").code(), "bundle_syntax");

    let mut altered = good.clone();
    let last = altered.len() - 20;
    altered[last] ^= 1;
    desk.write("altered.driftline", &altered);
    assert_eq!(predict(&desk, "altered.driftline").code(), "bundle_altered");

    let mut longer = good.clone();
    longer.push(0);
    desk.write("longer.driftline", &longer);
    assert_eq!(predict(&desk, "longer.driftline").code(), "bundle_altered");

    let mut later = good.clone();
    later[8] = 9;
    desk.write("later.driftline", &later);
    assert_eq!(predict(&desk, "later.driftline").code(), "format_version");

    desk.write("text.driftline", "hello");
    assert_eq!(predict(&desk, "text.driftline").code(), "bundle_syntax");
}

#[test]
fn an_oversized_bundle_is_refused_before_it_is_read() {
    let desk = desk();
    let file = fs::File::create(desk.path("huge.driftline")).unwrap();
    file.set_len((700 << 20) as u64).unwrap();
    assert_eq!(predict(&desk, "huge.driftline").code(), "bundle_too_large");
}

#[test]
fn the_section_of_a_module_is_found_once_or_refused() {
    let desk = desk();
    predict(&desk, WASM).good();
    let wasm = desk.read(WASM);
    let section = wasm[8..].to_vec();
    desk.write("twice.wasm", [&wasm[..], &section[..]].concat());
    assert_eq!(predict(&desk, "twice.wasm").code(), "bundle_duplicate");
    desk.write("bare.wasm", &wasm[..8]);
    assert_eq!(predict(&desk, "bare.wasm").code(), "bundle_missing");
    desk.write("cut.wasm", &wasm[..wasm.len() - 1]);
    assert_eq!(predict(&desk, "cut.wasm").code(), "bundle_syntax");
    let error = predict(&desk, "twice.wasm").error();
    assert_eq!(error["place"]["file"], "twice.wasm");
}
