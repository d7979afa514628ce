//! What a person should look at before using a column.

use super::facts::ColumnProfile;
use super::shape::Shape;
use driftline::contract::{Contract, Input, InputType};
use driftline::limits::MAX_TEXT_BYTES;
use serde::Serialize;

/// Rows from which on distinct values make an identifier.
const MIN_IDENTIFIERS: u64 = 50;

/// Numbers that stand for something else where they lie apart from all others.
const SENTINELS: &[f64] = &[
    -1.0,
    -9.0,
    -99.0,
    -999.0,
    -9_999.0,
    -99_999.0,
    -999_999.0,
    99.0,
    999.0,
    9_999.0,
    99_999.0,
    999_999.0,
    9_999_999.0,
    99_999_999.0,
    999_999_999.0,
    -99.9,
    -999.9,
    99.99,
    999.9,
    999.99,
    -999.25,
    1e20,
    -1e20,
    1e30,
    -1e30,
];

/// What is suspicious; the strings are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// No contract takes the name or the values; the column is left out.
    LeftOut,
    /// Nothing but missing values.
    Empty,
    Constant,
    IdLike,
    LeaksTarget,
    MixedTypes,
    PersonalData,
    /// *Missing* is spelled out; such rows are refused.
    MissingSpelled,
    NoOffset,
    NumbersAsText,
    Sentinel,
    UnsafeInteger,
    NotFinite,
    WhiteSpace,
    TooLong,
    DuplicateField,
    /// Values that no contract takes.
    Unsupported,
}

/// One suspicion.
#[derive(Clone, Debug, Serialize)]
pub struct Suspicion {
    pub what: What,
    pub note: String,
    /// Rows that it is about, if not all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

/// Finds what is suspicious; a column that cannot stand in a contract loses its type.
pub fn find(column: &mut ColumnProfile, leak: Option<f64>) {
    let mut found = Vec::new();
    let mut say =
        |what, rows: Option<u64>, note: String| found.push(Suspicion { what, note, rows });
    let s = &column.finished.summary;
    let present = column.present;

    if let Some(why) = unnameable(&column.name) {
        say(What::LeftOut, None, format!("left out: {why}"));
        (column.kind, column.refused) = (None, 0);
    } else if column.kind.is_none() {
        let names: Vec<&str> = s.refused.keys().map(String::as_str).collect();
        let note = format!("left out: no contract takes values of type {}", names.join(", "));
        say(What::LeftOut, None, note);
    }
    let refused: u64 = s.refused.values().sum();
    if refused > 0 && column.kind.is_some() {
        let names: Vec<&str> = s.refused.keys().map(String::as_str).collect();
        say(What::Unsupported, Some(refused), format!("refused: {}", names.join(", ")));
    }
    if let Some(score) = leak {
        let note = format!(
            "tells the target nearly alone (score {score:.3}): is it known before the decision?"
        );
        say(What::LeaksTarget, None, note);
    }
    if let Some(what) = column.personal {
        say(What::PersonalData, None, format!("seems to hold {what}; no value is shown"));
    }
    if column.choice.empty {
        say(What::Empty, None, "nothing but missing values".to_owned());
    } else if column.exact && column.distinct == 1 && column.missing + column.absent == 0 {
        say(What::Constant, None, "every row has the same value".to_owned());
    }
    let many = column.distinct * 100 >= present * if column.exact { 98 } else { 95 };
    if matches!(column.kind, Some(InputType::Text | InputType::Integer))
        && present >= MIN_IDENTIFIERS
        && many
    {
        let note = "nearly every row has a value of its own: an identifier tells a model nothing";
        say(What::IdLike, None, note.to_owned());
    }
    if column.choice.mixed {
        let kinds: Vec<String> = column.types.iter().map(|(t, n)| format!("{t} {n}")).collect();
        say(What::MixedTypes, None, format!("values of several types: {}", kinds.join(", ")));
    }
    let spelled: u64 = s.missing.values().sum();
    if spelled > 0 && column.kind != Some(InputType::Any) {
        let spellings: Vec<String> = s.missing.iter().map(|(m, n)| format!("`{m}` {n}")).collect();
        let what = spellings.join(", ");
        let note = if column.kind == Some(InputType::Text) {
            format!("{what} may stand for missing, and is text here")
        } else {
            format!("{what} stands for missing and is refused: send null, or an empty cell")
        };
        say(What::MissingSpelled, Some(spelled), note);
    }
    texts(column, &mut say);
    if matches!(column.kind, Some(InputType::Integer | InputType::Number))
        && let Some((x, rows)) = sentinel(column)
    {
        let note = format!("`{x}` lies apart from all others and may stand for missing");
        say(What::Sentinel, Some(rows), note);
    }
    if s.unsafe_integers > 0 && !matches!(column.kind, Some(InputType::Text)) {
        let note = "integers beyond ±(2^53 − 1): from JavaScript only as BigInt";
        say(What::UnsafeInteger, Some(s.unsafe_integers), note.to_owned());
    }
    if s.huge > 0 {
        let note = "integers beyond 64 bits, which no number of a contract holds";
        say(What::UnsafeInteger, Some(s.huge), note.to_owned());
    }
    if s.infinite + s.nan > 0 {
        let note = "NaN is taken as missing and infinity as a number; no feature may use infinity";
        say(What::NotFinite, Some(s.infinite + s.nan), note.to_owned());
    }
    if s.too_long > 0 {
        let note = format!("texts of more than {MAX_TEXT_BYTES} bytes are refused");
        say(What::TooLong, Some(s.too_long), note);
    }
    if column.finished.duplicated > 0 {
        let note = "rows name the field twice and are refused";
        say(What::DuplicateField, Some(column.finished.duplicated), note.to_owned());
    }
    column.suspicions = found;
}

fn texts(column: &ColumnProfile, say: &mut impl FnMut(What, Option<u64>, String)) {
    let s = &column.finished.summary;
    let local = s.shape(Shape::NoOffset) + s.shape(Shape::Spaced);
    if local > 0 {
        let note = "date and time that are no RFC 3339 with an offset: their instant is a guess";
        say(What::NoOffset, Some(local), note.to_owned());
    }
    let days = s.shape(Shape::Date) + s.shape(Shape::SlashedDate);
    if days > 0 {
        let note = if s.shape(Shape::SlashedDate) > 0 {
            "dates without a zone, some as 1/2/2013: which day is meant is a guess"
        } else {
            "dates without a zone: when such a day begins is a guess"
        };
        say(What::NoOffset, Some(days), note.to_owned());
    }
    let disguised = s.shape(Shape::Number);
    if disguised > 0 && disguised * 20 >= s.texts {
        let note = "numbers that are written as text, such as `1,234`, `5%` or ` 7`";
        say(What::NumbersAsText, Some(disguised), note.to_owned());
    }
    let zeros = s.shape(Shape::LeadingZero);
    if zeros > 0 && zeros * 20 >= s.texts {
        let note = "digits with leading zeros: codes, which are kept as text";
        say(What::NumbersAsText, Some(zeros), note.to_owned());
    }
    let untrimmed = s.shape(Shape::Untrimmed);
    if untrimmed > 0 {
        let note = "white space at an end, which makes a value of its own";
        say(What::WhiteSpace, Some(untrimmed), note.to_owned());
    }
}

/// Why no contract takes an input of this name.
fn unnameable(name: &str) -> Option<String> {
    let contract = Contract::new("alone", vec![Input::new(name, InputType::Text)]);
    contract.check().err().map(|e| e.message().to_owned())
}

/// The smallest or largest value, if it is known as a stand-in, comes twice or more, and lies
/// further from the next than that lies from the other end.
fn sentinel(column: &ColumnProfile) -> Option<(String, u64)> {
    let points = column.distribution.as_ref()?.points();
    let known = |x: f64| SENTINELS.contains(&x);
    let (first, rest) = points.split_first()?;
    let (last, others) = points.split_last()?;
    let low = rest.first().zip(rest.last()).is_some_and(|(a, b)| {
        let apart = a.0 - first.0 > b.0 - a.0;
        // −1 where nothing else is negative
        apart || (first.0 == -1.0 && a.0 >= 0.0 && rest.len() > 2)
    });
    if low && known(first.0) && first.1 >= 2 {
        return Some((super::numbers::shown(first.0), first.1));
    }
    let high = others.first().zip(others.last()).is_some_and(|(a, b)| last.0 - b.0 > b.0 - a.0);
    (high && known(last.0) && last.0 > 0.0 && last.1 >= 2)
        .then(|| (super::numbers::shown(last.0), last.1))
}
