//! What the rules find in what was counted.

use super::evaluate::{Finding, Holds};
use super::rules::{Rule, What};
use crate::Collector;
use crate::report::{self, Grain, Question};
use crate::store::{self, Model, Stored};
use driftline::drift::Verdict;
use rusqlite::Connection;
use std::collections::BTreeMap;

/// What was found before, so that a model of which nothing new came is not read again.
#[derive(Debug, Default)]
pub struct Seen {
    models: BTreeMap<String, (Vec<Model>, Vec<Finding>)>,
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
    for model in collector.store().read(store::read_models)? {
        models.entry(model.identity.clone()).or_default().push(model);
    }
    seen.models.retain(|identity, _| models.contains_key(identity));
    let mut all = Vec::new();
    for (identity, registrations) in models {
        let known = seen.models.get(&identity).filter(|(known, _)| *known == registrations);
        let found = if let Some((_, found)) = known {
            found.clone()
        } else {
            match collector.store().read(|read| of_model(read, rules, &identity, &registrations)) {
                Ok(found) => found,
                Err(fault) => {
                    store::say(&format!("the rules for `{identity}`: {fault}"));
                    continue;
                }
            }
        };
        all.extend(rules.iter().filter_map(|rule| silence(rule, &identity, &registrations, now)));
        all.extend(found.iter().cloned());
        seen.models.insert(identity, (registrations, found));
    }
    Ok(all)
}

/// Hours since the newest window ended; nothing of a model that was never used.
fn silence(rule: &Rule, identity: &str, models: &[Model], now: i64) -> Option<Finding> {
    let first = models.first()?;
    if rule.what != What::Silence || !rule.is_about(identity, &first.name) {
        return None;
    }
    let newest = models.iter().filter_map(|model| model.newest).max()?;
    let hours = (now as f64 / 3_600.0 - (newest + 1) as f64).max(0.0);
    let (threshold, name) = (rule.limit(), &first.name);
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

fn of_model(
    read: &Connection,
    rules: &[Rule],
    identity: &str,
    models: &[Model],
) -> Stored<Vec<Finding>> {
    let mut all = Vec::new();
    let (Some(first), Some(newest)) =
        (models.first(), models.iter().filter_map(|model| model.newest).max())
    else {
        return Ok(all);
    };
    for rule in rules {
        if rule.what != What::InputDrift || !rule.is_about(identity, &first.name) {
            continue;
        }
        let question = Question {
            from: Some(newest + 1 - i64::from(rule.hours)),
            to: Some(newest + 1),
            grain: Grain::Month,
            ..Question::default()
        };
        for report in report::read_all(read, identity, &question)?.into_iter().flatten() {
            let totals = report.groups.iter().filter_map(|group| group.total.as_ref());
            for input in totals.flat_map(|total| &total.inputs) {
                if !rule.takes(&input.name) {
                    continue;
                }
                let threshold = rule.limit();
                let effect = input.found.effect;
                let holds = match input.found.verdict {
                    Verdict::TooFew => Holds::Unknown,
                    Verdict::Drifted if effect.is_some_and(|e| e >= threshold) => Holds::Yes,
                    _ => Holds::No,
                };
                all.push(Finding {
                    rule: rule.name.clone(),
                    identity: identity.to_owned(),
                    name: first.name.clone(),
                    subject: input.name.clone(),
                    holds,
                    value: effect,
                    threshold,
                    message: format!(
                        "the input `{}` of {} drifted: effect {:.3}",
                        input.name,
                        first.name,
                        effect.unwrap_or(0.0)
                    ),
                });
            }
        }
    }
    Ok(all)
}
