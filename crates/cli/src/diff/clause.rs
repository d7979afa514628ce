//! Sets, lengths and checks of one input.

use super::interval::{Move, moved};
use super::{Changes, Verdict, tightened};
use driftline::contract::{Check, Input, InputType, Scalar, Severity};
use std::collections::BTreeSet;

/// Values that a message lists.
const LISTED: usize = 8;

/// Values of `b` that `a` lacks, and of `a` that `b` lacks.
pub struct SetDiff {
    pub added: Vec<String>,
    pub removed: Vec<String>,
}

impl SetDiff {
    pub fn new(a: &[Scalar], b: &[Scalar]) -> Self {
        let keys = |list: &[Scalar]| list.iter().map(Scalar::key).collect::<BTreeSet<_>>();
        let (in_a, in_b) = (keys(a), keys(b));
        let beyond = |list: &[Scalar], other: &BTreeSet<String>| {
            list.iter().filter(|v| !other.contains(&v.key())).map(Scalar::to_string).collect()
        };
        Self { added: beyond(b, &in_a), removed: beyond(a, &in_b) }
    }

    /// Both lists in one line.
    pub fn shown(&self) -> String {
        let list = |values: &[String]| {
            let first: Vec<&str> = values.iter().take(LISTED).map(String::as_str).collect();
            let more = values.len().saturating_sub(LISTED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("`{}`{more}", first.join("`, `"))
        };
        match (self.added.is_empty(), self.removed.is_empty()) {
            (false, false) => {
                format!("added {}, removed {}", list(&self.added), list(&self.removed))
            }
            (false, true) => format!("added {}", list(&self.added)),
            (true, false) => format!("removed {}", list(&self.removed)),
            (true, true) => "only the order differs".to_owned(),
        }
    }
}

/// The checks of an input, in whatever order they stand.
pub fn checks(a: &Input, b: &Input, path: &str, changes: &mut Changes) {
    let mut removed: Vec<&Check> = a.checks.iter().filter(|c| !b.checks.contains(c)).collect();
    let added: Vec<&Check> = b.checks.iter().filter(|c| !a.checks.contains(c)).collect();
    if removed.is_empty() && added.is_empty() && a.checks != b.checks {
        let why = "the order of violations differs, no decision does";
        changes.push(format!("{path}.checks"), Verdict::Patch, ((), ()), why);
    }
    for new in added {
        let path = format!("{path}.checks.{}", new.name());
        // the check of the same kind that it comes from
        let old = removed.iter().position(|c| c.name() == new.name()).map(|i| removed.remove(i));
        match old {
            None => {
                let (verdict, why) = tightened(new.severity());
                changes.push(path, verdict, ((), new), format!("a new check: {why}"));
            }
            Some(old) => changed(old, new, (a.kind, b.kind), path, changes),
        }
    }
    for old in removed {
        let path = format!("{path}.checks.{}", old.name());
        changes.push(path, Verdict::Minor, (old, ()), "the check is gone: more is taken");
    }
}

fn changed(
    old: &Check,
    new: &Check,
    kinds: (InputType, InputType),
    path: String,
    changes: &mut Changes,
) {
    let moved = check_moved(old, new, kinds);
    let raised = new.severity() > old.severity();
    let (verdict, why) = match moved {
        _ if raised => tightened(new.severity()),
        Move::Tighter => tightened(new.severity()),
        Move::Looser => (Verdict::Minor, "more is taken"),
        Move::Same if new.severity() < old.severity() => {
            (Verdict::Minor, "what breaks it has milder consequences")
        }
        Move::Same => (Verdict::Patch, "the same in other words"),
    };
    changes.push(path, verdict, (old, new), why);
}

fn check_moved(old: &Check, new: &Check, (kind_a, kind_b): (InputType, InputType)) -> Move {
    match (old, new) {
        (
            Check::Range {
                minimum: low_a,
                exclusive_minimum: low_open_a,
                maximum: high_a,
                exclusive_maximum: high_open_a,
                ..
            },
            Check::Range {
                minimum: low_b,
                exclusive_minimum: low_open_b,
                maximum: high_b,
                exclusive_maximum: high_open_b,
                ..
            },
        ) => both(
            moved(
                (kind_a, (low_a.as_ref(), *low_open_a)),
                (kind_b, (low_b.as_ref(), *low_open_b)),
                true,
            ),
            moved(
                (kind_a, (high_a.as_ref(), *high_open_a)),
                (kind_b, (high_b.as_ref(), *high_open_b)),
                false,
            ),
        ),
        (Check::InSet { values: a, .. }, Check::InSet { values: b, .. }) => {
            let set = SetDiff::new(a, b);
            from(!set.removed.is_empty(), !set.added.is_empty())
        }
        (Check::NotInSet { values: a, .. }, Check::NotInSet { values: b, .. }) => {
            let set = SetDiff::new(a, b);
            from(!set.added.is_empty(), !set.removed.is_empty())
        }
        (
            Check::Length { minimum: low_a, maximum: high_a, .. },
            Check::Length { minimum: low_b, maximum: high_b, .. },
        ) => length_moved((*low_a, *high_a), (*low_b, *high_b)),
        (Check::Types { types: a, .. }, Check::Types { types: b, .. }) => {
            from(a.iter().any(|t| !b.contains(t)), b.iter().any(|t| !a.contains(t)))
        }
        _ => {
            // the same but for the severity, or another expression: who knows what it takes
            if with_severity(old) == with_severity(new) { Move::Same } else { Move::Tighter }
        }
    }
}

/// The check as text without its severity.
fn with_severity(check: &Check) -> String {
    let mut json = serde_json::to_value(check).unwrap_or_default();
    if let Some(body) = json.get_mut(check.name()).and_then(|b| b.as_object_mut()) {
        body.remove("severity");
    }
    json.to_string()
}

/// How lengths moved.
pub fn length_moved(
    (low_a, high_a): (Option<u32>, Option<u32>),
    (low_b, high_b): (Option<u32>, Option<u32>),
) -> Move {
    let (low_a, low_b) = (low_a.unwrap_or(0), low_b.unwrap_or(0));
    let (high_a, high_b) = (high_a.unwrap_or(u32::MAX), high_b.unwrap_or(u32::MAX));
    from(low_b > low_a || high_b < high_a, low_b < low_a || high_b > high_a)
}

fn from(tighter: bool, looser: bool) -> Move {
    match (tighter, looser) {
        (true, _) => Move::Tighter,
        (false, true) => Move::Looser,
        (false, false) => Move::Same,
    }
}

fn both(a: Move, b: Move) -> Move {
    from(a == Move::Tighter || b == Move::Tighter, a == Move::Looser || b == Move::Looser)
}

/// What follows from a move of one of an input's own clauses.
pub fn push(
    path: String,
    moved: Move,
    severity: Severity,
    values: (impl serde::Serialize, impl serde::Serialize),
    changes: &mut Changes,
) {
    let (verdict, why) = match moved {
        Move::Same => return,
        Move::Looser => (Verdict::Minor, "more is taken"),
        Move::Tighter => tightened(severity),
    };
    changes.push(path, verdict, values, why);
}
