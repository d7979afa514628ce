use super::*;
use crate::decision::samples::Random;

impl Random {
    /// Two numbers that go together, one by itself, and one that is now and then missing.
    fn rows(&mut self, n: usize) -> Vec<Vec<f64>> {
        let row = |_| {
            let a = self.unit();
            let missing = self.unit() < 0.1;
            let d = if missing { f64::NAN } else { self.unit() };
            vec![a, a + 0.05 * self.unit(), (5.0 * self.unit()).floor(), d]
        };
        (0..n).map(row).collect()
    }
}

fn options(pairs: bool) -> NoveltyOptions {
    NoveltyOptions { bins: 8, pairs, p_below: 0.05, then: Fallback::Escalate }
}

fn names() -> Vec<String> {
    ["a", "b", "c", "d"].map(str::to_owned).to_vec()
}

/// Share of the rows whose p-value is below 0.05.
fn stopped(novelty: &Novelty, rows: &[Vec<f64>]) -> f64 {
    let at: Vec<usize> = novelty
        .features
        .iter()
        .map(|f| names().iter().position(|n| *n == f.name).unwrap())
        .collect();
    let p = |row: &Vec<f64>| {
        let values: Vec<f64> = at.iter().map(|i| row[*i]).collect();
        novelty.p_value(novelty.strangeness(&values, &mut Vec::new()))
    };
    rows.iter().filter(|row| p(row) < 0.05).count() as f64 / rows.len() as f64
}

#[test]
fn as_many_are_stopped_as_it_says() {
    let mut random = Random(7);
    for pairs in [false, true] {
        let (fit, rank) = (random.rows(3_000), random.rows(3_000));
        let novelty = novelty(&names(), &fit, &rank, options(pairs)).unwrap();
        novelty.check().unwrap();
        let share = stopped(&novelty, &random.rows(6_000));
        // ties make it less; 4 standard errors of both samples make it more
        assert!((0.01..0.05 + 4.0 * (0.05 * 0.95 / 2_000.0f64).sqrt()).contains(&share), "{share}");
    }
}

#[test]
fn pairs_see_what_single_features_cannot() {
    let mut random = Random(8);
    let (fit, rank) = (random.rows(3_000), random.rows(3_000));
    let mut torn = random.rows(1_000);
    let shifted: Vec<f64> = (0..1_000).map(|i| torn[(i + 1) % 1_000][0]).collect();
    torn.iter_mut().zip(shifted).for_each(|(row, a)| row[0] = a);
    let by = |pairs| {
        let novelty = novelty(&names(), &fit, &rank, options(pairs)).unwrap();
        stopped(&novelty, &torn)
    };
    assert!(by(false) < 0.1 && by(true) > 0.5, "{} {}", by(false), by(true));
}

#[test]
fn values_beyond_all_that_was_seen_are_stopped() {
    let mut random = Random(9);
    let (fit, rank) = (random.rows(2_000), random.rows(2_000));
    let novelty = novelty(&names(), &fit, &rank, options(true)).unwrap();
    let far: Vec<Vec<f64>> = (0..100).map(|_| vec![9.0, 9.0, 2.0, 0.5]).collect();
    assert_eq!(stopped(&novelty, &far), 1.0);
}

#[test]
fn a_tie_and_too_few_rows_never_make_a_record_stranger_than_it_is() {
    let rows = vec![vec![1.0]; 10];
    let one = novelty(&["a".into()], &rows, &rows, options(true)).unwrap();
    let at = |x: f64| one.p_value(one.strangeness(&[x], &mut Vec::new()));
    assert_eq!(at(1.0), 1.0);
    assert_eq!(at(2.0), 1.0 / 11.0, "the least that ten rows can tell");
    assert!(novelty(&[], &rows, &rows, options(true)).is_none());
    assert!(novelty(&["a".into()], &[], &rows, options(true)).is_none());
    assert!(novelty(&["a".into()], &rows, &[], options(true)).is_none());
}

#[test]
fn tables_that_are_not_whole_are_refused_with_their_path() {
    let mut random = Random(10);
    let (fit, rank) = (random.rows(200), random.rows(200));
    let good = novelty(&names(), &fit, &rank, options(true)).unwrap();
    type Damage = fn(&mut Novelty);
    let cases: [(&str, Damage); 7] = [
        ("novelty.p_below", |n| n.p_below = 0.0),
        ("novelty.features", |n| n.features.clear()),
        ("novelty.features[0].edges", |n| n.features[0].edges.reverse()),
        ("novelty.features[1].parent", |n| n.features[1].parent = Some(1)),
        ("novelty.features[2].surprisals", |n| n.features[2].surprisals.truncate(3)),
        ("novelty.levels", |n| n.levels.reverse()),
        ("novelty.levels", |n| n.rows = 3),
    ];
    for (path, damage) in cases {
        let mut bad = good.clone();
        damage(&mut bad);
        let error = bad.check().unwrap_err();
        assert_eq!(error.place().path.as_deref(), Some(path));
    }
}
