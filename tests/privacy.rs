//! What was typed into a record never leaves: e-mail addresses, names and unique numbers go through
//! every path of the core, and every byte that is encoded is searched for them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;
#[path = "common/random.rs"]
mod random;

use driftline::ErrorCode;
use driftline::beacon::{Body, FEATURES, Header, decode, encode, place};
use driftline::contract::Contract;
use driftline::gate::Gate;
use driftline::privacy::{Epsilon, Shares};
use driftline::summary::{BlockKind, Declared, Follow, Layout, Truth};
use proptest::prelude::*;
use random::seeded;
use std::collections::BTreeMap;

const BASELINE: &str = r#"{"format": "driftline.baseline/1", "rows": 3, "inputs": [
    {"kind": "timestamp", "name": "when", "part": "hour", "zone": "UTC",
     "edges": [0, 12, 24], "counts": [1, 2], "missing": 0, "invalid": 0},
    {"kind": "numeric", "name": "x", "edges": [1, 2, 4], "counts": [1, 2],
     "below": 0, "above": 0, "missing": 0, "invalid": 0},
    {"kind": "numeric", "name": "n", "edges": [0, 5], "counts": [3],
     "below": 0, "above": 0, "missing": 0, "invalid": 0},
    {"kind": "category", "name": "c", "values": ["b"], "counts": [3],
     "missing": 0, "unseen": 0, "invalid": 0}]}"#;

/// What is typed in: an address, a name, numbers that only one person has.
#[derive(Debug)]
struct Person {
    email: String,
    name: String,
    /// Above the bins of `n`.
    number: u64,
    /// A value of a metric.
    amount: f64,
    minute: u32,
}

impl Person {
    fn jane() -> Self {
        Self {
            email: "jane.q.doe@example.com".to_owned(),
            name: "Jane Quincy Doe".to_owned(),
            number: 4_539_148_803_436,
            amount: 31_415.926_5,
            minute: 17,
        }
    }

    /// Records, one for each path: kept, unseen, of another type, unknown fields, no JSON.
    fn records(&self) -> Vec<String> {
        let (email, name) = (json(&self.email), json(&self.name));
        let when = format!("\"2013-07-01T12:{:02}:00Z\"", self.minute);
        let n = self.number;
        vec![
            format!(r#"{{"when": {when}, "x": 1.5, "n": {n}, "c": "b"}}"#),
            format!(r#"{{"when": {when}, "x": 1.5, "n": {n}, "c": {email}}}"#),
            format!(r#"{{"when": {when}, "x": 1.5, "n": {n}, "c": {name}}}"#),
            format!(r#"{{"when": {name}, "x": {email}, "n": "{n}", "c": {n}}}"#),
            format!(r#"{{"when": {when}, "x": {n}, "n": -{n}, "c": [{email}]}}"#),
            format!(r#"{{"when": {when}, "x": 1.5, "n": 1, "c": "b", "email": {email}}}"#),
            format!(r#"{{"when": {when}, "x": 1.5, "n": 1, "c": "b", {name}: {n}}}"#),
            format!(r#"{{{email}: {name}}}"#),
            format!(r#"{{"when": {email} {name} {n}"#),
            email,
        ]
    }
}

fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// A gate through which the person's records went, with outcomes in a segment.
fn counted(person: &Person) -> Gate {
    let mut gate = Gate::from_bundle(&common::with_baseline(BASELINE)).unwrap();
    let declared = r#"{"segments": {"arm": ["a", "b"]}, "metrics": ["revenue"]}"#;
    gate.declare(Declared::from_json(declared).unwrap()).unwrap();
    let reader = gate.reader().clone();
    for (nth, text) in person.records().iter().enumerate() {
        gate.window_mut().set_segments(&[nth % 3]);
        let Ok(record) = reader.read_json(text) else {
            gate.window_mut().fault(nth % 2 == 0);
            continue;
        };
        let decision = gate.predict(record);
        let tracked = gate.window().track(&decision);
        let truth = Truth::Label(nth % 2);
        let window = gate.window_mut();
        window.outcome(&tracked, Some(&truth), &[Some(person.amount)]).unwrap();
        window.follow(Follow::Answered, 1);
        window.time(900.0);
    }
    assert!(gate.window().counts()[0] >= 6, "the records were decided");
    gate
}

/// A header with a mode and what belongs to it.
fn header(kind: &str) -> Header {
    Header::from_json(&format!(
        r#"{{"id": "0b5f3a52-6d0e-4a43-9d5a-8f1c2b3a4d5e", {kind}, "start_ms": 1795392000000,
            "end_ms": 1795395599000, "host": "browser", "sdk": "0.1.0", "seq": 1}}"#
    ))
    .unwrap()
}

/// Every kind of beacon of these counts.
fn beacons(gate: &Gate, seeds: u64) -> Vec<String> {
    let layout = gate.window().layout();
    let blocks = (0usize..).zip(layout.blocks());
    let features: Vec<usize> = blocks
        .filter(|(_, block)| FEATURES.contains(&block.kind) && block.cells > 1)
        .map(|(place, _)| place)
        .collect();
    let mut kinds = vec![r#""mode": "pseudonymous""#.to_owned()];
    kinds.push(r#""mode": "aggregated", "users": 100, "bound": 20"#.to_owned());
    let answers =
        features.iter().map(|place| format!(r#""mode": "randomized", "feature": {place}"#));
    kinds.extend(answers);
    let mut texts = Vec::new();
    for kind in kinds {
        let header = header(&kind);
        for seed in 0..seeds {
            let counts = gate.window().counts();
            let mut random = seeded(seed);
            texts.extend(encode(counts, layout, gate.identity(), &header, &mut random).unwrap());
        }
    }
    texts
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The inner characters of a text in Base64, at each of its three alignments.
fn base64(text: &str) -> Vec<String> {
    let at = |skip: usize| {
        let bytes = text.as_bytes().get(skip..).unwrap_or_default();
        let groups = bytes.chunks_exact(3).map(|group| {
            let bits = group.iter().fold(0usize, |bits, byte| bits << 8 | usize::from(*byte));
            [18, 12, 6, 0].map(|shift| char::from(BASE64[bits >> shift & 63]))
        });
        groups.flatten().collect()
    };
    (0..3).map(at).collect()
}

/// What of the person a text or one of its counts shows.
fn shown(beacon: &str, person: &Person) -> Option<String> {
    let mut needles: Vec<String> = Vec::new();
    let parts = person.email.split(['@', '.']).chain(person.name.split(' '));
    let words = parts.filter(|word| word.len() > 3).map(str::to_owned);
    let whole = [person.email.clone(), person.name.clone(), person.number.to_string()];
    for word in words.chain(whole).chain([person.amount.to_string()]) {
        needles.extend(base64(&word).into_iter().filter(|text| text.len() > 7));
        needles.push(word.bytes().map(|byte| format!("{byte:02x}")).collect());
        needles.push(word);
    }
    let lower = beacon.to_lowercase();
    let found = needles.into_iter().find(|needle| lower.contains(&needle.to_lowercase()));
    let numbers = [person.number, (person.amount * 1e6) as u64, person.amount as u64];
    let counts = match decode(beacon.as_bytes()).map(|beacon| beacon.body) {
        Ok(Body::Aggregated { counts, .. } | Body::Pseudonymous { counts }) => counts,
        _ => Vec::new(),
    };
    let number = counts.into_iter().map(i64::unsigned_abs).find(|n| numbers.contains(n));
    found.or(number.map(|n| n.to_string()))
}

#[test]
fn no_byte_that_is_encoded_shows_a_person() {
    let jane = Person::jane();
    let is_plain = |text: &String| text.contains(r#""mode":"pseudonymous""#);
    let mut texts = beacons(&counted(&jane), 50);
    texts.retain(|text| !is_plain(text));
    // plain sums of metrics are what they are, as the next test shows; all else is searched
    let unpaid = Person { amount: 0.0, ..Person::jane() };
    texts.extend(beacons(&counted(&unpaid), 1).into_iter().filter(is_plain));
    assert!(texts.len() > 300, "{} beacons", texts.len());
    for text in &texts {
        assert_eq!(shown(text, &jane), None, "{text}");
    }
}

#[test]
fn the_search_would_find_what_leaked() {
    let jane = Person::jane();
    let encoded = base64(&jane.email);
    for leak in ["jane.q.doe@example.com", "QUINCY", "4539148803436", "31415.9265", &encoded[1]] {
        assert!(shown(&format!(r#"{{"instance":"{leak}"}}"#), &jane).is_some(), "{leak}");
    }
    let hex: String = jane.name.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert!(shown(&hex, &jane).is_some());
    // and within the counts: docs/privacy.md says that a metric that came alone shows itself in
    // pseudonymous mode, and only there
    let mut gate = counted(&jane);
    let layout = gate.window().layout().clone();
    let cell = layout.find(BlockKind::OutcomeMetric, "revenue").unwrap().at as usize;
    let mut alone = vec![0; layout.cells()];
    alone[cell] = (jane.amount * 1e6) as u64;
    gate.window_mut().clear();
    gate.window_mut().add(&alone).unwrap();
    let shows: Vec<String> =
        beacons(&gate, 3).into_iter().filter(|text| shown(text, &jane).is_some()).collect();
    assert!(!shows.is_empty());
    assert!(shows.iter().all(|text| text.contains(r#""mode":"pseudonymous""#)), "{shows:?}");
}

#[test]
fn a_metric_changes_no_byte_of_the_private_modes() {
    let (mut jane, rich) = (Person::jane(), Person { amount: 999_999.9, ..Person::jane() });
    let private = |person: &Person| {
        let mut texts = beacons(&counted(person), 3);
        texts.retain(|text| !text.contains(r#""mode":"pseudonymous""#));
        texts
    };
    let (first, second) = (private(&jane), private(&rich));
    assert!(first.len() > 10);
    assert_eq!(first, second);
    jane.minute = 30;
    assert_eq!(first, private(&jane));
}

/// The contract that the noise rests on: with the same random bytes the noise is the same, so that
/// two beacons differ by what one client adds before the noise.
#[test]
fn a_client_moves_no_group_by_more_than_its_noise_is_made_for() {
    let jane = Person::jane();
    for bound in [1usize, 3, 10] {
        let mut gate = counted(&Person { number: 3, amount: 2.0, ..Person::jane() });
        let kind = format!(r#""mode": "aggregated", "users": 100, "bound": {bound}"#);
        let header = header(&kind);
        let layout = gate.window().layout().clone();
        let shape: Vec<_> = layout.blocks().iter().map(|block| (block.kind, block.cells)).collect();
        let sums = |gate: &Gate| {
            let counts = gate.window().counts();
            let text = encode(counts, &layout, gate.identity(), &header, &mut seeded(9)).unwrap();
            place(&decode(text.unwrap().as_bytes()).unwrap().body, &shape).unwrap()
        };
        let before = sums(&gate);
        let reader = gate.reader().clone();
        let records = jane.records();
        for text in records.iter().filter(|text| reader.read_json(text).is_ok()).cycle().take(bound)
        {
            let decision = gate.predict(reader.read_json(text).unwrap());
            let tracked = gate.window().track(&decision);
            let window = gate.window_mut();
            window.outcome(&tracked, Some(&Truth::Label(1)), &[Some(jane.amount)]).unwrap();
            for what in [Follow::TimedOut, Follow::Answered, Follow::Late] {
                window.follow(what, 1);
            }
            window.time(2e6);
            window.fault(true);
            window.fault(false);
        }
        let shares = Shares::new(&layout, header.epsilon, header.bound).unwrap();
        // blocks of one kind and name are one group, and all of confidence
        let mut groups = BTreeMap::<(BlockKind, &str), (u64, u64)>::new();
        for ((at, with), (_, without)) in sums(&gate).iter().zip(&before) {
            let block = &layout.blocks()[*at as usize];
            let name = if block.kind == BlockKind::Confidence { "" } else { &*block.name };
            let scale = shares.scale(block).unwrap();
            let most = scale.part / 1_000 / shares.groups();
            let moved: u64 = with.iter().zip(without).map(|(a, b)| a.abs_diff(*b)).sum();
            let group = groups.entry((block.kind, name)).or_default();
            *group = (group.0 + moved, u64::from(most));
        }
        assert_eq!(groups.len(), shares.groups() as usize);
        for (group, (moved, most)) in &groups {
            assert!(moved <= most, "{group:?} moved by {moved} and not {most} at most");
        }
        // the bounds are met, not only kept
        let met = groups.values().filter(|(moved, most)| moved == most).count();
        assert!(met >= 9, "{groups:?}");
    }
}

#[test]
fn noise_that_would_not_fit_is_refused_and_no_block_is_left_out() {
    let labels: Vec<String> = (0..60).map(|n| format!("\"l{n}\"")).collect();
    let inputs: Vec<String> =
        (0..40).map(|n| format!(r#"{{"name": "i{n}", "type": "number"}}"#)).collect();
    let contract = format!(
        r#"{{"format": "driftline.contract/1", "name": "wide", "inputs": [{}],
            "outputs": {{"scores": "p", "kind": "multilabel", "labels": [{}]}}}}"#,
        inputs.join(","),
        labels.join(",")
    );
    let bins = |n: usize| {
        format!(
            r#"{{"kind": "numeric", "name": "i{n}", "edges": [0, 1], "counts": [0], "below": 0,
                "above": 0, "missing": 0, "invalid": 0}}"#
        )
    };
    let baseline = format!(
        r#"{{"format": "driftline.baseline/1", "rows": 0, "inputs": [{}]}}"#,
        (0..40).map(bins).collect::<Vec<_>>().join(",")
    );
    let contract = Contract::from_json(contract.as_bytes()).unwrap();
    let layout = Layout::new(&contract, Some(baseline.as_bytes()), false).unwrap();
    let declared = Declared::from_json(r#"{"segments": {"arm": []}}"#).unwrap();
    let layout = layout.declare(declared).unwrap();
    let epsilon = Epsilon::from_milli(1_000).unwrap();
    assert!(Shares::new(&layout, epsilon, 100).is_ok());
    assert_eq!(Shares::new(&layout, epsilon, 1_000).unwrap_err().code(), ErrorCode::BadUsage);
    assert!(Shares::new(&layout, epsilon, 0).is_err());
}

/// People who share every cell: text and numbers that no bin tells apart.
fn people() -> impl Strategy<Value = Person> {
    // `b` is a listed value, and the names of inputs are no unknown fields
    let word = "[\\p{L}\\p{N} .@'\"\\\\<>-]{4,40}";
    let number = 11u64..1 << 52;
    (word, word, number, 0u32..60).prop_map(|(email, name, number, minute)| Person {
        email: format!("{email}@"),
        name: format!("{name}!"),
        number,
        amount: 12.5,
        minute,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Stronger than any search: what leaves is a function of the cells alone.
    #[test]
    fn whoever_falls_into_the_same_cells_sends_the_same_bytes(one in people(), other in people()) {
        prop_assert_eq!(beacons(&counted(&one), 1), beacons(&counted(&other), 1));
    }
}
