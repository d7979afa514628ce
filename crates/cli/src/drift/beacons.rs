//! Exported beacons, or a collector's sums, as the counts of one span of time.

use crate::output::{io_error, read_file, read_head};
use driftline::beacon::{Body, Envelope, Mode, decode, place};
use driftline::drift::Noise;
use driftline::limits::MAX_BEACON_BYTES;
use driftline::privacy::{Epsilon, Shares, debias};
use driftline::summary::{Block, BlockKind, Layout};
use driftline::{Error, ErrorCode, Result};
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// A collector's answer of sums, in bytes: 100,000 rows of some hundred cells.
const MAX_COUNTS_BYTES: usize = 256 << 20;

/// How counts were made private; only such are added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The mode.
    pub mode: Mode,
    /// ε in thousandths, 0 for none.
    pub epsilon: u32,
    /// Records that one client could contribute, 0 for no bound.
    pub bound: u32,
}

/// Sums of what came.
#[derive(Debug)]
pub struct Came {
    /// How they were made private.
    pub kind: Kind,
    /// Beacons, as far as the file tells.
    pub beacons: Option<u64>,
    /// By the block's place: how many beacons reported on it, and its cells.
    blocks: BTreeMap<u32, (u64, Vec<i64>)>,
}

/// What a file of current counts holds, if it holds no rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A beacon a line.
    Beacons,
    /// What a collector answers at `/v1/models/{identity}/counts`.
    Sums,
}

/// Tells beacons by the first line's `format`, and a collector's answer by the file's ending, which
/// no file of rows has.
///
/// # Errors
/// [`ErrorCode::Io`].
pub fn form(path: &Path) -> Result<Option<Form>> {
    if path == Path::new("-") {
        return Ok(None);
    }
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json")) {
        return Ok(Some(Form::Sums));
    }
    #[derive(Deserialize)]
    struct First {
        format: String,
    }
    let head = read_head(path, MAX_BEACON_BYTES as u64 + 1)?;
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first: Option<First> = serde_json::from_slice(line).ok();
    Ok(first.filter(|first| first.format == Envelope::FORMAT).map(|_| Form::Beacons))
}

/// Reads what [`form`] found.
///
/// # Errors
/// With file and line: [`ErrorCode::BeaconSyntax`], [`ErrorCode::SummaryMismatch`] for another
/// bundle or layout, [`ErrorCode::BeaconUnfit`], [`ErrorCode::BadInput`] where counts of different
/// modes would have to be added up.
pub fn read(path: &Path, form: Form, identity: &str, layout: &Layout) -> Result<Came> {
    let found = match form {
        Form::Beacons => beacons(path, identity, layout),
        Form::Sums => sums(path, layout),
    };
    found.map_err(|e| e.in_file(path.display().to_string()))
}

fn beacons(path: &Path, identity: &str, layout: &Layout) -> Result<Came> {
    let kinds: Vec<(BlockKind, u32)> =
        layout.blocks().iter().map(|block| (block.kind, block.cells)).collect();
    let id = layout.id();
    let mut lines = BufReader::new(File::open(path).map_err(|e| io_error(path, &e))?);
    let mut came: Option<Came> = None;
    let mut seen: HashSet<u128> = HashSet::new();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let most = MAX_BEACON_BYTES as u64 + 2;
        let read = lines.by_ref().take(most).read_until(b'\n', &mut line);
        if read.map_err(|e| io_error(path, &e))? == 0 {
            break;
        }
        let text = line.trim_ascii();
        if text.is_empty() {
            continue;
        }
        let at = |error: Error| {
            let column = error.place().column.unwrap_or(1);
            error.at_line(number, column)
        };
        let beacon = decode(text).map_err(at)?;
        if beacon.identity != identity {
            return Err(at(mismatch("the bundle", &beacon.identity, identity)));
        }
        if beacon.layout != id {
            return Err(at(mismatch("the layout", &beacon.layout, &id)
                .with_help("pass what the hosts declare as `--declared`")));
        }
        let hex = beacon.id.replace('-', "");
        if !seen.insert(u128::from_str_radix(&hex, 16).unwrap_or_default()) {
            // the same beacon exported twice
            continue;
        }
        let placed = place(&beacon.body, &kinds).ok_or_else(|| {
            let message = "the beacon's counts are not those of its layout";
            at(Error::new(ErrorCode::BeaconUnfit, message))
        })?;
        let came = one_kind(&mut came, kind_of(&beacon.body)).map_err(at)?;
        came.beacons = Some(came.beacons.unwrap_or_default() + 1);
        for (block, cells) in placed {
            came.add(block, 1, &cells).map_err(at)?;
        }
    }
    came.ok_or_else(|| Error::new(ErrorCode::BadInput, "there is no beacon"))
}

fn sums(path: &Path, layout: &Layout) -> Result<Came> {
    #[derive(Deserialize)]
    struct Answer {
        counts: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        layout: String,
        mode: Mode,
        epsilon: u32,
        bound: u32,
        block: u32,
        reports: u64,
        cells: Vec<i64>,
    }
    let bytes = read_file(path, MAX_COUNTS_BYTES)?;
    let answer: Answer = serde_json::from_slice(&bytes).map_err(|e| {
        Error::new(ErrorCode::BadInput, "this is no answer of a collector's `/counts`")
            .with_help("save what GET /v1/models/{identity}/counts answers")
            .at_line(e.line() as u64, e.column().max(1) as u64)
    })?;
    let id = layout.id();
    let mut came: Option<Came> = None;
    for (nth, row) in answer.counts.iter().enumerate() {
        let at = |error: Error| error.at_path(format!("counts[{nth}]"));
        if row.layout != id {
            return Err(at(mismatch("the layout", &row.layout, &id)
                .with_help("pass what the hosts declare as `--declared`")));
        }
        let cells = layout.blocks().get(row.block as usize).map(|block| block.cells as usize);
        if cells != Some(row.cells.len()) {
            let message = "the counts are not those of the layout";
            return Err(at(Error::new(ErrorCode::BeaconUnfit, message)));
        }
        let kind = Kind { mode: row.mode, epsilon: row.epsilon, bound: row.bound };
        one_kind(&mut came, kind)
            .map_err(at)?
            .add(row.block, row.reports, &row.cells)
            .map_err(at)?;
    }
    came.ok_or_else(|| Error::new(ErrorCode::BadInput, "there are no counts"))
}

fn kind_of(body: &Body) -> Kind {
    let (epsilon, bound) = match body {
        Body::Randomized { epsilon, .. } => (epsilon.milli(), 0),
        Body::Aggregated { epsilon, bound, .. } => (epsilon.milli(), *bound),
        Body::Pseudonymous { .. } => (0, 0),
    };
    Kind { mode: body.mode(), epsilon, bound }
}

/// The sums so far, if these counts may be added to them.
fn one_kind(came: &mut Option<Came>, kind: Kind) -> Result<&mut Came> {
    let came = came.get_or_insert_with(|| Came { kind, beacons: None, blocks: BTreeMap::new() });
    if came.kind == kind {
        return Ok(came);
    }
    let told = |kind: Kind| {
        let epsilon = f64::from(kind.epsilon) / 1_000.0;
        match kind.mode {
            Mode::Pseudonymous => "`pseudonymous`".to_owned(),
            Mode::Randomized => format!("`randomized` with ε {epsilon}"),
            Mode::Aggregated => format!("`aggregated` with ε {epsilon} and bound {}", kind.bound),
        }
    };
    let message = format!(
        "counts in mode {} are not added to those in mode {} before",
        told(kind),
        told(came.kind)
    );
    Err(Error::new(ErrorCode::BadInput, message).with_help("put each into a file of its own"))
}

fn mismatch(what: &str, found: &str, wanted: &str) -> Error {
    let message = format!("the counts are of {what} `{found}` and not `{wanted}`");
    Error::new(ErrorCode::SummaryMismatch, message)
}

impl Came {
    fn add(&mut self, block: u32, reports: u64, cells: &[i64]) -> Result<()> {
        let full = || Error::new(ErrorCode::SummaryInvalid, "a sum is beyond 64 bits");
        let (all, sums) = self.blocks.entry(block).or_default();
        *all = all.checked_add(reports).ok_or_else(full)?;
        sums.resize(cells.len(), 0);
        for (sum, more) in sums.iter_mut().zip(cells) {
            *sum = sum.checked_add(*more).ok_or_else(full)?;
        }
        Ok(())
    }

    /// A block's cells as far as they can be seen through the noise, and that noise; zeros where
    /// nothing came.
    ///
    /// # Errors
    /// ε or a bound that no beacon has.
    pub fn seen(&self, layout: &Layout, block: &Block) -> Result<(Vec<f64>, Noise)> {
        let at = layout.blocks().iter().position(|one| one.at == block.at);
        let at = at.and_then(|at| u32::try_from(at).ok());
        let Some((reports, sums)) = at.and_then(|at| self.blocks.get(&at)) else {
            return Ok((vec![0.0; block.cells as usize], Noise::None));
        };
        let plain = || sums.iter().map(|count| *count as f64).collect();
        Ok(match self.kind.mode {
            Mode::Pseudonymous => (plain(), Noise::None),
            Mode::Randomized => {
                let epsilon = Epsilon::from_milli(self.kind.epsilon)?;
                let estimates = debias::randomized(sums, epsilon);
                let noise =
                    Noise::RandomizedResponse { epsilon: epsilon.get(), cells: block.cells };
                (estimates.iter().map(|estimate| estimate.count).collect(), noise)
            }
            Mode::Aggregated => {
                let epsilon = Epsilon::from_milli(self.kind.epsilon)?;
                let shares = Shares::new(layout, epsilon, self.kind.bound)?;
                let scale = shares.scale(block).map(|s| f64::from(s.whole) / f64::from(s.part));
                let noise = scale
                    .map_or(Noise::None, |epsilon| Noise::Laplace { epsilon, draws: *reports });
                (plain(), noise)
            }
        })
    }

    /// Plain counts of all cells, where the mode has such.
    ///
    /// # Errors
    /// [`ErrorCode::SummaryInvalid`] for counts below 0.
    pub fn plain(&self, layout: &Layout) -> Result<Option<Vec<u64>>> {
        if self.kind.mode != Mode::Pseudonymous {
            return Ok(None);
        }
        let mut all = Vec::with_capacity(layout.cells());
        for (at, block) in (0u32..).zip(layout.blocks()) {
            match self.blocks.get(&at) {
                None => all.resize(all.len() + block.cells as usize, 0),
                Some((_, cells)) => {
                    for cell in cells {
                        let whole = u64::try_from(*cell).map_err(|_| {
                            Error::new(ErrorCode::SummaryInvalid, "a plain count is below 0")
                        })?;
                        all.push(whole);
                    }
                }
            }
        }
        Ok(Some(all))
    }

    /// Records as they were reported: of randomized answers their number.
    pub fn records(&self) -> f64 {
        if self.kind.mode == Mode::Randomized {
            return self.blocks.values().map(|(reports, _)| *reports as f64).sum();
        }
        let first = self.blocks.get(&0).and_then(|(_, cells)| cells.first());
        first.map_or(0.0, |count| (*count as f64).max(0.0))
    }
}
