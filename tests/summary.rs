//! What a gate counts, on a small bundle, under an allocator that counts too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "common/allocations.rs"]
mod allocations;
mod common;

use allocations::so_far;
use driftline::ErrorCode;
use driftline::gate::Gate;
use driftline::summary::{BlockKind, Declared, Follow, Summary, Tracked, Truth};
use proptest::prelude::*;

/// `when` is counted on the clock of a zone that no feature reads; `c` lists its values in another
/// order than the contract, and only one of them.
const BASELINE: &str = r#"{"format": "driftline.baseline/1", "rows": 3, "inputs": [
    {"kind": "timestamp", "name": "when", "part": "hour", "zone": "UTC",
     "edges": [0, 12, 20], "counts": [1, 2], "missing": 0, "invalid": 0},
    {"kind": "numeric", "name": "x", "edges": [1, 2, 4], "counts": [1, 2],
     "below": 0, "above": 0, "missing": 0, "invalid": 0},
    {"kind": "numeric", "name": "n", "edges": [0, 5], "counts": [3],
     "below": 0, "above": 0, "missing": 0, "invalid": 0},
    {"kind": "category", "name": "c", "values": ["b"], "counts": [3],
     "missing": 0, "unseen": 0, "invalid": 0}]}"#;

const GOOD: &str = r#"{"when": "2013-07-01T12:00:00Z", "x": 1.5, "n": 3, "c": "b"}"#;

fn gate() -> Gate {
    Gate::from_bundle(&common::with_baseline(BASELINE)).unwrap()
}

fn predict(gate: &mut Gate, json: &str) -> driftline::decision::Decision {
    let reader = gate.reader().clone();
    gate.predict(reader.read_json(json).unwrap())
}

/// The cells of a block that are not zero, by name.
fn cells(gate: &Gate, kind: BlockKind, name: &str) -> Vec<(String, u64)> {
    let (layout, counts) = (gate.window().layout(), gate.window().counts());
    let block = layout.find(kind, name).expect("the block is there");
    (0..block.cells)
        .map(|cell| (layout.cell_name(block, cell), counts[(block.at + cell) as usize]))
        .filter(|(_, count)| *count > 0)
        .collect()
}

fn of(cells: &[(&str, u64)]) -> Vec<(String, u64)> {
    cells.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[test]
fn each_value_is_in_the_cell_that_it_belongs_to() {
    for (from, to, input, cell) in [
        ("", "", "when", "[12.0, 20.0]"),
        ("12:00:00Z", "11:59:59Z", "when", "[0.0, 12.0)"),
        ("12:00:00Z", "21:00:00Z", "when", "above"),
        ("12:00:00Z", "23:00:00-02:00", "when", "[0.0, 12.0)"),
        ("\"2013-07-01T12:00:00Z\"", "null", "when", "missing"),
        ("2013-07-01", "tomorrow", "when", "invalid"),
        ("", "", "x", "[1.0, 2.0)"),
        ("1.5", "2", "x", "[2.0, 4.0]"),
        ("1.5", "4", "x", "[2.0, 4.0]"),
        ("1.5", "0.5", "x", "below"),
        ("1.5", "4.5", "x", "above"),
        ("1.5", "10.5", "x", "invalid"),
        ("1.5", "null", "x", "missing"),
        ("1.5", "\"1\"", "x", "invalid"),
        (": 3", ": 5", "n", "[0.0, 5.0]"),
        (": 3", ": 6", "n", "above"),
        ("", "", "c", "b"),
        ("\"b\"", "\"a\"", "c", "unseen"),
        ("\"b\"", "\"z\"", "c", "unseen"),
    ] {
        let mut gate = gate();
        predict(&mut gate, &GOOD.replace(from, to));
        assert_eq!(cells(&gate, BlockKind::Input, input), of(&[(cell, 1)]), "{from} {to}");
        for input in ["when", "x", "n", "c"] {
            let total: u64 = cells(&gate, BlockKind::Input, input).iter().map(|(_, n)| n).sum();
            assert_eq!(total, 1, "{input} for {from} {to}");
        }
    }
}

#[test]
fn decisions_are_counted_as_they_were_made() {
    let mut gate = gate();
    let sure = predict(&mut gate, GOOD);
    predict(&mut gate, &GOOD.replace("1.5", "11"));
    predict(&mut gate, &GOOD.replace("\"b\"", "\"z\""));
    predict(&mut gate, &GOOD.replace('{', r#"{"y": 1, "#));
    assert_eq!(gate.window().counts()[0], 4);
    let action = of(&[("accept", 1), ("escalate", 1), ("reject", 2)]);
    assert_eq!(cells(&gate, BlockKind::Action, ""), action);
    assert_eq!(cells(&gate, BlockKind::Reason, ""), of(&[("confident", 1), ("violation", 3)]));
    let broken = [("x/out_of_range", 1), ("c/not_in_set", 1), ("(record)/unknown_field", 1)];
    assert_eq!(cells(&gate, BlockKind::Violation, ""), of(&broken));
    // the refused ones have no prediction, the escalated one has
    assert_eq!(cells(&gate, BlockKind::Label, ""), of(&[("yes", 2), ("none", 2)]));
    assert_eq!(cells(&gate, BlockKind::Confidence, "yes"), of(&[("[0.95, 1.0]", 2)]));
    assert!(cells(&gate, BlockKind::Confidence, "no").is_empty());
    let [(label, sum)] = &cells(&gate, BlockKind::ConfidenceSum, "")[..] else { panic!() };
    assert_eq!(label, "yes");
    let first = (sure.confidence.unwrap() * 1e6).round();
    assert!((*sum as f64 - first) > 9e5 && *sum <= 2_000_000, "{sum}");
}

#[test]
fn a_batch_counts_as_single_records_do_and_so_does_the_kill_switch() {
    let lines =
        [GOOD.to_owned(), GOOD.replace("1.5", "null"), GOOD.replace(": 3", ": -1"), "[]".into()];
    for killed in [false, true] {
        let (mut single, mut batch) = (gate(), gate());
        single.set_killed(killed);
        batch.set_killed(killed);
        let reader = single.reader().clone();
        for line in &lines {
            single.predict(reader.read_json(line).unwrap());
        }
        let records: Vec<_> = lines.iter().map(|line| reader.read_json(line).unwrap()).collect();
        batch.predict_many(records).unwrap();
        assert_eq!(single.window().counts(), batch.window().counts(), "killed: {killed}");
        assert_eq!(
            cells(&batch, BlockKind::Input, "x"),
            of(&[("[1.0, 2.0)", 2), ("missing", 1), ("invalid", 1)])
        );
    }
}

#[test]
fn the_clock_of_one_record_is_never_that_of_the_next() {
    let contract = BASELINE.replace("\"UTC\"", "\"America/New_York\"");
    let mut gate = Gate::from_bundle(&common::with_baseline(&contract)).unwrap();
    // 8 o'clock in New York; then 16 o'clock in a record that has no features
    predict(&mut gate, GOOD);
    predict(&mut gate, &GOOD.replace("12:00", "20:00").replace("1.5", "11"));
    let expected = of(&[("[0.0, 12.0)", 1), ("[12.0, 20.0]", 1)]);
    assert_eq!(cells(&gate, BlockKind::Input, "when"), expected);
}

#[test]
fn what_is_asked_without_a_decision_is_not_counted() {
    let mut gate = gate();
    let reader = gate.reader().clone();
    gate.validate(reader.read_json(GOOD).unwrap());
    gate.explain(reader.read_json(GOOD).unwrap()).unwrap();
    assert!(gate.window().counts().iter().all(|count| *count == 0));
    predict(&mut gate, GOOD);
    let total: u64 = cells(&gate, BlockKind::Input, "x").iter().map(|(_, n)| n).sum();
    assert_eq!(total, 1);
}

#[test]
fn counts_are_taken_put_back_and_merged_only_with_their_like() {
    let mut gate = gate();
    predict(&mut gate, GOOD);
    let first = gate.take_summary();
    assert_eq!((first.records(), first.identity()), (1, gate.identity()));
    assert_eq!(first.layout_id(), gate.window().layout().id());
    assert!(gate.window().counts().iter().all(|count| *count == 0));
    predict(&mut gate, GOOD);
    gate.window_mut().add(first.counts()).unwrap();
    assert_eq!(gate.window().counts()[0], 2);
    let short = gate.window_mut().add(&[1]).unwrap_err();
    assert_eq!(short.code(), ErrorCode::SummaryMismatch);

    let mut other = Gate::from_bundle(&common::bundle()).unwrap();
    let mut theirs = other.take_summary();
    assert_eq!(theirs.merge(&first).unwrap_err().code(), ErrorCode::SummaryMismatch);
    let mut declared = Declared::default();
    declared.metrics.push("revenue".into());
    gate.declare(declared).unwrap();
    let mut wider: Summary = gate.take_summary();
    assert_eq!(wider.merge(&first).unwrap_err().code(), ErrorCode::SummaryMismatch);
}

#[test]
fn a_bundle_without_baseline_still_counts_answers() {
    let mut gate = Gate::from_bundle(&common::bundle()).unwrap();
    predict(&mut gate, GOOD);
    assert!(gate.window().layout().find(BlockKind::Input, "x").is_none());
    assert_eq!(cells(&gate, BlockKind::Label, ""), of(&[("yes", 1)]));
    assert_eq!(gate.window().counts()[0], 1);
}

#[test]
fn bins_that_are_not_the_contracts_are_refused() {
    for (from, to) in [
        ("\"x\"", "\"y\""),
        ("[1, 2, 4]", "[1, 2, 2]"),
        ("[1, 2, 4]", "[]"),
        ("\"UTC\"", "\"Mars/Olympus\""),
        ("\"part\": \"hour\",", ""),
        ("[\"b\"]", "[1]"),
        ("\"inputs\"", "\"inputz\""),
    ] {
        assert!(BASELINE.contains(from), "{from}");
        let error = Gate::from_bundle(&common::with_baseline(&BASELINE.replacen(from, to, 1)));
        let code = error.unwrap_err().code();
        let zone = to.contains("Mars");
        let expected = if zone { ErrorCode::UnknownZone } else { ErrorCode::BaselineInvalid };
        assert_eq!(code, expected, "{from} {to}");
    }
}

fn declared() -> Gate {
    let mut gate = gate();
    let text = r#"{"segments": {"country": ["US", "DE"], "arm": ["a"]}, "metrics": ["revenue", "refund"]}"#;
    gate.declare(Declared::from_json(text).unwrap()).unwrap();
    gate
}

#[test]
fn segments_count_apart_and_unlisted_values_together() {
    let mut gate = declared();
    gate.window_mut().set_segments(&[1, 0]);
    predict(&mut gate, GOOD);
    gate.window_mut().set_segments(&[7]);
    predict(&mut gate, &GOOD.replace("1.5", "11"));
    let sum = cells(&gate, BlockKind::ConfidenceSum, "")[0].1;
    let country = of(&[
        ("DE/records", 1),
        ("DE/action/accept", 1),
        ("DE/label/yes", 1),
        ("DE/confidence_sum/yes", sum),
        ("(other)/records", 1),
        ("(other)/action/reject", 1),
        ("(other)/label/none", 1),
    ]);
    assert_eq!(cells(&gate, BlockKind::Segment, "country"), country);
    let records = |name: &str| {
        let cells = cells(&gate, BlockKind::Segment, name);
        cells.iter().filter(|(name, _)| name.ends_with("records")).map(|(_, n)| n).sum::<u64>()
    };
    assert_eq!((records("country"), records("arm")), (2, 2));
}

#[test]
fn outcomes_come_to_the_cells_of_their_decision() {
    let mut gate = declared();
    gate.window_mut().set_segments(&[0, 0]);
    let decision = predict(&mut gate, GOOD);
    let tracked = gate.window().track(&decision);
    let expected =
        Tracked { labels: vec![1], confidence: Some(19), action: 0, segments: vec![0, 0] };
    assert_eq!(tracked, expected);
    gate.window_mut().set_segments(&[2, 1]);
    let window = gate.window_mut();
    window.outcome(&tracked, Some(&Truth::Label(0)), &[Some(19.99), None]).unwrap();
    window.outcome(&tracked, Some(&Truth::Label(1)), &[]).unwrap();
    window.outcome(&tracked, None, &[None, Some(0.5)]).unwrap();
    window.follow(Follow::Late, 3);
    let truth = of(&[("true no/predicted yes", 1), ("true yes/predicted yes", 1)]);
    assert_eq!(cells(&gate, BlockKind::OutcomeTruth, ""), truth);
    let correct = of(&[
        ("[0.95, 1.0]/wrong", 1),
        ("[0.95, 1.0]/right", 1),
        ("accept/wrong", 1),
        ("accept/right", 1),
    ]);
    assert_eq!(cells(&gate, BlockKind::OutcomeCorrect, ""), correct);
    let revenue = of(&[("sum/accept", 19_990_000), ("count/accept", 1)]);
    assert_eq!(cells(&gate, BlockKind::OutcomeMetric, "revenue"), revenue);
    assert_eq!(cells(&gate, BlockKind::OutcomeMetric, "refund")[0], ("sum/accept".into(), 500_000));
    assert_eq!(cells(&gate, BlockKind::OutcomeFollow, ""), of(&[("late", 3)]));
    let country = cells(&gate, BlockKind::Segment, "country");
    for (name, count) in
        [("US/wrong", 1), ("US/right", 1), ("US/revenue/sum", 19_990_000), ("US/refund/count", 1)]
    {
        assert!(country.contains(&(name.to_owned(), count)), "{name}: {country:?}");
    }
}

#[test]
fn an_outcome_that_does_not_fit_counts_nothing() {
    let mut gate = declared();
    let decision = predict(&mut gate, GOOD);
    let tracked = gate.window().track(&decision);
    let before = gate.window().counts().to_vec();
    let nobody = Tracked { action: 4, ..tracked.clone() };
    let usage = ErrorCode::BadUsage;
    for (tracked, truth, metric, code) in [
        (&tracked, Some(Truth::Label(2)), None, usage),
        (&tracked, Some(Truth::Value(1.0)), None, usage),
        (&tracked, Some(Truth::Labels(vec![0])), None, usage),
        (&tracked, Some(Truth::Label(1)), Some(f64::NAN), usage),
        (&tracked, Some(Truth::Label(1)), Some(-0.5), usage),
        (&tracked, Some(Truth::Label(1)), Some(1e7), usage),
        (&nobody, Some(Truth::Label(1)), None, usage),
    ] {
        let error = gate.window_mut().outcome(tracked, truth.as_ref(), &[metric]).unwrap_err();
        assert_eq!(error.code(), code, "{truth:?} {metric:?}");
        assert_eq!(gate.window().counts(), before, "{truth:?} {metric:?}");
    }
    // a sum that would no longer be a whole number in JavaScript
    let mut full = 0;
    let error = loop {
        match gate.window_mut().outcome(&tracked, None, &[Some(1e6)]) {
            Ok(()) => full += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((full, error.code()), (9007, ErrorCode::SummaryInvalid));
}

#[test]
fn observing_allocates_nothing() {
    let mut gate = declared();
    let decisions: Vec<_> =
        [GOOD.to_owned(), GOOD.replace("1.5", "11"), GOOD.replace("\"b\"", "\"z\"")]
            .iter()
            .map(|line| predict(&mut gate, line))
            .collect();
    let before = so_far();
    for turn in 0..100_000usize {
        let window = gate.window_mut();
        window.set_segments(&[turn % 4, turn % 2]);
        window.observe(0, &decisions[turn % decisions.len()]);
        window.time(turn as f64);
    }
    assert_eq!(so_far(), before, "allocations while observing");
    assert_eq!(gate.window().counts()[0], 100_003);
}

/// Allocations of so many predictions.
fn allocations(gate: &mut Gate, records: usize) -> usize {
    let reader = gate.reader().clone();
    let before = so_far();
    for _ in 0..records {
        gate.predict(reader.read_json(GOOD).unwrap());
    }
    so_far() - before
}

#[test]
fn a_prediction_asks_for_no_more_memory_than_without_counting() {
    let (mut on, mut off) = (gate(), gate());
    off.window_mut().set_off(true);
    allocations(&mut on, 2);
    allocations(&mut off, 2);
    assert_eq!(allocations(&mut on, 1000), allocations(&mut off, 1000));
    assert_eq!((on.window().counts()[0], off.window().counts()[0]), (1002, 0));
}

proptest! {
    #[test]
    fn every_record_is_in_one_cell_of_every_block(
        records in proptest::collection::vec((0u8..6, 0u8..4, 0u8..4, 0u8..4), 1..40)
    ) {
        let mut gate = gate();
        for (x, when, n, c) in &records {
            let x = ["1.5", "null", "0", "9", "99", "\"q\""][usize::from(*x)];
            let when = ["\"2013-07-01T12:00:00Z\"", "null", "3", "\"2013-01-01T23:00:00Z\""][usize::from(*when)];
            let n = ["1", "null", "-1", "7"][usize::from(*n)];
            let c = ["\"a\"", "\"b\"", "\"z\"", "null"][usize::from(*c)];
            predict(&mut gate, &format!(r#"{{"when": {when}, "x": {x}, "n": {n}, "c": {c}}}"#));
        }
        let (layout, counts) = (gate.window().layout(), gate.window().counts());
        for block in layout.blocks() {
            let total: u64 = counts[block.at as usize..][..block.cells as usize].iter().sum();
            let partition = [BlockKind::Records, BlockKind::Input, BlockKind::Label, BlockKind::Action, BlockKind::Reason];
            if partition.contains(&block.kind) {
                prop_assert_eq!(total, records.len() as u64, "{:?} {}", block.kind, &block.name);
            }
        }
        let end = layout.blocks().last().unwrap();
        prop_assert_eq!((end.at + end.cells) as usize, counts.len());
    }
}
