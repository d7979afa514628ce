use super::*;
use driftline::contract::{OutputKind, Outputs};
use driftline::decision::{Decider, Fallback, Outcome, Reason};

fn outputs(kind: OutputKind, labels: &[&str]) -> Outputs {
    Outputs {
        kind,
        labels: labels.iter().map(|l| (*l).to_owned()).collect(),
        scores: "p".into(),
        label: None,
        unit: None,
    }
}

fn wishes(max_error: f64) -> Wishes {
    Wishes {
        promise: Promise { max_error, delta: 0.05 },
        max_default_error: None,
        costs: None,
        method: Method::Auto,
        pooled: false,
        label_sets: Some(0.9),
        tolerance: None,
        bins: 2,
        seed: 1,
    }
}

/// Numbers in [0, 1) that look random (SplitMix64).
fn noise(i: u64) -> f64 {
    let mut z = (i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

fn samples(n: u64, make: impl Fn(u64) -> (Vec<f64>, Vec<bool>, f64)) -> Samples {
    let rows = (0..n).map(|i| {
        let (scores, truths, number) = make(i);
        Sample { scores, features: Vec::new(), truths, number, fits: fits(1, i) }
    });
    Samples { rows: rows.collect(), ..Samples::default() }
}

fn part_of<'a>(report: &'a Report, name: &str) -> &'a Part {
    &report.certified.iter().find(|(n, _)| n == name).unwrap().1
}

#[test]
fn the_parts_are_about_halves_and_depend_on_the_seed() {
    let count = |seed| (0..10_000).filter(|row| fits(seed, *row)).count();
    assert!((4_800..5_200).contains(&count(1)), "{}", count(1));
    assert!((0..100).any(|row| fits(1, row) != fits(2, row)));
}

#[test]
fn a_regression_is_accepted_where_its_interval_is_narrow() {
    // exact below 50, off by up to 10 above
    let samples = samples(2_000, |i| {
        let value = 100.0 * noise(i);
        let off = if value < 50.0 { 1.0 } else { 10.0 } * (2.0 * noise(i + (1 << 32)) - 1.0);
        (vec![value], Vec::new(), value + off)
    });
    let base = Policy::accept_all(&outputs(OutputKind::Regression, &[]));
    let wishes = Wishes { tolerance: Some(2.0), ..wishes(0.1) };
    let Calibrated { policy, report } = intervals(&samples, &base, &wishes);
    let interval = policy.value.clone().unwrap().interval.unwrap();
    let halves: Vec<f64> = interval.half_widths.iter().map(|h| h.unwrap()).collect();
    assert!(halves[0] < 1.1 && halves[1] > 8.0 && halves[1] <= 10.0, "{halves:?}");
    assert!((0.4..0.6).contains(&report.coverage), "{report:?}");
    assert!(report.error.unwrap() <= 0.1);
    let d = Decider::new(&policy, &outputs(OutputKind::Regression, &[]), "x").unwrap();
    let reason = |x: f64| d.decide(Outcome::Scores(&[x]), Vec::new()).reason;
    assert_eq!((reason(10.0), reason(90.0)), (Reason::WithinBounds, Reason::WideInterval));

    let few = Samples { rows: samples.rows[..20].to_vec(), ..Samples::default() };
    let Calibrated { policy, report } = intervals(&few, &base, &wishes);
    assert!(policy.value.unwrap().never);
    assert!(report.certified.iter().all(|(_, p)| p.why.as_deref().unwrap().starts_with("too few")));
}

#[test]
fn a_ranking_gets_its_lowest_score() {
    let samples = samples(4_000, |i| {
        let score = 20.0 * noise(i) - 10.0;
        let right = noise(i + (1 << 32)) < if score > 4.0 { 0.99 } else { 0.3 };
        (vec![score], Vec::new(), f64::from(u8::from(right)))
    });
    let base = Policy::accept_all(&outputs(OutputKind::Ranking, &[]));
    let Calibrated { policy, report } = ranking(&samples, &base, &wishes(0.1));
    let minimum = policy.value.clone().unwrap().minimum.unwrap();
    assert!((2.5..5.0).contains(&minimum), "{minimum}");
    let accepted = samples.rows.iter().filter(|s| !s.fits && s.scores[0] >= minimum);
    assert_eq!(accepted.count() as u64, part_of(&report, "score").figures.accepted);
    policy.check(&outputs(OutputKind::Ranking, &[])).unwrap();
    let Calibrated { policy, .. } = ranking(&samples, &base, &wishes(0.001));
    assert!(policy.value.unwrap().never, "escalate all");
}

#[test]
fn each_of_several_classes_gets_a_threshold_at_its_share_of_the_confidence() {
    let outputs = outputs(OutputKind::Multiclass, &["a", "b", "c"]);
    // class c is guessed: half of its answers are wrong at any confidence
    let samples = samples(6_000, |i| {
        let says = (i % 3) as usize;
        let p = 0.5 + 0.5 * noise(i);
        let right = noise(i + (1 << 32)) < if says == 2 { 0.5 } else { p };
        let truth = if right { says } else { (says + 1) % 3 };
        let scores = (0..3).map(|l| if l == says { p } else { (1.0 - p) / 2.0 }).collect();
        (scores, (0..3).map(|l| l == truth).collect(), 0.0)
    });
    let base = Policy::accept_all(&outputs);
    let wishes = Wishes { method: Method::None, ..wishes(0.1) };
    let Calibrated { policy, report } = labels(&samples, &outputs, &base, &wishes).unwrap();
    policy.check(&outputs).unwrap();
    assert!(policy.labels["a"].threshold.unwrap() > 0.7);
    assert_eq!(policy.labels["c"].threshold, None);
    let part = part_of(&report, "c");
    assert!(part.why.as_deref().unwrap().starts_with("escalate all: "), "{part:?}");
    assert!((part.figures.delta - 0.05 / 3.0).abs() < 1e-12);
    assert!(part_of(&report, "a").figures.upper_bound <= 0.1);
    assert!((0.0..1.0).contains(&policy.label_sets.unwrap().minimum_score));
    let pooled = Wishes { pooled: true, ..wishes };
    let Calibrated { policy, report } = labels(&samples, &outputs, &base, &pooled).unwrap();
    assert_eq!(policy.labels["a"].threshold, policy.labels["b"].threshold);
    assert_eq!(part_of(&report, "a").figures.delta, 0.05);
}

#[test]
fn several_labels_at_once_are_promised_about_the_records_that_are_accepted() {
    let outputs = outputs(OutputKind::Multilabel, &["a", "b"]);
    let samples = samples(20_000, |i| {
        let scores = vec![noise(i), noise(i + (1 << 32))];
        let truths = vec![noise(i + (2 << 32)) < scores[0], noise(i + (3 << 32)) < scores[1]];
        (scores, truths, 0.0)
    });
    let base = Policy::accept_all(&outputs);
    let each = Wishes { method: Method::None, ..wishes(0.2) };
    let whole = Wishes { pooled: true, ..each.clone() };
    let mut thresholds = Vec::new();
    for (wishes, promised) in [(each, Promised::EachLabel), (whole, Promised::Records)] {
        let Calibrated { policy, report } = labels(&samples, &outputs, &base, &wishes).unwrap();
        assert_eq!(report.promised, promised);
        let decider = Decider::new(&policy, &outputs, "x").unwrap();
        let (mut certify, mut accepted, mut wrong) = (0, 0u64, [0u64; 2]);
        let mut any = 0u64;
        for sample in samples.rows.iter().filter(|s| !s.fits) {
            certify += 1;
            let decision = decider.decide(Outcome::Scores(&sample.scores), Vec::new());
            if decision.reason != Reason::Confident {
                continue;
            }
            accepted += 1;
            let answer = decision.labels.unwrap();
            let holds = |name: &str| answer.iter().any(|l| **l == *name);
            let faults = [holds("a") != sample.truths[0], holds("b") != sample.truths[1]];
            (0..2).for_each(|l| wrong[l] += u64::from(faults[l]));
            any += u64::from(faults != [false; 2]);
        }
        // the report counts what the gate does
        assert!(accepted > 100, "{accepted}");
        assert_eq!(report.coverage, accepted as f64 / f64::from(certify));
        assert_eq!(report.error, Some(any as f64 / accepted as f64));
        for (l, label) in ["a", "b"].into_iter().enumerate() {
            let figures = part_of(&report, label).figures;
            let errors = if wishes.pooled { any } else { wrong[l] };
            assert_eq!((figures.accepted, figures.errors), (accepted, errors));
            assert!(figures.upper_bound <= 0.2, "{figures:?}");
            assert_eq!(figures.delta, 0.05, "both tests have to reject, each at the whole δ");
        }
        let threshold = policy.labels["a"].threshold;
        assert_eq!(threshold, policy.labels["b"].threshold);
        let point = report.curve.iter().find(|p| Some(p.threshold) == threshold).unwrap();
        let worst = if wishes.pooled { any } else { wrong[0].max(wrong[1]) };
        assert_eq!(
            (point.coverage, point.error),
            (report.coverage, Some(worst as f64 / accepted as f64))
        );
        thresholds.push(policy.labels["a"].threshold.unwrap());
    }
    assert!(thresholds[0] < thresholds[1], "{thresholds:?}");
}

/// Of its answers above any threshold 1 in 20 is wrong, but they are those of the records whose
/// other label is certain: a threshold that was certified on all of them would accept records of
/// which a third is wrong.
#[test]
fn a_label_that_errs_where_the_others_are_certain_is_not_accepted() {
    let outputs = outputs(OutputKind::Multilabel, &["a", "b"]);
    let samples = samples(8_000, |i| {
        let certain = noise(i) < 0.15;
        let wrong = certain && noise(i + (1 << 32)) < 0.33;
        let a = if certain { 0.99 } else { 0.6 };
        (vec![a, 0.95], vec![noise(i + (2 << 32)) < a, !wrong], 0.0)
    });
    let base = Policy::accept_all(&outputs);
    let wishes = Wishes { method: Method::None, ..wishes(0.1) };
    let Calibrated { policy, report } = labels(&samples, &outputs, &base, &wishes).unwrap();
    assert_eq!(policy.labels["b"].threshold, None, "{report:?}");
    assert_eq!(report.coverage, 0.0);
    assert!(part_of(&report, "b").why.as_deref().unwrap().contains("answers are wrong"));
}

#[test]
fn a_default_that_errs_too_often_becomes_an_escalation() {
    let outputs = outputs(OutputKind::Binary, &["no", "yes"]);
    let samples = samples(8_000, |i| {
        let p = noise(i);
        let yes = noise(i + (1 << 32)) < p;
        (vec![1.0 - p, p], vec![!yes, yes], 0.0)
    });
    let mut base = Policy::accept_all(&outputs);
    base.default_label = Some("no".into());
    base.labels.get_mut("yes").unwrap().below = Fallback::Default;
    for (most, kept) in [(0.7, true), (0.5, false)] {
        let wishes = Wishes { max_default_error: Some(most), method: Method::None, ..wishes(0.2) };
        let Calibrated { policy, report } = labels(&samples, &outputs, &base, &wishes).unwrap();
        let part = part_of(&report, "yes").default.as_ref().unwrap();
        assert_eq!(part.certified, kept, "{part:?}");
        let below = if kept { Fallback::Default } else { Fallback::Escalate };
        assert_eq!(policy.labels["yes"].below, below);
        assert!((part_of(&report, "no").figures.delta - 0.05 / 3.0).abs() < 1e-12, "of three");
    }
}
