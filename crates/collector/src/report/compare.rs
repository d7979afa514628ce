//! Two versions over the same time: what one sees and answers against the other.

use super::inputs::Judged;
use super::layout::{Block, Layout};
use super::model::Window;
use super::sums::{Key, Seen, Sums, View};
use super::windows::{Series, Span};
use super::{Question, choose, instant, performance, window};
use crate::store::{Definitions, Reads, Stored};
use driftline::beacon::Mode;
use driftline::drift::{
    CONCEPT_DRIFT, Criteria, Estimate, Feature, Found, Noise, Performance, Verdict,
    benjamini_hochberg, judge,
};
use driftline::summary::{BlockKind, CONFIDENCE_BINS};
use driftline::{Error, ErrorCode};
use serde::Serialize;
use std::collections::BTreeMap;

/// What version B does otherwise than version A.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The mode of the sums that are compared; none if the two have no mode in common.
    pub mode: Option<Mode>,
    /// The span of A, of its sums with most records if no mode is in common.
    pub a: Option<Window>,
    /// The span of B.
    pub b: Option<Window>,
    /// Inputs of both with the same bins, in the order of A.
    pub inputs: Vec<ComparedInput>,
    /// Inputs of both whose bins differ, so that they cannot be compared.
    pub other_bins: Vec<String>,
    /// Predicted labels of B against those of A, if both have the same.
    pub labels: Option<Found>,
    /// Confidence of B against that of A.
    pub confidence: Option<Found>,
    /// Estimated accuracy.
    pub accuracy: Difference,
    /// Realised accuracy.
    pub realised: Difference,
    /// What estimated performance cannot see.
    pub performance_warning: &'static str,
}

/// An input of both.
#[derive(Clone, Debug, Serialize)]
pub struct ComparedInput {
    /// Its name.
    pub name: String,
    /// B against A.
    #[serde(flatten)]
    pub found: Found,
}

/// A figure of both.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Of A.
    pub a: Option<Estimate>,
    /// Of B.
    pub b: Option<Estimate>,
    /// B less A, with the standard error of both together.
    pub difference: Option<Estimate>,
}

impl Difference {
    fn of(a: Option<Performance>, b: Option<Performance>) -> Self {
        let (a, b) = (a.map(|found| found.accuracy), b.map(|found| found.accuracy));
        let difference = a.zip(b).map(|(a, b)| Estimate {
            value: b.value - a.value,
            standard_error: a.standard_error.hypot(b.standard_error),
        });
        Self { a, b, difference }
    }
}

/// One version's sums over the whole span.
struct Side {
    layout: Layout,
    groups: BTreeMap<Key, (Mode, Span, Sums)>,
}

impl Side {
    fn new(definitions: &Definitions, series: BTreeMap<Key, Series>) -> Result<Self, Error> {
        let large = || Error::new(ErrorCode::StoreFailed, "a sum is beyond 64 bits");
        let mut groups = BTreeMap::new();
        for (key, series) in series {
            if let Some((span, sums)) = series.total().ok_or_else(large)? {
                groups.insert(key, (series.mode, span, sums));
            }
        }
        Ok(Self { layout: Layout::read(definitions)?, groups })
    }

    fn view(&self, key: Key) -> Option<(View<'_>, Span)> {
        let (mode, span, sums) = self.groups.get(&key)?;
        let (layout, mode) = (&self.layout, *mode);
        Some((View { layout, sums, mode, epsilon: key.epsilon, bound: key.bound }, *span))
    }

    fn records(&self, key: Key) -> i64 {
        self.groups.get(&key).map_or(0, |(_, _, sums)| sums.records)
    }

    fn largest(&self) -> Option<Key> {
        self.groups.keys().copied().max_by_key(|key| self.records(*key))
    }

    fn total(&self, key: Option<Key>) -> Option<Window> {
        let (view, span) = self.view(key?)?;
        let empty = Window::empty(instant(span.start), instant(span.end));
        Some(window(&view, empty, Judged::default()))
    }
}

/// Compares what two identities counted. `None` if one of them was never registered.
///
/// # Errors
/// [`crate::store::Fault`]; the inner error is that of definitions that driftline did not write.
pub fn compare(
    store: &dyn Reads,
    (a, b): (&str, &str),
    question: &Question,
) -> Stored<Option<Result<Comparison, Error>>> {
    let side = |identity: &str| -> Stored<Option<Result<Side, Error>>> {
        let chosen = match choose(store, identity, question)? {
            Some(Ok(chosen)) => chosen,
            Some(Err(error)) => return Ok(Some(Err(error))),
            None => return Ok(None),
        };
        let of = (identity, chosen.layout.as_str());
        let series = super::windows::read(store, of, question.hours(), question.grain)?;
        Ok(Some(Side::new(&chosen, series)))
    };
    let (Some(a), Some(b)) = (side(a)?, side(b)?) else { return Ok(None) };
    Ok(Some(a.and_then(|a| between(&a, &b?))))
}

fn between(a: &Side, b: &Side) -> Result<Comparison, Error> {
    // the same noise on both sides, of which the thinner one has the most records
    let common = a.groups.keys().filter(|key| b.groups.contains_key(key)).copied();
    let common = common.max_by_key(|key| a.records(*key).min(b.records(*key)));
    let views = common.and_then(|key| Some((a.view(key)?.0, b.view(key)?.0)));
    let mut found = Comparison {
        mode: views.as_ref().map(|(view, _)| view.mode),
        a: a.total(common.or_else(|| a.largest())),
        b: b.total(common.or_else(|| b.largest())),
        inputs: Vec::new(),
        other_bins: Vec::new(),
        labels: None,
        confidence: None,
        accuracy: Difference::of(None, None),
        realised: Difference::of(None, None),
        performance_warning: CONCEPT_DRIFT,
    };
    let of = |window: &Option<Window>| {
        window.as_ref().map_or((None, None), |one| (one.estimated, one.realised))
    };
    let ((estimated_a, realised_a), (estimated_b, realised_b)) = (of(&found.a), of(&found.b));
    found.accuracy = Difference::of(estimated_a, estimated_b);
    found.realised = Difference::of(realised_a, realised_b);
    let Some((a, b)) = views else { return Ok(found) };

    let mut pairs = Vec::new();
    for (block, seen) in a.all(BlockKind::Input) {
        let same = |(other, _): &(&Block, Seen)| other.name == block.name;
        let Some((other, current)) = b.all(BlockKind::Input).find(same) else { continue };
        if block.cells == other.cells {
            pairs.push(Pair { name: Some(block.name.clone()), a: seen, b: current });
        } else {
            found.other_bins.push(block.name.clone());
        }
    }
    let inputs = pairs.len();
    let labels = a.first(BlockKind::Label).zip(b.first(BlockKind::Label));
    let labels = labels.filter(|((a, _), (b, _))| a.cells == b.cells);
    let has_labels = labels.is_some();
    pairs.extend(labels.map(|((_, a), (_, b))| Pair { name: None, a, b }));
    let confidence = performance::all_confidence(&a).zip(performance::all_confidence(&b));
    pairs.extend(confidence.map(|(a, b)| Pair { name: None, a, b }));

    let mut judged = judge_pairs(&pairs)?.into_iter();
    let names = pairs.into_iter().filter_map(|pair| pair.name);
    let inputs = judged.by_ref().take(inputs);
    found.inputs = names.zip(inputs).map(|(name, found)| ComparedInput { name, found }).collect();
    found.labels = if has_labels { judged.next() } else { None };
    found.confidence = judged.next();
    Ok(found)
}

/// The same cells on both sides.
struct Pair {
    /// Of an input.
    name: Option<String>,
    a: Seen,
    b: Seen,
}

/// Counts of A, counts of B, and the noise between them.
type Counted = (Vec<u64>, Vec<f64>, Noise);

/// Judges B against A, both of which may be noisy.
fn judge_pairs(pairs: &[Pair]) -> Result<Vec<Found>, Error> {
    let criteria = Criteria::default();
    let edges: Vec<f64> =
        (0..=CONFIDENCE_BINS).map(|at| at as f64 / CONFIDENCE_BINS as f64).collect();
    let sides: Vec<Sides> = pairs.iter().map(Sides::of).collect();
    let features = |of: &dyn Fn(&Sides) -> Counted| {
        let counted: Vec<_> = sides.iter().map(of).collect();
        let features: Vec<Feature<'_>> = counted
            .iter()
            .zip(pairs)
            .map(|((baseline, current, noise), pair)| {
                let line = pair.name.is_none() && baseline.len() == CONFIDENCE_BINS;
                let edges = line.then_some(edges.as_slice());
                Feature { baseline, current, edges, noise: *noise }
            })
            .collect();
        judge(&features, &criteria)
    };
    let mut found = features(&|side| (side.baseline.clone(), side.current.clone(), side.noise))?;
    // randomized answers of both sides are as random: the test is that of the answers themselves
    if sides.iter().all(|side| side.answers.is_none()) {
        return Ok(found);
    }
    let tested = features(&|side| match &side.answers {
        Some((a, b)) => (a.clone(), b.clone(), Noise::None),
        None => (side.baseline.clone(), side.current.clone(), side.noise),
    })?;
    for (found, tested) in found.iter_mut().zip(tested) {
        (found.p, found.test) = (tested.p, tested.test);
        found.effect = found.effect.filter(|_| tested.p.is_some());
    }
    let adjusted = benjamini_hochberg(&found.iter().map(|one| one.p).collect::<Vec<_>>());
    for (found, adjusted) in found.iter_mut().zip(adjusted) {
        found.p_adjusted = adjusted;
        found.verdict = match (adjusted, found.effect) {
            (Some(p), Some(_)) if p > criteria.false_discovery_rate => Verdict::Stable,
            (Some(_), Some(effect)) if effect < criteria.effect => Verdict::Slight,
            (Some(_), Some(_)) => Verdict::Drifted,
            _ => Verdict::TooFew,
        };
    }
    Ok(found)
}

/// A pair as the engine takes it: a baseline of whole counts, and noise on the other side alone.
struct Sides {
    baseline: Vec<u64>,
    current: Vec<f64>,
    noise: Noise,
    /// Randomized answers as they came.
    answers: Option<(Vec<u64>, Vec<f64>)>,
}

impl Sides {
    fn of(pair: &Pair) -> Self {
        let (n, m) = (pair.a.total(), pair.b.total());
        let whole = |counts: &[f64], scale: f64| -> Vec<u64> {
            counts.iter().map(|count| (count.max(0.0) * scale).round() as u64).collect()
        };
        let (mut scale, mut noise, mut answers) = (1.0, pair.b.noise, None);
        match (pair.a.noise, pair.b.noise) {
            (Noise::Laplace { .. }, Noise::Laplace { epsilon, draws }) if n > 0.0 && draws > 0 => {
                // y = b − m p has A's noise too, m/n times as large: as if more had been drawn
                let one = pair.b.noise.variance() / draws as f64;
                let both = pair.b.noise.variance() + pair.a.noise.variance() * (m / n).powi(2);
                noise = Noise::Laplace { epsilon, draws: (both / one).ceil() as u64 };
            }
            (Noise::RandomizedResponse { epsilon, cells }, _) => {
                let all = epsilon.exp() + f64::from(cells) - 1.0;
                let (slope, other) = ((epsilon.exp() - 1.0) / all, 1.0 / all);
                let came = |seen: &Seen, total: f64| -> Vec<f64> {
                    let count = |count: &f64| (other * total + slope * count).round();
                    seen.counts.iter().map(count).collect()
                };
                let spread = |shares: &mut dyn Iterator<Item = f64>| -> f64 {
                    shares.map(|share| share * (1.0 - share)).sum()
                };
                let share = |count: &f64| (count / n).clamp(0.0, 1.0);
                let plain = spread(&mut pair.a.counts.iter().map(share));
                let seen = spread(&mut pair.a.counts.iter().map(|c| other + slope * share(c)));
                // A is known as well as by so many plain records, on average over its cells
                scale = (slope * slope * plain / seen).min(1.0);
                answers = Some((whole(&came(&pair.a, n), 1.0), came(&pair.b, m)));
            }
            _ => {}
        }
        Self {
            baseline: whole(&pair.a.counts, scale),
            current: pair.b.counts.clone(),
            noise,
            answers,
        }
    }
}
