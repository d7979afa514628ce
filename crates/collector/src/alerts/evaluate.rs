//! From findings to alerts and notices: a pure function of what was so before, of what is found,
//! and of the time.
//!
//! An alert is pending while its rule's hold time runs, then firing, then resolved. It is told once
//! when it fires, again only after the rule's cooldown, and its end is told if its start was.

use super::rules::{Per, Rule, Severity};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Alerts that are remembered at once; a finding beyond them is dropped, and counted.
pub const MAX_ALERTS: usize = 10_000;

/// Subjects that one alert's message names.
const MAX_NAMED: usize = 5;

/// Whether what a rule looks for is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// There is too little to tell: what was so before stands.
    Unknown,
}

/// What a rule saw of one subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule's name.
    pub rule: String,
    /// The bundle's identity.
    pub identity: String,
    /// The bundle's name.
    pub name: String,
    /// An input, or what else was looked at; empty: the model as a whole.
    pub subject: String,
    /// What was seen.
    pub holds: Holds,
    /// The figure, if there is one.
    pub value: Option<f64>,
    /// What it is held against.
    pub threshold: f64,
    /// For people.
    pub message: String,
}

/// What tells alerts apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The rule's name.
    pub rule: String,
    /// The bundle's identity.
    pub identity: String,
    /// Empty where the rule has one alert a model.
    pub subject: String,
}

/// Where an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The hold time runs.
    Pending,
    /// It is so.
    Firing,
    /// It was so; without `fired` it ended before its hold time did, and only its cooldown counts.
    Resolved,
}

impl Stage {
    /// All, as they follow each other.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Firing, Self::Resolved];

    /// The stable string.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

/// One alert, from its start to its end. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Of the key and the start, 32 hexadecimal digits.
    pub id: String,
    /// The rule's name.
    pub rule: String,
    /// The rule's, when it fired.
    pub severity: Severity,
    /// The bundle's identity.
    pub identity: String,
    /// The bundle's name.
    pub name: String,
    /// Inputs, or what else was looked at; empty: the model as a whole.
    pub subject: String,
    /// Where it stands.
    pub state: Stage,
    /// Whether gates are to suspend the model's thresholds.
    pub suspend: bool,
    /// When it was first so.
    pub since: i64,
    /// When it fired.
    pub fired: Option<i64>,
    /// When it ended.
    pub resolved: Option<i64>,
    /// The newest figure.
    pub value: Option<f64>,
    /// What it is held against.
    pub threshold: f64,
    /// For people.
    pub message: String,
    /// When its key was last told, also in an earlier alert.
    pub told: Option<i64>,
    /// How often this alert was told.
    pub notices: u32,
    /// Alerts of this key before this one, as far as they are remembered.
    pub round: u32,
}

/// What somebody is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// The same whenever it is sent again, and no other notice's.
    pub key: String,
    /// The alert as it was then; its state says what the notice is about.
    pub alert: Alert,
}

/// All alerts that are remembered, by what tells them apart. A resolved one stays as long as its
/// cooldown runs.
pub type State = BTreeMap<Key, Alert>;

/// What a look led to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// The alerts from now on.
    pub state: State,
    /// What is to be told, in the order of the keys.
    pub notices: Vec<Notice>,
    /// Findings that were dropped because [`MAX_ALERTS`] stand.
    pub dropped: usize,
}

/// Takes one look.
pub fn step(state: &State, rules: &[Rule], findings: &[Finding], now: i64) -> Step {
    let by_name: BTreeMap<&str, &Rule> = rules.iter().map(|rule| (&*rule.name, rule)).collect();
    let mut seen: BTreeMap<Key, Vec<&Finding>> = BTreeMap::new();
    let mut looked: BTreeSet<(&str, &str)> = BTreeSet::new();
    for finding in findings {
        let Some(rule) = by_name.get(&*finding.rule) else { continue };
        let subject = match rule.per {
            Per::Identity => String::new(),
            Per::Subject => finding.subject.clone(),
        };
        let (rule, identity) = (finding.rule.clone(), finding.identity.clone());
        seen.entry(Key { rule, identity, subject }).or_default().push(finding);
        looked.insert((&finding.rule, &finding.identity));
    }
    let mut step = Step::default();
    for (key, alert) in state {
        let Some(rule) = by_name.get(&*key.rule) else {
            end(&mut step, key, alert, now, None);
            continue;
        };
        let group = seen.remove(key).unwrap_or_default();
        match merged(&group) {
            Some(Holds::Yes) => go_on(&mut step, key, alert, rule, &group, now),
            Some(Holds::No) => end(&mut step, key, alert, now, Some(rule)),
            // a subject that is not named any more, of a model that was looked at, is well
            None if looked.contains(&(&*key.rule, &*key.identity)) => {
                end(&mut step, key, alert, now, Some(rule));
            }
            Some(Holds::Unknown) | None => keep(&mut step, key, alert, now, Some(rule)),
        }
    }
    for (key, group) in seen {
        let Some(rule) = by_name.get(&*key.rule) else { continue };
        if merged(&group) != Some(Holds::Yes) {
            continue;
        }
        if step.state.len() >= MAX_ALERTS {
            step.dropped += 1;
            continue;
        }
        let alert = begin(&key, rule, &group, now, None);
        tell_or_wait(&mut step, key, alert, rule, now);
    }
    step
}

fn merged(group: &[&Finding]) -> Option<Holds> {
    let any = |holds| group.iter().any(|finding| finding.holds == holds);
    [Holds::Yes, Holds::No, Holds::Unknown].into_iter().find(|holds| any(*holds))
}

fn go_on(step: &mut Step, key: &Key, old: &Alert, rule: &Rule, group: &[&Finding], now: i64) {
    let mut alert = if old.state == Stage::Resolved {
        begin(key, rule, group, now, Some(old))
    } else {
        old.clone()
    };
    describe(&mut alert, rule, group);
    tell_or_wait(step, key.clone(), alert, rule, now);
}

fn begin(key: &Key, rule: &Rule, group: &[&Finding], now: i64, old: Option<&Alert>) -> Alert {
    let round = old.map_or(0, |old| old.round.saturating_add(1));
    let mut hash = Sha256::new();
    for part in [&key.rule, &key.identity, &key.subject] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.update(now.to_le_bytes());
    hash.update(round.to_le_bytes());
    let id = super::signature::hex(hash.finalize().get(..16).unwrap_or_default());
    let mut alert = Alert {
        id,
        rule: key.rule.clone(),
        severity: rule.severity,
        identity: key.identity.clone(),
        name: String::new(),
        subject: key.subject.clone(),
        state: Stage::Pending,
        suspend: rule.suspend,
        since: now,
        fired: None,
        resolved: None,
        value: None,
        threshold: rule.limit(),
        message: String::new(),
        told: old.and_then(|old| old.told),
        notices: 0,
        round,
    };
    describe(&mut alert, rule, group);
    alert
}

/// Takes over the worst of the findings, and the names of the others.
fn describe(alert: &mut Alert, rule: &Rule, group: &[&Finding]) {
    let mut bad: Vec<&&Finding> = group.iter().filter(|one| one.holds == Holds::Yes).collect();
    let excess = |one: &Finding| one.value.map_or(f64::INFINITY, |v| (v - one.threshold).abs());
    bad.sort_by(|a, b| excess(b).total_cmp(&excess(a)).then_with(|| a.subject.cmp(&b.subject)));
    bad.dedup_by(|a, b| a.subject == b.subject);
    let Some(worst) = bad.first() else { return };
    (alert.severity, alert.suspend) = (rule.severity, rule.suspend);
    (alert.value, alert.threshold) = (worst.value, worst.threshold);
    alert.name.clone_from(&worst.name);
    alert.message.clone_from(&worst.message);
    if rule.per == Per::Identity {
        let names: Vec<&str> = bad.iter().map(|one| &*one.subject).take(MAX_NAMED).collect();
        alert.subject = names.join(", ");
        if bad.len() > MAX_NAMED {
            alert.subject.push_str(&format!(" and {} more", bad.len() - MAX_NAMED));
        }
    }
}

fn tell_or_wait(step: &mut Step, key: Key, mut alert: Alert, rule: &Rule, now: i64) {
    if alert.state == Stage::Pending && now.saturating_sub(alert.since) >= rule.hold() {
        (alert.state, alert.fired) = (Stage::Firing, Some(now));
    }
    if alert.state == Stage::Firing {
        let ago = alert.told.map(|told| now.saturating_sub(told));
        let cooled = ago.is_none_or(|ago| ago >= rule.cooldown());
        let due = match rule.repeat() {
            _ if alert.notices == 0 => cooled,
            Some(repeat) => cooled && ago.is_none_or(|ago| ago >= repeat),
            None => false,
        };
        if due {
            alert.notices = alert.notices.saturating_add(1);
            alert.told = Some(now);
            let key = format!("{}-firing-{}", alert.id, alert.notices);
            step.notices.push(Notice { key, alert: alert.clone() });
        }
    }
    step.state.insert(key, alert);
}

/// It is not so any more. Without a rule, because that was taken away.
fn end(step: &mut Step, key: &Key, alert: &Alert, now: i64, rule: Option<&Rule>) {
    match alert.state {
        // it never fired, but its cooldown of before must not be forgotten
        Stage::Pending if alert.told.is_some() => {
            let mut alert = alert.clone();
            (alert.state, alert.resolved) = (Stage::Resolved, Some(now));
            step.state.insert(key.clone(), alert);
        }
        Stage::Pending => {}
        Stage::Resolved => keep(step, key, alert, now, rule),
        Stage::Firing => {
            let mut alert = alert.clone();
            (alert.state, alert.resolved) = (Stage::Resolved, Some(now));
            if alert.notices > 0 && rule.is_none_or(|rule| rule.resolve_notice) {
                let key = format!("{}-resolved", alert.id);
                step.notices.push(Notice { key, alert: alert.clone() });
            }
            step.state.insert(key.clone(), alert);
        }
    }
}

/// Nothing new; a resolved alert is let go once its cooldown is over.
fn keep(step: &mut Step, key: &Key, alert: &Alert, now: i64, rule: Option<&Rule>) {
    let cooldown = rule.map_or(0, Rule::cooldown);
    let past = |at: Option<i64>| at.is_none_or(|at| now.saturating_sub(at) > cooldown);
    if alert.state == Stage::Resolved && past(alert.told) && past(alert.resolved) {
        return;
    }
    step.state.insert(key.clone(), alert.clone());
}

#[cfg(test)]
#[path = "evaluate_tests.rs"]
mod tests;
