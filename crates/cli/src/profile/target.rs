//! Whether a column alone tells the target: on the sampled rows, learned on one half and tried on
//! the other.

use super::sample::Sampled;
use std::collections::HashMap;

/// From this score on a column leaks the target.
pub const LEAK: f64 = 0.95;

/// Fewest rows that say anything.
const MIN_ROWS: usize = 100;

/// Values of a target that is a class rather than a number.
const MAX_CLASSES: usize = 50;

/// How well the column predicts the target, 1 being always: of a class the share of errors of the
/// best guess that it removes (Goodman and Kruskal's λ), of a number R². The prediction is that of
/// the nearest value of the other half. `None` if too little is known.
pub fn score(rows: &[Vec<Sampled>], target: usize, column: usize) -> Option<f64> {
    let missing = Sampled::Missing;
    let pairs: Vec<(Sampled, Sampled)> = rows
        .iter()
        .map(|r| (*r.get(column).unwrap_or(&missing), *r.get(target).unwrap_or(&missing)))
        .filter(|(_, y)| *y != Sampled::Missing)
        .collect();
    if pairs.len() < MIN_ROWS {
        return None;
    }
    let mut classes: HashMap<u64, u64> = HashMap::new();
    for (_, y) in &pairs {
        *classes.entry(key(*y)).or_default() += 1;
    }
    let numbers = pairs.iter().all(|(_, y)| matches!(y, Sampled::Number(_)));
    if classes.len() > MAX_CLASSES && !numbers {
        return None;
    }
    let (learn, test) = pairs.split_at(pairs.len() / 2);
    if classes.len() <= MAX_CLASSES { lambda(learn, test) } else { r_squared(learn, test) }
}

fn key(value: Sampled) -> u64 {
    match value {
        Sampled::Missing => 0,
        Sampled::Number(x) => x.to_bits() | 1,
        Sampled::Other(hash) => hash | 1,
    }
}

/// Targets by value of the column: of each number in rising order, and of each other value.
struct Groups {
    numbers: Vec<(f64, Vec<Sampled>)>,
    others: HashMap<u64, Vec<Sampled>>,
}

impl Groups {
    fn new(pairs: &[(Sampled, Sampled)]) -> Self {
        let mut new = Self { numbers: Vec::new(), others: HashMap::new() };
        let mut numbers: Vec<(f64, Sampled)> = Vec::new();
        for (x, y) in pairs {
            match x {
                Sampled::Number(x) => numbers.push((*x, *y)),
                other => new.others.entry(key(*other)).or_default().push(*y),
            }
        }
        numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (x, y) in numbers {
            match new.numbers.last_mut() {
                Some((last, ys)) if *last == x => ys.push(y),
                _ => new.numbers.push((x, vec![y])),
            }
        }
        new
    }

    fn nearest(&self, x: Sampled) -> Option<&[Sampled]> {
        let Sampled::Number(x) = x else {
            return self.others.get(&key(x)).map(Vec::as_slice);
        };
        let at = self.numbers.partition_point(|(v, _)| *v < x);
        let (low, high) =
            (at.checked_sub(1).and_then(|i| self.numbers.get(i)), self.numbers.get(at));
        match (low, high) {
            (Some(low), Some(high)) if x - low.0 < high.0 - x => Some(&low.1),
            (_, Some(high)) => Some(&high.1),
            (low, None) => low.map(|l| l.1.as_slice()),
        }
    }
}

fn majority<'a>(values: impl Iterator<Item = &'a Sampled>) -> u64 {
    let mut counts: HashMap<u64, u64> = HashMap::new();
    for y in values {
        *counts.entry(key(*y)).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(k, n)| (*n, *k)).map_or(0, |(k, _)| k)
}

fn lambda(learn: &[(Sampled, Sampled)], test: &[(Sampled, Sampled)]) -> Option<f64> {
    let groups = Groups::new(learn);
    let usual = majority(learn.iter().map(|(_, y)| y));
    let (mut wrong, mut base) = (0u64, 0u64);
    for (x, y) in test {
        let guess = groups.nearest(*x).map_or(usual, |ys| majority(ys.iter()));
        wrong += u64::from(guess != key(*y));
        base += u64::from(usual != key(*y));
    }
    (base > 0).then(|| 1.0 - wrong as f64 / base as f64)
}

fn r_squared(learn: &[(Sampled, Sampled)], test: &[(Sampled, Sampled)]) -> Option<f64> {
    let number = |y: &Sampled| if let Sampled::Number(x) = y { *x } else { 0.0 };
    let mean = |ys: &mut dyn Iterator<Item = f64>| {
        let (n, sum) = ys.fold((0u64, 0.0), |(n, sum), y| (n + 1, sum + y));
        sum / n.max(1) as f64
    };
    let groups = Groups::new(learn);
    let usual = mean(&mut learn.iter().map(|(_, y)| number(y)));
    let centre = mean(&mut test.iter().map(|(_, y)| number(y)));
    let (mut off, mut spread) = (0.0, 0.0);
    for (x, y) in test {
        let guess = groups.nearest(*x).map_or(usual, |ys| mean(&mut ys.iter().map(number)));
        off += (guess - number(y)).powi(2);
        spread += (number(y) - centre).powi(2);
    }
    (spread > 0.0).then(|| 1.0 - off / spread)
}

#[cfg(test)]
mod tests {
    use super::super::hash::finish;
    use super::*;

    fn rows(of: impl Fn(u64, f64) -> Vec<Sampled>) -> Vec<Vec<Sampled>> {
        (0..2_000).map(|i| of(i, (finish(i + 1) >> 11) as f64 / (1u64 << 53) as f64)).collect()
    }

    #[test]
    fn what_tells_the_target_scores_near_one_and_noise_near_none() {
        use Sampled::{Missing, Number, Other};
        // late if the delay, which one column holds, is above 0.8; another is missing just then
        let rows = rows(|i, delay| {
            let late = delay > 0.8;
            let noise = (finish(i + 7_777) >> 11) as f64;
            vec![
                Number(f64::from(u8::from(late))),
                Number(delay * 60.0),
                if late { Missing } else { Number(1.0) },
                Number(noise),
                Other(finish(i)),
                Number(i as f64),
                Other(if late != (i % 4 == 0) { 5 } else { 9 }),
            ]
        });
        let of = |column| score(&rows, 0, column).unwrap();
        assert!(of(1) > 0.97 && of(2) == 1.0);
        for column in 3..=6 {
            assert!(of(column) < 0.5, "{column}: {}", of(column));
        }
    }

    #[test]
    fn a_number_that_is_another_scaled_scores_near_one() {
        let rows = rows(|i, x| {
            let noise = (finish(i + 99) >> 11) as f64 / (1u64 << 53) as f64;
            vec![Sampled::Number(x), Sampled::Number(x * 3.0 - 1.0), Sampled::Number(x + noise)]
        });
        assert!(score(&rows, 0, 1).unwrap() > 0.99);
        assert!(score(&rows, 0, 2).unwrap() < 0.9);
        assert_eq!(score(&rows[..50], 0, 1), None);
    }
}
