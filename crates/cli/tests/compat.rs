//! Files of every format version so far, read by today's code; and every byte of a bundle counts.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{Desk, flights, repository};
use driftline::ErrorCode;
use driftline::beacon::{Body, decode, place};
use driftline::bundle::Bundle;
use driftline::gate::Gate;
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

/// Versions of the bundle's and beacon's formats.
const VERSIONS: [&str; 1] = ["1"];

fn kept(version: &str, name: &str) -> PathBuf {
    repository().join("tests/compat").join(version).join(name)
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_version_gives_the_decisions_of_its_time() {
    for version in VERSIONS {
        let path = |name| kept(version, name).display().to_string();
        let desk = Desk::new();
        let answer = desk
            .run(&["predict", &path("bundle.driftline"), "--input", &path("rows.jsonl")])
            .good();
        let expected = std::fs::read_to_string(kept(version, "decisions.jsonl")).unwrap();
        assert!(expected.lines().count() >= 12);
        assert_eq!(lines(&answer.out), lines(&expected), "version {version}");
        desk.run(&["verify", &path("bundle.driftline")]).good();
    }
}

#[test]
fn every_version_of_a_beacon_is_read() {
    for version in VERSIONS {
        let bytes = std::fs::read(kept(version, "bundle.driftline")).unwrap();
        let gate = Gate::from_bundle(&bytes).unwrap();
        let layout = gate.window().layout();
        let shape: Vec<_> = layout.blocks().iter().map(|b| (b.kind, b.cells)).collect();
        let beacons: Vec<Value> =
            serde_json::from_slice(&std::fs::read(kept(version, "beacons.json")).unwrap()).unwrap();
        assert_eq!(beacons.len(), 3, "one of each mode");
        for beacon in beacons {
            let text = beacon["text"].as_str().unwrap();
            let sent: Value = serde_json::from_str(text).unwrap();
            let read = decode(text.as_bytes()).unwrap();
            let placed = place(&read.body, &shape).unwrap();
            let flat: Vec<i64> = placed.iter().flat_map(|(_, counts)| counts.clone()).collect();
            if let Body::Randomized { block, cell, .. } = read.body {
                assert_eq!(
                    (sent["block"].as_u64(), sent["cell"].as_u64()),
                    (Some(block.into()), Some(cell.into()))
                );
                assert_eq!((placed.len(), flat[cell as usize], flat.iter().sum()), (1, 1, 1));
            } else {
                let counts: Vec<i64> = serde_json::from_value(beacon["counts"].clone()).unwrap();
                assert_eq!(flat, counts, "{}", beacon["mode"]);
            }
        }
    }
}

#[test]
fn a_change_of_any_byte_is_refused_and_its_part_named() {
    let bytes = std::fs::read(kept("1", "bundle.driftline")).unwrap();
    let bundle = Bundle::read(&bytes).unwrap();
    let length = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    let mut offset = 16 + length;
    let mut spans = Vec::new();
    for part in &bundle.manifest().parts {
        let start = offset.next_multiple_of(16);
        offset = start + part.bytes as usize;
        spans.push((start..offset, part.name.clone()));
    }
    assert_eq!((offset, spans.len()), (bytes.len(), 5));
    let (mut inside, mut gaps, mut other) = (0, 0, 0);
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 1 << (at % 8);
        let read = Bundle::read(&altered);
        if let Some((_, name)) = spans.iter().find(|(span, _)| span.contains(&at)) {
            let error = read.unwrap_err();
            assert_eq!(error.code(), ErrorCode::BundleAltered, "byte {at}");
            assert!(error.message().starts_with(&format!("the part `{name}`")), "{at}: {error}");
            inside += 1;
        } else if at >= 16 + length {
            let error = read.unwrap_err();
            assert_eq!(error.code(), ErrorCode::BundleAltered, "byte {at}");
            assert!(error.message().starts_with("the gap before the part `"), "{at}: {error}");
            gaps += 1;
        } else {
            // a manifest that is a manifest still has another identity
            assert!(read.is_err() || read.unwrap().identity() != bundle.identity(), "byte {at}");
            other += 1;
        }
    }
    assert!(inside > 3_000 && gaps > 0 && other == 16 + length, "{inside} {gaps} {other}");
}

#[test]
fn two_clean_builds_give_one_identity() {
    let build = |folder: &str, shell: &str, environment: &[(&str, &str)]| {
        let desk = Desk::new();
        for name in ["model.onnx", "contract.yaml", "policy.yaml", "baseline.json", "golden.csv"] {
            desk.write(&format!("{folder}/{name}"), std::fs::read(flights(name)).unwrap());
        }
        let command = format!(
            "{shell} exec '{}' build model.onnx --contract contract.yaml --policy policy.yaml \
             --baseline baseline.json --golden golden.csv --no-package -o out",
            env!("CARGO_BIN_EXE_driftline")
        );
        let output = Command::new("sh")
            .args(["-c", &command])
            .current_dir(desk.path(folder))
            .env_clear()
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        desk.read(&format!("{folder}/out/flights-delay.driftline"))
    };
    let first = build("a", "umask 022;", &[("HOME", "/root"), ("TZ", "UTC"), ("LC_ALL", "C")]);
    let second = build(
        "another place/ä",
        "umask 077;",
        &[
            ("HOME", "/nonexistent"),
            ("TZ", "Pacific/Chatham"),
            ("LC_ALL", "tr_TR.UTF-8"),
            ("USER", "somebody"),
            ("SOURCE_DATE_EPOCH", "1"),
        ],
    );
    assert_eq!(first, second);
}
