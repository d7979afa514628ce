//! What the rules find in what was counted, and what is told of the models beside.

use super::evaluate::{Finding, Holds};
use super::rules::{Rule, What};
use super::{activations, judge};
use crate::Collector;
use crate::export::{MAX_MODELS, Point, of_model};
use crate::limits::MAX_KEPT_CELLS;
use crate::report::{self, Grain, Kept, Question, Report};
use crate::store::{self, Model, Reads, Stored};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The span whose figures are told.
const TOLD_HOURS: u32 = 24;

/// How far back a detector is followed, in hours: the year that its promise is about.
const FOLLOWED_HOURS: i64 = 365 * 24;

/// What was found before, so that a model of which nothing new came is not read again.
#[derive(Debug, Default)]
pub struct Seen {
    models: BTreeMap<String, Read>,
}

#[derive(Debug)]
struct Read {
    registrations: Vec<Model>,
    findings: Vec<Finding>,
    points: Vec<Point>,
    /// The year that the detectors follow.
    year: Kept,
}

impl Seen {
    /// Figures of the models with the newest windows.
    pub fn points(&self) -> Vec<Point> {
        let mut models: Vec<(Option<i64>, &String, &Read)> = self
            .models
            .iter()
            .map(|(identity, read)| (newest(&read.registrations), identity, read))
            .collect();
        models.sort_by_key(|(newest, identity, _)| (std::cmp::Reverse(*newest), *identity));
        let all = models.len();
        let mut points: Vec<Point> = models
            .into_iter()
            .take(MAX_MODELS)
            .flat_map(|(_, _, read)| read.points.iter().cloned())
            .collect();
        let untold = all.saturating_sub(MAX_MODELS);
        points.push(Point::of("driftline_registered_models", &[], all as f64));
        points.push(Point::of("driftline_untold_models", &[], untold as f64));
        points
    }

    fn cells(&self) -> usize {
        self.models.values().map(|read| read.year.cells()).sum()
    }
}

fn newest(models: &[Model]) -> Option<i64> {
    models.iter().filter_map(|model| model.newest).max()
}

/// What all rules find about all models.
///
/// # Errors
/// [`store::Fault`]. A single model that cannot be read has no findings.
pub fn all(
    collector: &Collector,
    rules: &[Rule],
    seen: &mut Seen,
    now: i64,
) -> Stored<Vec<Finding>> {
    let mut models: BTreeMap<String, Vec<Model>> = BTreeMap::new();
    for model in collector.read(|counts| counts.models())? {
        models.entry(model.identity.clone()).or_default().push(model);
    }
    seen.models.retain(|identity, _| models.contains_key(identity));
    let mut all = activations::findings(collector, rules, &models)?;
    for (identity, registrations) in models {
        all.extend(rules.iter().filter_map(|rule| silence(rule, &identity, &registrations, now)));
        let known = seen.models.get(&identity).filter(|read| read.registrations == registrations);
        if let Some(read) = known {
            all.extend(read.findings.iter().cloned());
            continue;
        }
        // a reading that fails leaves nothing behind
        let before = seen.models.remove(&identity);
        let mut year = before.map_or_else(Kept::default, |read| read.year);
        let read = |store: &dyn Reads| one(store, rules, &identity, &registrations, &mut year);
        match collector.read(read) {
            Ok((findings, points)) => {
                all.extend(findings.iter().cloned());
                if seen.cells() + year.cells() > MAX_KEPT_CELLS {
                    year = Kept::default();
                }
                seen.models.insert(identity, Read { registrations, findings, points, year });
            }
            Err(fault) => store::say(&format!("the rules for `{identity}`: {fault}")),
        }
    }
    Ok(all)
}

/// Hours since the newest window ended; nothing of a model that was never used.
fn silence(rule: &Rule, identity: &str, models: &[Model], now: i64) -> Option<Finding> {
    let name = &models.first()?.name;
    if rule.what != What::Silence || !rule.is_about(identity, name) {
        return None;
    }
    let hours = (now as f64 / 3_600.0 - (newest(models)? + 1) as f64).max(0.0);
    let threshold = rule.limit();
    Some(Finding {
        rule: rule.name.clone(),
        identity: identity.to_owned(),
        name: name.clone(),
        subject: String::new(),
        holds: if hours >= threshold { Holds::Yes } else { Holds::No },
        value: Some(hours),
        threshold,
        message: format!("no beacons of {name} for {hours:.0} hours"),
    })
}

/// One model: a report for each span that a rule looks at, and one over time for the detectors.
fn one(
    store: &dyn Reads,
    rules: &[Rule],
    identity: &str,
    models: &[Model],
    year: &mut Kept,
) -> Stored<(Vec<Finding>, Vec<Point>)> {
    let (Some(first), Some(newest)) = (models.first(), newest(models)) else {
        return Ok(Default::default());
    };
    let question = |hours: i64| Question {
        from: Some(newest + 1 - hours),
        to: Some(newest + 1),
        grain: Grain::Day,
        ..Question::default()
    };
    let reports = |hours: i64| -> Stored<Vec<Report>> {
        let read = report::read_all(store, identity, &question(hours))?;
        // definitions that cannot be read give no report, and findings of none
        Ok(read.into_iter().filter_map(Result::ok).collect())
    };
    let followed = report::read_again(store, identity, &question(FOLLOWED_HOURS), year)?;
    let followed: Vec<Report> = followed.into_iter().filter_map(Result::ok).collect();
    let mut spans: BTreeMap<u32, Vec<Report>> = BTreeMap::new();
    spans.insert(TOLD_HOURS, reports(TOLD_HOURS.into())?);
    let mut findings = Vec::new();
    for rule in rules.iter().filter(|rule| rule.is_about(identity, &first.name)) {
        if matches!(rule.what, What::Silence | What::ActivationFailures) {
            continue;
        }
        let about = match spans.entry(rule.hours) {
            _ if rule.what == What::DriftAlarm => &followed,
            Entry::Occupied(read) => &*read.into_mut(),
            Entry::Vacant(unread) => &*unread.insert(reports(rule.hours.into())?),
        };
        for report in about {
            findings.extend(judge::findings(rule, report));
        }
    }
    let told = spans.get(&TOLD_HOURS).map(Vec::as_slice).unwrap_or_default();
    Ok((findings, of_model(identity, &first.name, newest, told, &followed)))
}
