//! A model's figures, from its reports.

use super::points::{MAX_INPUTS, Point};
use crate::alerts::upper;
use crate::report::{Group, InputWindow, Report, Window};
use driftline::drift::Verdict;

/// Quantiles of the latency that are told.
const QUANTILES: [(&str, f64); 2] = [("0.5", 0.5), ("0.99", 0.99)];

/// Figures of a model: of its last hours with any beacons, and of its detectors. `newest`: start of
/// its newest window, in hours since 1970.
pub fn of_model(
    identity: &str,
    name: &str,
    newest: i64,
    told: &[Report],
    followed: &[Report],
) -> Vec<Point> {
    let mut points = Vec::new();
    let at = newest.saturating_mul(3_600) as f64;
    let labels = [("model", name), ("identity", identity)];
    points.push(Point::of("driftline_newest_window_seconds", &labels, at));
    // where a mode comes with several ε or layouts, the one with the most beacons is told
    for (group, window) in by_weight(told, |group| group.total.as_ref()) {
        let labels = [("model", name), ("identity", identity), ("mode", group.mode.as_str())];
        of_window(&mut points, &labels, window);
    }
    for report in followed {
        for (group, window) in by_weight(std::slice::from_ref(report), |g| g.windows.last()) {
            for input in window.inputs.iter().take(MAX_INPUTS) {
                let labels = [
                    ("model", name),
                    ("identity", identity),
                    ("mode", group.mode.as_str()),
                    ("input", &*input.name),
                ];
                if let Some(value) = input.detector {
                    let ratio = value / report.watch.threshold;
                    points.push(Point::of("driftline_input_detector", &labels, ratio));
                }
            }
        }
    }
    points
}

fn by_weight<'a>(
    reports: &'a [Report],
    window: impl Fn(&'a Group) -> Option<&'a Window>,
) -> Vec<(&'a Group, &'a Window)> {
    let groups = reports.iter().flat_map(|report| &report.groups);
    let mut found: Vec<_> = groups.filter_map(|group| Some((group, window(group)?))).collect();
    found.sort_by_key(|(_, window)| std::cmp::Reverse(window.beacons));
    found
}

type Labels<'a> = [(&'static str, &'a str); 3];

fn of_window(points: &mut Vec<Point>, labels: &Labels<'_>, window: &Window) {
    let mut tell = |name, value: Option<f64>| {
        points.extend(value.map(|value| Point::of(name, labels, value)));
    };
    tell("driftline_window_beacons", Some(window.beacons as f64));
    tell("driftline_window_records", Some(window.records));
    let (estimated, realised) =
        (window.estimated.map(|p| p.accuracy), window.realised.map(|p| p.accuracy));
    tell("driftline_estimated_accuracy_ratio", estimated.map(|found| found.value));
    tell("driftline_estimated_accuracy_error_ratio", estimated.map(|found| found.standard_error));
    tell("driftline_realised_accuracy_ratio", realised.map(|found| found.value));
    tell("driftline_realised_accuracy_error_ratio", realised.map(|found| found.standard_error));
    tell("driftline_calibration_z", window.calibration.map(|found| found.z));
    for input in window.inputs.iter().take(MAX_INPUTS) {
        of_input(points, labels, input);
    }
    let all: f64 = window.actions.iter().map(|action| action.count).sum();
    if all > 0.0 {
        for action in &window.actions {
            let share = action.count / all;
            points.push(with("driftline_decisions_ratio", labels, ("action", &action.name), share));
        }
    }
    for (name, quantile) in QUANTILES {
        let value = window.latency_us.as_ref().and_then(|latency| upper(latency, quantile));
        points.extend(value.map(|microseconds| {
            with("driftline_latency_seconds", labels, ("quantile", name), microseconds / 1e6)
        }));
    }
}

fn of_input(points: &mut Vec<Point>, labels: &Labels<'_>, input: &InputWindow) {
    let verdict = match input.found.verdict {
        Verdict::TooFew => 0.0,
        Verdict::Stable => 1.0,
        Verdict::Slight => 2.0,
        Verdict::Drifted => 3.0,
    };
    for (name, value) in [
        ("driftline_input_verdict", Some(verdict)),
        ("driftline_input_effect", input.found.effect),
        ("driftline_input_psi", input.psi),
        ("driftline_input_psi_null_q95", input.psi_null_q95),
        ("driftline_input_missing_ratio", input.missing),
        ("driftline_input_unseen_ratio", input.unseen),
        ("driftline_input_invalid_ratio", input.invalid),
    ] {
        let one = |value| with(name, labels, ("input", &input.name), value);
        points.extend(value.map(one));
    }
}

fn with(name: &'static str, labels: &Labels<'_>, more: (&'static str, &str), value: f64) -> Point {
    let [a, b, c] = *labels;
    Point::of(name, &[a, b, c, more], value)
}
