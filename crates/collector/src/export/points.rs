//! What is told, under which name, and where it comes from.

use crate::Collector;
use crate::alerts::{self, Stage};
use crate::store::Stored;
use std::collections::BTreeMap;

/// Models that are told, those with the newest windows; how many are not is told too.
pub const MAX_MODELS: usize = 50;

/// Inputs of a model that are told, in the order of the baseline.
pub const MAX_INPUTS: usize = 50;

/// Firing alerts that are told one by one.
const MAX_ALERTS: usize = 200;

/// Whether a figure only rises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It does, from the start of the process.
    Counter,
    /// It does not.
    Gauge,
}

/// Figures of one name.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// As Prometheus has it; `_total` ends those that only rise.
    pub name: &'static str,
    /// Whether it only rises.
    pub kind: Kind,
    /// As UCUM has it, for OTLP.
    pub unit: &'static str,
    /// What it is.
    pub help: &'static str,
}

const fn counter(name: &'static str, unit: &'static str, help: &'static str) -> Family {
    Family { name, kind: Kind::Counter, unit, help }
}

const fn gauge(name: &'static str, unit: &'static str, help: &'static str) -> Family {
    Family { name, kind: Kind::Gauge, unit, help }
}

/// All names, in the order in which they are printed.
pub const FAMILIES: &[Family] = &[
    gauge("driftline_start_time_seconds", "s", "When the collector began, since 1970."),
    counter("driftline_beacons_total", "{beacon}", "Beacons by what they were answered."),
    counter("driftline_records_total", "{record}", "Records in counted beacons, as they say."),
    counter("driftline_commits_total", "{commit}", "Commits of beacons."),
    counter("driftline_commit_beacons_total", "{beacon}", "Beacons in those commits."),
    counter("driftline_commit_seconds_total", "s", "Time that those commits took."),
    gauge("driftline_queue_beacons", "{beacon}", "Beacons that wait for the writer."),
    gauge("driftline_store_bytes", "By", "Size of the store, by file."),
    gauge("driftline_registered_models", "{model}", "Registered identities."),
    gauge("driftline_untold_models", "{model}", "Identities without figures here."),
    gauge("driftline_alerts_firing", "{alert}", "Firing alerts by severity."),
    gauge("driftline_alert_firing", "1", "1 for each firing alert."),
    gauge("driftline_notices_waiting", "{notice}", "Notices that wait, by destination."),
    counter("driftline_deliveries_total", "{try}", "Tries to tell a destination."),
    gauge("driftline_newest_window_seconds", "s", "Start of a model's newest window, since 1970."),
    gauge("driftline_window_beacons", "{beacon}", "Beacons in the last 24 hours with any."),
    gauge("driftline_window_records", "{record}", "Records in the last 24 hours with any."),
    gauge("driftline_input_verdict", "1", "0 too few, 1 stable, 2 slight, 3 drifted."),
    gauge("driftline_input_effect", "1", "Hellinger's distance beyond chance."),
    gauge("driftline_input_psi", "1", "Population stability index."),
    gauge("driftline_input_psi_null_q95", "1", "What it exceeds once in twenty without drift."),
    gauge("driftline_input_missing_ratio", "1", "Share without a value."),
    gauge("driftline_input_unseen_ratio", "1", "Share of unknown categories."),
    gauge("driftline_input_invalid_ratio", "1", "Share of invalid values."),
    gauge("driftline_input_detector", "1", "The e-detector's value over its threshold."),
    gauge("driftline_decisions_ratio", "1", "Share of decisions by action."),
    gauge("driftline_estimated_accuracy_ratio", "1", "Accuracy as estimated without labels."),
    gauge("driftline_estimated_accuracy_error_ratio", "1", "Its standard error."),
    gauge("driftline_realised_accuracy_ratio", "1", "Accuracy that came true."),
    gauge("driftline_realised_accuracy_error_ratio", "1", "Its standard error."),
    gauge("driftline_calibration_z", "1", "Calibration's z of the answers with truth."),
    gauge("driftline_latency_seconds", "s", "Quantiles of the latency, upper ends of their bins."),
];

/// One figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Of [`FAMILIES`].
    pub name: &'static str,
    /// Names and values.
    pub labels: Vec<(&'static str, String)>,
    /// Never NaN or infinite.
    pub value: f64,
}

impl Point {
    /// A figure; one that is no number is told as nothing by [`families`].
    pub fn of(name: &'static str, labels: &[(&'static str, &str)], value: f64) -> Self {
        let labels = labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { name, labels, value }
    }
}

/// Points by family, in the order of [`FAMILIES`]; of the same labels the first counts.
pub fn families(points: &[Point]) -> Vec<(&'static Family, Vec<&Point>)> {
    let mut by_name: BTreeMap<&str, Vec<&Point>> = BTreeMap::new();
    for point in points.iter().filter(|point| point.value.is_finite()) {
        let same = by_name.entry(point.name).or_default();
        if !same.iter().any(|other| other.labels == point.labels) {
            same.push(point);
        }
    }
    FAMILIES.iter().filter_map(|family| Some((family, by_name.remove(family.name)?))).collect()
}

/// All figures of a collector. Blocks, so call it off the runtime's threads.
///
/// # Errors
/// [`crate::store::Fault`].
pub fn collected(collector: &Collector) -> Stored<Vec<Point>> {
    let mut points = collector.meters.points();
    points.push(Point::of("driftline_start_time_seconds", &[], collector.started as f64));
    for (file, bytes) in collector.store().bytes() {
        points.push(Point::of("driftline_store_bytes", &[("file", file)], bytes as f64));
    }
    let (waiting, firing) = collector.store().read(|read| {
        Ok((alerts::store::waiting(read)?, alerts::store::list(read, None, Some(Stage::Firing))?))
    })?;
    for to in collector.config().alerts.to.keys() {
        let count = waiting.iter().find(|(name, _)| name == to).map_or(0, |(_, count)| *count);
        points.push(Point::of("driftline_notices_waiting", &[("to", to)], count as f64));
    }
    for severity in alerts::Severity::ALL {
        let count = firing.iter().filter(|(alert, _)| alert.severity == severity).count();
        let labels = [("severity", severity.as_str())];
        points.push(Point::of("driftline_alerts_firing", &labels, count as f64));
    }
    for (alert, _) in firing.iter().take(MAX_ALERTS) {
        let labels = [
            ("rule", &*alert.rule),
            ("severity", alert.severity.as_str()),
            ("model", &*alert.name),
            ("identity", &*alert.identity),
            ("alert", &*alert.id),
        ];
        points.push(Point::of("driftline_alert_firing", &labels, 1.0));
    }
    points.extend(collector.seen().iter().cloned());
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_the_rules_of_prometheus() {
        let mut names = std::collections::BTreeSet::new();
        for family in FAMILIES {
            assert!(names.insert(family.name), "{}", family.name);
            assert!(family.name.starts_with("driftline_"));
            assert_eq!(family.name.ends_with("_total"), family.kind == Kind::Counter);
            assert!(family.help.ends_with('.') && !family.unit.is_empty());
        }
    }
}
