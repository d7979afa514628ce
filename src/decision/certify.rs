//! Thresholds that keep a promise: Learn-then-Test (Angelopoulos, Bates, Candès, Jordan and Lei
//! 2021) by fixed sequence, with the exact binomial test.
//!
//! With probability at least 1 − δ over the rows, drawn like those to come, the share of wrong
//! answers among the accepted ones is at most α at *every* certified threshold, so that any choice
//! among them keeps the promise.

use crate::stats::{binomial_cdf, clopper_pearson_upper, zero_error_rows};

/// Thresholds that are tried: 0.99, 0.98 … 0.00.
const STEPS: usize = 100;

/// Answers by confidence: how many at each threshold of the grid, and how many of them wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    /// By the highest threshold k/100 that the confidence reaches; the last is 1.
    rows: [u64; STEPS + 1],
    wrong: [u64; STEPS + 1],
}

/// The promise that is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Promise {
    /// The share of wrong answers among the accepted that may not be exceeded, in (0, 1).
    pub max_error: f64,
    /// The probability that the promise is broken, in (0, 1).
    pub delta: f64,
}

/// What one threshold accepts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Accepted from this confidence.
    pub threshold: f64,
    /// Rows that it accepts.
    pub accepted: u64,
    /// Wrong answers among them.
    pub errors: u64,
    /// Whether the promise holds here.
    pub certified: bool,
}

/// What mistakes and reviews cost; only their ratio matters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Costs {
    /// Of one wrong answer that was accepted.
    pub error: f64,
    /// Of one record that a person looks at.
    pub review: f64,
}

impl Default for Answers {
    fn default() -> Self {
        Self { rows: [0; STEPS + 1], wrong: [0; STEPS + 1] }
    }
}

impl Answers {
    /// Counts one answer of this confidence, in [0, 1].
    pub fn add(&mut self, confidence: f64, wrong: bool) {
        // rounding may put the product one step off
        let mut step = ((confidence * STEPS as f64) as usize).min(STEPS);
        if step < STEPS && confidence >= threshold(step + 1) {
            step += 1;
        } else if step > 0 && confidence < threshold(step) {
            step -= 1;
        }
        if let (Some(rows), Some(errors)) = (self.rows.get_mut(step), self.wrong.get_mut(step)) {
            *rows += 1;
            *errors += u64::from(wrong);
        }
    }

    /// All answers.
    pub fn total(&self) -> u64 {
        self.rows.iter().sum()
    }

    /// Wrong answers among all.
    pub fn wrong(&self) -> u64 {
        self.wrong.iter().sum()
    }

    /// Walks the thresholds downwards: starts at the first that accepts
    /// [`Promise::first_rows`], certifies while P(Binomial(accepted, α) ≤ errors) ≤ δ and stops at
    /// the first that fails. One point a threshold, from 0.99 to 0.00.
    pub fn curve(&self, promise: Promise) -> Vec<Point> {
        self.curve_from(1.0, promise)
    }

    /// The same walk, started no higher than at a threshold that *other* rows have chosen, such as
    /// [`Answers::start`] of them.
    pub fn curve_from(&self, start: f64, promise: Promise) -> Vec<Point> {
        let (mut accepted, mut errors) = (0, 0);
        let mut open = true;
        let mut points = Vec::with_capacity(STEPS);
        let counts = self.rows.iter().zip(&self.wrong).enumerate().rev();
        for (step, (rows, wrong)) in counts {
            accepted += rows;
            errors += wrong;
            if step == STEPS {
                continue;
            }
            let started = accepted >= promise.first_rows() && threshold(step) <= start;
            let certified = started && open && promise.holds(accepted, errors);
            open &= certified || !started;
            points.push(Point { threshold: threshold(step), accepted, errors, certified });
        }
        points
    }

    /// The certified threshold that accepts most, or costs least; `None` if none is certified.
    pub fn certify(&self, promise: Promise, costs: Option<Costs>) -> Option<Point> {
        self.certify_from(1.0, promise, costs)
    }

    /// Where a walk over other rows like these had best start: the threshold that these certify
    /// most clearly. Early in a walk few rows are accepted, and one error more ends it.
    pub fn start(&self, promise: Promise) -> f64 {
        start_together(std::slice::from_ref(self), promise)
    }

    /// As [`Answers::certify`], started no higher than at `start`, which other rows have chosen.
    pub fn certify_from(
        &self,
        start: f64,
        promise: Promise,
        costs: Option<Costs>,
    ) -> Option<Point> {
        self.certify_together(std::slice::from_ref(self), start, promise, costs)
    }

    /// One threshold for several promises about the same rows: it is certified where each of
    /// `tests` is, all of them at the whole δ, since a hypothesis "one of the errors is too high"
    /// is only rejected if every test rejects (intersection–union, Berger 1982). `self` counts
    /// what mistakes and reviews cost; each of `tests` has its confidences.
    pub fn certify_together(
        &self,
        tests: &[Self],
        start: f64,
        promise: Promise,
        costs: Option<Costs>,
    ) -> Option<Point> {
        let walks: Vec<_> = tests.iter().map(|test| test.curve_from(start, promise)).collect();
        let certified = self.curve(promise).into_iter().enumerate().filter(|(at, _)| {
            walks.iter().all(|walk| walk.get(*at).is_some_and(|point| point.certified))
        });
        let total = self.total();
        certified.map(|(_, point)| Point { certified: true, ..point }).reduce(|best, next| {
            match costs {
                // of equal costs the one that asks fewer people
                Some(costs) if costs.of(best, total) < costs.of(next, total) => best,
                _ => next,
            }
        })
    }

    /// The lowest threshold whose *observed* error is within the promise: what is done without a
    /// test. It breaks its promise often.
    pub fn naive(&self, max_error: f64) -> Option<Point> {
        let all = self.curve(Promise { max_error, delta: 0.5 });
        all.into_iter()
            .rfind(|p| p.accepted > 0 && p.errors as f64 <= max_error * p.accepted as f64)
    }
}

impl Promise {
    /// Rows that must be accepted before the first test: twice what would do without a single
    /// error, so that one early error does not end the walk.
    pub fn first_rows(self) -> u64 {
        2 * zero_error_rows(self.max_error, self.delta)
    }

    /// Whether so many errors among so many rows show that the error is at most `max_error`.
    pub fn holds(self, rows: u64, errors: u64) -> bool {
        binomial_cdf(errors, rows, self.max_error) <= self.delta
    }

    /// The exact upper bound of the error at this promise's δ.
    pub fn upper_bound(self, rows: u64, errors: u64) -> f64 {
        clopper_pearson_upper(errors, rows, self.delta)
    }

    /// The same promise as one of `parts` that have to hold together (Bonferroni).
    #[must_use]
    pub fn share(self, parts: usize) -> Self {
        Self { delta: self.delta / parts.max(1) as f64, ..self }
    }

    /// The rows that would certify it if this share of them is wrong; `None` if no number would, or
    /// none below 2^40.
    pub fn rows_needed(self, error: f64) -> Option<u64> {
        if error >= self.max_error {
            return None;
        }
        let enough = |n: u64| self.holds(n, libm::ceil(error * n as f64) as u64);
        let mut high = self.first_rows();
        while !enough(high) {
            high *= 2;
            if high > 1 << 40 {
                return None;
            }
        }
        let mut low = high / 2;
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if enough(middle) { high = middle } else { low = middle }
        }
        Some(high.max(self.first_rows()))
    }
}

impl Costs {
    /// Cost of all rows where this threshold accepts and a person looks at the rest.
    fn of(self, point: Point, total: u64) -> f64 {
        point.errors as f64 * self.error + (total - point.accepted) as f64 * self.review
    }
}

/// As [`Answers::start`] for [`Answers::certify_together`]: where the least clear of the tests is
/// clearest.
pub fn start_together(tests: &[Answers], promise: Promise) -> f64 {
    let curves: Vec<_> = tests.iter().map(|test| test.curve(promise)).collect();
    let p_value = |p: &Point| {
        let tested = p.accepted >= promise.first_rows();
        tested.then(|| binomial_cdf(p.errors, p.accepted, promise.max_error))
    };
    let worst = |step: usize| {
        let each = curves.iter().map(|curve| curve.get(step).and_then(p_value));
        each.collect::<Option<Vec<f64>>>().map(|all| all.into_iter().fold(0.0, f64::max))
    };
    // the curves go from the highest threshold down
    let found = (0..STEPS).filter_map(|at| Some((worst(at)?, threshold(STEPS - 1 - at))));
    found.reduce(|a, b| if b.0 < a.0 { b } else { a }).map_or(1.0, |(_, threshold)| threshold)
}

/// The threshold of a step, the number that is written k/100.
fn threshold(step: usize) -> f64 {
    step as f64 / STEPS as f64
}

#[cfg(test)]
#[path = "certify_tests.rs"]
mod tests;
