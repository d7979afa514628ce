//! A contract from a profile, each clause with the reason why it was chosen.

use super::facts::{ColumnProfile, Profile, written};
use super::numbers::{shown, widened};
use super::shape::Shape;
use super::suspicion::What;
use driftline::contract::{Contract, Input, InputType, Missing, Scalar, UnknownFields, Unseen};
use driftline::{Error, ErrorCode, Result};

/// A contract with what is written beside it.
#[derive(Debug)]
pub struct Draft {
    pub contract: Contract,
    /// Lines above the contract.
    pub head: Vec<String>,
    /// Why unknown fields are treated so.
    pub unknown: String,
    /// One an input.
    pub notes: Vec<Notes>,
}

/// Comments of one input.
#[derive(Debug, Default)]
pub struct Notes {
    /// Above the input.
    pub seen: Vec<String>,
    /// Above the clause of this name.
    pub clauses: Vec<(&'static str, String)>,
    /// Rows of each of its `values`, in their order.
    pub counts: Vec<u64>,
}

impl Notes {
    fn clause(&mut self, name: &'static str, note: impl Into<String>) {
        self.clauses.push((name, note.into()));
    }
}

/// Drafts the contract.
///
/// # Errors
/// [`ErrorCode::BadInput`] if no column can be an input.
pub fn draft(profile: &Profile, name: &str) -> Result<Draft> {
    let target = profile.target.as_deref();
    let columns = profile.columns.iter().filter(|c| Some(c.name.as_str()) != target);
    let (kept, left): (Vec<_>, Vec<_>) = columns.partition(|c| c.kind.is_some());
    if kept.is_empty() {
        return Err(Error::new(ErrorCode::BadInput, "no column of the file can be an input")
            .in_file(&*profile.file));
    }
    let (mut inputs, mut notes) = (Vec::new(), Vec::new());
    for column in kept {
        let (input, note) = input(column, profile.rows);
        inputs.push(input);
        notes.push(note);
    }
    let mut head = vec![
        format!("Inferred from {}: {}.", profile.file, rows(profile.rows)),
        "Every clause is a guess from what these rows show. Edit it to what must hold.".to_owned(),
    ];
    if profile.unreadable > 0 {
        let unreadable = rows(profile.unreadable);
        head.push(format!("{unreadable} could not be read: in no count below."));
    }
    if let Some(target) = target {
        head.push(format!(
            "The target `{target}` is no input: validate such rows with --ignore \"{target}\"."
        ));
    }
    if !profile.ignored.is_empty() {
        head.push(format!("Ignored on request: {}.", profile.ignored.join(", ")));
    }
    let mut unknown = UnknownFields::Reject;
    let mut why = "a misspelt field would otherwise be a missing one".to_owned();
    if !left.is_empty() {
        unknown = UnknownFields::Ignore;
        why = format!(
            "{} columns are left out, listed above; `reject` once they are gone",
            left.len()
        );
        for column in left {
            let said = column.suspicions.iter().filter(|s| s.what == What::LeftOut);
            head.extend(said.map(|s| format!("Column {:?} is {}.", column.name, s.note)));
        }
    }
    let mut contract = Contract::new(name, inputs);
    contract.unknown_fields = unknown;
    contract.check()?;
    Ok(Draft { contract, head, unknown: why, notes })
}

fn input(column: &ColumnProfile, total: u64) -> (Input, Notes) {
    let kind = column.kind.unwrap_or(InputType::Any);
    let mut input = Input::new(&*column.name, kind);
    let mut notes = Notes::default();
    notes.seen.push(seen(column, total));
    for s in &column.suspicions {
        let of = s.rows.map_or_else(String::new, |n| format!("{}: ", rows(n)));
        notes.seen.push(format!("SUSPICIOUS {}: {of}{}", name_of(s.what), s.note));
    }
    let missing = column.missing + column.absent;
    input.required = column.absent == 0;
    if column.absent > 0 {
        notes.clause("required", format!("absent in {}", share(column.absent, total)));
    }
    if missing > 0 || column.choice.empty {
        input.missing = Missing::Allow;
        let note = format!(
            "missing in {}; `impute` once its features fill it in, `escalate` if a person should",
            share(missing, total)
        );
        notes.clause("missing", note);
    }
    input.accept.clone_from(&column.choice.accept);
    input.checks.clone_from(&column.choice.checks);
    match kind {
        InputType::Number | InputType::Integer => range(column, &mut input, &mut notes),
        InputType::Text => length(column, &mut input, &mut notes),
        InputType::Category => values(column, &mut input, &mut notes),
        InputType::Timestamp => {
            let offsets = column.timestamps.iter().flat_map(|t| &t.offsets);
            let offsets: Vec<String> = offsets.map(|(o, n)| format!("{o} {n}")).collect();
            notes.clause("type", format!("rows by offset: {}", offsets.join(", ")));
        }
        InputType::Any => notes.clause("type", "no feature can use it; mend the source first"),
        _ => {}
    }
    (input, notes)
}

fn range(column: &ColumnProfile, input: &mut Input, notes: &mut Notes) {
    let Some(numbers) = &column.numbers else { return };
    if column.finished.summary.infinite > 0 {
        notes.seen.push("no range, since infinity is among the values".to_owned());
        return;
    }
    let integer = input.kind == InputType::Integer;
    (input.minimum, input.maximum) = widened(numbers.minimum, numbers.maximum, integer);
    let q = |name| numbers.quantiles.get(name).copied().unwrap_or(0.0);
    let about = if column.exact { "" } else { "about " };
    let note = format!(
        "seen {} to {}, 98% of them {about}{} to {}; wider, since a new extreme is drift and no error",
        column.ends().0,
        column.ends().1,
        shown(q("p01")),
        shown(q("p99")),
    );
    let clause = if input.minimum.is_some() { "minimum" } else { "maximum" };
    if input.minimum.is_some() || input.maximum.is_some() {
        notes.clause(clause, note);
    } else {
        notes.seen.push(note);
    }
    if integer && column.exact && (2..=12).contains(&column.distinct) {
        // beside what stands for missing
        let mut few: Vec<i64> = column.values.iter().filter_map(|c| c.value.parse().ok()).collect();
        few.sort_unstable();
        let few: Vec<String> = few.iter().map(i64::to_string).collect();
        notes.clause("type", format!("only {}: numbers, or codes of a category?", few.join(", ")));
    }
}

fn length(column: &ColumnProfile, input: &mut Input, notes: &mut Notes) {
    let s = &column.finished.summary;
    input.allow_empty = s.empty > 0;
    if s.empty > 0 {
        notes.clause("allow_empty", format!("{} texts are empty: missing values?", s.empty));
    }
    let Some((shortest, longest)) = column.lengths else { return };
    let limit = (longest.max(1) * 2).next_power_of_two().min(65_536);
    if limit < 65_536 {
        input.max_length = u32::try_from(limit).ok();
        notes.clause("max_length", format!("{shortest} to {longest} characters were seen"));
    }
    let local = s.shape(Shape::NoOffset) + s.shape(Shape::Spaced) + s.shape(Shape::Date);
    if local > 0 && local * 2 > column.present {
        let note =
            "a `timestamp` once every value has an offset, such as 2013-07-01T08:30:00-04:00";
        notes.clause("type", note);
    }
}

fn values(column: &ColumnProfile, input: &mut Input, notes: &mut Notes) {
    let mut all: Vec<(String, u64)> = match &column.finished.values {
        Some(values) => {
            let typed = column.finished.typed;
            values.iter().map(|(key, n)| (written(key, typed), *n)).collect()
        }
        None => Vec::new(),
    };
    all.sort_unstable();
    notes.counts = all.iter().map(|(_, n)| *n).collect();
    let rare = notes.counts.iter().filter(|n| **n < 10).count();
    let rare =
        if rare > 0 { format!("; {rare} of them in fewer than 10 rows") } else { String::new() };
    notes.clause("values", format!("all {} that were seen, with their rows{rare}", all.len()));
    input.values = Some(all.into_iter().map(|(v, _)| Scalar::Text(v)).collect());
    input.unseen = Unseen::Escalate;
    notes.clause("unseen", "the model has learned nothing about others: a person decides");
    if column.finished.summary.shape(Shape::BooleanWord) == column.present {
        notes.clause("type", "a `boolean` once the source sends true and false");
    }
}

/// One line on what was seen.
fn seen(column: &ColumnProfile, total: u64) -> String {
    let types: Vec<&str> = column.types.keys().copied().collect();
    let types = if types.is_empty() { "nothing".to_owned() } else { types.join(", ") };
    let missing = match column.missing + column.absent {
        0 => "none missing".to_owned(),
        n => format!("{} missing", share(n, total)),
    };
    let about = if column.exact { "" } else { "about " };
    let mut line = format!("{types}; {missing}; {about}{} distinct", column.distinct);
    if let Some(numbers) = &column.numbers {
        let median = numbers.quantiles.get("p50").copied().unwrap_or(0.0);
        line += &format!("; median {}, mean {}", shown(median), shown(numbers.mean));
    }
    if column.personal.is_none()
        && let Some(t) = &column.timestamps
    {
        line += &format!("; {} to {}", t.first, t.last);
    }
    line
}

/// A number of rows.
pub fn rows(n: u64) -> String {
    if n == 1 { "1 row".to_owned() } else { format!("{n} rows") }
}

/// A number of rows and their share.
pub fn share(n: u64, total: u64) -> String {
    let percent = 100.0 * n as f64 / total.max(1) as f64;
    let digits = if percent >= 9.95 {
        0
    } else if percent >= 0.095 {
        1
    } else {
        3
    };
    format!("{} ({percent:.digits$}%)", rows(n))
}

/// The suspicion's name for people.
pub fn name_of(what: What) -> &'static str {
    match what {
        What::LeftOut => "left out",
        What::Empty => "empty",
        What::Constant => "constant",
        What::IdLike => "id-like",
        What::LeaksTarget => "leaks the target",
        What::MixedTypes => "mixed types",
        What::PersonalData => "personal data",
        What::MissingSpelled => "missing is spelled",
        What::NoOffset => "no offset",
        What::NumbersAsText => "numbers as text",
        What::Sentinel => "sentinel",
        What::UnsafeInteger => "unsafe integer",
        What::NotFinite => "not finite",
        What::WhiteSpace => "white space",
        What::TooLong => "too long",
        What::DuplicateField => "duplicate field",
        What::Unsupported => "unsupported",
    }
}
