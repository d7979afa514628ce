//! Reports of counts whose answers are known: worked out with numpy and scipy, or by hand.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod bed;
mod common;
#[path = "../../../tests/common/random.rs"]
mod random;

use bed::{Bed, Cells, MONDAY, USUAL};
use driftline::ErrorCode;
use driftline::beacon::Mode;
use driftline::contract::Contract;
use driftline::drift::Verdict;
use driftline::summary::Layout;
use driftline_collector::report::{self, Grain, InputWindow, Question, Window};
use driftline_collector::store::{Fault, Registration};
use random::SplitMix64;
use serde_json::json;
use std::time::Instant;

/// 500 answers: 400 times `no` at a confidence of 0.93, 100 times `yes` at 0.78.
const ANSWERS: Cells<'static> = &[
    ("records", "", "records", 500),
    ("label", "", "no", 400),
    ("label", "", "yes", 100),
    ("confidence", "no", "[0.9, 0.95)", 400),
    ("confidence", "yes", "[0.75, 0.8)", 100),
    ("confidence_sum", "", "no", 372_000_000),
    ("confidence_sum", "", "yes", 78_000_000),
];

fn near(found: f64, expected: f64, within: f64) {
    assert!((found - expected).abs() <= within, "{found} is not {expected}");
}

fn input<'a>(window: &'a Window, name: &str) -> &'a InputWindow {
    window.inputs.iter().find(|input| input.name == name).unwrap()
}

#[test]
fn performance_without_labels_is_that_of_its_confidence() {
    let mut bed = Bed::new();
    bed.plain(MONDAY, ANSWERS);
    let found = bed.window(&Question::default()).estimated.unwrap();
    near(found.accuracy.value, 0.9, 1e-12);
    near(found.accuracy.standard_error, 0.013_145_341_380_123_982, 1e-12);
    let f1 = found.f1.unwrap();
    near(f1.value, 0.757_281_553_398_058_2, 1e-12);
    near(f1.standard_error, 0.031_247_331_620_645_025, 1e-12);
    let area = found.roc_auc.unwrap();
    // numpy's is a sum over 20,000 scores spread evenly in each bin
    near(area.value, 0.856_966_127_084_630_4, 1e-6);
    near(area.standard_error, 0.023_953_981, 1e-6);
}

#[test]
fn checks_of_a_window_pass_fail_or_stay_undecided() {
    let checks = r#""window_checks": [
        {"input": "x", "of": {"kind": "mean"}, "minimum": 1.5},
        {"input": "x", "of": {"kind": "mean"}, "minimum": 2.5},
        {"input": "x", "of": {"kind": "mean"}, "minimum": 3.5},
        {"of": {"kind": "row_count"}, "maximum": 300},
        {"input": "n", "of": {"kind": "non_null_share"}, "minimum": 0.9},
        {"input": "c", "of": {"kind": "linf", "against": "baseline"}, "maximum": 0.4},
        {"input": "c", "of": {"kind": "linf", "against": "previous"}, "maximum": 0.4}],
        "outputs""#;
    let mut bed = Bed::with(&bed::BASELINE.replacen("\"outputs\"", checks, 1), None);
    bed.plain(MONDAY, &USUAL);
    bed.plain(MONDAY + 24, &USUAL);
    let report = bed.report(&Question::default());
    let told = |window: &Window| -> Vec<String> {
        let found = serde_json::to_value(&window.window_checks).unwrap();
        found
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["outcome"].as_str().unwrap().to_owned())
            .collect()
    };
    let [first, second] = report.groups[0].windows.as_slice() else { panic!("{report:?}") };
    let common = ["pass", "undecided", "fail", "pass", "pass", "fail"];
    assert_eq!(told(first)[..6], common);
    assert_eq!(told(first)[6], "undecided");
    assert_eq!(told(second)[..6], common);
    assert_eq!(told(second)[6], "pass");
    // 100 values in [1, 2] and 200 in [2, 4]
    let mean = &first.window_checks[1].found;
    assert_eq!((mean.low, mean.high), (Some(500.0 / 300.0), Some(1000.0 / 300.0)));
    // both windows as one have more records
    assert_eq!(told(report.groups[0].total.as_ref().unwrap())[3], "fail");
}

#[test]
fn drift_of_an_input_is_told_with_its_noise_band() {
    let mut bed = Bed::with(bed::BASELINE, Some(r#"{"x": 3, "c": 1}"#));
    bed.plain(
        MONDAY,
        &[
            ("records", "", "records", 1000),
            ("input", "x", "[1.0, 2.0)", 500),
            ("input", "x", "[2.0, 4.0]", 500),
            ("input", "n", "[0.0, 5.0]", 850),
            ("input", "n", "missing", 150),
            ("input", "c", "a", 20),
            ("input", "c", "b", 20),
            ("label", "", "no", 800),
            ("label", "", "yes", 200),
        ],
    );
    let window = bed.window(&Question::default());
    let x = input(&window, "x");
    assert_eq!(x.found.verdict, Verdict::Drifted);
    near(x.psi.unwrap(), 0.115_524_530_093_324_21, 1e-12);
    near(x.psi_null_expectation.unwrap(), 0.001_333_333_333, 1e-12);
    near(x.psi_null_q95.unwrap(), 0.005_121_945_094, 1e-12);
    near(x.found.effect.unwrap(), 0.119_309_570_780_572_98, 1e-12);
    // scipy's chi2_contingency; three features are tested, of which this is the surest
    let p = 4.176_224_919_260_252e-21;
    near(x.found.p.unwrap() / p, 1.0, 1e-9);
    near(x.adjusted_p.unwrap() / (3.0 * p), 1.0, 1e-9);
    assert_eq!(x.shares.as_deref(), Some(&[0.5, 0.5, 0.0, 0.0, 0.0, 0.0][..]));
    assert_eq!(x.moved[0].cell, "[1.0, 2.0)");
    // (q − p)/√(r(1 − r)(1/n + 1/m)) with r = 1500/4000
    near(x.moved[0].residual, 9.428_090_415_820_634, 1e-9);
    assert_eq!((x.missing, x.below, x.unseen), (Some(0.0), Some(0.0), None));
    near(input(&window, "n").missing.unwrap(), 0.15, 1e-12);
    // 40 records are too few to say anything of
    let c = input(&window, "c");
    assert_eq!((c.found.verdict, c.shares.is_none()), (Verdict::TooFew, true));
    assert_eq!(c.records, 40.0);
    let when = input(&window, "when");
    assert_eq!((when.found.verdict, when.records), (Verdict::TooFew, 0.0));
    assert_eq!(window.predicted.as_ref().unwrap().found.verdict, Verdict::Stable);
    // what has no effect counts for nothing, whatever its weight
    near(window.weighted_effect.unwrap(), x.found.effect.unwrap(), 1e-12);

    let report = bed.report(&Question::default());
    let baseline = report.baseline.unwrap();
    assert_eq!(baseline.records, 3000);
    let told: Vec<_> = baseline.inputs.iter().map(|i| (&*i.name, i.kind, i.importance)).collect();
    let expected = [
        ("when", "timestamp", None),
        ("x", "numeric", Some(3.0)),
        ("n", "numeric", None),
        ("c", "category", Some(1.0)),
    ];
    assert_eq!(told, expected);
    assert_eq!(baseline.inputs[1].edges.as_deref(), Some(&[1.0, 2.0, 4.0][..]));
    assert_eq!(baseline.inputs[2].shares, [0.9, 0.1, 0.0, 0.0, 0.0]);
    assert_eq!(report.watch.features, 5);
    near(report.watch.threshold, 5.0 * 365.0 / 0.01, 1e-6);
}

#[test]
fn what_came_back_is_told() {
    let mut bed = Bed::new();
    let mut cells = ANSWERS.to_vec();
    cells.extend([
        ("outcome_truth", "", "true no/predicted no", 90),
        ("outcome_truth", "", "true no/predicted yes", 10),
        ("outcome_truth", "", "true no/predicted none", 5),
        ("outcome_truth", "", "true yes/predicted no", 20),
        ("outcome_truth", "", "true yes/predicted yes", 30),
        ("outcome_truth", "", "true yes/predicted none", 5),
        ("outcome_correct", "", "[0.9, 0.95)/wrong", 40),
        ("outcome_correct", "", "[0.9, 0.95)/right", 360),
        ("outcome_correct", "", "[0.75, 0.8)/wrong", 20),
        ("outcome_correct", "", "[0.75, 0.8)/right", 80),
        ("outcome_correct", "", "accept/wrong", 30),
        ("outcome_correct", "", "accept/right", 400),
        ("outcome_correct", "", "escalate/wrong", 30),
        ("outcome_correct", "", "escalate/right", 40),
        ("outcome_metric", "revenue", "sum/accept", 12_500_000),
        ("outcome_metric", "revenue", "count/accept", 3),
        ("outcome_follow", "", "answered", 500),
        ("latency", "", "from 4 us", 7),
        ("fault", "", "trap", 1),
        ("violation", "", "x/missing_value", 4),
        ("action", "", "accept", 430),
        ("action", "", "escalate", 70),
    ]);
    bed.plain(MONDAY, &cells);
    let window = bed.window(&Question::default());
    let realised = window.realised.unwrap();
    near(realised.accuracy.value, 0.75, 1e-12);
    near(realised.accuracy.standard_error, 0.034_232_659_844_072_88, 1e-12);
    near(realised.f1.unwrap().value, 60.0 / 95.0, 1e-12);
    // the mean confidence is known to be 0.93 and 0.78, not the bins' middles
    let calibration = window.calibration.unwrap();
    assert_eq!(calibration.answers, 500);
    near(calibration.gap, 0.02, 1e-12);
    near(calibration.error, 0.028, 1e-12);
    near(calibration.z, 1.521_451_548_625_461_4, 1e-9);
    let reliability = window.reliability.unwrap();
    assert_eq!((reliability.wrong[18], reliability.right[18]), (40.0, 360.0));
    let outcomes = window.outcomes.unwrap();
    let escalate = outcomes.by_action.iter().find(|one| one.action == "escalate").unwrap();
    assert_eq!((escalate.wrong, escalate.right), (30.0, 40.0));
    let revenue = &outcomes.metrics[0];
    assert_eq!((&*revenue.name, &*revenue.action), ("revenue", "accept"));
    assert_eq!((revenue.sum, revenue.count), (12.5, 3.0));
    let latency = window.latency_us.unwrap();
    assert_eq!((latency.upper[3], latency.counts[3]), (8.0, 7.0));
    assert_eq!(window.violations.len(), 1);
    assert_eq!((&*window.violations[0].input, &*window.violations[0].code), ("x", "missing_value"));
    assert_eq!(window.faults[1].count, 1.0);
    assert_eq!(window.actions.iter().map(|one| one.count).collect::<Vec<_>>(), [430., 0., 70., 0.]);
}

/// 200 decisions for the US of which 60 were wrong, 400 for DE of which 40 were.
const COUNTRIES: Cells<'static> = &[
    ("records", "", "records", 600),
    ("segment", "country", "US/records", 200),
    ("segment", "country", "US/action/accept", 150),
    ("segment", "country", "US/action/escalate", 50),
    ("segment", "country", "US/label/no", 150),
    ("segment", "country", "US/label/yes", 50),
    ("segment", "country", "US/confidence_sum/no", 140_000_000),
    ("segment", "country", "US/confidence_sum/yes", 40_000_000),
    ("segment", "country", "US/wrong", 60),
    ("segment", "country", "US/right", 140),
    ("segment", "country", "US/revenue/sum", 5_000_000),
    ("segment", "country", "US/revenue/count", 2),
    ("segment", "country", "DE/records", 400),
    ("segment", "country", "DE/action/accept", 400),
    ("segment", "country", "DE/wrong", 40),
    ("segment", "country", "DE/right", 360),
];

#[test]
fn the_segment_that_explains_is_named_and_can_be_asked_for() {
    let mut bed = Bed::new();
    bed.plain(MONDAY, COUNTRIES);
    let window = bed.window(&Question::default());
    let wrong = window.explained.iter().find(|one| one.what == "wrong").unwrap();
    assert_eq!((&*wrong.key, &*wrong.value), ("country", "US"));
    near(wrong.ratio, 2.983_929_066_223_331, 1e-12);
    near(wrong.low, 2.081_817_443_336_510_6, 1e-9);
    near(wrong.high, 4.276_951_709_071_255, 1e-9);
    near(wrong.support, 0.6, 1e-12);
    assert!(window.explained.iter().any(|one| one.what == "escalate"));
    assert!(window.explained.iter().all(|one| one.value == "US"), "{:?}", window.explained);

    let segment = Some("country:US".to_owned());
    let question = Question { segment, ..Question::default() };
    let report = bed.report(&question);
    assert_eq!(report.segments[0].values, ["US", "DE", "(other)"]);
    assert_eq!(report.segment.unwrap().value, "US");
    let window = bed.window(&question);
    assert_eq!(window.records, 200.0);
    assert_eq!(window.actions[2].count, 50.0);
    assert_eq!(window.labels[1].count, 50.0);
    let estimated = window.estimated.unwrap();
    near(estimated.accuracy.value, 0.9, 1e-12);
    // of the largest variance that the mean of each label allows
    near(estimated.accuracy.standard_error, 0.020_816_659_994_661_33, 1e-12);
    near(estimated.f1.unwrap().value, 0.8, 1e-12);
    assert!(estimated.roc_auc.is_none());
    near(window.realised.unwrap().accuracy.value, 0.7, 1e-12);
    let revenue = &window.outcomes.unwrap().metrics[0];
    assert_eq!((revenue.sum, revenue.count, &*revenue.action), (5.0, 2.0, "(any)"));

    for wrong in ["country:FR", "city:US", "country", ""] {
        let segment = Some(wrong.to_owned());
        let error = bed.try_report(&Question { segment, ..Question::default() }).unwrap_err();
        assert_eq!(error.code(), ErrorCode::BadUsage, "{wrong}");
    }
}

#[test]
fn noise_of_aggregates_widens_the_standard_errors() {
    let mut bed = Bed::new();
    let mut cells = ANSWERS.to_vec();
    cells.extend(COUNTRIES[1..].iter().copied());
    let cells: Vec<_> = cells.iter().map(|(k, n, c, count)| (*k, *n, *c, 100 * count)).collect();
    let counts = bed.counts(&cells);
    for hour in 0..2 {
        bed.send(MONDAY + hour, "aggregated", r#", "users": 50000, "bound": 1"#, &counts);
    }
    let report = bed.report(&Question { grain: Grain::Hour, ..Question::default() });
    let group = &report.groups[0];
    assert_eq!((group.mode, group.epsilon, group.bound), (Mode::Aggregated, 1000, 1));
    let total = group.total.as_ref().unwrap();
    assert_eq!((total.beacons, group.windows.len()), (2, 2));
    assert_eq!(total.end, group.windows[1].end);
    let found = total.estimated.unwrap();
    // 100,000 answers; the noise of a cell has a deviation of about 30 here
    let plain = 0.013_145_341_380_123_982 / 200_f64.sqrt();
    assert!(found.accuracy.standard_error > plain, "{found:?}");
    assert!(found.accuracy.standard_error < 0.01, "{found:?}");
    near(found.accuracy.value, 0.9, 4.0 * found.accuracy.standard_error);
    let f1 = found.f1.unwrap();
    near(f1.value, 0.757_281_553_398_058_2, 4.0 * f1.standard_error);
    let area = found.roc_auc.unwrap();
    near(area.value, 0.856_966_127_084_630_4, 4.0 * area.standard_error + 0.01);
    assert!(total.explained.iter().any(|one| one.what == "wrong" && one.value == "US"));
    assert!(total.explained.iter().all(|one| one.value == "US"), "{:?}", total.explained);
    // of what does not leave, nothing is told
    assert!(total.violations.is_empty() && total.calibration.is_none());
    let segment = Some("country:US".to_owned());
    let report = bed.report(&Question { segment, ..Question::default() });
    let window = &report.groups[0].windows[0];
    near(window.estimated.unwrap().accuracy.value, 0.9, 0.02);
    assert!(window.outcomes.as_ref().unwrap().metrics.is_empty());
}

#[test]
fn answers_of_clients_tell_inputs_and_decisions() {
    let mut bed = Bed::new();
    let mut cells = USUAL.to_vec();
    cells.extend([("input", "c", "b", 150), ("action", "", "accept", 300)]);
    let counts = bed.counts(&cells);
    let place = |kind: &str, name: &str| {
        let of =
            |block: &driftline::summary::Block| block.kind.as_str() == kind && block.name == name;
        bed.layout.blocks().iter().position(of).unwrap()
    };
    let [x, action] = [place("input", "x"), place("action", "")];
    for n in 0..600 {
        let feature = if n % 2 == 0 { x } else { action };
        bed.send(MONDAY, "randomized", &format!(r#", "feature": {feature}"#), &counts);
    }
    let window = bed.window(&Question::default());
    assert_eq!((window.beacons, window.inputs.len()), (600, 1));
    let x = input(&window, "x");
    assert_eq!((x.reports, x.found.verdict), (300, Verdict::Stable));
    near(x.records, 300.0, 1e-6);
    near(x.shares.as_ref().unwrap()[1], 2.0 / 3.0, 0.1);
    // ε = 4: an answer is the true one of four with 0.948
    near(window.actions[0].count, 300.0, 12.0);
    assert!(window.labels.is_empty() && window.estimated.is_none() && window.outcomes.is_none());
}

/// A day of 400 records drawn from the baseline, or with a part of `x` moved.
fn day(bed: &Bed, numbers: &mut SplitMix64, moved: f64) -> Vec<u64> {
    let mut counts = bed.counts(&[("records", "", "records", 400)]);
    let mut draw = |name: &str, cells: [&str; 2], kind: &str, second: f64| {
        let [a, b] = cells.map(|cell| {
            let one = bed.counts(&[(kind, name, cell, 1)]);
            one.iter().position(|count| *count == 1).unwrap()
        });
        for _ in 0..400 {
            let unit = (numbers.word() >> 11) as f64 / (1u64 << 53) as f64;
            counts[if unit < second { b } else { a }] += 1;
        }
    };
    draw("when", ["[0.0, 12.0)", "[12.0, 24.0]"], "input", 2.0 / 3.0);
    draw("x", ["[1.0, 2.0)", "[2.0, 4.0]"], "input", 2.0 / 3.0 - moved);
    draw("n", ["[0.0, 5.0]", "missing"], "input", 0.1);
    draw("c", ["a", "b"], "input", 0.5);
    draw("", ["no", "yes"], "label", 0.2);
    counts
}

#[test]
fn a_year_without_drift_stays_quiet_and_a_step_alarms() {
    let mut bed = Bed::new();
    let mut numbers = SplitMix64(7);
    for at in 0..365 {
        let counts = day(&bed, &mut numbers, 0.0);
        bed.send(MONDAY + 24 * at, "pseudonymous", "", &counts);
    }
    let report = bed.report(&Question::default());
    let windows = &report.groups[0].windows;
    assert_eq!(windows.len(), 365);
    let alarms = |window: &Window| {
        let inputs = window.inputs.iter().chain(&window.predicted);
        inputs.filter(|input| input.alarm).map(|input| input.name.clone()).collect::<Vec<_>>()
    };
    assert!(windows.iter().all(|window| alarms(window).is_empty()));
    let highest = windows.iter().flat_map(|w| &w.inputs).filter_map(|input| input.detector);
    println!("highest of a quiet year: {:.1}", highest.fold(0.0, f64::max));

    for at in 365..375 {
        let counts = day(&bed, &mut numbers, 0.15);
        bed.send(MONDAY + 24 * at, "pseudonymous", "", &counts);
    }
    let from = Some(MONDAY + 24 * 335);
    let report = bed.report(&Question { from, ..Question::default() });
    let windows = &report.groups[0].windows;
    assert!(windows[..30].iter().all(|window| alarms(window).is_empty()));
    let first = windows.iter().position(|window| !alarms(window).is_empty()).unwrap();
    println!("a step at day 30 is told at day {first}");
    assert_eq!(alarms(&windows[first]), ["x"]);
    assert!(first <= 34, "{first}");
    let x = input(&windows[first], "x");
    assert!(x.detector.unwrap() >= report.watch.threshold);
    assert_eq!(report.from.as_deref(), Some("2014-05-04T00:00:00Z"));
}

#[test]
fn a_row_that_is_coarser_than_asked_stands_alone() {
    let mut bed = Bed::new();
    for hour in [0, 5, 24] {
        bed.plain(MONDAY + hour, &USUAL);
    }
    let spans = |bed: &Bed, grain: Grain| {
        let report = bed.report(&Question { grain, ..Question::default() });
        let windows = report.groups[0].windows.iter();
        windows.map(|w| (w.start.clone(), w.end.clone(), w.records)).collect::<Vec<_>>()
    };
    let told = |spans: &[(&str, &str, f64)]| {
        let text = |(a, b, n): &(&str, &str, f64)| {
            (format!("2013-06-{a}:00:00Z"), format!("2013-06-{b}:00:00Z"), *n)
        };
        spans.iter().map(text).collect::<Vec<_>>()
    };
    let hours =
        told(&[("03T00", "03T01", 300.), ("03T05", "03T06", 300.), ("04T00", "04T01", 300.)]);
    assert_eq!(spans(&bed, Grain::Hour), hours);
    let days = told(&[("03T00", "04T00", 600.), ("04T00", "05T00", 300.)]);
    assert_eq!(spans(&bed, Grain::Day), days);
    let week = told(&[("03T00", "10T00", 900.)]);
    assert_eq!(spans(&bed, Grain::Week), week);
    bed.retain(MONDAY + 24 * 60);
    assert_eq!(spans(&bed, Grain::Hour), days, "hours have become days");
    assert_eq!(spans(&bed, Grain::Week), week);
    bed.retain(MONDAY + 24 * 500);
    let months = spans(&bed, Grain::Day);
    assert_eq!(months[0].0, "2013-06-01T00:00:00Z");
    assert_eq!((months[0].1.as_str(), months[0].2), ("2013-07-01T00:00:00Z", 900.0));
}

/// A model of 30 numbers in 20 bins each.
fn wide() -> (Registration, Layout) {
    let names: Vec<String> = (0..30).map(|n| format!("f{n}")).collect();
    let inputs: Vec<_> = names.iter().map(|name| json!({"name": name, "type": "number"})).collect();
    let outputs = json!({"kind": "binary", "labels": ["no", "yes"], "scores": "s"});
    let contract = json!({"format": "driftline.contract/1", "name": "wide", "inputs": inputs,
        "outputs": outputs});
    let edges: Vec<u32> = (0..=20).collect();
    let bins = |name: &String| {
        json!({"kind": "numeric", "name": name, "edges": edges, "counts": vec![500; 20],
            "below": 0, "above": 0, "missing": 0, "invalid": 0})
    };
    let inputs: Vec<_> = names.iter().map(bins).collect();
    let baseline = json!({"format": "driftline.baseline/1", "rows": 10_000, "inputs": inputs});
    let (contract, baseline) = (contract.to_string(), baseline.to_string());
    let parsed = Contract::from_json(contract.as_bytes()).unwrap();
    let layout = Layout::new(&parsed, Some(baseline.as_bytes()), false).unwrap();
    let blocks = layout.blocks().iter().map(|block| {
        let cells: Vec<_> = (0..block.cells).map(|at| layout.cell_name(block, at)).collect();
        json!({"kind": block.kind, "name": block.name, "cells": cells, "weight": 1})
    });
    let model = Registration {
        identity: format!("sha256:{:064}", 7),
        layout: layout.id(),
        name: "wide".into(),
        contract,
        baseline: Some(baseline),
        summary: json!({"blocks": blocks.collect::<Vec<_>>()}).to_string(),
        blocks: layout.blocks().iter().map(|block| (block.kind, block.cells)).collect(),
    };
    (model, layout)
}

#[test]
fn a_report_of_thirty_inputs_over_a_year_of_weeks_is_quick() {
    let (model, layout) = wide();
    let mut bed = Bed::of(model, layout);
    let mut counts = vec![25; bed.layout.cells()];
    counts[0] = 500;
    for at in 0..52 {
        bed.send(MONDAY + 168 * at, "pseudonymous", "", &counts);
    }
    let begin = Instant::now();
    let report = bed.report(&Question { grain: Grain::Week, ..Question::default() });
    let built = begin.elapsed();
    let text = serde_json::to_string(&report).unwrap();
    println!("30 inputs, 52 windows: {built:?}, {} bytes in {:?}", text.len(), begin.elapsed());
    assert_eq!(report.groups[0].windows.len(), 52);
    assert_eq!(report.groups[0].windows[51].inputs.len(), 30);
    // unoptimized, on a machine that does other things too
    assert!(built.as_secs() < 10, "{built:?}");
}

#[test]
fn more_windows_than_a_report_may_have_are_refused_and_never_cut() {
    let mut bed = Bed::new();
    let counts = bed.counts(&USUAL);
    for hour in 0..1_001 {
        bed.send(MONDAY + hour, "pseudonymous", "", &counts);
    }
    let ask = |grain: Grain| {
        let question = Question { grain, ..Question::default() };
        bed.store.read(|db| report::read(db, &bed.identity, &question).map(|_| ()))
    };
    assert!(matches!(ask(Grain::Hour), Err(Fault::TooManyRows)));
    assert!(ask(Grain::Day).is_ok());
    let unknown = bed.store.read(|db| report::read(db, "sha256:none", &Question::default()));
    assert!(unknown.unwrap().is_none());
    let layout = Some("0000".to_owned());
    let error = bed.try_report(&Question { layout, ..Question::default() }).unwrap_err();
    assert_eq!(error.code(), ErrorCode::BadUsage);
}

/// The baseline of a second version: the same bins, other counts, and other bins of `n`.
fn second() -> String {
    let counts = bed::BASELINE.replace("\"edges\": [0, 5]", "\"edges\": [0, 6]");
    counts.replace("[2400, 600]", "[2300, 700]")
}

#[test]
fn two_versions_are_compared_over_the_same_time() {
    let mut bed = Bed::new();
    let mut cells = ANSWERS.to_vec();
    cells.extend([("input", "x", "[1.0, 2.0)", 500), ("input", "x", "[2.0, 4.0]", 500)]);
    cells.extend([("input", "n", "[0.0, 5.0]", 500)]);
    bed.plain(MONDAY, &cells);
    let first = bed.next(&second());
    let mut cells = ANSWERS[..5].to_vec();
    cells.extend([("input", "x", "[1.0, 2.0)", 300), ("input", "x", "[2.0, 4.0]", 700)]);
    cells.extend([("input", "n", "[0.0, 6.0]", 500)]);
    cells.push(("confidence_sum", "", "no", 364_000_000));
    cells.push(("confidence_sum", "", "yes", 76_000_000));
    bed.plain(MONDAY + 5, &cells);
    let found = bed.compare(&first);
    assert_eq!(found.mode, Some(Mode::Pseudonymous));
    assert_eq!(found.other_bins, ["n"]);
    let x = found.inputs.iter().find(|input| input.name == "x").unwrap();
    assert_eq!(x.found.verdict, Verdict::Drifted);
    // scipy's chi2_contingency; x, labels and confidence are tested
    let p = 6.932_079_668_133_659e-20;
    near(x.found.p.unwrap() / p, 1.0, 1e-9);
    near(x.found.p_adjusted.unwrap() / (3.0 * p), 1.0, 1e-9);
    assert_eq!(found.labels.as_ref().unwrap().verdict, Verdict::Stable);
    assert_eq!(found.confidence.as_ref().unwrap().verdict, Verdict::Stable);
    let accuracy = found.accuracy.difference.unwrap();
    near(accuracy.value, -0.02, 1e-12);
    near(accuracy.standard_error, 0.019_411_336_893_681_484, 1e-12);
    assert_eq!(found.realised.difference, None);
    assert_eq!((found.a.unwrap().records, found.b.unwrap().records), (500.0, 500.0));
}

#[test]
fn two_versions_with_noise_of_their_own_are_not_told_apart_by_it() {
    let noisy = [("aggregated", r#", "users": 5000, "bound": 1"#, 3), ("randomized", "", 400)];
    for (mode, more, beacons) in noisy {
        let mut bed = Bed::new();
        let place = |bed: &Bed| {
            let of = |block: &driftline::summary::Block| block.name == "x";
            bed.layout.blocks().iter().position(of).unwrap()
        };
        let more = match mode {
            "randomized" => format!(r#", "feature": {}"#, place(&bed)),
            _ => more.to_owned(),
        };
        let send = |bed: &mut Bed, first: u64, second: u64| {
            let cells = [("input", "x", "[1.0, 2.0)", first), ("input", "x", "[2.0, 4.0]", second)];
            let counts = bed.counts(&cells);
            (0..beacons).for_each(|_| bed.send(MONDAY, mode, &more, &counts));
        };
        send(&mut bed, 1000, 2000);
        let first = bed.next(&second());
        send(&mut bed, 1000, 2000);
        let verdict = |bed: &Bed, of: &str| {
            let found = bed.compare(of);
            found.inputs.iter().find(|input| input.name == "x").unwrap().found.verdict
        };
        assert_eq!(verdict(&bed, &first), Verdict::Stable, "{mode}");
        bed.next(&second().replace("[2300, 700]", "[2200, 800]"));
        send(&mut bed, 2000, 1000);
        assert_eq!(verdict(&bed, &first), Verdict::Drifted, "{mode}");
    }
}

#[test]
fn versions_without_a_mode_in_common_are_only_shown() {
    let mut bed = Bed::new();
    bed.plain(MONDAY, ANSWERS);
    let first = bed.next(&second());
    let counts = bed.counts(ANSWERS);
    bed.send(MONDAY, "aggregated", r#", "users": 5000, "bound": 1"#, &counts);
    let found = bed.compare(&first);
    assert_eq!((found.mode, found.inputs.len()), (None, 0));
    assert!(found.a.is_some() && found.b.is_some() && found.labels.is_none());
    let none = bed.store.read(|db| report::compare(db, (&first, "none"), &Question::default()));
    assert!(none.unwrap().is_none());
}
