use super::{Outcome, WindowCounts, check_window};
use crate::summary::{Against, Aggregate, CategoryBins, InputBins, NumericBins, WindowCheck};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn numeric() -> InputBins {
    InputBins::Numeric(NumericBins {
        name: "x".into(),
        edges: vec![0.0, 1.0, 2.0, 4.0],
        counts: vec![10, 20, 10],
        below: 0,
        above: 0,
        missing: 0,
        invalid: 0,
    })
}

fn category(counts: [u64; 3], unseen: u64) -> InputBins {
    InputBins::Category(CategoryBins {
        name: "c".into(),
        values: ["a", "b", "c"].map(String::from).to_vec(),
        counts: counts.to_vec(),
        missing: 0,
        unseen,
        invalid: 0,
    })
}

fn check(of: Aggregate, minimum: Option<f64>, maximum: Option<f64>) -> WindowCheck {
    let (strict_minimum, strict_maximum) = (false, false);
    let (input, source) = (Some("x".into()), None);
    WindowCheck { input, of, minimum, maximum, strict_minimum, strict_maximum, source }
}

fn judged(bins: &InputBins, counts: &[f64], check: &WindowCheck) -> super::Checked {
    let counts = WindowCounts { bins, current: counts, previous: None };
    check_window(check, 100.0, Some(counts))
}

/// Bins, missing, below, above, invalid.
const COUNTS: [f64; 7] = [2.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0];

#[test]
fn a_bound_inside_the_interval_is_undecided_and_one_outside_decides() {
    use Outcome::{Fail, Pass, Undecided};
    // 2 values in [0, 1], one in [1, 2], one in [2, 4]: the sum is in [3, 8]
    for (of, low, high) in [
        (Aggregate::Sum {}, 3.0, 8.0),
        (Aggregate::Mean {}, 0.75, 2.0),
        (Aggregate::Minimum {}, 0.0, 1.0),
        (Aggregate::Maximum {}, 2.0, 4.0),
        (Aggregate::Median {}, 0.0, 2.0),
        (Aggregate::Quantile { level: 0.0 }, 0.0, 1.0),
        (Aggregate::Quantile { level: 1.0 }, 2.0, 4.0),
        (Aggregate::NonNullShare {}, 0.8, 0.8),
        (Aggregate::UniqueCount {}, 3.0, 4.0),
        (Aggregate::UniqueShare {}, 0.75, 1.0),
    ] {
        let of = || of.clone();
        let bins = numeric();
        let found = |least, most| judged(&bins, &COUNTS, &check(of(), least, most));
        let told = found(Some(low), Some(high));
        assert_eq!(
            (told.outcome, told.low, told.high),
            (Pass, Some(low), Some(high)),
            "{:?}",
            of()
        );
        assert_eq!(found(Some(high + 0.01), None).outcome, Fail, "{:?}", of());
        assert_eq!(found(None, Some(low - 0.01)).outcome, Fail, "{:?}", of());
        if low < high {
            assert_eq!(found(Some((low + high) / 2.0), None).outcome, Undecided, "{:?}", of());
        }
        let mut strict = check(of(), Some(low), None);
        strict.strict_minimum = true;
        assert_ne!(judged(&bins, &COUNTS, &strict).outcome, Pass, "{:?}", of());
    }
}

#[test]
fn values_without_a_place_leave_no_end() {
    let mut counts = COUNTS;
    counts[6] = 1.0;
    let bins = numeric();
    let of = |of| judged(&bins, &counts, &check(of, Some(0.0), None));
    for wide in [Aggregate::Mean {}, Aggregate::Sum {}] {
        assert_eq!((of(wide.clone()).low, of(wide).high), (None, None));
    }
    let least = of(Aggregate::Minimum {});
    assert_eq!((least.low, least.high), (None, Some(1.0)));
    counts[6] = 0.0;
    counts[5] = 1.0;
    let most = judged(&bins, &counts, &check(Aggregate::Maximum {}, None, Some(9.0)));
    assert_eq!((most.outcome, most.low, most.high), (Outcome::Undecided, Some(4.0), None));
    let empty = judged(&bins, &[0.0; 7], &check(Aggregate::Mean {}, Some(0.0), None));
    assert_eq!((empty.outcome, empty.reason), (Outcome::Undecided, Some("no value came")));
}

#[test]
fn records_are_counted() {
    let mut rows = check(Aggregate::RowCount {}, Some(100.0), Some(100.0));
    rows.input = None;
    assert_eq!(check_window(&rows, 100.0, None).outcome, Outcome::Pass);
    assert_eq!(check_window(&rows, 99.0, None).outcome, Outcome::Fail);
}

#[test]
fn the_most_common_category_may_be_one_that_is_not_listed() {
    let bins = category([1, 1, 1], 0);
    let of = |values: &[&str], ties_okay, counts: [f64; 6]| {
        let values = values.iter().map(|v| (*v).to_owned()).collect();
        judged(&bins, &counts, &check(Aggregate::MostCommon { values, ties_okay }, None, None))
            .outcome
    };
    assert_eq!(of(&["a"], false, [5.0, 3.0, 0.0, 0.0, 1.0, 0.0]), Outcome::Pass);
    assert_eq!(of(&["b"], false, [5.0, 3.0, 0.0, 0.0, 1.0, 0.0]), Outcome::Fail);
    assert_eq!(of(&["a"], false, [5.0, 5.0, 0.0, 0.0, 0.0, 0.0]), Outcome::Fail);
    assert_eq!(of(&["a"], true, [5.0, 5.0, 0.0, 0.0, 0.0, 0.0]), Outcome::Pass);
    assert_eq!(of(&["a"], true, [5.0, 0.0, 0.0, 0.0, 5.0, 0.0]), Outcome::Undecided);
}

#[test]
fn distances_are_those_of_the_shares() {
    let bins = category([50, 30, 20], 0);
    let of = |of, counts: [f64; 6]| judged(&bins, &counts, &check(of, None, Some(0.5)));
    let linf = of(Aggregate::Linf { against: Against::Baseline }, [2.0, 3.0, 5.0, 7.0, 0.0, 0.0]);
    assert!((linf.low.unwrap() - 0.3).abs() < 1e-12 && linf.low == linf.high);
    // scipy.spatial.distance.jensenshannon([.5, .3, .2], [.2, .3, .5], 2) ** 2
    let js =
        of(Aggregate::JensenShannon { against: Against::Baseline }, [2.0, 3.0, 5.0, 7.0, 0.0, 0.0]);
    assert!((js.low.unwrap() - 0.095_815_602_003_358_4).abs() < 1e-12, "{js:?}");
    // scipy.stats.entropy([.2, .3, .5], [.5, .3, .2])
    let expected =
        BTreeMap::from([("a", 0.5), ("b", 0.3), ("c", 0.2)].map(|(n, x)| (n.to_owned(), x)));
    let kl = |counts| of(Aggregate::KlDivergence { expected: expected.clone() }, counts);
    assert!(
        (kl([2.0, 3.0, 5.0, 7.0, 0.0, 0.0]).low.unwrap() - 0.274_887_219_562_246_54).abs() < 1e-12
    );
    assert_eq!(kl([2.0, 3.0, 5.0, 7.0, 1.0, 0.0]).outcome, Outcome::Fail);
    // half of what came is in no list: one value, or many
    let wide = of(Aggregate::Linf { against: Against::Baseline }, [5.0, 3.0, 2.0, 0.0, 10.0, 0.0]);
    assert_eq!((wide.low, wide.high), (Some(0.25), Some(0.5)));
    let previous =
        of(Aggregate::Linf { against: Against::Previous }, [5.0, 3.0, 2.0, 0.0, 0.0, 0.0]);
    assert_eq!(previous.reason, Some("there is no window before it"));
}

#[test]
fn values_that_broke_a_clause_may_be_of_any_listed_category() {
    let bins = category([40, 40, 20], 0);
    let of = |of, minimum, maximum, counts: [f64; 6]| {
        judged(&bins, &counts, &check(of, minimum, maximum))
    };
    // a, b, c, missing, unseen, invalid: three more of b would be the most
    let values = vec!["a".to_owned()];
    let common = Aggregate::MostCommon { values, ties_okay: false };
    let found = of(common, None, None, [5.0, 4.0, 0.0, 0.0, 0.0, 3.0]);
    assert_eq!(found.outcome, Outcome::Undecided);
    // two more of a are 0.7 of the values, 0.3 beyond the baseline's
    let linf = Aggregate::Linf { against: Against::Baseline };
    let found = of(linf, None, Some(0.25), [5.0, 3.0, 0.0, 0.0, 0.0, 2.0]);
    assert_eq!(found.outcome, Outcome::Undecided);
    assert!(found.high.unwrap() >= 0.3 - 1e-12, "{found:?}");
    // NaN breaks a clause and is no value
    let found = of(Aggregate::NonNullShare {}, Some(0.9), None, [5.0, 0.0, 0.0, 0.0, 0.0, 5.0]);
    assert_eq!((found.outcome, found.low, found.high), (Outcome::Undecided, Some(0.5), Some(1.0)));
    let expected = BTreeMap::from([("a".to_owned(), 1.0)]);
    for of_shares in [
        Aggregate::KlDivergence { expected },
        Aggregate::JensenShannon { against: Against::Baseline },
    ] {
        let found = of(of_shares, None, Some(1e-9), [5.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        assert_eq!(found.outcome, Outcome::Undecided);
    }
}

/// Linear interpolation of order statistics, numpy's default.
fn quantile(sorted: &[f64], level: f64) -> f64 {
    let rank = level * (sorted.len() - 1) as f64;
    let (low, high) = (rank.floor() as usize, rank.ceil() as usize);
    sorted[low] + (sorted[high] - sorted[low]) * (rank - rank.floor())
}

proptest! {
    /// Whatever the invalid values are, the true difference and share lie in the interval.
    #[test]
    fn shares_hold_whatever_the_invalid_values_are(
        listed in prop::array::uniform3(0u8..6),
        unseen in 0u8..3,
        truths in prop::collection::vec(0usize..5, 0..4),
    ) {
        let bins = category([40, 40, 20], 0);
        let mut counts = [0.0; 6];
        for (count, listed) in counts.iter_mut().zip(listed) {
            *count = f64::from(listed);
        }
        counts[4] = f64::from(unseen);
        counts[5] = truths.len() as f64;
        // a, b, c, another value, or none
        let mut truth: Vec<f64> = listed.iter().map(|n| f64::from(*n)).collect();
        let (mut others, mut none) = (f64::from(unseen), 0.0);
        for value in &truths {
            match value {
                0..=2 => truth[*value] += 1.0,
                3 => others += 1.0,
                _ => none += 1.0,
            }
        }
        let all = truth.iter().sum::<f64>() + others;
        prop_assume!(all > 0.0);
        let linf = truth.iter().zip([0.4, 0.4, 0.2]).map(|(n, p)| (n / all - p).abs());
        // the others as one value
        let linf = linf.fold(others / all, f64::max);
        for (of, truth) in [
            (Aggregate::Linf { against: Against::Baseline }, linf),
            (Aggregate::NonNullShare {}, all / (all + none)),
        ] {
            let found = judged(&bins, &counts, &check(of.clone(), Some(truth), None));
            prop_assert!(found.low.is_none_or(|low| low <= truth + 1e-9), "{of:?} {truth} {found:?}");
            prop_assert!(found.high.is_none_or(|high| high >= truth - 1e-9), "{of:?} {truth} {found:?}");
        }
    }

    #[test]
    fn the_true_figure_lies_in_the_interval(
        values in prop::collection::vec(-1.0f64..5.0, 1..60),
        level in 0.0f64..=1.0,
        invalid in 0usize..3,
    ) {
        let edges = [0.0, 1.0, 2.0, 4.0];
        let mut counts = [0.0; 7];
        // the first values broke a clause: they are there all the same
        let invalid = invalid.min(values.len());
        counts[6] = invalid as f64;
        for x in &values[invalid..] {
            let bin = edges.windows(2).position(|e| e[0] <= *x && (*x < e[1] || *x == 4.0));
            counts[bin.unwrap_or(if *x < 0.0 { 4 } else { 5 })] += 1.0;
        }
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let mut distinct = sorted.clone();
        distinct.dedup();
        let (n, sum) = (values.len() as f64, values.iter().sum::<f64>());
        let bins = numeric();
        for (of, truth) in [
            (Aggregate::Sum {}, sum),
            (Aggregate::Mean {}, sum / n),
            (Aggregate::Minimum {}, sorted[0]),
            (Aggregate::Maximum {}, sorted[sorted.len() - 1]),
            (Aggregate::Median {}, quantile(&sorted, 0.5)),
            (Aggregate::Quantile { level }, quantile(&sorted, level)),
            (Aggregate::UniqueCount {}, distinct.len() as f64),
            (Aggregate::UniqueShare {}, distinct.len() as f64 / n),
            (Aggregate::NonNullShare {}, 1.0),
        ] {
            let found = judged(&bins, &counts, &check(of.clone(), Some(truth), Some(truth)));
            let slack = 1e-9 * truth.abs().max(1.0);
            prop_assert!(found.low.is_none_or(|low| low <= truth + slack), "{of:?} {truth} {found:?}");
            prop_assert!(found.high.is_none_or(|high| high >= truth - slack), "{of:?} {truth} {found:?}");
        }
    }
}
