//! How far probabilities are from what happens.

/// One bin of a reliability diagram.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Bin {
    /// Rows in it.
    pub rows: usize,
    /// Mean probability that was said.
    pub said: f64,
    /// Share of the rows that it was true of.
    pub seen: f64,
}

/// Calibration of one kind of statement.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Reliability {
    /// Expected calibration error: the rows' mean of |said − seen| over the bins.
    pub ece: f64,
    /// Brier score: mean of (probability − truth)².
    pub brier: f64,
    /// Bins of equally many rows, by rising probability.
    pub bins: Vec<Bin>,
}

/// Statements by probability in `bins` bins of equally many rows: bin i holds the rows ⌊i·n/bins⌋
/// up to ⌊(i + 1)·n/bins⌋ of those sorted by probability. No bin is empty.
pub fn reliability(said: &[f64], truths: &[bool], bins: usize) -> Reliability {
    let mut rows: Vec<(f64, f64)> =
        said.iter().zip(truths).map(|(p, t)| (*p, f64::from(u8::from(*t)))).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let n = rows.len();
    let count = bins.clamp(1, n.max(1));
    let mean =
        |values: &mut dyn Iterator<Item = f64>, rows: usize| values.sum::<f64>() / rows as f64;
    let mut found = Vec::with_capacity(count);
    for i in 0..count {
        let part = rows.get(i * n / count..(i + 1) * n / count).unwrap_or_default();
        if part.is_empty() {
            continue;
        }
        found.push(Bin {
            rows: part.len(),
            said: mean(&mut part.iter().map(|r| r.0), part.len()),
            seen: mean(&mut part.iter().map(|r| r.1), part.len()),
        });
    }
    let gaps = found.iter().map(|b| b.rows as f64 * (b.said - b.seen).abs()).sum::<f64>();
    let squares = rows.iter().map(|(p, t)| (p - t) * (p - t)).sum::<f64>();
    let rows = n.max(1) as f64;
    Reliability { ece: gaps / rows, brier: squares / rows, bins: found }
}
