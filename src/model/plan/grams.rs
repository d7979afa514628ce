//! Counts of n-grams: `TfIdfVectorizer`, with the words of a text cut on the way.
//!
//! A text's words are never stored: a window of the last ones is all that n-grams need, and words
//! that no n-gram has need no symbol.

use super::args::{Args, Outs, Signature};
use super::codec::{Reader, Writer};
use super::fault::{Checked, Fault, ensure};
use super::step::Operator;
use super::types::{Dim, Extents, Shape, TensorType};
use super::words::Words;
use crate::limits::MAX_GRAM_WINDOW;
use crate::tensor::DType;

/// What an n-gram adds to its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weighting {
    /// 1 for each time.
    Count,
    /// Its weight, once.
    Weight,
    /// Its weight for each time.
    Both,
}

/// Inputs: x string `[rows]` to cut into words, or without `words` string or i64 `[rows, n]` or
/// `[n]`; constant: the n-grams' elements as x's, those of one element first, ascending within one
/// length; i32 how many n-grams of 1, 2, … elements; i32 columns and f32 weights, one an n-gram.
///
/// Output: f32 `[rows, columns]`, of a vector without words `[columns]`.
#[derive(Clone, Debug)]
pub struct Grams {
    weighting: Weighting,
    shortest: u32,
    skips: u32,
    columns: u32,
    words: Option<Words>,
    lengths: Vec<Length>,
}

/// The n-grams of one length.
#[derive(Clone, Copy, Debug)]
struct Length {
    elements: usize,
    /// Their first element, and their number.
    pool: usize,
    first: usize,
    count: usize,
}

/// A word that is in no n-gram.
const UNKNOWN: i64 = -1;

/// The elements of n-grams: integers, or symbols of text.
#[derive(Clone, Copy)]
enum Pool<'a> {
    Integers(&'a [i64]),
    Texts(&'a [u32]),
}

impl Pool<'_> {
    fn len(self) -> usize {
        match self {
            Self::Integers(v) => v.len(),
            Self::Texts(v) => v.len(),
        }
    }

    fn get(self, i: usize) -> i64 {
        match self {
            Self::Integers(v) => v.get(i).copied().unwrap_or(UNKNOWN),
            Self::Texts(v) => v.get(i).map_or(UNKNOWN, |s| i64::from(*s)),
        }
    }
}

impl Grams {
    /// N-grams from `shortest` elements on, with up to `skips` left out between two.
    pub const fn new(
        weighting: Weighting,
        shortest: u32,
        skips: u32,
        columns: u32,
        words: Option<Words>,
    ) -> Self {
        Self { weighting, shortest, skips, columns, words, lengths: Vec::new() }
    }

    /// The n-gram of this length whose elements are `item(0)`, `item(1)`, ….
    fn find(pool: Pool<'_>, length: &Length, item: impl Fn(usize) -> i64) -> Option<usize> {
        let (mut low, mut high) = (0, length.count);
        while low < high {
            let middle = low.midpoint(high);
            let start = length.pool + middle * length.elements;
            let order = (0..length.elements).map(|j| pool.get(start + j).cmp(&item(j)));
            match order.into_iter().find(|o| o.is_ne()) {
                None => return Some(length.first + middle),
                Some(std::cmp::Ordering::Less) => low = middle + 1,
                Some(_) => high = middle,
            }
        }
        None
    }

    /// Counts every n-gram that ends in element number `at`, which is the last in the window.
    fn count(&self, args: &Args<'_>, pool: Pool<'_>, window: &Window, at: usize, row: &mut [f32]) {
        for length in &self.lengths {
            if length.elements < self.shortest as usize {
                continue;
            }
            let skips = if length.elements == 1 { 0 } else { self.skips };
            for skip in 0..=skips as usize {
                let back = |j: usize| (length.elements - 1 - j) * (skip + 1);
                if back(0) > at {
                    break;
                }
                let found = Self::find(pool, length, |j| window.get(at - back(j)));
                let Some(gram) = found else { continue };
                let column = args.get::<i32>(3).get(gram).copied().unwrap_or(0);
                let weight = args.get::<f32>(4).get(gram).copied().unwrap_or(1.0);
                if let Some(to) = row.get_mut(column as usize) {
                    match self.weighting {
                        Weighting::Count => *to += 1.0,
                        Weighting::Weight => *to = weight,
                        Weighting::Both => *to += weight,
                    }
                }
            }
        }
    }
}

/// The last elements of a row.
struct Window([i64; MAX_GRAM_WINDOW]);

impl Window {
    fn get(&self, at: usize) -> i64 {
        self.0.get(at % MAX_GRAM_WINDOW).copied().unwrap_or(UNKNOWN)
    }

    fn set(&mut self, at: usize, x: i64) {
        if let Some(place) = self.0.get_mut(at % MAX_GRAM_WINDOW) {
            *place = x;
        }
    }
}

fn pool<'a>(signature: &Signature<'a>) -> Checked<Pool<'a>> {
    Ok(match signature.any_of(1, &[DType::Int64, DType::String])?.dtype {
        DType::Int64 => Pool::Integers(signature.constant(1)?),
        _ => Pool::Texts(signature.constant(1)?),
    })
}

impl Operator for Grams {
    const NAME: &'static str = "grams";

    fn write(&self, writer: &mut Writer) {
        writer.u8(self.weighting as u8);
        writer.u32(self.shortest);
        writer.u32(self.skips);
        writer.u32(self.columns);
        writer.bool(self.words.is_some());
        if let Some(words) = &self.words {
            words.write(writer);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Checked<Self> {
        let weighting = match reader.u8()? {
            0 => Weighting::Count,
            1 => Weighting::Weight,
            2 => Weighting::Both,
            _ => return Err(Fault::new("there is no such weighting")),
        };
        let (shortest, skips, columns) = (reader.u32()?, reader.u32()?, reader.u32()?);
        let words = if reader.bool()? { Some(Words::read(reader)?) } else { None };
        Ok(Self::new(weighting, shortest, skips, columns, words))
    }

    fn bind(&mut self, signature: &Signature<'_>) -> Checked<Vec<TensorType>> {
        signature.expect(5)?;
        let pool = pool(signature)?;
        let x = signature.typed(0, signature.ty(1)?.dtype)?;
        let counts = signature.constant::<i32>(2)?;
        self.lengths.clear();
        let (mut start, mut first) = (0usize, 0usize);
        for (i, count) in counts.iter().enumerate() {
            let count = usize::try_from(*count)
                .map_err(|_| Fault::new("a number of n-grams is negative"))?;
            let length = Length { elements: i + 1, pool: start, first, count };
            start = start.saturating_add(count.saturating_mul(i + 1));
            first = first.saturating_add(count);
            ensure(start <= pool.len(), "the n-grams' elements are too few")?;
            check_order(pool, &length)?;
            self.lengths.push(length);
        }
        ensure(start == pool.len(), "the n-grams' elements are too many")?;
        let window =
            counts.len().saturating_sub(1).saturating_mul((self.skips as usize).saturating_add(1));
        if counts.is_empty() || window >= MAX_GRAM_WINDOW {
            return Err(Fault::large("n-grams reach over too many words"));
        }
        let columns = signature.constant::<i32>(3)?;
        let weights = signature.constant::<f32>(4)?;
        ensure(
            columns.len() == first && weights.len() == first,
            "each n-gram needs a column and a weight",
        )?;
        ensure(
            columns.iter().all(|c| (0..i64::from(self.columns)).contains(&i64::from(*c))),
            "an n-gram's column is out of range",
        )?;
        ensure(weights.iter().all(|w| w.is_finite()), "an n-gram's weight is not finite")?;
        let columns = Dim::Fixed(self.columns);
        let shape = if self.words.is_some() {
            ensure(x.dtype == DType::String, "only text has words")?;
            Shape::new(&[x.shape.count()?, columns])?
        } else if x.shape.rank() == 1 {
            signature.rows_columns(0)?;
            Shape::new(&[columns])?
        } else {
            Shape::new(&[signature.rows_columns(0)?.0, columns])?
        };
        shape.count()?;
        Ok(vec![TensorType::new(DType::Float32, shape)])
    }

    fn work(&self, inputs: &[Extents], outputs: &[Extents]) -> u64 {
        // how many words a text has is its own length's matter
        let count = |e: Option<&Extents>| e.map_or(0, |e| e.count() as u64);
        let tried = (self.lengths.len() as u64).saturating_mul(u64::from(self.skips) + 1);
        let searched = count(inputs.first()).saturating_mul(tried).saturating_mul(32);
        searched.saturating_add(count(outputs.first()))
    }

    fn run(&self, args: &Args<'_>, outs: &mut Outs<'_>) -> Checked<()> {
        let pool = match args.dtype(1) {
            DType::Int64 => Pool::Integers(args.get(1)),
            _ => Pool::Texts(args.get(1)),
        };
        let x = match args.dtype(0) {
            DType::Int64 => Pool::Integers(args.get(0)),
            _ => Pool::Texts(args.get(0)),
        };
        outs.get::<f32>(0).fill(0.0);
        let columns = self.columns as usize;
        let rows = outs.get::<f32>(0).len().checked_div(columns).unwrap_or(0);
        let width = args.extents(0).dims().last().copied().unwrap_or(0);
        let mut window = Window([UNKNOWN; MAX_GRAM_WINDOW]);
        for row in 0..rows {
            let range = row * columns..(row + 1) * columns;
            let Some(words) = &self.words else {
                for at in 0..width {
                    window.set(at, x.get(row * width + at));
                    if let Some(out) = outs.get(0).get_mut(range.clone()) {
                        self.count(args, pool, &window, at, out);
                    }
                }
                continue;
            };
            let (out, symbols) = outs.floats(0);
            let Some(out) = out.get_mut(range) else { continue };
            let mut text = u32::try_from(x.get(row)).map_or("", |symbol| symbols.text(symbol));
            let (mut at, mut before) = (0, None);
            while let Some((word, rest)) = words.next(text, &mut before) {
                window.set(at, symbols.find(word).map_or(UNKNOWN, i64::from));
                self.count(args, pool, &window, at, out);
                (text, at) = (rest, at + 1);
            }
        }
        Ok(())
    }
}

/// The n-grams of a length ascend, element by element, without a repetition.
fn check_order(pool: Pool<'_>, length: &Length) -> Checked<()> {
    let elements = length.elements;
    let ascend = (1..length.count).all(|i| {
        let start = length.pool + i * elements;
        let order = (0..elements).map(|j| pool.get(start - elements + j).cmp(&pool.get(start + j)));
        order.into_iter().find(|o| o.is_ne()) == Some(std::cmp::Ordering::Less)
    });
    ensure(ascend, "the n-grams do not ascend")
}
