//! What is known of a column's values.

use super::cell::Cell;
use super::distinct::Distinct;
use super::frequent::Frequent;
use super::quantiles::Quantiles;
use super::shape::{self, SHAPES, Shape};
use driftline::contract::{Instant, TimeFault, exact_f64, parse_rfc3339};
use driftline::limits::MAX_TEXT_BYTES;
use std::collections::BTreeMap;

/// Largest integer that a JavaScript number holds without doubt.
const MAX_SAFE: u64 = (1 << 53) - 1;

/// Different offsets that are told apart; there are 38 in use.
const MAX_OFFSETS: usize = 64;

/// Counts and extremes of the values that are there. Each value is in exactly one of the first nine.
#[derive(Clone, Debug)]
pub struct Summary {
    pub booleans: u64,
    pub integers: u64,
    pub huge: u64,
    /// Finite numbers that are not written as integers.
    pub numbers: u64,
    pub nan: u64,
    pub infinite: u64,
    pub texts: u64,
    pub arrays: u64,
    pub objects: u64,
    /// Values that no contract takes, by the name of their type.
    pub refused: BTreeMap<String, u64>,

    /// Integers beyond ±(2^53 − 1).
    pub unsafe_integers: u64,
    /// Integers that binary64 does not hold exactly.
    pub inexact: u64,
    /// Integers of payment cards.
    pub cards: u64,
    pub least: i64,
    pub greatest: i64,
    pub moments: Moments,
    pub quantiles: Quantiles,

    /// Texts that are timestamps with an offset.
    pub instants: u64,
    pub first: Option<Instant>,
    pub last: Option<Instant>,
    /// Minutes east of UTC.
    pub offsets: BTreeMap<i32, u64>,
    /// Instants by UTC's hour.
    pub hours: [u64; 24],

    pub shapes: [u64; SHAPES],
    /// Spellings of *missing*.
    pub missing: BTreeMap<&'static str, u64>,
    /// Texts that are longer than any contract takes.
    pub too_long: u64,
    pub empty: u64,
    /// In characters, of whatever has text: of every CSV cell.
    pub shortest: usize,
    pub longest: usize,

    pub distinct: Distinct,
    pub frequent: Frequent,
}

/// Number, mean and spread, by Welford's method with weights (D. West 1979).
#[derive(Clone, Copy, Debug, Default)]
pub struct Moments {
    pub n: u64,
    pub mean: f64,
    squares: f64,
    pub minimum: f64,
    pub maximum: f64,
}

impl Moments {
    fn add(&mut self, x: f64, weight: u64) {
        if self.n == 0 {
            *self = Self { n: weight, mean: x, squares: 0.0, minimum: x, maximum: x };
            return;
        }
        self.n += weight;
        let delta = x - self.mean;
        self.mean += delta * (weight as f64 / self.n as f64);
        self.squares += delta * (x - self.mean) * weight as f64;
        self.minimum = self.minimum.min(x);
        self.maximum = self.maximum.max(x);
    }

    /// Chan, Golub and LeVeque (1979).
    fn merge(&mut self, other: &Self) {
        if self.n == 0 {
            *self = *other;
            return;
        }
        if other.n == 0 {
            return;
        }
        let n = self.n + other.n;
        let (a, b) = (self.n as f64 / n as f64, other.n as f64 / n as f64);
        let delta = other.mean - self.mean;
        self.squares += other.squares + delta * delta * a * other.n as f64;
        self.mean += delta * b;
        self.n = n;
        self.minimum = self.minimum.min(other.minimum);
        self.maximum = self.maximum.max(other.maximum);
    }

    /// Standard deviation of the values, not of a sample.
    pub fn deviation(&self) -> f64 {
        (self.squares / self.n.max(1) as f64).sqrt()
    }
}

impl Summary {
    pub fn new() -> Self {
        Self {
            booleans: 0,
            integers: 0,
            huge: 0,
            numbers: 0,
            nan: 0,
            infinite: 0,
            texts: 0,
            arrays: 0,
            objects: 0,
            refused: BTreeMap::new(),
            unsafe_integers: 0,
            inexact: 0,
            cards: 0,
            least: i64::MAX,
            greatest: i64::MIN,
            moments: Moments::default(),
            quantiles: Quantiles::new(),
            instants: 0,
            first: None,
            last: None,
            offsets: BTreeMap::new(),
            hours: [0; 24],
            shapes: [0; SHAPES],
            missing: BTreeMap::new(),
            too_long: 0,
            empty: 0,
            shortest: usize::MAX,
            longest: 0,
            distinct: Distinct::new(),
            frequent: Frequent::default(),
        }
    }

    /// Values that are there.
    pub fn present(&self) -> u64 {
        self.booleans
            + self.integers
            + self.huge
            + self.numbers
            + self.nan
            + self.infinite
            + self.texts
            + self.arrays
            + self.objects
            + self.refused.values().sum::<u64>()
    }

    pub fn shape(&self, shape: Shape) -> u64 {
        self.shapes.get(shape as usize).copied().unwrap_or(0)
    }

    /// Adds a value so many times; `length` is that of its text in characters, if it has one.
    pub fn add(&mut self, cell: Cell<'_>, length: Option<usize>, weight: u64) {
        if let Some(length) = length {
            self.shortest = self.shortest.min(length);
            self.longest = self.longest.max(length);
        }
        match cell {
            Cell::Boolean(_) => self.booleans += weight,
            Cell::Integer(i) => self.integer(i, weight),
            Cell::Huge => self.huge += weight,
            Cell::Number(x) if x.is_nan() => self.nan += weight,
            Cell::Number(x) if x.is_infinite() => self.infinite += weight,
            Cell::Number(x) => {
                self.numbers += weight;
                self.number(x, weight);
            }
            Cell::Text(text) => self.text(text, weight),
            Cell::Array => self.arrays += weight,
            Cell::Object => self.objects += weight,
            Cell::Refused(name) => *self.refused.entry(name.to_owned()).or_default() += weight,
        }
    }

    fn integer(&mut self, i: i64, weight: u64) {
        self.integers += weight;
        self.least = self.least.min(i);
        self.greatest = self.greatest.max(i);
        if i.unsigned_abs() > MAX_SAFE {
            self.unsafe_integers += weight;
            self.inexact += if exact_f64(i).is_none() { weight } else { 0 };
        }
        if shape::is_card_number(i) {
            self.cards += weight;
        }
        self.number(i as f64, weight);
    }

    fn number(&mut self, x: f64, weight: u64) {
        // −0 and 0 are one value
        let x = if x == 0.0 { 0.0 } else { x };
        self.moments.add(x, weight);
        self.quantiles.add(x, weight);
    }

    fn text(&mut self, text: &str, weight: u64) {
        self.texts += weight;
        if text.len() > MAX_TEXT_BYTES {
            self.too_long += weight;
            return;
        }
        if text.is_empty() {
            self.empty += weight;
            return;
        }
        if let Some(spelling) = shape::missing(text) {
            *self.missing.entry(spelling).or_default() += weight;
            return;
        }
        if text.as_bytes().get(10).is_some_and(|b| matches!(b, b'T' | b't')) {
            match parse_rfc3339(text) {
                Ok(at) => return self.instant(text, at, weight),
                Err(TimeFault::NoOffset | TimeFault::Malformed(_) | TimeFault::OutOfRange) => {}
            }
        }
        shape::shapes(text, |shape| {
            if let Some(n) = self.shapes.get_mut(shape as usize) {
                *n += weight;
            }
        });
    }

    fn instant(&mut self, text: &str, at: Instant, weight: u64) {
        self.instants += weight;
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
        let hour = at.seconds.div_euclid(3_600).rem_euclid(24) as usize;
        if let Some(n) = self.hours.get_mut(hour) {
            *n += weight;
        }
        let offset = offset(text);
        if self.offsets.len() < MAX_OFFSETS || self.offsets.contains_key(&offset) {
            *self.offsets.entry(offset).or_default() += weight;
        }
    }

    /// Adds the values of another.
    pub fn merge(&mut self, other: Self) {
        self.booleans += other.booleans;
        self.integers += other.integers;
        self.huge += other.huge;
        self.numbers += other.numbers;
        self.nan += other.nan;
        self.infinite += other.infinite;
        self.texts += other.texts;
        self.arrays += other.arrays;
        self.objects += other.objects;
        for (name, n) in other.refused {
            *self.refused.entry(name).or_default() += n;
        }
        self.unsafe_integers += other.unsafe_integers;
        self.inexact += other.inexact;
        self.cards += other.cards;
        self.least = self.least.min(other.least);
        self.greatest = self.greatest.max(other.greatest);
        self.moments.merge(&other.moments);
        self.quantiles.merge(other.quantiles);
        self.instants += other.instants;
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = self.last.max(other.last);
        for (offset, n) in other.offsets {
            *self.offsets.entry(offset).or_default() += n;
        }
        for (ours, theirs) in self.hours.iter_mut().zip(other.hours) {
            *ours += theirs;
        }
        for (ours, theirs) in self.shapes.iter_mut().zip(other.shapes) {
            *ours += theirs;
        }
        for (spelling, n) in other.missing {
            *self.missing.entry(spelling).or_default() += n;
        }
        self.too_long += other.too_long;
        self.empty += other.empty;
        self.shortest = self.shortest.min(other.shortest);
        self.longest = self.longest.max(other.longest);
        self.distinct.merge(&other.distinct);
        self.frequent.merge(other.frequent);
    }
}

/// Minutes east of UTC of a timestamp that has an offset.
fn offset(text: &str) -> i32 {
    let Some(tail) = text.as_bytes().last_chunk::<6>() else { return 0 };
    let [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] = tail else { return 0 };
    let digit = |b: &u8| i32::from(b.wrapping_sub(b'0'));
    let minutes = (digit(h1) * 10 + digit(h2)) * 60 + digit(m1) * 10 + digit(m2);
    if *sign == b'-' { -minutes } else { minutes }
}

/// An offset as RFC 3339 writes it.
pub fn shown_offset(minutes: i32) -> String {
    if minutes == 0 {
        return "Z".to_owned();
    }
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.unsigned_abs();
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_read_and_shown() {
        for (text, minutes, shown) in [
            ("2013-07-01T12:30:00Z", 0, "Z"),
            ("2013-07-01T12:30:00-04:00", -240, "-04:00"),
            ("2013-07-01T12:30:00.5+05:45", 345, "+05:45"),
        ] {
            assert_eq!(offset(text), minutes);
            assert_eq!(shown_offset(minutes), shown);
        }
    }

    #[test]
    fn moments_merge_to_those_of_the_whole() {
        let values = [3.0, -1.5, 8.0, 8.0, 1e6, 0.25];
        let mut whole = Moments::default();
        let (mut a, mut b) = (Moments::default(), Moments::default());
        for (i, x) in values.into_iter().enumerate() {
            whole.add(x, 1);
            if i < 2 { a.add(x, 1) } else { b.add(x, 1) }
        }
        a.merge(&b);
        let mean = values.iter().sum::<f64>() / 6.0;
        let deviation = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 6.0).sqrt();
        for m in [whole, a] {
            assert!((m.mean - mean).abs() < 1e-9 && (m.deviation() - deviation).abs() < 1e-6);
            assert_eq!((m.minimum, m.maximum, m.n), (-1.5, 1e6, 6));
        }
    }
}
