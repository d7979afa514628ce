use super::super::rules::Severity;
use super::*;
use crate::report::{BaselineInput, Grain, MovedCell, Named, Violations, Watched};
use driftline::beacon::Mode;
use driftline::drift::{CalibrationDrift, Criteria, Found, Performance};

fn input(name: &str, verdict: Verdict, effect: f64) -> InputWindow {
    InputWindow {
        name: name.into(),
        reports: 1,
        records: 1_000.0,
        shares: None,
        missing: Some(0.08),
        below: None,
        above: None,
        unseen: Some(0.0),
        invalid: Some(-0.01),
        found: Found {
            verdict,
            test: None,
            p: None,
            p_adjusted: None,
            effect: (verdict != Verdict::TooFew).then_some(effect),
            distances: None,
        },
        adjusted_p: None,
        psi: None,
        psi_null_q95: None,
        psi_null_expectation: None,
        detector: Some(1e9),
        alarm: true,
        moved: vec![MovedCell {
            cell: "[1.0, 2.0)".into(),
            baseline: 0.3,
            current: 0.9,
            residual: 9.0,
            part: 0.5,
        }],
    }
}

fn named(list: &[(&str, f64)]) -> Vec<Named> {
    list.iter().map(|(name, count)| Named { name: (*name).into(), count: *count }).collect()
}

fn window() -> Window {
    let found = |value, standard_error| {
        let accuracy = Estimate { value, standard_error };
        Some(Performance { accuracy, f1: None, roc_auc: None })
    };
    Window {
        records: 1_000.0,
        inputs: vec![
            input("x", Verdict::Drifted, 0.2),
            input("y", Verdict::Drifted, 0.03),
            input("z", Verdict::TooFew, 0.0),
        ],
        actions: named(&[("accept", 300.0), ("escalate", 600.0), ("reject", 100.0)]),
        violations: vec![
            Violations { input: "x".into(), code: "range".into(), count: 40.0 },
            Violations { input: "x".into(), code: "missing".into(), count: 40.0 },
            Violations { input: "y".into(), code: "range".into(), count: 10.0 },
        ],
        faults: named(&[("error", 2.0), ("trap", 0.0)]),
        latency_us: Some(Latency {
            upper: vec![1_000.0, 2_000.0, 4_000.0],
            counts: vec![90.0, 8.0, 2.0],
        }),
        estimated: found(0.90, 0.004),
        realised: found(0.90, 0.02),
        calibration: Some(CalibrationDrift { answers: 100, gap: -0.1, error: 0.02, z: -5.0 }),
        ..Window::empty("2013-06-01T00:00:00Z".into(), "2013-06-02T00:00:00Z".into())
    }
}

fn report(total: Window) -> Report {
    let shares = vec![0.95, 0.05];
    let baseline = BaselineInput {
        name: "x".into(),
        kind: "numeric",
        cells: vec!["[1.0, 2.0)".into(), "missing".into()],
        edges: None,
        shares,
        importance: None,
    };
    let windows = vec![total.clone()];
    Report {
        identity: "sha256:1".into(),
        name: "m".into(),
        layout: "l".into(),
        grain: Grain::Day,
        from: None,
        to: None,
        segment: None,
        segments: Vec::new(),
        criteria: Criteria::default(),
        watch: Watched { features: 3, looks: 365, level: 0.01, threshold: 109_500.0 },
        baseline: Some(Compared { records: 10, inputs: vec![baseline] }),
        labels: Vec::new(),
        groups: vec![Group {
            mode: Mode::Pseudonymous,
            epsilon: 0,
            bound: 0,
            windows,
            total: Some(total),
        }],
        performance_warning: "",
    }
}

fn found(what: What, threshold: f64, more: impl Fn(&mut Rule)) -> Vec<(String, Holds)> {
    let mut rule = Rule::new("r", what, Severity::Warning);
    rule.threshold = Some(threshold);
    more(&mut rule);
    let all = findings(&rule, &report(window()));
    all.into_iter().map(|finding| (finding.subject, finding.holds)).collect()
}

fn told(list: &[(&str, Holds)]) -> Vec<(String, Holds)> {
    list.iter().map(|(subject, holds)| ((*subject).to_owned(), *holds)).collect()
}

#[test]
fn a_check_fires_in_the_newest_window_that_is_over() {
    use driftline::drift::{Checked, Outcome};
    let of = |input: &str, outcome| {
        let check = serde_json::json!({ "input": input, "of": { "kind": "mean" }, "minimum": 1.5 });
        let check = serde_json::from_value(check).unwrap();
        let found = Checked { outcome, low: Some(1.0), high: Some(1.25), reason: None };
        CheckedWindow { check, found }
    };
    let mut over = window();
    over.window_checks =
        vec![of("x", Outcome::Fail), of("y", Outcome::Pass), of("z", Outcome::Undecided)];
    let mut report = report(window());
    let rule = Rule::new("r", What::WindowCheck, Severity::Warning);
    assert!(findings(&rule, &report).is_empty());
    report.groups[0].windows = vec![over, window()];
    let all = findings(&rule, &report);
    let holds: Vec<Holds> = all.iter().map(|finding| finding.holds).collect();
    assert_eq!(holds, [Holds::Yes, Holds::No, Holds::Unknown]);
    assert!(all[0].message.contains("window_checks[0] of x: 1 to 1.25"), "{}", all[0].message);
}

#[test]
fn each_kind_of_rule_sees_what_is_too_much_and_what_is_not() {
    use Holds::{No, Unknown, Yes};
    let whole = |holds| told(&[("", holds)]);
    let plain = |what, threshold| found(what, threshold, |_| {});
    let drift = told(&[("x", Yes), ("y", No), ("z", Unknown)]);
    assert_eq!(plain(What::InputDrift, 0.1), drift);
    assert_eq!(plain(What::DriftAlarm, 0.1), drift);
    assert_eq!(plain(What::DriftAlarm, 0.01)[1].1, Yes);
    // of `x` the baseline already had a twentieth
    assert_eq!(plain(What::Missing, 0.05), told(&[("x", No), ("y", Yes), ("z", Yes)]));
    assert_eq!(plain(What::Missing, 0.02)[0].1, Yes);
    // noise may make a share negative
    assert_eq!(plain(What::Invalid, 0.0), told(&[("x", No), ("y", No), ("z", No)]));
    assert_eq!(plain(What::Violations, 0.05), told(&[("x", Yes), ("y", No)]));
    for (what, no, yes) in [
        (What::Escalated, 0.6, 0.59),
        (What::Rejected, 0.1, 0.09),
        (What::Faults, 0.002, 0.001),
        (What::Calibration, 5.0, 4.9),
        // two standard errors below the floor, and not merely below it
        (What::EstimatedAccuracy, 0.908, 0.909),
        (What::RealisedAccuracy, 0.93, 0.95),
        (What::Latency, 4.0, 3.9),
    ] {
        assert_eq!(plain(what, no), whole(No), "{what:?} {no}");
        assert_eq!(plain(what, yes), whole(Yes), "{what:?} {yes}");
    }
    assert_eq!(plain(What::Defaulted, 0.0), whole(No));
    assert_eq!(found(What::Latency, 1.5, |rule| rule.quantile = 0.98), whole(Yes));
    assert_eq!(found(What::Latency, 1.5, |rule| rule.quantile = 0.9), whole(No));
}

#[test]
fn too_few_records_are_an_answer_of_their_own() {
    let few = |rule: &mut Rule| rule.least_records = 1_001;
    for what in [What::Missing, What::Violations, What::Escalated, What::Faults] {
        let all = found(what, 0.01, few);
        assert!(!all.is_empty() && all.iter().all(|one| one.1 == Holds::Unknown), "{what:?}");
    }
}

#[test]
fn a_rule_about_some_inputs_sees_no_others() {
    let one = |rule: &mut Rule| rule.inputs = ["y".to_owned()].into();
    for what in [What::InputDrift, What::DriftAlarm, What::Missing, What::Violations] {
        assert_eq!(found(what, 0.0, one).len(), 1, "{what:?}");
    }
}

#[test]
fn a_mode_that_does_not_send_a_figure_says_nothing_about_it() {
    let rule = |what| {
        let mut rule = Rule::new("r", what, Severity::Warning);
        rule.threshold = Some(0.5);
        rule
    };
    let empty = Window::empty(String::new(), String::new());
    assert!(findings(&rule(What::EstimatedAccuracy), &report(empty.clone())).is_empty());
    for what in [What::Calibration, What::Latency, What::Escalated, What::Faults] {
        let all = findings(&rule(what), &report(empty.clone()));
        assert!(all.iter().all(|one| one.holds == Holds::Unknown), "{what:?}");
    }
}

#[test]
fn a_finding_says_what_moved_where_and_when() {
    let rule = Rule::new("r", What::InputDrift, Severity::Warning);
    let all = findings(&rule, &report(window()));
    assert_eq!(
        all[0].message,
        "the input `x` drifted: effect 0.200, `[1.0, 2.0)` from 30.0% to 90.0% \
         (2013-06-01T00:00:00Z to 2013-06-02T00:00:00Z)"
    );
}
