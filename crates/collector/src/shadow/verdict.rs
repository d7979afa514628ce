//! Whether a candidate may be promoted: a test by betting, which may be looked at as often as one
//! likes. `pkg/src/shadow/verdict.ts` is the same, and both are held to tests/vectors/shadow.json.
//!
//! An e-value is what a gambler who bets against a hypothesis makes of one coin at odds that are fair
//! under it. As long as the hypothesis holds, the chance that it ever reaches 1/α is at most α
//! (Ville's inequality). Each here is the mean over fixed bets, and therefore a function of the
//! counts alone: those of several clients are added up.

use super::Counts;
use serde::Serialize;

/// Bets are as many halvings of the largest one.
const BETS: i32 = 10;
/// Logarithms beyond would be infinite.
const MAX_LOG: f64 = 700.0;

/// What is asked of a candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Criterion {
    /// It gives the live bundle's answer on more than this share of the records.
    Agreement(f64),
    /// It is right at most this much less often.
    Accuracy(f64),
}

/// Whether it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Promote {
    /// Proven to be good enough.
    Yes,
    /// Proven not to be.
    No,
    /// Neither yet.
    Wait,
}

/// What counts say of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// Whether it may be promoted.
    pub promote: Promote,
    /// `agreement` or `accuracy`.
    pub by: &'static str,
    /// Share of equal answers, or difference of accuracies, candidate minus live.
    pub estimate: Option<f64>,
    /// Records that it rests on.
    pub records: f64,
    /// E-value against "not good enough"; yes from 1/level.
    pub evidence: f64,
    /// E-value against "good enough"; no from 1/level.
    pub against: f64,
}

/// The verdict; `level` in (0, 1) is the chance of promoting what should not be, over all looks.
pub fn verdict(counts: &Counts, criterion: Criterion, level: f64) -> Verdict {
    let (by, cells, [low, high]) = match criterion {
        Criterion::Agreement(least) => {
            // X is 1 for equal answers: X − least lies in [−least, 1 − least]
            let parity = |parity: usize| -> i64 {
                counts.agreement.iter().flat_map(|row| row.iter().skip(parity).step_by(2)).sum()
            };
            let other = parity(0) + counts.failed + counts.unanswered;
            let cells = vec![(parity(1), 1.0, 1.0 - least), (other, 0.0, -least)];
            ("agreement", cells, [least, 1.0 - least])
        }
        Criterion::Accuracy(margin) => {
            // the difference of being right is −1, 0 or 1, and its mean has to exceed −margin
            let truth = counts.truth;
            let cells = vec![
                (truth.candidate, 1.0, 1.0 + margin),
                (truth.both + truth.neither, 0.0, margin),
                (truth.live, -1.0, margin - 1.0),
            ];
            ("accuracy", cells, [1.0 - margin, 1.0 + margin])
        }
    };
    let records: f64 = cells.iter().map(|(count, ..)| *count as f64).sum();
    let total: f64 = cells.iter().map(|(count, value, _)| *count as f64 * value).sum();
    let (evidence, against) = (wealth(&cells, 1.0, low), wealth(&cells, -1.0, high));
    let promote = if evidence >= 1.0 / level {
        Promote::Yes
    } else if against >= 1.0 / level {
        Promote::No
    } else {
        Promote::Wait
    };
    let estimate = (records > 0.0).then(|| total / records);
    Verdict { promote, by, estimate, records, evidence, against }
}

/// E-value against "the mean is at most 0" (`sign` 1) or "at least 0" (−1) of values of which the
/// worst is `limit`: the mean over bets λ of the products of 1 + sign·λ·value.
fn wealth(cells: &[(i64, f64, f64)], sign: f64, limit: f64) -> f64 {
    let bet = |nth: i32| {
        let bet = sign * 0.5f64.powi(nth) / limit;
        let log: f64 = cells
            .iter()
            .filter(|(count, ..)| *count > 0)
            .map(|(count, _, value)| *count as f64 * (bet * value).ln_1p())
            .sum();
        log.min(MAX_LOG).exp()
    };
    (1..=BETS).map(bet).sum::<f64>() / f64::from(BETS)
}
