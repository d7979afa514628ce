//! A profile as a table for people.

use super::draft::{name_of, rows as rows_of, share};
use super::facts::{ColumnProfile, Profile};
use super::numbers::shown;
use crate::sizes::thousands;
use driftline::contract::InputType;

/// Characters of a name or a value that are shown.
const NAME: usize = 24;

/// The lines.
pub fn table(profile: &Profile) -> Vec<String> {
    let number = |n: u64| thousands(usize::try_from(n).unwrap_or(usize::MAX));
    let mut lines = vec![format!(
        "{}: {} rows, {} columns",
        profile.file,
        number(profile.rows),
        profile.columns.len()
    )];
    if profile.unreadable > 0 {
        lines.push(format!("{} could not be read", rows_of(profile.unreadable)));
    }
    let header = ["column", "type", "missing", "distinct", "seen"].map(str::to_owned);
    let mut rows = vec![header];
    for column in &profile.columns {
        let kind = if profile.target.as_ref() == Some(&column.name) {
            "target"
        } else {
            column.kind.map_or("left out", InputType::as_str)
        };
        let missing = 100.0 * (column.missing + column.absent) as f64 / profile.rows.max(1) as f64;
        let missing = match column.missing + column.absent {
            0 => "0".to_owned(),
            _ if missing < 0.1 => "< 0.1%".to_owned(),
            _ => format!("{missing:.1}%"),
        };
        let about = if column.exact { "" } else { "~" };
        rows.push([
            cut(&column.name),
            kind.to_owned(),
            missing,
            format!("{about}{}", number(column.distinct)),
            seen(column),
        ]);
    }
    let width = |i: usize| {
        rows.iter().filter_map(|r| r.get(i)).map(|t| t.chars().count()).max().unwrap_or(0)
    };
    let (a, b, c, d) = (width(0), width(1), width(2), width(3));
    lines.push(String::new());
    for [name, kind, missing, distinct, seen] in &rows {
        let line = format!("{name:<a$}  {kind:<b$}  {missing:>c$}  {distinct:>d$}  {seen}");
        lines.push(line.trim_end().to_owned());
    }
    let suspicious: Vec<&ColumnProfile> =
        profile.columns.iter().filter(|c| !c.suspicions.is_empty()).collect();
    if !suspicious.is_empty() {
        lines.extend([String::new(), "suspicious".to_owned()]);
        for column in suspicious {
            for s in &column.suspicions {
                let rows =
                    s.rows.map_or_else(String::new, |n| format!("{}: ", share(n, profile.rows)));
                let name = cut(&column.name);
                lines.push(format!("  {name}: {}: {rows}{}", name_of(s.what), s.note));
            }
        }
    }
    lines
}

fn seen(column: &ColumnProfile) -> String {
    if column.personal.is_some() {
        return "not shown".to_owned();
    }
    if let (Some(InputType::Timestamp), Some(t)) = (column.kind, &column.timestamps) {
        let offsets: Vec<&str> = t.offsets.keys().map(String::as_str).collect();
        return format!("{} to {}, offsets {}", t.first, t.last, offsets.join(" "));
    }
    match (column.kind, &column.numbers) {
        (Some(InputType::Number | InputType::Integer), Some(n)) => {
            let median = n.quantiles.get("p50").copied().unwrap_or(0.0);
            let (minimum, maximum) = column.ends();
            format!("{minimum} to {maximum}, median {}", shown(median))
        }
        (Some(InputType::Category | InputType::Boolean), _) => {
            let first = column.values.iter().take(4).map(|c| {
                let percent = 100.0 * c.rows as f64 / column.present.max(1) as f64;
                format!("{} {percent:.1}%", cut(&c.value))
            });
            let more = if column.values.len() > 4 { ", …" } else { "" };
            format!("{}{more}", first.collect::<Vec<_>>().join(", "))
        }
        _ => column.lengths.map_or_else(String::new, |(a, b)| {
            if a == b { format!("{a} characters") } else { format!("{a} to {b} characters") }
        }),
    }
}

/// At most so many characters, nothing that moves a terminal's cursor.
fn cut(text: &str) -> String {
    let mut out: String =
        text.chars().take(NAME).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().count() > NAME {
        out.push('…');
    }
    out
}
