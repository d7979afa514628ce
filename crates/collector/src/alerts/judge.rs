//! One rule against one report: pure.

use super::evaluate::{Finding, Holds};
use super::rules::{Rule, What};
use crate::report::{CheckedWindow, Compared, Group, InputWindow, Latency, Report, Window};
use driftline::drift::{Estimate, Outcome, Verdict};

/// Standard errors by which an accuracy must lie below its floor.
const ERRORS: f64 = 2.0;

/// What was seen of a subject: whether it is so, the figure, and in words.
type Sight = (String, Holds, Option<f64>, String);

/// What a rule finds in a report.
pub fn findings(rule: &Rule, report: &Report) -> Vec<Finding> {
    let mut all = Vec::new();
    for group in &report.groups {
        let (window, sights) = match rule.what {
            // of a detector the newest window counts: its value has all that came before
            What::DriftAlarm => match group.windows.last() {
                Some(last) => (last, alarms(rule, last, report.watch.threshold)),
                None => continue,
            },
            // the newest window may not be over
            What::WindowCheck => match group.windows.iter().rev().nth(1) {
                Some(window) => (window, checks(rule, window)),
                None => continue,
            },
            _ => match &group.total {
                Some(total) => (total, sights(rule, report, group, total)),
                None => continue,
            },
        };
        for (subject, holds, value, words) in sights {
            let message = format!("{words} ({} to {})", window.start, window.end);
            all.push(Finding {
                rule: rule.name.clone(),
                identity: report.identity.clone(),
                name: report.name.clone(),
                subject,
                holds,
                value,
                threshold: rule.limit(),
                message,
            });
        }
    }
    all
}

fn sights(rule: &Rule, report: &Report, group: &Group, window: &Window) -> Vec<Sight> {
    let name = &report.name;
    let whole = |holds, value, words| vec![(String::new(), holds, value, words)];
    let share = |what: &str, count: f64| {
        let all: f64 = window.actions.iter().map(|action| action.count).sum();
        let (holds, value) = ratio(rule, count, all);
        let words = format!("{what} of {name}: {:.1}%", 100.0 * value.unwrap_or(0.0));
        whole(holds, value, words)
    };
    let action = |named: &str| {
        let found = window.actions.iter().find(|action| action.name == named);
        found.map_or(0.0, |action| action.count)
    };
    match rule.what {
        What::InputDrift => inputs(rule, window).map(|input| drift(rule, input)).collect(),
        What::Missing | What::Unseen | What::Invalid => {
            inputs(rule, window).map(|input| cell(rule, input, report.baseline.as_ref())).collect()
        }
        What::Violations => violations(rule, window),
        What::Escalated => share("escalated decisions", action("escalate")),
        What::Defaulted => share("decisions by default", action("default")),
        What::Rejected => share("rejected decisions", action("reject")),
        What::EstimatedAccuracy => {
            let estimate = window.estimated.map(|found| found.accuracy);
            whole_of(rule, estimate, group, &format!("estimated accuracy of {name}"))
        }
        What::RealisedAccuracy => {
            let estimate = window.realised.map(|found| found.accuracy);
            whole_of(rule, estimate, group, &format!("realised accuracy of {name}"))
        }
        What::Calibration => {
            let z = window.calibration.map(|found| found.z.abs());
            whole(above(rule, z), z, format!("calibration of {name}: |z| {:.1}", z.unwrap_or(0.0)))
        }
        What::Latency => {
            let value = window.latency_us.as_ref().and_then(|found| quantile(rule, found));
            let (quantile, ms) = (rule.quantile, value.unwrap_or(0.0));
            whole(above(rule, value), value, format!("latency of {name}: {quantile} at {ms} ms"))
        }
        What::Faults => {
            // the sum of none is -0
            let count = window.faults.iter().fold(0.0, |sum, fault| sum + fault.count);
            let (holds, value) = ratio(rule, count, window.records);
            whole(holds, value, format!("{count} errors and traps of {name}"))
        }
        What::DriftAlarm | What::WindowCheck | What::Silence | What::ActivationFailures => {
            Vec::new()
        }
    }
}

fn checks(rule: &Rule, window: &Window) -> Vec<Sight> {
    let of = |(nth, checked): (usize, &CheckedWindow)| {
        let check = &checked.check;
        let input = check.input.as_deref().unwrap_or_default();
        if !input.is_empty() && !rule.takes(input) {
            return None;
        }
        let holds = match checked.found.outcome {
            Outcome::Pass => Holds::No,
            Outcome::Fail => Holds::Yes,
            Outcome::Undecided => Holds::Unknown,
        };
        let number = |x: Option<f64>| x.map_or("…".to_owned(), |x| x.to_string());
        let (low, high) = (number(checked.found.low), number(checked.found.high));
        let what = check.source.clone().unwrap_or_else(|| format!("window_checks[{nth}]"));
        let words = format!("{what} of {input}: {low} to {high}");
        Some((format!("{nth} {what}"), holds, checked.found.low, words))
    };
    window.window_checks.iter().enumerate().filter_map(of).collect()
}

fn inputs<'a>(rule: &'a Rule, window: &'a Window) -> impl Iterator<Item = &'a InputWindow> {
    window.inputs.iter().filter(|input| rule.takes(&input.name))
}

fn above(rule: &Rule, value: Option<f64>) -> Holds {
    match value {
        None => Holds::Unknown,
        Some(value) if value > rule.limit() => Holds::Yes,
        Some(_) => Holds::No,
    }
}

/// A share of so many, if they are enough; noise may have made it negative.
pub(super) fn ratio(rule: &Rule, count: f64, all: f64) -> (Holds, Option<f64>) {
    if all < f64::from(rule.least_records) || all <= 0.0 {
        return (Holds::Unknown, None);
    }
    let share = (count / all).max(0.0);
    (above(rule, Some(share)), Some(share))
}

fn drift(rule: &Rule, input: &InputWindow) -> Sight {
    let effect = input.found.effect;
    let holds = match input.found.verdict {
        Verdict::TooFew => Holds::Unknown,
        Verdict::Drifted if effect.is_some_and(|effect| effect >= rule.limit()) => Holds::Yes,
        _ => Holds::No,
    };
    let moved = input.moved.first().map_or(String::new(), |moved| {
        let (before, now) = (100.0 * moved.baseline, 100.0 * moved.current);
        format!(", `{}` from {before:.1}% to {now:.1}%", moved.cell)
    });
    let words =
        format!("the input `{}` drifted: effect {:.3}{moved}", input.name, effect.unwrap_or(0.0));
    (input.name.clone(), holds, effect, words)
}

fn alarms(rule: &Rule, window: &Window, threshold: f64) -> Vec<Sight> {
    let one = |input: &InputWindow| {
        let effect = input.found.effect;
        let holds = match (input.detector, effect) {
            // an alarm that too few records came after stands
            (None, _) | (_, None) => Holds::Unknown,
            (Some(_), Some(effect)) if input.alarm && effect >= rule.limit() => Holds::Yes,
            _ => Holds::No,
        };
        let (effect_now, detector) = (effect.unwrap_or(0.0), input.detector.unwrap_or(0.0));
        let words = format!(
            "the input `{}` alarms: evidence {detector:.3e} of {threshold:.3e}, effect {effect_now:.3}",
            input.name
        );
        (input.name.clone(), holds, effect, words)
    };
    inputs(rule, window).map(one).collect()
}

/// Share of a special cell above that of the baseline.
fn cell(rule: &Rule, input: &InputWindow, baseline: Option<&Compared>) -> Sight {
    let (name, share) = match rule.what {
        What::Missing => ("missing", input.missing),
        What::Unseen => ("unseen", input.unseen),
        _ => ("invalid", input.invalid),
    };
    let before = baseline
        .and_then(|all| all.inputs.iter().find(|one| one.name == input.name))
        .and_then(|one| {
            let at = one.cells.iter().position(|cell| cell == name)?;
            one.shares.get(at).copied()
        })
        .unwrap_or(0.0);
    let enough = input.records >= f64::from(rule.least_records);
    let more = share.filter(|_| enough).map(|share| share - before);
    let words = format!(
        "{name} values of `{}`: {:.1}%, in the baseline {:.1}%",
        input.name,
        100.0 * share.unwrap_or(0.0),
        100.0 * before
    );
    (input.name.clone(), above(rule, more), more, words)
}

fn violations(rule: &Rule, window: &Window) -> Vec<Sight> {
    let mut by_input: Vec<(&str, f64)> = Vec::new();
    for one in window.violations.iter().filter(|one| rule.takes(&one.input)) {
        match by_input.iter_mut().find(|(input, _)| *input == one.input) {
            Some((_, count)) => *count += one.count,
            None => by_input.push((&one.input, one.count)),
        }
    }
    let (enough, _) = ratio(rule, 0.0, window.records);
    if by_input.is_empty() {
        // none is an answer too
        return vec![(String::new(), enough, Some(0.0), String::new())];
    }
    let one = |(input, count): (&str, f64)| {
        let (holds, value) = ratio(rule, count, window.records);
        let share = 100.0 * value.unwrap_or(0.0);
        let words = format!("`{input}` broke a clause in {share:.1}% of the records");
        (input.to_owned(), holds, value, words)
    };
    by_input.into_iter().map(one).collect()
}

/// An accuracy that surely lies below its floor.
fn whole_of(rule: &Rule, found: Option<Estimate>, group: &Group, what: &str) -> Vec<Sight> {
    let Some(Estimate { value, standard_error }) = found else {
        // a mode that never sends it says nothing about it
        let sends = group.windows.iter().any(|w| w.estimated.is_some() || w.realised.is_some());
        let unknown = (String::new(), Holds::Unknown, None, String::new());
        return if sends { vec![unknown] } else { Vec::new() };
    };
    let below = value + ERRORS * standard_error < rule.limit();
    let holds = if below { Holds::Yes } else { Holds::No };
    let words = format!("{what}: {value:.4} with a standard error of {standard_error:.4}");
    vec![(String::new(), holds, Some(value), words)]
}

/// A quantile in milliseconds: the upper end of the bin that it lies in.
fn quantile(rule: &Rule, latency: &Latency) -> Option<f64> {
    Some(upper(latency, rule.quantile)? / 1_000.0)
}

/// The upper end of the bin, in microseconds, in which a quantile lies.
pub fn upper(latency: &Latency, quantile: f64) -> Option<f64> {
    let positive = |count: f64| count.max(0.0);
    let all: f64 = latency.counts.iter().copied().map(positive).sum();
    if all <= 0.0 {
        return None;
    }
    let mut below = 0.0;
    for (upper, count) in latency.upper.iter().zip(&latency.counts) {
        below += positive(*count);
        if below >= quantile * all {
            return Some(*upper);
        }
    }
    latency.upper.last().copied()
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
