//! Verdicts as a table for people.

use crate::output::Output;
use driftline::Result;
use driftline::drift::{Found, Verdict};

/// The columns, of which all but the first two are numbers.
const HEAD: [&str; 10] = [
    "feature",
    "verdict",
    "records",
    "p adjusted",
    "Hellinger",
    "JS",
    "PSI",
    "PSI null 95%",
    "W1/std",
    "L∞",
];

/// Prints the features in the order given, with the records of the window.
pub fn print<'a>(
    rows: impl Iterator<Item = (String, u64, &'a Found)>,
    out: &mut Output,
) -> Result<()> {
    let mut lines = vec![HEAD.map(str::to_owned)];
    let mut tally = [0usize; 4];
    for (name, records, found) in rows {
        if let Some(count) = tally.get_mut(found.verdict as usize) {
            *count += 1;
        }
        lines.push(line(name, records, found));
    }
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    for line in &lines {
        let cells = line.iter().zip(&widths).enumerate();
        let padded =
            cells.map(
                |(at, (cell, width))| {
                    if at < 2 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
                },
            );
        out.line(padded.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    let of = |verdict: Verdict| tally.get(verdict as usize).copied().unwrap_or(0);
    out.line("")?;
    out.line(&format!(
        "{} features: {} drifted, {} slight, {} stable, {} with too few records",
        tally.iter().sum::<usize>(),
        of(Verdict::Drifted),
        of(Verdict::Slight),
        of(Verdict::Stable),
        of(Verdict::TooFew)
    ))
}

fn line(name: String, records: u64, found: &Found) -> [String; 10] {
    let d = found.distances.as_ref();
    let of = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.4}"));
    [
        name,
        found.verdict.as_str().to_owned(),
        records.to_string(),
        found.p_adjusted.map_or("–".to_owned(), p_value),
        of(d.map(|d| d.hellinger)),
        of(d.map(|d| d.js_distance)),
        d.map_or("–".to_owned(), |d| d.psi.map_or("∞".to_owned(), |psi| format!("{psi:.4}"))),
        of(d.map(|d| d.psi_null_q95)),
        of(d.and_then(|d| d.wasserstein_by_deviation)),
        of(d.map(|d| d.linf)),
    ]
}

/// A probability in a few characters.
pub fn p_value(p: f64) -> String {
    match p {
        p if p < 1e-300 => "<1e-300".to_owned(),
        p if p < 1e-3 => format!("{p:.0e}"),
        p => format!("{p:.3}"),
    }
}
