//! Declared segments: one value alone, and which values explain what went wrong.

use super::model::{ByAction, Explained, Named, Outcomes, Window};
use super::outcomes::metrics_in_segment;
use super::performance::{estimated_in_segment, right_of};
use super::sums::{Seen, View};
use driftline::decision::Action;
use driftline::drift::{Segment, explaining};

/// Least share of what happened that a segment must hold to explain it.
const LEAST_SUPPORT: f64 = 0.05;

/// A ratio must be above it with confidence.
const LEAST_RATIO: f64 = 1.0;

/// Counts below so many standard deviations of the mode's noise say nothing.
const CLEAR: f64 = 5.0;

/// Fills in what a segment's value says; what it does not repeat stays empty.
pub fn fill(window: &mut Window, view: &View<'_>, at: usize, nth: usize) {
    let Some(all) = view.seen(at) else { return };
    let parts = view.layout.parts();
    let stride = parts.stride();
    let cells = all.part(nth * stride..(nth + 1) * stride).to_vec();
    let value = Seen { counts: cells, ..all };
    window.beacons = value.reports;
    window.records = value.at(0);
    let named = |(name, count): (&str, &f64)| Named { name: name.to_owned(), count: *count };
    let actions = Action::ALL.iter().map(|action| action.as_str());
    window.actions = actions.zip(value.part(parts.actions())).map(named).collect();
    if parts.labels > 0 {
        let labels = view.layout.labels().iter().map(String::as_str).chain(["none"]);
        window.labels = labels.zip(value.part(parts.labels())).map(named).collect();
    }
    window.estimated = estimated_in_segment(view, parts, &value);
    let [wrong, right] = [value.at(parts.wrong()), value.at(parts.right())];
    window.realised = right_of(&[wrong, right], value.deviation());
    let metrics = metrics_in_segment(view, parts, &value);
    if wrong != 0.0 || right != 0.0 || metrics.iter().any(|metric| metric.count != 0.0) {
        let by_action = vec![ByAction { action: "(any)".to_owned(), wrong, right }];
        window.outcomes = Some(Outcomes { by_action, metrics, follow: Vec::new() });
    }
}

/// Values of segments in which wrong answers, escalations or refusals are more frequent than in the
/// others of that segment, those that are surest first.
pub fn explained(view: &View<'_>) -> Vec<Explained> {
    let parts = view.layout.parts();
    let escalate = 1 + Action::Escalate as usize;
    let reject = 1 + Action::Reject as usize;
    let (wrong, right) = (parts.wrong(), parts.right());
    let mut all = Vec::new();
    for (at, segment) in view.layout.segments() {
        let Some(seen) = view.seen(at) else { continue };
        let clear = CLEAR * seen.deviation();
        let values: Vec<&[f64]> = seen.counts.chunks(parts.stride()).collect();
        for (what, hits, records) in [
            ("wrong", [wrong, wrong], [wrong, right]),
            ("escalate", [escalate, escalate], [0, 0]),
            ("reject", [reject, reject], [0, 0]),
        ] {
            let of = |value: &[f64], [a, b]: [usize; 2]| {
                let cell = |at: usize| value.get(at).copied().unwrap_or(0.0);
                let sum = if a == b { cell(a) } else { cell(a) + cell(b) };
                // below what the noise alone may be, nothing is known
                if sum > clear { sum } else { 0.0 }
            };
            let counted: Vec<(f64, f64)> =
                values.iter().map(|value| (of(value, hits), of(value, records))).collect();
            let sums = counted.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
            let count = |x: f64| x.max(0.0).round() as u64;
            let asked: Vec<Segment> = counted
                .iter()
                .map(|(hits, records)| Segment {
                    hits: count(*hits),
                    records: count(*records),
                    other_hits: count(sums.0 - hits),
                    other_records: count(sums.1 - records),
                })
                .collect();
            for risk in explaining(&asked, LEAST_SUPPORT, LEAST_RATIO) {
                let value = segment.values.get(risk.segment).cloned().unwrap_or_default();
                let key = segment.key.clone();
                let (ratio, low, high, support) = (risk.ratio, risk.low, risk.high, risk.support);
                all.push(Explained { what, key, value, ratio, low, high, support });
            }
        }
    }
    all.sort_by(|a, b| b.low.total_cmp(&a.low));
    all
}
