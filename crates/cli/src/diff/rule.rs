//! Rules between inputs.

use super::{Changes, Verdict, tightened};
use driftline::contract::{Rule, Severity};

/// The rules, in whatever order they stand.
pub fn compare(a: &[Rule], b: &[Rule], changes: &mut Changes) {
    let mut removed: Vec<&Rule> = a.iter().filter(|r| !b.contains(r)).collect();
    let added: Vec<&Rule> = b.iter().filter(|r| !a.contains(r)).collect();
    if removed.is_empty() && added.is_empty() && a != b {
        let why = "the order of violations differs, no decision does";
        changes.push("rules", Verdict::Patch, ((), ()), why);
    }
    for new in added {
        let path = format!("rules.{}({})", new.name(), new.inputs().join(", "));
        let same = |r: &&Rule| r.name() == new.name() && r.inputs() == new.inputs();
        let old = removed.iter().position(same).map(|i| removed.remove(i));
        let (verdict, why) = match old {
            None => {
                let (verdict, why) = tightened(severity(new));
                (verdict, format!("a new rule: {why}"))
            }
            Some(old) if severity(new) > severity(old) || !looser(old, new) => {
                let (verdict, why) = tightened(severity(new));
                (verdict, why.to_owned())
            }
            Some(_) => (Verdict::Minor, "more is taken, or with milder consequences".to_owned()),
        };
        changes.push(path, verdict, (old, new), why);
    }
    for old in removed {
        let path = format!("rules.{}({})", old.name(), old.inputs().join(", "));
        changes.push(path, Verdict::Minor, (old, ()), "the rule is gone: more is taken");
    }
}

fn severity(rule: &Rule) -> Severity {
    match rule {
        Rule::Greater { severity, .. }
        | Rule::Equal { severity, .. }
        | Rule::Unique { severity, .. }
        | Rule::PairInSet { severity, .. }
        | Rule::SumEquals { severity, .. }
        | Rule::RequiredIf { severity, .. } => *severity,
    }
}

/// Whether all that keeps the old rule keeps the new one, as far as that is easily seen. The
/// severity is left aside.
fn looser(old: &Rule, new: &Rule) -> bool {
    match (old, new) {
        (
            Rule::Greater { or_equal: a, skip: s, .. },
            Rule::Greater { or_equal: b, skip: t, .. },
        ) => s == t && (!*a || *b),
        (Rule::Equal { skip: s, .. }, Rule::Equal { skip: t, .. })
        | (Rule::Unique { skip: s, .. }, Rule::Unique { skip: t, .. }) => s == t,
        (Rule::PairInSet { pairs: a, skip: s, .. }, Rule::PairInSet { pairs: b, skip: t, .. }) => {
            s == t && a.iter().all(|p| b.contains(p))
        }
        (
            Rule::SumEquals { total: a, tolerance: near, skip: s, .. },
            Rule::SumEquals { total: b, tolerance: far, skip: t, .. },
        ) => s == t && a == b && near <= far,
        (Rule::RequiredIf { values: a, .. }, Rule::RequiredIf { values: b, .. }) => match (a, b) {
            (None, _) => true,
            (Some(a), Some(b)) => b.iter().all(|v| a.contains(v)),
            (Some(_), None) => false,
        },
        _ => false,
    }
}
