//! Keys, signatures and what `verify` finds.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Answer, Desk};
use serde_json::Value;

const BUNDLE: &str = "dist/flights-delay.driftline";
const WASM: &str = "dist/package/driftline_bg.wasm";

fn report(answer: &Answer) -> Value {
    serde_json::from_str(&answer.out).unwrap_or_else(|e| panic!("{e}: {answer:?}"))
}

/// The findings that differ: what, stated, found or note.
fn differing(report: &Value) -> Vec<(String, String, String)> {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| f["status"] == "differs")
        .map(|f| (text(&f["what"]), text(&f["stated"]), text(&f["found"])))
        .collect()
}

#[test]
fn a_signed_bundle_holds_for_its_key_alone() {
    let desk = Desk::new();
    desk.build_flights(&[]).good();
    for key in ["a.key", "b.key"] {
        desk.run(&["keygen", "-o", key]).good();
    }
    assert_eq!(desk.run(&["keygen", "-o", "a.key", "--json"]).code(), "io");
    let verify = |more: &[&str]| {
        let answer = desk.run(&[&["verify", BUNDLE, "--json"], more].concat());
        (answer.status, report(&answer))
    };
    let (status, unsigned) = verify(&[]);
    assert_eq!((status, &unsigned["holds"]), (0, &true.into()), "{unsigned}");
    let (status, unsigned) = verify(&["--key", "a.key.pub"]);
    assert_eq!((status, &unsigned["signature_code"]), (1, &"signature_missing".into()));

    let sign = ["sign", BUNDLE, "--sequence", "7", "--expires", "2013-06-03T02:00:00+02:00"];
    desk.run(&[&sign[..], &["--key", "a.key", "--created", "2013-01-01T00:00:00Z"]].concat())
        .good();
    let first = desk.read("dist/flights-delay.driftline.sig");
    desk.run(&[&sign[..], &["--key", "a.key", "--created", "2013-01-01T00:00:00Z"]].concat())
        .good();
    assert_eq!(desk.read("dist/flights-delay.driftline.sig"), first, "signing has no randomness");
    let at = ["--at", "2013-06-02T00:00:00Z"];
    let (status, signed) = verify(&[&at[..], &["--key", "a.key.pub", "--minimum", "7"]].concat());
    assert_eq!(status, 0, "{signed}");
    assert_eq!(signed["statement"]["expires"], "2013-06-03T00:00:00Z");
    assert_eq!(signed["statement"]["identity"], signed["identity"]);
    for (more, code) in [
        (&["--key", "b.key.pub", "--at", "2013-06-02T00:00:00Z"][..], "key_unknown"),
        (&["--key", "a.key.pub", "--at", "2013-06-03T00:00:00Z"], "signature_expired"),
        (&["--key", "a.key.pub"], "signature_expired"),
        (&["--key", "a.key.pub", "--at", "2013-06-02T00:00:00Z", "--minimum", "8"], "downgrade"),
    ] {
        let (status, found) = verify(more);
        assert_eq!((status, &found["signature_code"]), (1, &code.into()), "{found}");
    }

    // the newer key by way of the older one, and both at once
    desk.run(&["rotate", "--key", "a.key", "--to", "b.key.pub", "-o", "rotation.json"]).good();
    let newer =
        ["sign", BUNDLE, "--key", "b.key", "--sequence", "8", "--rotation", "rotation.json"];
    let both = report(&desk.run(&[&newer[..], &["--json"]].concat()).good());
    assert_eq!((&both["signatures"], &both["rotations"]), (&2.into(), &1.into()));
    let (status, rotated) = verify(&["--key", "a.key.pub", "--minimum", "8"]);
    assert_eq!((status, &rotated["statement"]["sequence"]), (0, &8.into()), "{rotated}");

    // a signature file of an earlier build does not keep a later one from being signed
    desk.run(&["sign", WASM, "--key", "b.key", "-o", "dist/flights-delay.driftline.sig"]).good();
    let (status, last) = verify(&["--key", "b.key.pub"]);
    assert_eq!((status, &last["statement"]["sequence"]), (0, &0.into()), "{last}");
    assert_eq!(desk.run(&["sign", BUNDLE, "--key", "a.key.pub", "--json"]).code(), "bad_input");
}

#[test]
fn a_wasm_is_signed_with_its_runtime() {
    let desk = Desk::new();
    desk.build_flights(&[]).good();
    desk.run(&["keygen", "-o", "a.key"]).good();
    desk.run(&["sign", WASM, "--key", "a.key"]).good();
    let verify = ["verify", WASM, "--key", "a.key.pub", "--json"];
    desk.run(&verify).good();
    // an empty section put before the bundle's leaves the bundle and its identity as they were
    let wasm = desk.read(WASM);
    let other = [&wasm[..8], &[0, 2, 1, b'x'], &wasm[8..]].concat();
    desk.write(WASM, other);
    let found = report(&desk.run(&verify));
    assert_eq!(found["signature_code"], "signature_invalid", "{found}");
    desk.write(WASM, wasm);
    desk.run(&["sign", BUNDLE, "--key", "a.key", "-o", "dist/package/driftline_bg.wasm.sig"])
        .good();
    // the statement about the bundle alone took the place of the one about the file
    let found = report(&desk.run(&verify));
    assert_eq!(found["signature_code"], "signature_invalid", "{found}");
}

#[test]
fn a_changed_part_is_named_with_both_digests() {
    let desk = Desk::new();
    desk.build_flights(&["--no-package"]).good();
    let good = desk.read(BUNDLE);
    let before = report(&desk.run(&["verify", BUNDLE, "--json"]).good());
    for finding in before["findings"].as_array().unwrap() {
        let Some(name) = finding["what"].as_str().unwrap().strip_prefix("part ") else { continue };
        assert_eq!(finding["stated"], finding["found"], "{name}");
    }
    let mut altered = good.clone();
    let last = altered.len() - 1;
    altered[last] ^= 1;
    desk.write(BUNDLE, &altered);
    let answer = desk.run(&["verify", BUNDLE, "--json"]);
    assert_eq!(answer.status, 1);
    let found = report(&answer);
    let [(what, stated, computed)] = &differing(&found)[..] else { panic!("{found}") };
    assert_eq!(what, "part `zones/America/New_York`");
    assert!(stated.starts_with("sha256:") && computed.starts_with("sha256:"));
    assert_ne!(stated, computed);
    assert_eq!(found["identity"], before["identity"], "the manifest is as it was");
    let text = desk.run(&["verify", BUNDLE]).out;
    assert!(text.contains("DIFFERS  part `zones/America/New_York`  stated sha256:"), "{text}");

    for (bytes, what) in [
        (&good[..good.len() - 1], "part `zones/America/New_York`"),
        (&[&good[..], b"x"].concat(), "bundle"),
        (b"text", "manifest"),
    ] {
        desk.write(BUNDLE, bytes);
        let answer = desk.run(&["verify", BUNDLE, "--json"]);
        assert_eq!(answer.status, 1, "{answer:?}");
        assert_eq!(differing(&report(&answer))[0].0, what);
    }
}
