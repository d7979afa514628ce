//! What changed between two versions of a contract or bundle, and whether callers feel it.
//!
//! A change is *major* if a record that was decided may now be refused or left to a person, or if
//! the same answer means something else; *minor* if more is taken or something is answered
//! otherwise within the same meaning; *patch* if no decision can differ by it. What cannot be
//! proved to be harmless is major.

mod clause;
mod input;
mod interval;
mod model;
mod rule;
#[cfg(test)]
mod tests;

use driftline::bundle::Manifest;
use driftline::contract::{Contract, Fields, Severity, UnknownFields};
use driftline::decision::Policy;
use serde::Serialize;
use serde_json::Value as Json;

/// How much a change is felt, in rising order, as in semantic versioning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing changed.
    #[value(skip)]
    None,
    /// No decision differs
    Patch,
    /// More is taken, or answers differ within the same meaning
    Minor,
    /// Callers may be refused, or must read the answer otherwise
    Major,
}

impl Verdict {
    /// The verdict's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }
}

/// One change.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// Where, such as `inputs.distance.maximum`.
    pub path: String,
    pub verdict: Verdict,
    /// Whether callers may break, which is what `major` says.
    pub breaking: bool,
    #[serde(skip_serializing_if = "Json::is_null")]
    pub before: Json,
    #[serde(skip_serializing_if = "Json::is_null")]
    pub after: Json,
    /// What follows for callers.
    pub why: String,
}

/// One side of the comparison.
#[derive(Debug)]
pub struct Version {
    pub contract: Contract,
    /// What a bundle has besides.
    pub bundle: Option<Parts>,
}

/// What a bundle has besides its contract.
#[derive(Debug)]
pub struct Parts {
    pub identity: String,
    pub manifest: Manifest,
    pub policy: Policy,
}

/// All changes, in the order of the contract.
#[derive(Debug, Default)]
pub struct Changes {
    all: Vec<Change>,
}

impl Changes {
    fn push(
        &mut self,
        path: impl Into<String>,
        verdict: Verdict,
        (before, after): (impl Serialize, impl Serialize),
        why: impl Into<String>,
    ) {
        self.all.push(Change {
            path: path.into(),
            verdict,
            breaking: verdict == Verdict::Major,
            before: serde_json::to_value(before).unwrap_or_default(),
            after: serde_json::to_value(after).unwrap_or_default(),
            why: why.into(),
        });
    }

    /// A value that is for people only.
    fn for_people<T: PartialEq + Serialize>(&mut self, path: &str, before: &T, after: &T) {
        if before != after {
            self.push(path, Verdict::Patch, (before, after), "for people");
        }
    }

    /// The gravest verdict.
    pub fn verdict(&self) -> Verdict {
        self.all.iter().map(|c| c.verdict).max().unwrap_or(Verdict::None)
    }

    /// The changes.
    pub fn into_vec(self) -> Vec<Change> {
        self.all
    }
}

/// Compares two versions, the older one first.
pub fn diff(a: &Version, b: &Version) -> Changes {
    let mut changes = Changes::default();
    contracts(&a.contract, &b.contract, &mut changes);
    model::compare(a, b, &mut changes);
    changes
}

fn contracts(a: &Contract, b: &Contract, changes: &mut Changes) {
    if a.name != b.name {
        let why = "records are the same; the package that is built has another name";
        changes.push("name", Verdict::Patch, (&a.name, &b.name), why);
    }
    changes.for_people("description", &a.description, &b.description);
    if a.unknown_fields != b.unknown_fields {
        let (verdict, why) = match b.unknown_fields {
            UnknownFields::Reject => (Verdict::Major, "a record with other fields is refused now"),
            UnknownFields::Warn => (Verdict::Minor, "other fields are noted"),
            UnknownFields::Ignore => (Verdict::Minor, "other fields are left out without a word"),
        };
        changes.push("unknown_fields", verdict, (a.unknown_fields, b.unknown_fields), why);
    }
    input::compare(a, b, changes);
    fields(a.fields.as_ref(), b.fields.as_ref(), changes);
    rule::compare(&a.rules, &b.rules, changes);
}

fn fields(a: Option<&Fields>, b: Option<&Fields>, changes: &mut Changes) {
    let (a, b) = (a.cloned().unwrap_or_default(), b.cloned().unwrap_or_default());
    if a.ordered != b.ordered {
        let (verdict, why) = if b.ordered {
            (Verdict::Major, "fields in another order are refused now")
        } else {
            (Verdict::Minor, "fields may stand in any order")
        };
        changes.push("fields.ordered", verdict, (a.ordered, b.ordered), why);
    }
    let ends = |f: &Fields| (f.minimum.unwrap_or(0), f.maximum.unwrap_or(u32::MAX));
    let ((low_a, high_a), (low_b, high_b)) = (ends(&a), ends(&b));
    for (path, differ, tighter, ends) in [
        ("fields.minimum", low_a != low_b, low_b > low_a, (a.minimum, b.minimum)),
        ("fields.maximum", high_a != high_b, high_b < high_a, (a.maximum, b.maximum)),
    ] {
        if differ {
            let (verdict, why) = if tighter {
                (Verdict::Major, "records with another number of fields are refused now")
            } else {
                (Verdict::Minor, "records with another number of fields are taken")
            };
            changes.push(path, verdict, ends, why);
        }
    }
}

/// What a clause that is new or tighter does to callers.
fn tightened(severity: Severity) -> (Verdict, &'static str) {
    match severity {
        Severity::Reject => (Verdict::Major, "what breaks it is refused"),
        Severity::Escalate => (Verdict::Major, "what breaks it goes to a person"),
        Severity::Warn => (Verdict::Minor, "what breaks it is answered with a warning"),
    }
}
