//! Policies for models that answer a number: intervals of a regression, a lowest score of a
//! ranking.

use super::{Calibrated, Part, Promised, Report, Sample, Samples, Wishes, why_nothing};
use driftline::decision::certify::Answers;
use driftline::decision::fit;
use driftline::decision::{CertifiedLabel, IntervalPolicy, Policy, Split};

/// Quantiles of the fitting scores that a ranking's lowest score is chosen from.
const GRID: usize = 100;

fn first(sample: &Sample) -> f64 {
    sample.scores.first().copied().unwrap_or_default()
}

/// Distinct quantiles of the fitting rows' numbers, `parts` − 1 of them at most.
fn quantiles(samples: &Samples, parts: usize) -> Vec<f64> {
    let mut fitting: Vec<f64> = samples.rows.iter().filter(|s| s.fits).map(first).collect();
    fitting.sort_by(f64::total_cmp);
    let at = (1..parts).filter_map(|i| fitting.get(i * fitting.len() / parts).copied());
    let mut edges: Vec<f64> = at.collect();
    edges.dedup();
    edges
}

fn report(samples: &Samples, wishes: &Wishes, promised: Promised) -> Report {
    let fit = samples.rows.iter().filter(|s| s.fits).count() as u64;
    Report {
        promised,
        max_error: wishes.promise.max_error,
        confidence: 1.0 - wishes.promise.delta,
        split: Split { seed: wishes.seed, fit, certify: samples.rows.len() as u64 - fit },
        refused: samples.refused,
        unlabelled: samples.unlabelled,
        certified: Vec::new(),
        coverage: 0.0,
        error: None,
        calibration: None,
        reliability: None,
        curve: Vec::new(),
    }
}

/// Intervals around a regression's number, bin by bin of that number: the bins from the one part
/// of the rows, the half-widths certified on the other.
pub fn intervals(samples: &Samples, base: &Policy, wishes: &Wishes) -> Calibrated {
    let edges = quantiles(samples, wishes.bins);
    let promise = wishes.promise.share(edges.len() + 1);
    let mut residuals = vec![Vec::new(); edges.len() + 1];
    for sample in samples.rows.iter().filter(|s| !s.fits) {
        let value = first(sample);
        let bin = edges.iter().take_while(|edge| **edge <= value).count();
        if let Some(bin) = residuals.get_mut(bin) {
            bin.push((sample.number - value).abs());
        }
    }
    let mut report = report(samples, wishes, Promised::Intervals);
    let (mut half_widths, mut accepted, mut errors) = (Vec::new(), 0, 0);
    for (at, bin) in residuals.iter().enumerate() {
        let half = fit::residual_bound(bin, promise);
        half_widths.push(half);
        let narrow = half.filter(|half| wishes.tolerance.is_none_or(|most| *half <= most));
        let rows = bin.len() as u64;
        let beyond = bin.iter().filter(|r| half.is_some_and(|half| **r > half)).count() as u64;
        let taken = if narrow.is_some() { rows } else { 0 };
        let figures = CertifiedLabel {
            rows,
            accepted: taken,
            errors: if taken > 0 { beyond } else { 0 },
            upper_bound: if taken > 0 { promise.upper_bound(rows, beyond) } else { 1.0 },
            delta: promise.delta,
        };
        accepted += figures.accepted;
        errors += figures.errors;
        let needed = driftline::stats::zero_error_rows(promise.max_error, promise.delta);
        let why = match (half, narrow) {
            (None, _) => Some(format!(
                "too few rows: escalate all; {needed} rows are needed in this bin, there are \
                 {rows}{}",
                if edges.is_empty() { "" } else { "; fewer `--bins` have more rows each" }
            )),
            (Some(half), None) => Some(format!("the interval is ±{half}, wider than tolerated")),
            _ => None,
        };
        let part = Part { threshold: half, figures, rows_needed: needed, why, default: None };
        report.certified.push((range(&edges, at), part));
    }
    report.coverage = accepted as f64 / report.split.certify.max(1) as f64;
    report.error = (accepted > 0).then(|| errors as f64 / accepted as f64);
    let mut policy = base.clone();
    let mut value = base.value.clone().unwrap_or_default();
    value.never = half_widths.iter().all(Option::is_none);
    value.interval = Some(IntervalPolicy {
        coverage: 1.0 - wishes.promise.max_error,
        edges,
        half_widths,
        tolerance: wishes.tolerance,
    });
    policy.value = Some(value);
    Calibrated { policy, report }
}

/// A bin of predicted numbers, for people.
fn range(edges: &[f64], bin: usize) -> String {
    let low = bin.checked_sub(1).and_then(|i| edges.get(i));
    match (low, edges.get(bin)) {
        (None, None) => "all".to_owned(),
        (None, Some(high)) => format!("below {high}"),
        (Some(low), Some(high)) => format!("{low} to below {high}"),
        (Some(low), None) => format!("from {low}"),
    }
}

/// The lowest score of a ranking that may be acted on without a person: a fixed sequence over
/// quantiles of the fitting rows, tested on the others.
pub fn ranking(samples: &Samples, base: &Policy, wishes: &Wishes) -> Calibrated {
    let grid = quantiles(samples, GRID);
    let count = |fits: bool| {
        let mut answers = Answers::default();
        for sample in samples.rows.iter().filter(|s| s.fits == fits) {
            let reached = grid.iter().take_while(|edge| **edge <= first(sample)).count();
            answers.add(reached as f64 / GRID as f64, sample.number == 0.0);
        }
        answers
    };
    let (answers, start) = (count(false), count(true).start(wishes.promise));
    let found = answers.certify_from(start, wishes.promise, wishes.costs);
    let curve = answers.curve_from(start, wishes.promise).into_iter();
    let tested =
        curve.filter(|p| p.accepted >= wishes.promise.first_rows()).find(|p| p.threshold <= start);
    // threshold k/100 is the k-th quantile; all of them from the lowest
    let lowest = |t: f64| {
        let k = (t * GRID as f64).round() as usize;
        k.checked_sub(1).map_or(f64::MIN, |i| grid.get(i).copied().unwrap_or(f64::MAX))
    };
    let minimum = found.map(|p| lowest(p.threshold));
    let mut report = report(samples, wishes, Promised::Answers);
    let (accepted, errors) = found.map_or((0, 0), |p| (p.accepted, p.errors));
    let promise = wishes.promise;
    report.coverage = accepted as f64 / answers.total().max(1) as f64;
    report.error = (accepted > 0).then(|| errors as f64 / accepted as f64);
    let why = || why_nothing(answers.total(), answers.wrong(), tested, promise);
    report.certified.push((
        "score".to_owned(),
        Part {
            threshold: minimum,
            figures: CertifiedLabel {
                rows: answers.total(),
                accepted,
                errors,
                upper_bound: if accepted > 0 { promise.upper_bound(accepted, errors) } else { 1.0 },
                delta: promise.delta,
            },
            rows_needed: promise.first_rows(),
            why: found.is_none().then(why),
            default: None,
        },
    ));
    let mut policy = base.clone();
    let mut value = base.value.clone().unwrap_or_default();
    value.never = minimum.is_none();
    value.minimum = minimum.or(value.minimum);
    policy.value = Some(value);
    Calibrated { policy, report }
}
