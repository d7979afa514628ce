//! Beacons: what leaves in each mode, how large it is, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;
#[path = "common/random.rs"]
mod random;

use driftline::beacon::{Body, FEATURES, Header, Mode, decode, encode, pick_feature, place};
use driftline::contract::Contract;
use driftline::gate::Gate;
use driftline::limits::{MAX_BEACON_BYTES, MAX_COUNT};
use driftline::privacy::Shares;
use driftline::summary::{BlockKind, Declared, Layout};
use driftline::{ErrorCode, Result};
use proptest::prelude::*;
use random::seeded;

const ID: &str = "0b5f3a52-6d0e-4a43-9d5a-8f1c2b3a4d5e";
const IDENTITY: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A layout of so many inputs of 20 bins each.
fn layout(inputs: usize) -> Layout {
    let names: Vec<String> = (0..inputs).map(|n| format!("input_{n}")).collect();
    let input = |name: &String| format!(r#"{{"name": "{name}", "type": "number"}}"#);
    let bins = |name: &String| {
        let edges: Vec<String> = (0..=20).map(|n| n.to_string()).collect();
        format!(
            r#"{{"kind": "numeric", "name": "{name}", "edges": [{}], "counts": [{}0], "below": 0,
                "above": 0, "missing": 0, "invalid": 0}}"#,
            edges.join(","),
            "0,".repeat(19)
        )
    };
    let contract = format!(
        r#"{{"format": "driftline.contract/1", "name": "wide", "inputs": [{}],
            "outputs": {{"scores": "p", "kind": "binary", "labels": ["no", "yes"]}}}}"#,
        names.iter().map(input).collect::<Vec<_>>().join(",")
    );
    let baseline = format!(
        r#"{{"format": "driftline.baseline/1", "rows": 0, "inputs": [{}]}}"#,
        names.iter().map(bins).collect::<Vec<_>>().join(",")
    );
    let contract = Contract::from_json(contract.as_bytes()).unwrap();
    Layout::new(&contract, Some(baseline.as_bytes()), false).unwrap()
}

fn header(mode: &str, more: &str) -> Header {
    Header::from_json(&format!(
        r#"{{"id": "{ID}", "mode": "{mode}", "start_ms": 1795392000000, "end_ms": 1795395599000,
            "host": "browser", "sdk": "0.1.0", "instance": "a-sender", "seq": 4294967295,
            "users": 5000, "rate": 1, "key": "pk_shop"{more}}}"#
    ))
    .unwrap()
}

/// Counts of a busy window.
fn counts(layout: &Layout) -> Vec<u64> {
    (0..layout.cells() as u64).map(|n| n * 7_919 % 50_000).collect()
}

fn sent(layout: &Layout, counts: &[u64], header: &Header, seed: u64) -> Option<String> {
    encode(counts, layout, IDENTITY, header, &mut seeded(seed)).unwrap()
}

fn shape(layout: &Layout) -> Vec<(BlockKind, u32)> {
    layout.blocks().iter().map(|block| (block.kind, block.cells)).collect()
}

#[test]
fn thirty_features_keep_the_byte_budget_of_each_mode() {
    let layout = layout(30);
    for (mode, more, most) in [
        ("randomized", r#", "feature": 30"#, 2 << 10),
        ("aggregated", "", 8 << 10),
        ("pseudonymous", "", 8 << 10),
    ] {
        let text = sent(&layout, &counts(&layout), &header(mode, more), 1).unwrap();
        assert!(text.len() <= most, "{mode}: {} bytes", text.len());
        println!("{mode}: {} bytes of {most}", text.len());
    }
}

#[test]
fn plain_counts_come_back_as_they_were() {
    let layout = layout(3);
    let mut all = counts(&layout);
    all[0] = MAX_COUNT;
    let text = sent(&layout, &all, &header("pseudonymous", ""), 1).unwrap();
    let beacon = decode(text.as_bytes()).unwrap();
    assert_eq!((&*beacon.id, &*beacon.identity, &*beacon.layout), (ID, IDENTITY, &*layout.id()));
    assert_eq!((beacon.start, beacon.hours), (1_795_392_000_000 / 3_600_000, 1));
    assert_eq!((beacon.instance.as_deref(), beacon.seq), (Some("a-sender"), Some(u32::MAX)));
    assert_eq!((beacon.key.as_deref(), beacon.rate), (Some("pk_shop"), 1_000));
    let placed = place(&beacon.body, &shape(&layout)).unwrap();
    let flat: Vec<u64> = placed.iter().flat_map(|(_, c)| c).map(|n| n.unsigned_abs()).collect();
    assert_eq!(flat, all);
}

#[test]
fn a_randomized_answer_says_nothing_but_itself() {
    let layout = layout(3);
    let mut random = seeded(3);
    for _ in 0..50 {
        let feature = pick_feature(&layout, &mut random).unwrap();
        assert!(FEATURES.contains(&layout.blocks()[feature as usize].kind));
        let header = header("randomized", &format!(r#", "feature": {feature}"#));
        let text = sent(&layout, &counts(&layout), &header, 5).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut members: Vec<&str> = json.as_object().unwrap().keys().map(|k| &**k).collect();
        members.sort_unstable();
        let told = "block cell epsilon format host hours id identity key layout mode sdk start";
        assert_eq!(members, told.split(' ').collect::<Vec<_>>());
        assert_eq!((json["start"].as_i64().unwrap() % 24, &json["hours"]), (0, &24.into()));
        let beacon = decode(text.as_bytes()).unwrap();
        let placed = place(&beacon.body, &shape(&layout)).unwrap();
        assert_eq!(placed.len(), 1);
        assert_eq!(placed[0].1.iter().sum::<i64>(), 1);
    }
}

#[test]
fn an_answer_is_randomized_even_for_one_record() {
    let layout = layout(1);
    let mut all = vec![0; layout.cells()];
    let block = layout.find(BlockKind::Input, "input_0").unwrap();
    all[block.at as usize + 4] = 1;
    let header = header("randomized", r#", "feature": 1, "epsilon": 1"#);
    let mut seen = std::collections::BTreeMap::new();
    for seed in 0..4_000 {
        let text = sent(&layout, &all, &header, seed).unwrap();
        let Body::Randomized { cell, .. } = decode(text.as_bytes()).unwrap().body else { panic!() };
        *seen.entry(cell).or_insert(0) += 1;
    }
    // e / (e + 23) of 24 cells is 0.106; four standard errors are 0.019
    let share = f64::from(seen[&4]) / 4_000.0;
    assert!((share - 0.1057).abs() < 0.0195, "{share}");
    assert_eq!(seen.len(), 24, "every cell may be the answer");
}

#[test]
fn nothing_leaves_for_too_few_users_or_without_a_record() {
    let layout = layout(2);
    let all = counts(&layout);
    for users in ["99", "0", "null"] {
        let text = format!(
            r#"{{"id": "{ID}", "mode": "aggregated", "start_ms": 0, "end_ms": 1, "host": "workerd",
                "sdk": "0.1.0", "users": {users}}}"#
        );
        let header = Header::from_json(&text).unwrap();
        assert_eq!(sent(&layout, &all, &header, 1), None, "{users}");
    }
    let nothing = vec![0; layout.cells()];
    assert_eq!(sent(&layout, &nothing, &header("randomized", r#", "feature": 1"#), 1), None);
}

#[test]
fn noise_is_on_every_cell_and_of_the_stated_scale() {
    let layout = layout(30);
    let header = header("aggregated", r#", "epsilon": 1, "bound": 2"#);
    let nothing = vec![0; layout.cells()];
    let text = sent(&layout, &nothing, &header, 11).unwrap();
    let body = decode(text.as_bytes()).unwrap().body;
    let placed = place(&body, &shape(&layout)).unwrap();
    let shares = Shares::new(&layout, header.epsilon, header.bound).unwrap();
    let (mut squares, mut cells) = (0.0, 0.0);
    for (at, counts) in &placed {
        let block = &layout.blocks()[*at as usize];
        let variance = shares.scale(block).unwrap().variance();
        squares += counts.iter().map(|n| (n * n) as f64 / variance).sum::<f64>();
        cells += counts.len() as f64;
        assert!(block.kind != BlockKind::Violation && block.kind != BlockKind::OutcomeMetric);
    }
    // kurtosis 6: the variance of a square over its mean is 5
    let off = (squares / cells - 1.0).abs();
    assert!(off < 5.0 * (5.0 / cells).sqrt(), "{off}");
    assert!(placed.iter().flat_map(|(_, counts)| counts).any(|n| *n < 0));
}

#[test]
fn metrics_never_leave_with_noise_and_sums_of_confidence_go_whole() {
    let mut gate = Gate::from_bundle(&common::bundle()).unwrap();
    let declared = r#"{"segments": {"country": ["US", "DE"]}, "metrics": ["revenue"]}"#;
    gate.declare(Declared::from_json(declared).unwrap()).unwrap();
    let layout = gate.window().layout();
    let million = 1_000_000u64;
    // every cell that is a sum holds 10^15; a cell that went as it is would stand out
    let all: Vec<u64> = layout
        .blocks()
        .iter()
        .flat_map(|block| (0..block.cells).map(move |cell| (block, cell)))
        .map(|(block, cell)| {
            let name = layout.cell_name(block, cell);
            let sum = block.kind == BlockKind::ConfidenceSum || name.contains("/confidence_sum/");
            let metric = block.kind == BlockKind::OutcomeMetric || name.contains("revenue");
            if sum {
                7 * million
            } else if metric {
                million * million
            } else {
                7
            }
        })
        .collect();
    let header = header("aggregated", r#", "epsilon": 10"#);
    let text = sent(layout, &all, &header, 1).unwrap();
    let placed = place(&decode(text.as_bytes()).unwrap().body, &shape(layout)).unwrap();
    for (at, counts) in placed {
        let block = &layout.blocks()[at as usize];
        for (cell, count) in counts.iter().enumerate() {
            let name = layout.cell_name(block, cell as u32);
            assert!(count.abs() < 5_000, "{:?} {name}: {count}", block.kind);
        }
    }
}

#[test]
fn a_header_of_another_form_is_refused_with_its_member() {
    let good = format!(
        r#"{{"id": "{ID}", "mode": "pseudonymous", "start_ms": 0, "end_ms": 1, "host": "node", "sdk": "0.1.0"}}"#
    );
    assert!(Header::from_json(&good).is_ok());
    for (from, to, path) in [
        (ID, "me@example.com", "id"),
        ("pseudonymous", "plain", "mode"),
        ("node", "phone", "host"),
        ("0.1.0", "0.1.0 of Jane Doe", "sdk"),
        ("\"end_ms\": 1", "\"end_ms\": -1", "end_ms"),
        ("\"end_ms\": 1", "\"end_ms\": 1, \"epsilon\": 0", "epsilon"),
        ("\"end_ms\": 1", "\"end_ms\": 1, \"epsilon\": 0.0001", "epsilon"),
        ("\"end_ms\": 1", "\"end_ms\": 1, \"instance\": \"a@b\"", "instance"),
        ("\"end_ms\": 1", "\"end_ms\": 1, \"key\": \"\\\"\"", "key"),
        ("\"end_ms\": 1", "\"end_ms\": 1, \"seq\": 1.5", "seq"),
        ("\"end_ms\": 1", "\"end_ms\": 1, \"rate\": 2", "rate"),
        ("\"end_ms\": 1", "\"end_ms\": 1, \"email\": 2", "email"),
    ] {
        let error = Header::from_json(&good.replace(from, to)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::BadUsage, "{to}");
        assert_eq!(error.place().path.as_deref(), Some(path), "{to}: {error}");
    }
}

#[test]
fn a_beacon_of_another_form_is_refused() {
    let layout = layout(1);
    let all = counts(&layout);
    let plain = sent(&layout, &all, &header("pseudonymous", ""), 1).unwrap();
    let answer = sent(&layout, &all, &header("randomized", r#", "feature": 1"#), 1).unwrap();
    for (name, text, from, to) in [
        ("another version", &plain, "driftline.beacon/1", "driftline.beacon/2"),
        ("an id that is none", &plain, ID, "0b5f3a52"),
        ("an upper-case identity", &plain, "sha256:0123456789abcdef", "sha256:0123456789ABCDEF"),
        ("another member", &plain, "\"seq\"", "\"email\":\"a@b\",\"seq\""),
        ("a member twice", &plain, "\"seq\":4294967295", "\"seq\":1,\"seq\":2"),
        ("characters of no number", &plain, "\"counts\":\"", "\"counts\":\"%"),
        ("a number that does not end", &plain, "\"counts\":\"", "\"counts\":\"gggggggggggggggggg"),
        ("a negative plain count", &plain, "\"counts\":\"", "\"counts\":\"D"),
        ("noise without ε", &plain, "pseudonymous", "aggregated"),
        ("an answer that names its sender", &answer, "\"key\"", "\"instance\":\"a\",\"key\""),
        ("an answer of an hour", &answer, "\"hours\":24", "\"hours\":1"),
        ("an answer without ε", &answer, "\"epsilon\":4000,", ""),
        ("no loss at all", &answer, "\"epsilon\":4000", "\"epsilon\":0"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(&changed, text, "{name}");
        let error = decode(changed.as_bytes()).expect_err(name);
        let code = error.code();
        assert!(
            matches!(code, ErrorCode::BeaconSyntax | ErrorCode::FormatVersion),
            "{name}: {error}"
        );
    }
    let large = format!("{}{}", " ".repeat(MAX_BEACON_BYTES), plain);
    assert_eq!(decode(large.as_bytes()).unwrap_err().code(), ErrorCode::InputTooLarge);
}

#[test]
fn counts_that_are_not_the_layouts_find_no_place() {
    let one = layout(1);
    let text = sent(&one, &counts(&one), &header("pseudonymous", ""), 1).unwrap();
    let body = decode(text.as_bytes()).unwrap().body;
    assert!(place(&body, &shape(&one)).is_some());
    assert_eq!(place(&body, &shape(&layout(2))), None);
    let records = Body::Randomized { epsilon: header("randomized", "").epsilon, block: 0, cell: 0 };
    assert_eq!(place(&records, &shape(&one)), None, "nobody is asked about the number of records");
    let beyond = Body::Randomized { epsilon: header("randomized", "").epsilon, block: 1, cell: 24 };
    assert_eq!(place(&beyond, &shape(&one)), None);
}

#[test]
fn a_layout_too_wide_for_a_beacon_is_refused_and_not_cut() {
    let wide = layout(900);
    let error =
        encode(&counts(&wide), &wide, IDENTITY, &header("pseudonymous", ""), &mut seeded(1));
    assert_eq!(error.unwrap_err().code(), ErrorCode::InputTooLarge);
    // an answer is as small as ever
    assert!(sent(&wide, &counts(&wide), &header("randomized", r#", "feature": 9"#), 1).is_some());
}

#[test]
fn a_source_that_fails_sends_nothing() {
    let layout = layout(1);
    let mut none = |_: &mut [u8]| -> Result<()> {
        Err(driftline::Error::new(ErrorCode::NoRandomness, "none"))
    };
    for (mode, more) in [("randomized", r#", "feature": 1"#), ("aggregated", "")] {
        let answer = encode(&counts(&layout), &layout, IDENTITY, &header(mode, more), &mut none);
        assert_eq!(answer.unwrap_err().code(), ErrorCode::NoRandomness, "{mode}");
    }
}

#[cfg(feature = "json-schema")]
#[test]
fn what_is_sent_keeps_the_published_schema() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/beacon.schema.json");
    let schema: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let layout = layout(4);
    for (mode, more) in [
        ("randomized", r#", "feature": 2"#),
        ("aggregated", r#", "bound": 3"#),
        ("pseudonymous", r#", "rate": 0.25"#),
    ] {
        for seed in 0..20 {
            let text = sent(&layout, &counts(&layout), &header(mode, more), seed).unwrap();
            let json = serde_json::from_str(&text).unwrap();
            assert!(schema.is_valid(&json), "{text}");
        }
    }
    assert!(!schema.is_valid(&serde_json::json!({"format": "driftline.beacon/1"})));
}

proptest! {
    #[test]
    fn any_counts_come_back(seed in any::<u64>(), top in 1u64..=MAX_COUNT) {
        let layout = layout(2);
        let mut random = seeded(seed);
        let mut bytes = [0; 8];
        let all: Vec<u64> = (0..layout.cells())
            .map(|_| { random(&mut bytes).unwrap(); u64::from_le_bytes(bytes) % (top + 1) })
            .collect();
        let text = sent(&layout, &all, &header("pseudonymous", ""), 1).unwrap();
        let Body::Pseudonymous { counts } = decode(text.as_bytes()).unwrap().body else {
            return Err(TestCaseError::fail("another mode"));
        };
        prop_assert_eq!(counts.iter().map(|n| n.unsigned_abs()).collect::<Vec<_>>(), all);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes);
        let _ = Header::from_json(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_changed_byte_panics(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let layout = layout(1);
        let text = sent(&layout, &counts(&layout), &header("aggregated", ""), 1).unwrap();
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(beacon) = decode(&bytes) {
            let _ = place(&beacon.body, &shape(&layout));
            prop_assert_eq!(beacon.body.mode(), Mode::Aggregated);
        }
    }
}
