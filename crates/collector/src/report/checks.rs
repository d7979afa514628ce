//! Checks of windows, which the baseline carries.

use super::sums::{Seen, View};
use driftline::beacon::Mode;
use driftline::drift::{Checked, Outcome, WindowCounts, check_window};
use driftline::summary::{Baseline, BlockKind, WindowCheck};
use serde::Serialize;

/// A check in one window.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckedWindow {
    /// What was checked.
    #[serde(flatten)]
    pub check: WindowCheck,
    /// What was found.
    #[serde(flatten)]
    pub found: Checked,
}

/// Judges the checks of a window; `previous` is the one before it.
pub fn checks(
    view: &View<'_>,
    previous: Option<&View<'_>>,
    baseline: &Baseline,
) -> Vec<CheckedWindow> {
    let one = |check: &WindowCheck| {
        let found = if view.mode == Mode::Pseudonymous {
            judged(check, view, previous, baseline)
        } else {
            let reason = Some("counts with noise are no exact ones");
            Checked { outcome: Outcome::Undecided, low: None, high: None, reason }
        };
        CheckedWindow { check: check.clone(), found }
    };
    baseline.window_checks.iter().map(one).collect()
}

fn judged(
    check: &WindowCheck,
    view: &View<'_>,
    previous: Option<&View<'_>>,
    baseline: &Baseline,
) -> Checked {
    let records = view.sums.records as f64;
    let name = check.input.as_deref().unwrap_or_default();
    let bins = baseline.inputs.iter().find(|bins| bins.name() == name);
    let current = seen(view, name);
    let previous = previous.and_then(|view| seen(view, name));
    let counts = bins.zip(current.as_ref()).map(|(bins, current)| WindowCounts {
        bins,
        current: &current.counts,
        previous: previous.as_ref().map(|seen| seen.counts.as_slice()),
    });
    check_window(check, records, counts)
}

fn seen(view: &View<'_>, name: &str) -> Option<Seen> {
    let (at, _) = view.layout.all(BlockKind::Input).find(|(_, block)| block.name == name)?;
    view.seen(at)
}
