//! What candidates answered beside live bundles, as counts, and whether they may be promoted.

pub(crate) mod store;
mod verdict;

pub use verdict::{Criterion, Promote, Verdict, verdict};

use serde::{Deserialize, Serialize};

/// Format of the counts.
pub const FORMAT: &str = "driftline.shadow/1";
/// Actions of either bundle.
const ACTIONS: usize = 4;
/// Bins of the differences of scores.
const DIFFERENCES: usize = 16;
/// Bins of the time of a prediction.
const TIMES: usize = 20;
/// Ten bins of confidence, each with other and same answers.
const ROW: usize = 20;
/// Labels of a bundle.
const MAX_LABELS: usize = 1_000;
/// Longest label, in bytes.
const MAX_LABEL: usize = 256;
/// Largest count, so that sums stay exact in JavaScript.
const MAX_COUNT: i64 = 1 << 40;

/// Counts of a comparison, as `pkg/src/shadow.ts` has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Always `driftline.shadow/1`.
    pub format: String,
    /// Identity of what is live.
    pub live: String,
    /// Identity of the candidate.
    pub candidate: String,
    /// Records that both decided.
    pub records: i64,
    /// Records that the candidate raised an error on.
    pub failed: i64,
    /// The live bundle's labels.
    pub labels: Vec<String>,
    /// By label: ten bins of confidence, each other and same answers.
    pub agreement: Vec<Vec<i64>>,
    /// Records on which one of the two gave no answer.
    pub unanswered: i64,
    /// Actions of the live bundle, each by the candidate's.
    pub actions: Vec<Vec<i64>>,
    /// Differences of scores.
    pub differences: Vec<i64>,
    /// Times of a prediction.
    pub micros: Micros,
    /// Who was right.
    pub truth: Truth,
}

/// Times by powers of two of microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Micros {
    /// Of the live bundle.
    pub live: Vec<i64>,
    /// Of the candidate.
    pub candidate: Vec<i64>,
}

/// Records whose truth came back, by who was right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Truth {
    /// Both.
    pub both: i64,
    /// The live bundle alone.
    pub live: i64,
    /// The candidate alone.
    pub candidate: i64,
    /// Neither.
    pub neither: i64,
}

impl Counts {
    /// Why they are none, if they are none.
    pub fn fault(&self) -> Option<&'static str> {
        if self.format != FORMAT {
            return Some("the counts' format is not `driftline.shadow/1`");
        }
        let labels = (1..=MAX_LABELS).contains(&self.labels.len());
        if !labels || self.labels.iter().any(|label| label.len() > MAX_LABEL) {
            return Some("the counts have no labels, too many, or too long ones");
        }
        let square = self.actions.len() == ACTIONS
            && self.actions.iter().all(|row| row.len() == ACTIONS)
            && self.agreement.len() == self.labels.len()
            && self.agreement.iter().all(|row| row.len() == ROW)
            && self.differences.len() == DIFFERENCES
            && self.micros.live.len() == TIMES
            && self.micros.candidate.len() == TIMES;
        if !square {
            return Some("a list of the counts has another length than the format says");
        }
        if self.cells().iter().any(|count| !(0..=MAX_COUNT).contains(count)) {
            return Some("a count is negative or too large");
        }
        let sum = |rows: &[Vec<i64>]| -> i64 { rows.iter().flatten().sum() };
        let answered = sum(&self.agreement) + self.unanswered;
        let compared: i64 = self.differences.iter().sum();
        if answered != self.records || sum(&self.actions) != self.records || compared > self.records
        {
            return Some("the counts contradict each other");
        }
        None
    }

    /// All numbers, in the order in which they are stored.
    pub(crate) fn cells(&self) -> Vec<i64> {
        let Truth { both, live, candidate, neither } = self.truth;
        let head = [self.records, self.failed, self.unanswered, both, live, candidate, neither];
        let times = [&self.micros.live, &self.micros.candidate];
        let lists = self.actions.iter().chain([&self.differences]).chain(times);
        let lists = lists.chain(&self.agreement).flatten().copied();
        head.into_iter().chain(lists).collect()
    }

    /// Counts of a pair of bundles from their numbers; `None` if these are too few or too many.
    pub(crate) fn of(
        (live, candidate): (String, String),
        labels: Vec<String>,
        cells: &[i64],
    ) -> Option<Self> {
        let mut rest = cells.iter().copied();
        let [records, failed, unanswered] = [rest.next()?, rest.next()?, rest.next()?];
        let truth = Truth {
            both: rest.next()?,
            live: rest.next()?,
            candidate: rest.next()?,
            neither: rest.next()?,
        };
        let mut list = |length: usize| -> Option<Vec<i64>> {
            let list: Vec<i64> = rest.by_ref().take(length).collect();
            (list.len() == length).then_some(list)
        };
        let actions = (0..ACTIONS).map(|_| list(ACTIONS)).collect::<Option<_>>()?;
        let differences = list(DIFFERENCES)?;
        let micros = Micros { live: list(TIMES)?, candidate: list(TIMES)? };
        let agreement = labels.iter().map(|_| list(ROW)).collect::<Option<_>>()?;
        let format = FORMAT.to_owned();
        rest.next().is_none().then_some(Self {
            format,
            live,
            candidate,
            records,
            failed,
            labels,
            agreement,
            unanswered,
            actions,
            differences,
            micros,
            truth,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;
