//! What came in, against the baseline: verdicts of a window's features together, detectors over time.

use super::layout::{Block, Layout};
use super::model::{BaselineInput, Compared, InputWindow, MovedCell, Watched};
use super::sums::{Seen, View};
use driftline::drift::{
    Criteria, Detector, Feature, Found, Judge, Moved, Noise, Verdict, Watch, baseline_cells, moved,
    weighted_effect,
};
use driftline::summary::{Baseline, BlockKind, InputBins, Special};
use driftline::{Error, ErrorCode};

/// Cells that are named as having moved.
const NAMED: usize = 5;

/// Windows within which the detectors keep their promise, unless a report has more: a year of days.
const LOOKS: u32 = 365;

/// Chance of any false alarm among all features of a report within them.
const LEVEL: f64 = 0.01;

/// What is watched: an input, or the predicted label.
#[derive(Debug)]
struct Watching<'a> {
    /// Place of its block.
    at: usize,
    block: &'a Block,
    baseline: Vec<u64>,
    edges: Option<&'a [f64]>,
    kind: &'static str,
}

/// Everything that has a place in the baseline, in its order; the predicted label comes last.
#[derive(Debug, Default)]
pub struct Features<'a> {
    all: Vec<Watching<'a>>,
    predicted: bool,
    rows: u64,
}

/// A feature's verdict in one window.
type Line = (usize, InputWindow);

impl<'a> Features<'a> {
    /// # Errors
    /// [`ErrorCode::StoreFailed`] if layout and baseline are not of one bundle.
    pub fn new(layout: &'a Layout, baseline: &'a Baseline) -> Result<Self, Error> {
        let mut all = Vec::new();
        for (at, block) in layout.all(BlockKind::Input) {
            let found = baseline.inputs.iter().find(|bins| bins.name() == block.name);
            let Some(bins) = found else { continue };
            let (counts, edges) = baseline_cells(bins);
            let kind = match bins {
                InputBins::Numeric(_) => "numeric",
                InputBins::Category(_) => "category",
                InputBins::Timestamp(_) => "timestamp",
            };
            all.push(Watching { at, block, baseline: counts, edges, kind });
        }
        let outputs = baseline.outputs.as_ref().zip(layout.first(BlockKind::Label));
        let predicted = outputs.is_some();
        if let Some((outputs, (at, block))) = outputs {
            // records without an answer have a cell of their own
            let counts = outputs.label_counts.iter().copied().chain([0]).collect();
            all.push(Watching { at, block, baseline: counts, edges: None, kind: "label" });
        }
        if all.iter().any(|one| one.baseline.len() != one.block.cells.len()) {
            return Err(Error::new(ErrorCode::StoreFailed, "a layout is damaged"));
        }
        Ok(Self { all, predicted, rows: baseline.rows })
    }

    /// Nothing to compare with.
    pub fn none() -> Self {
        Self::default()
    }

    /// How many inputs there are, without the predicted label.
    fn inputs(&self) -> usize {
        self.all.len() - usize::from(self.predicted)
    }

    /// The threshold for so many windows.
    pub fn watch(&self, windows: usize) -> Watched {
        let features = u32::try_from(self.all.len()).unwrap_or(u32::MAX).max(1);
        let looks = u32::try_from(windows).unwrap_or(u32::MAX).max(LOOKS);
        let watch = Watch { features, looks, level: LEVEL };
        Watched { features, looks, level: LEVEL, threshold: watch.threshold() }
    }

    /// The baseline, for pages.
    pub fn baseline(&self) -> Compared {
        let of = |one: &Watching<'_>| {
            let all: f64 = one.baseline.iter().map(|count| *count as f64).sum();
            BaselineInput {
                name: one.block.name.clone(),
                kind: one.kind,
                cells: one.block.cells.clone(),
                edges: one.edges.map(<[f64]>::to_vec),
                shares: one.baseline.iter().map(|count| *count as f64 / all.max(1.0)).collect(),
                importance: one.block.importance,
            }
        };
        let inputs = self.all.iter().take(self.inputs()).map(of).collect();
        Compared { records: self.rows, inputs }
    }

    /// One detector a feature, none where the baseline has nothing to compare with.
    pub fn detectors(&self) -> Detectors {
        Detectors { all: self.all.iter().map(|_| None).collect() }
    }

    /// Judges a window's features together, and lets `detectors` look at them.
    ///
    /// # Errors
    /// Counts beyond what the engine takes.
    pub fn window(
        &self,
        view: &View<'_>,
        criteria: &Criteria,
        judge: &mut Judge,
        mut detectors: Option<(&mut Detectors, f64)>,
    ) -> Result<Judged, Error> {
        let seen: Vec<(usize, &Watching<'_>, Seen)> = self
            .all
            .iter()
            .enumerate()
            .filter_map(|(nth, one)| Some((nth, one, view.seen(one.at)?)))
            .collect();
        let features: Vec<Feature<'_>> = seen
            .iter()
            .map(|(_, one, seen)| Feature {
                baseline: &one.baseline,
                current: &seen.counts,
                edges: one.edges,
                noise: seen.noise,
            })
            .collect();
        let found = judge.window(&features, criteria)?;
        let mut lines: Vec<Line> = Vec::with_capacity(seen.len());
        for ((nth, one, seen), found) in seen.iter().zip(found) {
            let value = match &mut detectors {
                Some((detectors, _)) => detectors.look(*nth, one, seen)?,
                None => None,
            };
            let mut line = line(one, seen, found)?;
            line.detector = value;
            line.alarm = matches!((value, &detectors), (Some(v), Some((_, most))) if v >= *most);
            lines.push((*nth, line));
        }
        let predicted = match lines.last() {
            Some((nth, _)) if *nth >= self.inputs() => lines.pop().map(|(_, line)| line),
            _ => None,
        };
        let effects: Vec<Option<f64>> = lines.iter().map(|(_, line)| line.found.effect).collect();
        let weights: Vec<f64> = lines
            .iter()
            .map(|(nth, _)| self.all.get(*nth).and_then(|one| one.block.importance).unwrap_or(0.0))
            .collect();
        Ok(Judged {
            weighted_effect: weighted_effect(&effects, &weights),
            inputs: lines.into_iter().map(|(_, line)| line).collect(),
            predicted,
        })
    }
}

/// A window's features.
#[derive(Debug, Default)]
pub struct Judged {
    pub inputs: Vec<InputWindow>,
    pub predicted: Option<InputWindow>,
    pub weighted_effect: Option<f64>,
}

/// The detectors of one way of noise, made when a feature first comes.
#[derive(Debug)]
pub struct Detectors {
    all: Vec<Option<Detector>>,
}

impl Detectors {
    fn look(&mut self, nth: usize, of: &Watching<'_>, seen: &Seen) -> Result<Option<f64>, Error> {
        let Some(slot) = self.all.get_mut(nth) else { return Ok(None) };
        let detector = match slot {
            Some(detector) => detector,
            None => match Detector::new(&of.baseline, seen.noise) {
                Ok(detector) => slot.insert(detector),
                // a baseline without a record
                Err(_) => return Ok(None),
            },
        };
        let draws = match seen.noise {
            Noise::Laplace { draws, .. } => draws,
            _ => 0,
        };
        detector.look_through(&seen.counts, draws).map(Some)
    }
}

fn line(of: &Watching<'_>, seen: &Seen, found: Found) -> Result<InputWindow, Error> {
    let compared = driftline::drift::Compared::estimated(&of.baseline, &seen.counts)?;
    let told = found.verdict != Verdict::TooFew;
    let shares = compared.as_ref().filter(|_| told);
    let shares: Option<Vec<f64>> =
        shares.map(|compared| compared.cells().iter().map(|cell| cell.q).collect());
    // the specials are the last cells, and no bin of a number has such a name
    let names: &[Special] = match (of.kind, of.edges) {
        ("label", _) => &[],
        (_, Some(_)) => &[Special::Missing, Special::Below, Special::Above, Special::Invalid],
        (_, None) => &[Special::Missing, Special::Unseen, Special::Invalid],
    };
    let share = |special: Special| {
        let shares = shares.as_ref()?;
        let nth = names.iter().position(|name| *name == special)?;
        shares.get((shares.len() + nth).checked_sub(names.len())?).copied()
    };
    let moved = compared.map(|compared| {
        let (n, m) = (compared.baseline_total(), compared.current_total());
        let name = |moved: Moved| {
            let (p, q) = (moved.baseline, moved.current);
            let both = (p * n + q * m) / (n + m);
            // the noise of the mode comes on top of sampling's variance
            let noise = seen.noise.variance_at(p, m) / (m * m);
            let error = (both * (1.0 - both) * compared.sampling() + noise).sqrt();
            MovedCell {
                cell: of.block.cells.get(moved.bin).cloned().unwrap_or_default(),
                baseline: p,
                current: q,
                residual: if error > 0.0 { (q - p) / error } else { 0.0 },
                part: moved.part,
            }
        };
        moved(&compared, NAMED).into_iter().map(name).collect()
    });
    let moved = moved.filter(|_| told).unwrap_or_default();
    let distances = found.distances.as_ref();
    Ok(InputWindow {
        name: of.block.name.clone(),
        reports: seen.reports,
        records: seen.total(),
        missing: share(Special::Missing),
        below: share(Special::Below),
        above: share(Special::Above),
        unseen: share(Special::Unseen),
        invalid: share(Special::Invalid),
        adjusted_p: found.p_adjusted,
        psi: distances.and_then(|distances| distances.psi),
        psi_null_q95: distances.map(|distances| distances.psi_null_q95),
        psi_null_expectation: distances.map(|distances| distances.psi_null_expectation),
        shares,
        found,
        detector: None,
        alarm: false,
        moved,
    })
}
