//! What a model's counts say over time: drift, answers, performance, outcomes.
//!
//! Rows of the store are added up in windows of one grain, seen through the noise of their mode, and
//! judged by `driftline::drift`. Each way of noise stands alone, since other noise cannot be added up.

mod answers;
mod checks;
mod compare;
mod inputs;
mod layout;
mod model;
mod outcomes;
mod performance;
mod segments;
mod sums;
mod windows;

pub use checks::CheckedWindow;
pub use compare::{ComparedInput, Comparison, Difference, compare};
pub use model::{
    BaselineInput, ByAction, Choice, Chosen, Compared, Explained, Grain, Group, InputWindow,
    LabelConfidence, Latency, Metric, MovedCell, Named, Outcomes, Reliability, Report, Violations,
    Watched, Window,
};

use crate::store::{Definitions, Reads, Stored};
use driftline::drift::{CONCEPT_DRIFT, Criteria, Judge};
use driftline::summary::{Baseline, BlockKind};
use driftline::{Error, ErrorCode};
use inputs::{Detectors, Features, Judged};
use layout::Layout;
use std::collections::BTreeMap;
use sums::{Key, Sums, View};
use windows::{Series, Span};

/// What a report is asked for.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// First hour since 1970; none: from the first that is kept.
    pub from: Option<i64>,
    /// The hour after the last; none: to the last that came.
    pub to: Option<i64>,
    /// How long a window is.
    pub grain: Grain,
    /// `KEY:VALUE` of a declared segment.
    pub segment: Option<String>,
    /// Of several layouts of the identity this one; none: the last registered one with counts.
    pub layout: Option<String>,
}

impl Question {
    fn hours(&self) -> (i64, i64) {
        (self.from.unwrap_or(i64::MIN), self.to.unwrap_or(i64::MAX))
    }
}

/// Reads an identity's counts and reports on them. `None` if nobody registered it; the inner error is
/// that of what was asked, or of definitions that driftline did not write.
///
/// # Errors
/// [`store::Fault`]: [`store::Fault::TooManyRows`] for a span of more rows or windows than one report may have.
pub fn read(
    store: &dyn Reads,
    identity: &str,
    question: &Question,
) -> Stored<Option<Result<Report, Error>>> {
    match choose(store, identity, question)? {
        None => Ok(None),
        Some(Err(error)) => Ok(Some(Err(error))),
        Some(Ok(chosen)) => one(store, identity, &chosen, question).map(Some),
    }
}

/// The registration that a question is about.
fn choose(
    store: &dyn Reads,
    identity: &str,
    question: &Question,
) -> Stored<Option<Result<Definitions, Error>>> {
    let mut all = store.definitions(identity)?;
    if all.is_empty() {
        return Ok(None);
    }
    let at = match &question.layout {
        Some(id) => all.iter().position(|one| one.layout == *id),
        None => {
            let (from, to) = question.hours();
            let windows = store.windows(identity, from, to)?;
            let has = |one: &Definitions| windows.iter().any(|w| w.layout == one.layout);
            all.iter().rposition(has).or(Some(all.len() - 1))
        }
    };
    let message =
        || format!("the identity has no layout `{}`", question.layout.as_deref().unwrap_or(""));
    let found = at.map(|at| all.swap_remove(at));
    Ok(Some(found.ok_or_else(|| Error::new(ErrorCode::BadUsage, message()))))
}

/// The report of each layout of an identity, oldest first.
///
/// # Errors
/// [`store::Fault`].
pub fn read_all(
    store: &dyn Reads,
    identity: &str,
    question: &Question,
) -> Stored<Vec<Result<Report, Error>>> {
    let definitions = store.definitions(identity)?;
    definitions.iter().map(|definition| one(store, identity, definition, question)).collect()
}

/// What was read for the reports of an identity, by layout.
#[derive(Debug, Default)]
pub(crate) struct Kept(BTreeMap<String, windows::All>);

impl Kept {
    /// Cells that it holds, of eight bytes each.
    pub fn cells(&self) -> usize {
        let series = self.0.values().flat_map(BTreeMap::values);
        series.flat_map(|series| series.windows.values()).map(Sums::cells).sum()
    }
}

/// As [`read_all`], of what was read before with the same grain, of which only what changed is read
/// again.
///
/// # Errors
/// [`store::Fault`]; `kept` is then of no use.
pub(crate) fn read_again(
    store: &dyn Reads,
    identity: &str,
    question: &Question,
    kept: &mut Kept,
) -> Stored<Vec<Result<Report, Error>>> {
    let definitions = store.definitions(identity)?;
    let again = |definitions: &Definitions| {
        let of = (identity, definitions.layout.as_str());
        let all = kept.0.entry(definitions.layout.clone()).or_default();
        windows::refresh(store, of, question.hours(), question.grain, all)?;
        Ok(build(identity, definitions, all, question))
    };
    definitions.iter().map(again).collect()
}

fn one(
    store: &dyn Reads,
    identity: &str,
    definitions: &Definitions,
    question: &Question,
) -> Stored<Result<Report, Error>> {
    let of = (identity, definitions.layout.as_str());
    let series = windows::read(store, of, question.hours(), question.grain)?;
    Ok(build(identity, definitions, &series, question))
}

/// Reports on sums; pure.
fn build(
    identity: &str,
    definitions: &Definitions,
    series: &windows::All,
    question: &Question,
) -> Result<Report, Error> {
    let layout = Layout::read(definitions)?;
    let baseline = definitions.baseline.as_ref();
    let baseline = baseline.map(|text| Baseline::from_json(text.as_bytes())).transpose()?;
    let features =
        baseline.as_ref().map(|baseline| Features::new(&layout, baseline)).transpose()?;
    let segment = question.segment.as_deref().map(|text| layout.chosen(text)).transpose()?;
    let most = series.values().map(|series| series.windows.len()).max().unwrap_or_default();
    let watch = match &features {
        Some(features) => features.watch(most),
        None => Features::none().watch(most),
    };
    let chosen = segment.as_ref().map(|(_, at, nth)| (*at, *nth));
    let asked = Asked {
        layout: &layout,
        baseline: baseline.as_ref(),
        features: features.as_ref(),
        chosen,
        watch,
    };
    let mut groups = Vec::with_capacity(series.len());
    for (key, series) in series {
        groups.push(asked.group(*key, series)?);
    }
    Ok(Report {
        identity: identity.to_owned(),
        name: definitions.name.clone(),
        layout: definitions.layout.clone(),
        grain: question.grain,
        from: question.from.map(instant),
        to: question.to.map(instant),
        segment: segment.map(|(chosen, _, _)| chosen),
        segments: layout.segments().into_iter().map(|(_, choice)| choice).collect(),
        criteria: Criteria::default(),
        watch,
        baseline: features.as_ref().map(Features::baseline),
        labels: layout.labels().to_vec(),
        groups,
        performance_warning: CONCEPT_DRIFT,
    })
}

/// What every window of a report is asked.
struct Asked<'a> {
    layout: &'a Layout,
    baseline: Option<&'a Baseline>,
    features: Option<&'a Features<'a>>,
    /// The block of a segment and the number of its value, if that alone is asked for.
    chosen: Option<(usize, usize)>,
    watch: Watched,
}

impl Asked<'_> {
    fn group(&self, key: Key, series: &Series) -> Result<Group, Error> {
        let mut detectors = self.features.map(Features::detectors);
        let judge = &mut Judge::default();
        let mut windows = Vec::with_capacity(series.windows.len());
        let mut previous = None;
        for (span, sums) in &series.windows {
            let mut window =
                self.window((*span, sums), key, series, (judge, detectors.as_mut()))?;
            self.check(&mut window, (sums, previous), key, series);
            windows.push(window);
            previous = Some(sums);
        }
        let large = || Error::new(ErrorCode::StoreFailed, "a sum is beyond 64 bits");
        let total = series.total().ok_or_else(large)?;
        let total = total.map(|(span, sums)| {
            let mut window = self.window((span, &sums), key, series, (judge, None))?;
            self.check(&mut window, (&sums, None), key, series);
            Ok::<_, Error>(window)
        });
        Ok(Group {
            mode: series.mode,
            epsilon: key.epsilon,
            bound: key.bound,
            windows,
            total: total.transpose()?,
        })
    }

    /// Judges the baseline's checks, unless a segment alone is asked for: they are about all records.
    fn check(
        &self,
        window: &mut Window,
        (sums, previous): (&Sums, Option<&Sums>),
        key: Key,
        series: &Series,
    ) {
        let Some(baseline) = self.baseline.filter(|_| self.chosen.is_none()) else { return };
        let (mode, epsilon, bound) = (series.mode, key.epsilon, key.bound);
        let view = |sums| View { layout: self.layout, sums, mode, epsilon, bound };
        let previous = previous.map(view);
        window.window_checks = checks::checks(&view(sums), previous.as_ref(), baseline);
    }

    fn window(
        &self,
        (span, sums): (Span, &Sums),
        key: Key,
        series: &Series,
        (judge, detectors): (&mut Judge, Option<&mut Detectors>),
    ) -> Result<Window, Error> {
        let (mode, epsilon, bound) = (series.mode, key.epsilon, key.bound);
        let view = &View { layout: self.layout, sums, mode, epsilon, bound };
        let mut window = Window::empty(instant(span.start), instant(span.end));
        if let Some((at, nth)) = self.chosen {
            segments::fill(&mut window, view, at, nth);
            return Ok(window);
        }
        let detectors = detectors.map(|detectors| (detectors, self.watch.threshold));
        let judged = match self.features {
            Some(features) => features.window(view, &Criteria::default(), judge, detectors)?,
            None => Judged::default(),
        };
        Ok(self::window(view, window, judged))
    }
}

/// What a window's sums say, beside its features.
fn window(view: &View<'_>, empty: Window, judged: Judged) -> Window {
    let reliability = performance::reliability(view);
    Window {
        beacons: view.sums.beacons,
        records: view.sums.records as f64,
        inputs: judged.inputs,
        predicted: judged.predicted,
        weighted_effect: judged.weighted_effect,
        actions: answers::named(view, BlockKind::Action),
        reasons: answers::occurring(view, BlockKind::Reason),
        labels: answers::named(view, BlockKind::Label),
        violations: answers::violations(view),
        confidence: answers::confidence(view),
        latency_us: answers::latency(view),
        faults: answers::named(view, BlockKind::Fault),
        estimated: performance::estimated(view),
        realised: performance::realised_in(view),
        calibration: reliability
            .as_ref()
            .and_then(|reliability| performance::calibration(view, reliability)),
        reliability,
        outcomes: outcomes::outcomes(view),
        explained: segments::explained(view),
        ..empty
    }
}

/// The start of an hour since 1970, in RFC 3339.
pub(crate) fn instant(hour: i64) -> String {
    let second = jiff::Timestamp::from_second(hour.saturating_mul(3_600));
    // an hour beyond the year 9999 comes from no clock; the end of time is as good
    second.unwrap_or(jiff::Timestamp::MAX).to_string()
}
