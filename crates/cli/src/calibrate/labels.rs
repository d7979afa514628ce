//! Policies for models that answer labels.

use super::{
    Calibrated, CurvePoint, DefaultPart, Part, Promised, Report, Samples, Wishes, why_nothing,
};
use driftline::contract::{OutputKind, Outputs};
use driftline::decision::certify::{Answers, Promise, start_together};
use driftline::decision::fit::{self, Labelled, Reliability, reliability};
use driftline::decision::{
    Calibration, CertifiedLabel, Fallback, LabelPolicy, LabelSets, Policy, Split,
};
use driftline::{Error, ErrorCode, Result};

/// Bins of a reliability diagram.
const BINS: usize = 10;
/// Thresholds at which the rest is counted; the action `default` is certified for all of them at
/// once, since the threshold is chosen from the same rows.
const GRID: usize = 101;

/// Fits the calibration on one part of the rows and certifies thresholds on the other.
///
/// # Errors
/// [`ErrorCode::BadInput`] if the rows do not determine the calibration that was asked for.
pub fn labels(
    samples: &Samples,
    outputs: &Outputs,
    base: &Policy,
    wishes: &Wishes,
) -> Result<Calibrated> {
    let part = |fits: bool| {
        let mut part = Labelled::new(outputs.labels.len());
        samples
            .rows
            .iter()
            .filter(|s| s.fits == fits)
            .for_each(|s| part.push(&s.scores, &s.truths));
        part
    };
    let (fitting, raw) = (part(true), part(false));
    let calibration = calibrate(&fitting, outputs, wishes)?;
    let rows = raw.calibrated(calibration.as_ref(), outputs);

    let mut policy = base.clone();
    let defaults =
        |label: &String| base.labels.get(label).is_some_and(|l| l.below == Fallback::Default);
    let certify_defaults =
        wishes.max_default_error.is_some() && outputs.kind != OutputKind::Multilabel;
    let default_parts =
        if certify_defaults { outputs.labels.iter().filter(|l| defaults(l)).count() } else { 0 };
    let several = outputs.kind == OutputKind::Multilabel;
    // several labels at once are accepted together or not at all, so that they share a threshold
    let shared = wishes.pooled || several;
    let accepted_parts = if shared { 1 } else { outputs.labels.len() };
    let promise = wishes.promise.share(accepted_parts + default_parts);

    let (all, tables) = tables_of(&rows, outputs.kind, wishes.pooled);
    // where each walk starts is chosen from the rows that fitted
    let fitting_rows = fitting.calibrated(calibration.as_ref(), outputs);
    let (guide, guides) = tables_of(&fitting_rows, outputs.kind, wishes.pooled);
    let together = answers(&all);
    let (tests, start) = if several {
        let of = |tables: &[Table]| tables.iter().map(|t| answers(t)).collect::<Vec<_>>();
        (of(&tables), start_together(&of(&guides), promise))
    } else {
        (vec![together.clone()], answers(&guide).start(promise))
    };
    let one = shared.then(|| together.certify_together(&tests, start, promise, wishes.costs));
    let mut certified = Vec::new();
    let (mut accepted, mut errors) = (0, 0);
    for (at, label) in outputs.labels.iter().enumerate() {
        let table = tables.get(at).map(Vec::as_slice).unwrap_or_default();
        let own = answers(table);
        let (tested, start) = if several {
            (&own, start)
        } else if shared {
            (&together, start)
        } else {
            (&own, guides.get(at).map_or(1.0, |guide| answers(guide).start(promise)))
        };
        let found = one.unwrap_or_else(|| tested.certify_from(start, promise, wishes.costs));
        let threshold = found.map(|p| p.threshold);
        let reaches = |c: f64| threshold.is_some_and(|t| c >= t);
        let taken = table.iter().filter(|(c, _)| reaches(*c));
        let figures = CertifiedLabel {
            rows: own.total(),
            accepted: taken.clone().count() as u64,
            errors: taken.filter(|(_, wrong)| *wrong).count() as u64,
            upper_bound: 1.0,
            delta: promise.delta,
        };
        let upper_bound = match threshold {
            Some(_) => promise.upper_bound(figures.accepted, figures.errors),
            None => 1.0,
        };
        let mut below = base.labels.get(label).map_or(Fallback::Escalate, |l| l.below);
        let mut default = None;
        if let (true, Some(most)) = (certify_defaults && defaults(label), wishes.max_default_error)
        {
            let limit = Promise { max_error: most, ..promise };
            let found = default_part(&rows, at, base, outputs, threshold, limit);
            if !found.certified {
                below = Fallback::Escalate;
            }
            default = Some(found);
        }
        let default_label = base.labels.get(label).and_then(|l| l.default_label.clone());
        let entry = LabelPolicy { threshold, below, default_label };
        policy.labels.insert(label.clone(), entry);
        if !several {
            accepted += figures.accepted;
            errors += figures.errors;
        }
        let curve = tested.curve_from(start, promise).into_iter();
        let first =
            curve.filter(|p| p.accepted >= promise.first_rows()).find(|p| p.threshold <= start);
        let why = || match first {
            Some(p) if several && p.certified => "escalate all: for another label".to_owned(),
            _ => why_nothing(tested.total(), tested.wrong(), first, promise),
        };
        certified.push((
            label.clone(),
            Part {
                threshold,
                figures: CertifiedLabel { upper_bound, ..figures },
                rows_needed: promise.first_rows(),
                why: threshold.is_none().then(why),
                default,
            },
        ));
    }
    if let (true, Some(Some(point))) = (several, one) {
        (accepted, errors) = (point.accepted, point.errors);
    }
    policy.label_sets = wishes.label_sets.map(|coverage| LabelSets {
        coverage,
        minimum_score: fit::label_set_score(&rows, coverage),
    });
    let total = together.total().max(1) as f64;
    let share = |n: u64, of: u64| (of > 0).then(|| n as f64 / of as f64);
    let report = Report {
        promised: match (several, wishes.pooled) {
            (false, _) => Promised::Answers,
            (true, false) => Promised::EachLabel,
            (true, true) => Promised::Records,
        },
        max_error: wishes.promise.max_error,
        confidence: 1.0 - wishes.promise.delta,
        split: Split { seed: wishes.seed, fit: fitting.rows() as u64, certify: rows.rows() as u64 },
        refused: samples.refused,
        unlabelled: samples.unlabelled,
        certified,
        coverage: accepted as f64 / total,
        error: share(errors, accepted),
        calibration: calibration.as_ref().map(|c| c.method),
        reliability: Some([statements(&raw, outputs.kind), statements(&rows, outputs.kind)]),
        curve: curve_of(&tests, wishes.promise),
    };
    policy.calibration = calibration;
    Ok(Calibrated { policy, report })
}

fn calibrate(rows: &Labelled, outputs: &Outputs, wishes: &Wishes) -> Result<Option<Calibration>> {
    let Some(method) = wishes.method.one() else {
        let auto = wishes.method == super::Method::Auto;
        return Ok(if auto { fit::choose(rows, outputs) } else { None });
    };
    fit::fit(method, rows, outputs).map(Some).ok_or_else(|| {
        Error::new(ErrorCode::BadInput, "the rows do not determine this calibration")
            .with_help("rows of every label are needed; `--method none` goes without")
    })
}

/// Confidences, each with whether the answer was wrong.
type Table = Vec<(f64, bool)>;

fn answers(table: &[(f64, bool)]) -> Answers {
    let mut answers = Answers::default();
    table.iter().for_each(|(confidence, wrong)| answers.add(*confidence, *wrong));
    answers
}

/// The confidence and the fault of every row, and for each label those of the answers that name
/// it. Several labels at once are accepted by the least certain of them: a row is wrong if one of
/// them is, a label by itself, or as the row if `whole`.
fn tables_of(rows: &Labelled, kind: OutputKind, whole: bool) -> (Table, Vec<Table>) {
    let mut all = Vec::new();
    let mut tables = vec![Vec::new(); rows.width];
    for (scores, truths) in rows.iter() {
        if kind == OutputKind::Multilabel {
            // as the decider: a label holds from one half on
            let least = scores.iter().map(|p| p.max(1.0 - p)).fold(1.0, f64::min);
            let wrong = |(p, truth): (&f64, &bool)| (*p >= 0.5) != *truth;
            let any = scores.iter().zip(truths).any(wrong);
            all.push((least, any));
            for (table, pair) in tables.iter_mut().zip(scores.iter().zip(truths)) {
                table.push((least, if whole { any } else { wrong(pair) }));
            }
        } else if let Some((at, p)) = top(scores)
            && let (Some(table), Some(truth)) = (tables.get_mut(at), truths.get(at))
        {
            let answer = (p.clamp(0.0, 1.0), !truth);
            all.push(answer);
            table.push(answer);
        }
    }
    (all, tables)
}

/// What each threshold accepts, and the share of wrong answers: of several tests that of the worst,
/// since each has to hold.
fn curve_of(tests: &[Answers], promise: Promise) -> Vec<CurvePoint> {
    let curves: Vec<_> = tests.iter().map(|test| test.curve(promise)).collect();
    let total = tests.first().map_or(0, Answers::total).max(1) as f64;
    let steps = curves.first().into_iter().flatten().enumerate();
    steps
        .map(|(step, point)| {
            let errors = curves.iter().filter_map(|c| c.get(step)).map(|p| p.errors).max();
            let share = errors.unwrap_or(0) as f64 / point.accepted.max(1) as f64;
            CurvePoint {
                threshold: point.threshold,
                coverage: point.accepted as f64 / total,
                error: (point.accepted > 0).then_some(share),
            }
        })
        .collect()
}

/// The highest score and its label, the first of equal ones, as the decider has it.
fn top(scores: &[f64]) -> Option<(usize, f64)> {
    let all = scores.iter().copied().enumerate();
    all.reduce(|best, next| if next.1 > best.1 { next } else { best })
}

/// What probabilities say, and whether it is so: of a binary model the second label's, of several
/// labels each, else the top one's.
fn statements(rows: &Labelled, kind: OutputKind) -> Reliability {
    let (said, seen): (Vec<f64>, Vec<bool>) = match kind {
        OutputKind::Binary => rows.label(1),
        OutputKind::Multilabel => (rows.scores.clone(), rows.truths.clone()),
        _ => rows
            .iter()
            .filter_map(|(s, t)| top(s).and_then(|(at, p)| Some((p, *t.get(at)?))))
            .unzip(),
    };
    reliability(&said, &seen, BINS)
}

/// The error of the default label among the label's answers below the threshold.
fn default_part(
    rows: &Labelled,
    label: usize,
    base: &Policy,
    outputs: &Outputs,
    threshold: Option<f64>,
    limit: Promise,
) -> DefaultPart {
    let own = outputs.labels.get(label).and_then(|l| base.labels.get(l)?.default_label.as_ref());
    let named = |l: &String| own.or(base.default_label.as_ref()) == Some(l);
    let answer = outputs.labels.iter().position(named);
    let (mut n, mut errors) = (0, 0);
    for (scores, truths) in rows.iter() {
        let Some((at, p)) = top(scores) else { continue };
        if at == label && threshold.is_none_or(|t| p < t) {
            n += 1;
            errors += u64::from(!answer.and_then(|a| truths.get(a)).copied().unwrap_or(false));
        }
    }
    let limit = limit.share(GRID);
    DefaultPart {
        certified: limit.holds(n, errors),
        rows: n,
        errors,
        upper_bound: limit.upper_bound(n, errors),
    }
}
