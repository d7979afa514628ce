//! Inputs: added, removed, and clause by clause.

use super::clause::{self, SetDiff};
use super::interval::{Move, moved};
use super::{Changes, Verdict};
use driftline::contract::{
    Contract, Input, InputType, Missing, RawRecord, Scalar, Severity, UnknownFields, Unseen,
    Validator, Value,
};

/// Largest integer up to which binary64 holds every one.
const EXACT: i64 = 1 << 53;

/// All inputs, those of the older contract first.
pub fn compare(a: &Contract, b: &Contract, changes: &mut Changes) {
    for old in &a.inputs {
        let path = format!("inputs.{}", old.name);
        match b.input(&old.name) {
            Some((_, new)) => changed(old, new, &path, changes),
            None => {
                let (verdict, why) = match b.unknown_fields {
                    UnknownFields::Reject => {
                        (Verdict::Major, "removed: a record that has the field is refused now")
                    }
                    UnknownFields::Warn => (Verdict::Minor, "removed: the field is noted"),
                    UnknownFields::Ignore => (Verdict::Minor, "removed: the field is left out"),
                };
                changes.push(path, verdict, (old.kind, ()), why);
            }
        }
    }
    for new in &b.inputs {
        if a.input(&new.name).is_some() {
            continue;
        }
        let optional = !new.required && matches!(new.missing, Missing::Allow | Missing::Impute);
        let (verdict, why) = if !optional {
            (Verdict::Major, "added: a record without the field is no longer answered")
        } else if a.unknown_fields != UnknownFields::Reject {
            (Verdict::Major, "added: the field was let through unchecked, and is checked now")
        } else {
            (Verdict::Minor, "added: the field may be absent")
        };
        changes.push(format!("inputs.{}", new.name), verdict, ((), new.kind), why);
    }
    let common = |x: &Contract, y: &Contract| {
        let names = x.inputs.iter().map(|i| i.name.clone());
        names.filter(|n| y.input(n).is_some()).collect::<Vec<_>>()
    };
    let (in_a, in_b) = (common(a, b), common(b, a));
    if in_a != in_b {
        let (verdict, why) = if b.fields.as_ref().is_some_and(|f| f.ordered) {
            (Verdict::Major, "fields in the former order are refused now")
        } else {
            (Verdict::Patch, "the order of the inputs, which no record must keep")
        };
        changes.push("inputs", verdict, (in_a, in_b), why);
    }
}

fn changed(a: &Input, b: &Input, path: &str, changes: &mut Changes) {
    let at = |clause: &str| format!("{path}.{clause}");
    let comparable = a.kind == b.kind || kind(a, b, &at("type"), changes);
    changes.for_people(&at("description"), &a.description, &b.description);
    if a.unit != b.unit {
        let (verdict, why) = if a.unit.is_some() && b.unit.is_some() {
            (Verdict::Major, "the same number means another quantity")
        } else {
            (Verdict::Patch, "the unit was or is not stated")
        };
        changes.push(at("unit"), verdict, (&a.unit, &b.unit), why);
    }
    if a.required != b.required {
        let (verdict, why) = if b.required {
            (Verdict::Major, "a record without the field is refused now")
        } else {
            (Verdict::Minor, "the field may be absent, and then counts as missing")
        };
        changes.push(at("required"), verdict, (a.required, b.required), why);
    }
    missing(a, b, at("missing"), changes);
    accept(a, b, &at("accept"), changes);
    if !comparable {
        return;
    }
    for (clause, low) in [("minimum", true), ("maximum", false)] {
        let end = |i: &Input| {
            let (scalar, open) = if low {
                (&i.minimum, i.exclusive_minimum)
            } else {
                (&i.maximum, i.exclusive_maximum)
            };
            (scalar.clone(), open)
        };
        let ((old, old_open), (new, new_open)) = (end(a), end(b));
        let moved =
            moved((a.kind, (old.as_ref(), old_open)), (b.kind, (new.as_ref(), new_open)), low);
        let shown = |s: Option<Scalar>, open: bool| {
            s.map(|s| if open { format!("{s}, itself outside") } else { s.to_string() })
        };
        let ends = (shown(old, old_open), shown(new, new_open));
        if moved == Move::Same && ends.0 != ends.1 {
            changes.push(at(clause), Verdict::Patch, ends, "the same in other words");
        } else {
            clause::push(at(clause), moved, b.severity, ends, changes);
        }
    }
    values(a, b, path, changes);
    array(a, b, path, changes);
    if b.kind == InputType::Text {
        let (old, new) = ((a.min_length, a.max_length), (b.min_length, b.max_length));
        let moved = clause::length_moved(old, new);
        clause::push(at("length"), moved, b.severity, (old, new), changes);
        if a.allow_empty != b.allow_empty && a.kind == InputType::Text {
            let moved = if b.allow_empty { Move::Looser } else { Move::Tighter };
            let values = (a.allow_empty, b.allow_empty);
            clause::push(at("allow_empty"), moved, Severity::Reject, values, changes);
        }
    }
    severity(a, b, at("severity"), changes);
    clause::checks(a, b, path, changes);
}

/// Reports another type; whether the clauses can be compared all the same.
fn kind(a: &Input, b: &Input, path: &str, changes: &mut Changes) -> bool {
    let (verdict, why, comparable) = match (a.kind, b.kind) {
        (InputType::Integer, InputType::Number) if within_exact(a) => {
            (Verdict::Minor, "every integer of the former range is a number", true)
        }
        (InputType::Category, InputType::Text) if all_pass(a, b) => {
            (Verdict::Minor, "every text that was taken still is", false)
        }
        (_, InputType::Any) if b.checks.is_empty() => (Verdict::Minor, "any value is taken", false),
        (InputType::Integer, InputType::Number) => {
            (Verdict::Major, "integers beyond 2^53 are refused now", true)
        }
        (InputType::Number, InputType::Integer) => {
            (Verdict::Major, "numbers with a fraction are refused now", true)
        }
        _ => (Verdict::Major, "values of the former type are refused now", false),
    };
    changes.push(path, verdict, (a.kind, b.kind), why);
    comparable
}

fn within_exact(input: &Input) -> bool {
    let end = |s: &Option<Scalar>| s.as_ref().and_then(Scalar::as_i64);
    input.severity == Severity::Reject
        && end(&input.minimum).is_some_and(|i| i >= -EXACT)
        && end(&input.maximum).is_some_and(|i| i <= EXACT)
}

/// Whether all that the category took passes as the text.
fn all_pass(a: &Input, b: &Input) -> bool {
    let free = b.min_length.is_none()
        && b.max_length.is_none()
        && b.values.is_none()
        && b.checks.is_empty();
    if matches!(a.unseen, Unseen::Warn | Unseen::Encode) || free {
        return free;
    }
    let contract = Contract::new("alone", vec![b.clone()]);
    let Ok(validator) = Validator::new(&contract) else { return false };
    a.values.iter().flatten().filter_map(Scalar::as_text).all(|text| {
        let mut violations = Vec::new();
        let values = vec![Value::Text(text.into())];
        validator.validate(RawRecord { values, ..RawRecord::default() }, &mut violations);
        violations.iter().all(|v| v.severity == Severity::Warn)
    })
}

/// Element type and shape of an array.
fn array(a: &Input, b: &Input, path: &str, changes: &mut Changes) {
    if a.dtype != b.dtype {
        let why = "arrays of the former element type are refused now";
        changes.push(format!("{path}.dtype"), Verdict::Major, (a.dtype, b.dtype), why);
    }
    if a.shape == b.shape {
        return;
    }
    let looser = match (&a.shape, &b.shape) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(a), Some(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| b.is_none() || a == b)
        }
    };
    let (verdict, why) = if looser {
        (Verdict::Minor, "more shapes are taken")
    } else {
        (Verdict::Major, "arrays of a former shape are refused now")
    };
    changes.push(format!("{path}.shape"), verdict, (&a.shape, &b.shape), why);
}

fn missing(a: &Input, b: &Input, path: String, changes: &mut Changes) {
    let rank = |m: Missing| match m {
        Missing::Reject => 0,
        Missing::Escalate => 1,
        Missing::Impute | Missing::Allow => 2,
    };
    if a.missing == b.missing {
        return;
    }
    let (verdict, why) = match (rank(a.missing), rank(b.missing)) {
        (old, new) if new > old => (Verdict::Minor, "a missing value has milder consequences"),
        (old, new) if new == old => (Verdict::Patch, "the features say how it is handled"),
        (_, 0) => (Verdict::Major, "a record without a value is refused now"),
        _ => (Verdict::Major, "a record without a value goes to a person now"),
    };
    changes.push(path, verdict, (a.missing, b.missing), why);
}

fn accept(a: &Input, b: &Input, path: &str, changes: &mut Changes) {
    if a.accept.iter().any(|x| !b.accept.contains(x)) {
        let why = "values that were taken by declaration are refused now";
        changes.push(path, Verdict::Major, (&a.accept, &b.accept), why);
    } else if b.accept.iter().any(|x| !a.accept.contains(x)) {
        changes.push(path, Verdict::Minor, (&a.accept, &b.accept), "more is taken");
    } else if a.accept != b.accept {
        changes.push(path, Verdict::Patch, (&a.accept, &b.accept), "the order says nothing");
    }
}

fn values(a: &Input, b: &Input, path: &str, changes: &mut Changes) {
    let at = format!("{path}.values");
    let category = b.kind == InputType::Category;
    let severity = match b.unseen {
        _ if !category => b.severity,
        Unseen::Reject => Severity::Reject,
        Unseen::Escalate => Severity::Escalate,
        Unseen::Warn | Unseen::Encode => Severity::Warn,
    };
    let count = |v: &Option<Vec<Scalar>>| v.as_ref().map(|v| format!("{} values", v.len()));
    match (&a.values, &b.values) {
        (Some(old), Some(new)) if old != new => {
            let set = SetDiff::new(old, new);
            let sizes = (count(&a.values), count(&b.values));
            if set.removed.is_empty() && set.added.is_empty() {
                let why = "only the order differs; features that count on it are named there";
                changes.push(at, Verdict::Patch, sizes, why);
                return;
            }
            let (mut verdict, mut why) = if set.removed.is_empty() {
                (Verdict::Minor, set.shown())
            } else {
                let (verdict, why) = super::tightened(severity);
                (verdict, format!("{}: {why}", set.shown()))
            };
            if category && !set.removed.is_empty() && b.unseen == Unseen::Encode {
                (verdict, why) = (Verdict::Minor, format!("{}: encoded as unseen", set.shown()));
            }
            changes.push(at, verdict, sizes, why);
        }
        (Some(_), None) => {
            changes.push(at, Verdict::Minor, (count(&a.values), ()), "any value is taken");
        }
        (None, Some(_)) => {
            let (verdict, why) = super::tightened(severity);
            let why = format!("only listed values are taken: {why}");
            changes.push(at, verdict, ((), count(&b.values)), why);
        }
        _ => {}
    }
    if a.unseen != b.unseen && category {
        let rank = |u: Unseen| match u {
            Unseen::Reject => 0,
            Unseen::Escalate => 1,
            Unseen::Warn => 2,
            Unseen::Encode => 3,
        };
        let (verdict, why) = match b.unseen {
            _ if rank(b.unseen) > rank(a.unseen) => {
                (Verdict::Minor, "an unlisted value has milder consequences")
            }
            Unseen::Reject => (Verdict::Major, "an unlisted value is refused now"),
            Unseen::Escalate => (Verdict::Major, "an unlisted value goes to a person now"),
            Unseen::Warn | Unseen::Encode => (Verdict::Minor, "an unlisted value is noted now"),
        };
        changes.push(format!("{path}.unseen"), verdict, (a.unseen, b.unseen), why);
    }
}

fn severity(a: &Input, b: &Input, path: String, changes: &mut Changes) {
    if a.severity == b.severity {
        return;
    }
    let has_clause = b.minimum.is_some()
        || b.maximum.is_some()
        || b.min_length.is_some()
        || b.max_length.is_some()
        || (b.values.is_some() && b.kind != InputType::Category);
    let (verdict, why) = if !has_clause {
        (Verdict::Patch, "the input has no clause that it is about")
    } else if b.severity > a.severity {
        super::tightened(b.severity)
    } else {
        (Verdict::Minor, "what breaks a clause has milder consequences")
    };
    changes.push(path, verdict, (a.severity, b.severity), why);
}
