use super::*;
use crate::decision::apply_map;
use crate::decision::certify::Promise;
use crate::decision::samples::outputs;
use crate::stats::binomial_cdf;
use serde_json::Value;

fn cases() -> Vec<Value> {
    let text = include_str!("../../../tests/vectors/calibration.json");
    let all: Value = serde_json::from_str(text).unwrap();
    all["cases"].as_array().unwrap().clone()
}

fn numbers(case: &Value, key: &str) -> Vec<f64> {
    case[key].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn rows(case: &Value) -> (Vec<f64>, Vec<bool>) {
    (numbers(case, "scores"), numbers(case, "truths").iter().map(|t| *t == 1.0).collect())
}

fn close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    let near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= tolerance);
    assert!(near, "{found:?}, {expected:?} expected");
}

fn binary(scores: &[f64], truths: &[bool]) -> Labelled {
    let mut rows = Labelled::new(2);
    scores.iter().zip(truths).for_each(|(p, t)| rows.push(&[1.0 - p, *p], &[!t, *t]));
    rows
}

#[test]
fn maps_equal_those_of_scipy_and_scikit_learn() {
    for case in cases() {
        let (scores, truths) = rows(&case);
        close(&platt(&scores, &truths).unwrap(), &numbers(&case, "platt"), 1e-6);
        close(&beta(&scores, &truths).unwrap(), &numbers(&case, "beta"), 1e-6);
        let rows = binary(&scores, &truths);
        let found = temperature(&rows, OutputKind::Binary).unwrap();
        close(&[found], &[case["temperature"].as_f64().unwrap()], 1e-5);
        let steps = isotonic(&scores, &truths);
        let at = numbers(&case, "isotonic_at");
        let found: Vec<f64> =
            at.iter().map(|x| apply_map(CalibrationMethod::Isotonic, &steps, *x)).collect();
        close(&found, &numbers(&case, "isotonic"), 1e-9);
        let found = reliability(&scores, &truths, 10);
        close(
            &[found.ece, found.brier],
            &[case["ece_10"].as_f64().unwrap(), case["brier"].as_f64().unwrap()],
            1e-12,
        );
    }
}

#[test]
fn what_is_fitted_is_a_policy_that_passes_its_check() {
    let outputs = outputs(OutputKind::Binary, &["no", "yes"]);
    for case in cases() {
        let (scores, truths) = rows(&case);
        let rows = binary(&scores, &truths);
        for method in METHODS {
            let map = fit(method, &rows, &outputs).unwrap();
            map.check(&outputs).unwrap();
            let loss = |rows: &Labelled| rows.log_loss(OutputKind::Binary);
            let after = rows.calibrated(Some(&map), &outputs);
            assert!(loss(&after) <= loss(&rows) + 0.01, "{method:?}");
        }
        let chosen = choose(&rows, &outputs).unwrap();
        chosen.check(&outputs).unwrap();
    }
}

#[test]
fn a_map_never_turns_the_order_round() {
    // the higher the score the rarer the truth
    let scores: Vec<f64> = (1..100).map(|i| f64::from(i) / 100.0).collect();
    let truths: Vec<bool> = (1..100).map(|i| i % 10 > i / 10).collect();
    let [slope, _] = platt(&scores, &truths).unwrap();
    let [a, b, _] = beta(&scores, &truths).unwrap();
    assert_eq!(slope, 0.0);
    assert!(a >= 0.0 && b >= 0.0);
    let steps = isotonic(&scores, &truths);
    assert!(steps.chunks(2).all(|p| (p[1] - steps[1]).abs() < 0.5));
}

#[test]
fn rows_of_one_label_determine_no_map() {
    let outputs = outputs(OutputKind::Binary, &["no", "yes"]);
    let rows = binary(&[0.2, 0.6], &[true, true]);
    assert!(fit(CalibrationMethod::Platt, &rows, &outputs).is_none());
    assert!(fit(CalibrationMethod::Beta, &rows, &outputs).is_none());
    assert!(fit(CalibrationMethod::Temperature, &Labelled::new(2), &outputs).is_none());
    assert!(isotonic(&[], &[]).is_empty());
}

#[test]
fn several_labels_are_fitted_one_against_the_rest() {
    let outputs = outputs(OutputKind::Multiclass, &["a", "b", "c"]);
    let mut rows = Labelled::new(3);
    for i in 0..300usize {
        let truth = [i % 3 == 0, i % 3 == 1, i % 3 == 2];
        // right four times of five, and surer than that
        let says = if i % 5 == 0 { (i + 1) % 3 } else { i % 3 };
        let scores = [0, 1, 2].map(|l| if l == says { 0.98 } else { 0.01 });
        rows.push(&scores, &truth);
    }
    for method in METHODS {
        let map = fit(method, &rows, &outputs).unwrap();
        map.check(&outputs).unwrap();
        let after = rows.calibrated(Some(&map), &outputs);
        let top = after.iter().map(|(s, _)| s.iter().copied().fold(0.0, f64::max));
        let mean = top.sum::<f64>() / 300.0;
        assert!((mean - 0.8).abs() < 0.03, "{method:?}: {mean}");
    }
}

#[test]
fn certified_ranks_are_the_least_that_pass() {
    for (n, max_error, delta) in [(59, 0.05, 0.05), (100, 0.1, 0.05), (1000, 0.05, 0.01)] {
        let promise = Promise { max_error, delta };
        let rank = certified_rank(n, promise).unwrap();
        assert!(binomial_cdf(n - rank, n, max_error) <= delta);
        assert!(rank == 0 || binomial_cdf(n - rank + 1, n, max_error) > delta);
        assert_eq!(certified_rank(20, promise), None);
    }
    assert_eq!(certified_rank(59, Promise { max_error: 0.05, delta: 0.05 }), Some(59));
    let residuals: Vec<f64> = (0..59).map(f64::from).collect();
    let bound = residual_bound(&residuals, Promise { max_error: 0.05, delta: 0.05 });
    assert_eq!(bound, Some(58.0));
}

#[test]
fn sets_of_labels_cover_as_often_as_they_say() {
    // scores of the truth are 0.01 … 0.99: a set takes what reaches the quantile
    let mut rows = Labelled::new(2);
    (1..100).for_each(|i| rows.push(&[f64::from(i) / 100.0, 0.0], &[true, false]));
    let least = label_set_score(&rows, 0.9);
    assert!((least - 0.10).abs() < 1e-9, "the 90th of 99: {least}");
    assert_eq!(label_set_score(&rows, 0.999), 0.0, "too few rows take every label");
    assert_eq!(label_set_score(&Labelled::new(2), 0.9), 0.0);
}
