//! A bundle's baseline beside rows that came since, or beside what gates counted of them.

use super::beacons::{self, Came, Form};
use crate::commands::load;
use crate::rows::{Input, Rows};
use driftline::beacon::Mode;
use driftline::bundle::{Bundle, part};
use driftline::contract::Contract;
use driftline::drift::{
    CONCEPT_DRIFT, Compared, Confidence, Criteria, Feature, Found, Moved, Noise, Performance,
    Verdict, baseline_cells, estimate, judge, moved, weighted_effect,
};
use driftline::gate::Gate;
use driftline::limits::MAX_COUNT;
use driftline::summary::{Baseline, Block, BlockKind, Declared, Layout};
use driftline::{Error, ErrorCode, Result};
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Rows that the model is given at a time.
const BATCH: usize = 256;

/// Bins that are named as having moved.
const NAMED: usize = 5;

/// What is compared with what.
pub struct Question<'a> {
    /// The bundle.
    pub bundle: &'a Path,
    /// The rows that came, or beacons of them.
    pub rows: &'a Input,
    /// What the file of them holds, if no rows.
    pub form: Option<Form>,
    /// Segments and metrics that the hosts of beacons declare.
    pub declared: Option<Declared>,
    /// When a difference is drift.
    pub criteria: Criteria,
    /// Weight of each input to the model, by its name.
    pub importance: Option<BTreeMap<String, f64>>,
}

/// The answer.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Name of the model.
    pub name: String,
    /// Identity of the bundle.
    pub identity: String,
    /// Rows of the baseline.
    pub baseline_rows: u64,
    /// Rows that came; in mode `randomized` answers.
    pub records: u64,
    /// How the counts were made private, and from how many beacons; not of rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beacons: Option<Beacons>,
    /// Rows that could not be read, and are in no count.
    pub unreadable: u64,
    /// The gravest verdict.
    pub verdict: Verdict,
    /// When a difference is drift.
    pub criteria: Criteria,
    /// Mean effect weighted by importance, if that was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weighted_effect: Option<f64>,
    /// Inputs in the contract's order, then the predicted label.
    pub features: Vec<Line>,
    /// Performance without labels; of models whose confidence is counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated: Option<Estimated>,
}

/// Where counts came from that are not of rows.
#[derive(Debug, Serialize)]
pub struct Beacons {
    /// Beacons that were added up, if the file tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// What was done to the counts before they left.
    pub mode: Mode,
    /// ε in thousandths; 0 for none.
    pub epsilon: u32,
}

/// Performance without labels.
#[derive(Debug, Serialize)]
pub struct Estimated {
    /// The figures.
    #[serde(flatten)]
    pub performance: Performance,
    /// What they cannot see.
    pub warning: &'static str,
}

/// One feature.
#[derive(Debug, Serialize)]
pub struct Line {
    /// Name of the input, or `predicted label`.
    pub name: String,
    /// Its unit, if the contract has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What was found.
    #[serde(flatten)]
    pub found: Found,
    /// The bins that moved most.
    pub moved: Vec<Named>,
    /// What each cell counts.
    pub cells: Vec<String>,
    /// Counts of the baseline.
    pub baseline_counts: Vec<u64>,
    /// Counts of the rows; where noise was seen through, estimates that may be below 0.
    #[serde(serialize_with = "whole")]
    pub current_counts: Vec<f64>,
}

/// A bin that moved, with its name.
#[derive(Debug, Serialize)]
pub struct Named {
    /// What the bin counts.
    pub cell: String,
    /// How it moved.
    #[serde(flatten)]
    pub moved: Moved,
}

struct Counts<'a> {
    baseline: Vec<u64>,
    edges: Option<&'a [f64]>,
    block: &'a Block,
    name: String,
}

/// Runs the rows through the bundle's gate, or adds up what other gates counted, and compares the
/// counts with the baseline.
///
/// # Errors
/// Those of the bundle and of the rows' file; [`ErrorCode::BundlePart`] for a bundle without a
/// baseline; [`ErrorCode::BadUsage`] for importance of what is no input.
pub fn report(question: &Question<'_>) -> Result<Report> {
    let bytes = load::bundle_bytes(question.bundle)?;
    let named = |e: Error| e.in_file(question.bundle.display().to_string());
    let bundle = Bundle::read(&bytes).map_err(named)?;
    let contract = load::contract_of(&bytes).map_err(named)?;
    let baseline = bundle.part(part::BASELINE).map_err(|e| {
        named(e).with_help("build the bundle with `--baseline`; `driftline profile` writes one")
    })?;
    let baseline = Baseline::from_json(baseline).map_err(named)?;
    baseline.check(&contract).map_err(named)?;
    let mut gate = Gate::from_bundle(&bytes).map_err(named)?;
    if let Some(declared) = &question.declared {
        gate.declare(declared.clone())?;
    }
    let (came, unreadable) = match question.form {
        Some(form) => {
            let layout = gate.window().layout();
            let came = beacons::read(&question.rows.path, form, bundle.identity(), layout)?;
            (Current::Beacons(came), 0)
        }
        None => {
            let unreadable = count(&mut gate, question.rows, &contract)?;
            (Current::Rows(gate.take_summary().counts().to_vec()), unreadable)
        }
    };
    let layout = gate.window().layout();
    let counted = pairs(&baseline, layout);
    let features = judged(&counted, layout, &came, &contract, &question.criteria)?;
    let weighted_effect = match &question.importance {
        Some(weights) => weighted(&features, weights, &contract)?,
        None => None,
    };
    let beacons = match &came {
        Current::Rows(_) => None,
        Current::Beacons(came) => {
            Some(Beacons { count: came.beacons, mode: came.kind.mode, epsilon: came.kind.epsilon })
        }
    };
    Ok(Report {
        name: contract.name.clone(),
        identity: bundle.identity().to_owned(),
        baseline_rows: baseline.rows,
        records: came.records(),
        beacons,
        unreadable,
        verdict: features.iter().map(|f| f.found.verdict).max().unwrap_or(Verdict::TooFew),
        criteria: question.criteria,
        weighted_effect,
        features,
        estimated: came.plain(layout)?.and_then(|counts| estimated(layout, &counts)),
    })
}

/// What came.
enum Current {
    /// All cells, counted here.
    Rows(Vec<u64>),
    /// Counted elsewhere.
    Beacons(Came),
}

impl Current {
    fn records(&self) -> u64 {
        match self {
            Self::Rows(counts) => counts.first().copied().unwrap_or(0),
            Self::Beacons(came) => came.records() as u64,
        }
    }

    /// A block's cells, and the noise that they were seen through.
    fn block(&self, layout: &Layout, block: &Block) -> Result<(Vec<f64>, Noise)> {
        match self {
            Self::Rows(counts) => {
                Ok((cells(counts, block).iter().map(|n| *n as f64).collect(), Noise::None))
            }
            Self::Beacons(came) => came.seen(layout, block),
        }
    }

    /// All cells, if they are plain counts.
    fn plain(&self, layout: &Layout) -> Result<Option<Vec<u64>>> {
        match self {
            Self::Rows(counts) => Ok(Some(counts.clone())),
            Self::Beacons(came) => came.plain(layout),
        }
    }
}

/// Whole numbers without a fraction, which estimates have.
fn whole<S: Serializer>(counts: &[f64], to: S) -> std::result::Result<S::Ok, S::Error> {
    let mut list = to.serialize_seq(Some(counts.len()))?;
    for count in counts {
        if count.fract() == 0.0 && count.abs() <= MAX_COUNT as f64 {
            list.serialize_element(&(*count as i64))?;
        } else {
            list.serialize_element(count)?;
        }
    }
    list.end()
}

/// Decides every row, so that the gate counts it, and returns how many could not be read.
fn count(gate: &mut Gate, input: &Input, contract: &Contract) -> Result<u64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    gate.set_clock(now.as_secs_f64() * 1000.0);
    let mut rows = Rows::open(input, contract)?;
    let mut unreadable = 0;
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let row = rows.next()?;
        let ended = row.is_none();
        batch.extend(row);
        if ended || batch.len() == BATCH {
            let mut records = Vec::with_capacity(batch.len());
            for row in &batch {
                match rows.record(row, gate.reader()) {
                    Ok(record) => records.push(record),
                    Err(_) => unreadable += 1,
                }
            }
            gate.predict_many(records)?;
            batch.clear();
        }
        if ended {
            return Ok(unreadable);
        }
    }
}

/// What the baseline and the window both count.
fn pairs<'a>(baseline: &'a Baseline, layout: &'a Layout) -> Vec<Counts<'a>> {
    let input = |bins: &'a driftline::summary::InputBins| {
        let (counts, edges) = baseline_cells(bins);
        let block = layout.find(BlockKind::Input, bins.name())?;
        let fits = block.cells as usize == counts.len();
        let name = bins.name().to_owned();
        fits.then_some(Counts { baseline: counts, edges, block, name })
    };
    let mut all: Vec<Counts<'a>> = baseline.inputs.iter().filter_map(input).collect();
    if let (Some(outputs), Some(block)) = (&baseline.outputs, layout.find(BlockKind::Label, "")) {
        // records without an answer have a cell of their own
        let counts: Vec<u64> = outputs.label_counts.iter().copied().chain([0]).collect();
        if block.cells as usize == counts.len() {
            let name = "predicted label".to_owned();
            all.push(Counts { baseline: counts, edges: None, block, name });
        }
    }
    all
}

fn judged(
    counted: &[Counts<'_>],
    layout: &Layout,
    came: &Current,
    contract: &Contract,
    criteria: &Criteria,
) -> Result<Vec<Line>> {
    let currents: Vec<(Vec<f64>, Noise)> =
        counted.iter().map(|c| came.block(layout, c.block)).collect::<Result<_>>()?;
    let features: Vec<Feature<'_>> = counted
        .iter()
        .zip(&currents)
        .map(|(counts, (current, noise))| Feature {
            baseline: &counts.baseline,
            current,
            edges: counts.edges,
            noise: *noise,
        })
        .collect();
    let found = judge(&features, criteria)?;
    let lines =
        counted.iter().zip(&currents).zip(found).map(|((counts, (current, noise)), found)| {
            let cells: Vec<String> =
                (0..counts.block.cells).map(|cell| layout.cell_name(counts.block, cell)).collect();
            let compared = if *noise == Noise::None {
                let whole: Vec<u64> = current.iter().map(|count| *count as u64).collect();
                Compared::of(&counts.baseline, &whole)?
            } else {
                Compared::estimated(&counts.baseline, current)?
            };
            let most = compared.map(|compared| moved(&compared, NAMED)).unwrap_or_default();
            let moved = most
                .into_iter()
                .map(|moved| Named {
                    cell: cells.get(moved.bin).cloned().unwrap_or_default(),
                    moved,
                })
                .collect();
            let input = match counts.block.kind {
                BlockKind::Input => contract.input(&counts.name),
                _ => None,
            };
            Ok(Line {
                name: counts.name.clone(),
                unit: input.and_then(|(_, input)| input.unit.clone()),
                found,
                moved,
                cells,
                baseline_counts: counts.baseline.clone(),
                current_counts: current.clone(),
            })
        });
    lines.collect()
}

fn cells(counts: &[u64], block: &Block) -> Vec<u64> {
    let (at, cells) = (block.at as usize, block.cells as usize);
    counts.get(at..at + cells).unwrap_or_default().to_vec()
}

fn weighted(
    features: &[Line],
    weights: &BTreeMap<String, f64>,
    contract: &Contract,
) -> Result<Option<f64>> {
    for (name, weight) in weights {
        let message = if contract.input(name).is_none() {
            format!("importance of `{name}`, which is no input of the contract")
        } else if !weight.is_finite() || *weight < 0.0 {
            format!("importance of `{name}` must be finite and not negative")
        } else {
            continue;
        };
        return Err(Error::new(ErrorCode::BadUsage, message));
    }
    let effects: Vec<Option<f64>> = features.iter().map(|f| f.found.effect).collect();
    let of = |f: &Line| weights.get(&f.name).copied().unwrap_or(0.0);
    Ok(weighted_effect(&effects, &features.iter().map(of).collect::<Vec<_>>()))
}

/// Performance without labels, where confidence is counted by label.
fn estimated(layout: &Layout, counts: &[u64]) -> Option<Estimated> {
    let sums = cells(counts, layout.find(BlockKind::ConfidenceSum, "")?);
    let mut labels = Vec::with_capacity(sums.len());
    for (label, sum) in layout.labels().iter().zip(sums) {
        let counts = cells(counts, layout.find(BlockKind::Confidence, label)?);
        labels.push(Confidence { counts, sum: sum as f64 / 1e6 });
    }
    if layout.is_number() || layout.is_multilabel() {
        return None;
    }
    let performance = estimate(&labels, labels.len().saturating_sub(1))?;
    Some(Estimated { performance, warning: CONCEPT_DRIFT })
}
