//! Operators of text: `StringNormalizer`, `Tokenizer` and `TfIdfVectorizer`.

use super::Operators;
use super::pattern;
use crate::graph::{Lowering, Value};
use driftline::error::{ErrorCode, Result};
use driftline::model::plan::TensorId;
use driftline::model::plan::grams::{Grams, Weighting};
use driftline::model::plan::text::ChangeCase;
use driftline::model::plan::words::{Class, Words};
use driftline::tensor::{DType, TensorData};

pub(super) const OPERATORS: Operators =
    &[("StringNormalizer", string_normalizer), ("TfIdfVectorizer", tf_idf_vectorizer)];

pub(super) const COM_MICROSOFT: Operators = &[("Tokenizer", tokenizer)];

fn text_input(cx: &mut Lowering<'_, '_>) -> Result<TensorId> {
    let x = cx.input(0)?;
    match cx.ty(x)?.dtype {
        DType::String => Ok(x),
        _ => Err(cx.node.invalid("it takes text")),
    }
}

fn string_normalizer(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let x = text_input(cx)?;
    if !cx.node.texts("stopwords")?.is_empty() {
        return Err(cx.node.error(
            ErrorCode::DynamicShape,
            "how many texts its stopwords leave is not known before",
        ));
    }
    let locale = cx.node.text_or("locale", "en_US")?;
    let language = locale.split(['_', '.', '@', '-']).next().unwrap_or_default();
    if matches!(language, "tr" | "az" | "lt") {
        return Err(cx
            .node
            .unsupported(&format!("the cases of the locale `{locale}` are its own")));
    }
    let ascii = matches!(language, "C" | "POSIX");
    let y = match cx.node.text_or("case_change_action", "NONE")?.as_str() {
        "NONE" => x,
        "LOWER" => cx.step1(ChangeCase::new(false, ascii), &[x])?,
        "UPPER" => cx.step1(ChangeCase::new(true, ascii), &[x])?,
        other => return Err(cx.node.invalid(&format!("there is no change of case `{other}`"))),
    };
    cx.output(0, y);
    Ok(())
}

fn tokenizer(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let x = text_input(cx)?;
    let texts = match *cx.ty(x)?.shape.dims() {
        [_] => x,
        [_, columns] if columns.fixed() == Some(1) => x,
        _ => return Err(cx.node.unsupported("its input has several texts in a row")),
    };
    if cx.node.flag("mark", false)? {
        return Err(cx.node.unsupported("it marks the beginning and the end of texts"));
    }
    let expression = cx.node.text_or("tokenexp", "")?;
    let separators = cx.node.texts("separators")?;
    let words = match separators.as_slice() {
        [] => pattern::parse(&expression),
        // no separator: each character is a word
        [one] if one.is_empty() && expression.is_empty() => {
            let class = Class { ascii: u128::MAX, others: true };
            Some(Words { class, least: 1, most: 1, bounded: false })
        }
        _ => None,
    };
    let mut words = words.ok_or_else(|| {
        let text =
            "its words are no runs of one class of characters, as `[a-z]+` or `\\b\\w\\w+\\b` are";
        cx.node.unsupported(text)
    })?;
    let shortest = cx.node.int_or("mincharnum", 1)?;
    let shortest = u32::try_from(shortest).ok().filter(|n| *n > 0 && *n <= words.most);
    let shortest = shortest.ok_or_else(|| cx.node.invalid("its mincharnum is out of range"))?;
    words.least = words.least.max(shortest);
    let pad = cx.node.text_or("pad_value", "")?;
    cx.set(0, Value::Words { texts, words, pad });
    Ok(())
}

/// The n-grams of the pool up to a length: element places of each, and their number in the pool.
struct Pool {
    counts: Vec<i32>,
    grams: Vec<(usize, Vec<usize>)>,
}

fn grams(cx: &Lowering<'_, '_>, elements: usize, longest: usize) -> Result<Pool> {
    let invalid = || cx.node.invalid("its ngram_counts and pool contradict each other");
    let mut starts = Vec::new();
    for start in cx.node.ints("ngram_counts")? {
        starts.push(usize::try_from(*start).map_err(|_| invalid())?);
    }
    if starts.len() < longest || starts.first() != Some(&0) {
        return Err(invalid());
    }
    starts.push(elements);
    let mut pool = Pool { counts: Vec::new(), grams: Vec::new() };
    let mut number = 0;
    for (i, bounds) in starts.windows(2).enumerate() {
        let [start, end] = *bounds else { continue };
        let length = end.checked_sub(start).filter(|n| n % (i + 1) == 0 && end <= elements);
        let count = length.ok_or_else(invalid)? / (i + 1);
        if i < longest {
            pool.counts.push(i32::try_from(count).map_err(|_| invalid())?);
            for gram in 0..count {
                let first = start + gram * (i + 1);
                pool.grams.push((number + gram, (first..=first + i).collect()));
            }
        }
        number += count;
    }
    Ok(pool)
}

/// Brings the n-grams of each length into ascending order.
fn sort<T: Ord>(cx: &Lowering<'_, '_>, pool: &mut Pool, elements: &[T]) -> Result<()> {
    let order = |a: &[usize], b: &[usize]| {
        let of = |places: &[usize], j: usize| places.get(j).and_then(|i| elements.get(*i));
        a.len().cmp(&b.len()).then_with(|| {
            let each = (0..a.len()).map(|j| of(a, j).cmp(&of(b, j)));
            each.into_iter().find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        })
    };
    pool.grams.sort_by(|(_, a), (_, b)| order(a, b));
    let twice = pool.grams.windows(2).any(|pair| match pair {
        [(_, a), (_, b)] => order(a, b).is_eq(),
        _ => false,
    });
    if twice { Err(cx.node.invalid("its pool has an n-gram twice")) } else { Ok(()) }
}

fn tf_idf_vectorizer(cx: &mut Lowering<'_, '_>) -> Result<()> {
    let number = |name: &str, least: i64| {
        let n = cx.node.int_or(name, least)?;
        u32::try_from(n)
            .ok()
            .filter(|n| i64::from(*n) >= least)
            .ok_or_else(|| cx.node.invalid(&format!("its {name} is out of range")))
    };
    let (shortest, longest) = (number("min_gram_length", 1)?, number("max_gram_length", 1)?);
    let skips = number("max_skip_count", 0)?;
    if shortest > longest {
        return Err(cx.node.invalid("its min_gram_length is past its max_gram_length"));
    }
    let weighting = match cx.node.text_or("mode", "")?.as_str() {
        "TF" => Weighting::Count,
        "IDF" => Weighting::Weight,
        "TFIDF" => Weighting::Both,
        other => return Err(cx.node.invalid(&format!("there is no mode `{other}`"))),
    };
    let (texts, numbers) = (cx.node.texts("pool_strings")?, cx.node.ints("pool_int64s")?);
    let (mut pool, elements) = match (texts.is_empty(), numbers.is_empty()) {
        (false, true) => {
            let mut pool = grams(cx, texts.len(), longest as usize)?;
            sort(cx, &mut pool, &texts)?;
            (pool, TensorData::String(texts))
        }
        (true, false) => {
            let mut pool = grams(cx, numbers.len(), longest as usize)?;
            sort(cx, &mut pool, numbers)?;
            (pool, TensorData::Int64(numbers.to_vec()))
        }
        _ => return Err(cx.node.invalid("it needs one pool, either integers or strings")),
    };
    let indexes = cx.node.ints("ngram_indexes")?;
    let weights = cx.node.floats("weights")?;
    let columns = indexes.iter().max().map_or(0, |i| i.saturating_add(1));
    let column = |number: usize| indexes.get(number).and_then(|i| i32::try_from(*i).ok());
    let weight =
        |number: usize| if weights.is_empty() { Some(1.0) } else { weights.get(number).copied() };
    let outputs: Option<Vec<(i32, f32)>> =
        pool.grams.iter().map(|(n, _)| Some((column(*n)?, weight(*n)?))).collect();
    let outputs = outputs
        .filter(|o| o.iter().all(|(column, _)| *column >= 0))
        .ok_or_else(|| cx.node.invalid("its ngram_indexes or weights are not one an n-gram"))?;
    let columns = u32::try_from(columns).map_err(|_| cx.node.invalid("it has no column"))?;
    let (x, words) = match cx.value(0)? {
        Some(Value::Words { texts, words, pad }) => {
            if matches!(&elements, TensorData::String(pool) if pool.contains(&pad)) {
                return Err(cx.node.unsupported("it counts what fills rows with fewer words"));
            }
            (texts, Some(words))
        }
        _ => {
            let x = cx.input(0)?;
            let integers = matches!(cx.ty(x)?.dtype, DType::Int32 | DType::Int64);
            (if integers { cx.cast(x, DType::Int64)? } else { x }, None)
        }
    };
    if cx.ty(x)?.dtype != elements.dtype() {
        return Err(cx.node.invalid("its pool and its input differ in type"));
    }
    let places: Vec<usize> = pool.grams.drain(..).flat_map(|(_, places)| places).collect();
    let inputs = [
        x,
        cx.vector(super::tables::pick(&elements, &places))?,
        cx.vector(TensorData::Int32(pool.counts))?,
        cx.vector(TensorData::Int32(outputs.iter().map(|(column, _)| *column).collect()))?,
        cx.vector(TensorData::Float32(outputs.iter().map(|(_, weight)| *weight).collect()))?,
    ];
    let y = cx.step1(Grams::new(weighting, shortest, skips, columns, words), &inputs)?;
    cx.output(0, y);
    Ok(())
}
