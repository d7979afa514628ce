//! `driftline predict`: one decision a row.

use super::load;
use crate::Outcome;
use crate::output::Output;
use crate::rows::{Input, Row, Rows};
use driftline::decision::{Action, Decision};
use driftline::gate::Gate;
use driftline::{Error, Result};
use serde::Serialize;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// Rows that the model is given at a time.
const BATCH: usize = 256;

/// What is asked and where the answer goes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    driftline predict dist/flights-delay.driftline --input rows.csv --output decisions.jsonl\n\n\
    One line of JSON a row, in the rows' order. A row that cannot be read gives \
    {\"line\": 17, \"error\": {...}}, and the exit status is then 2.\n\n\
    The policy's day is this machine's clock's; its budget and assertions begin anew with each run.")]
pub struct Args {
    /// Bundle, or a WebAssembly file that carries one
    bundle: PathBuf,

    #[command(flatten)]
    input: Input,

    /// Where the decisions go; `-` is standard output
    #[arg(long, default_value = "-", value_name = "FILE")]
    output: PathBuf,
}

#[derive(Serialize)]
struct Unreadable {
    line: u64,
    error: Error,
}

/// Decides every row.
pub fn run(args: &Args, json: bool) -> Result<Outcome> {
    let bytes = load::bundle_bytes(&args.bundle)?;
    let mut gate =
        Gate::from_bundle(&bytes).map_err(|e| e.in_file(args.bundle.display().to_string()))?;
    gate.set_key(random_key());
    let contract = load::contract_of(&bytes)?;
    let mut rows = Rows::open(&args.input, &contract)?;
    let mut out = Output::open(&args.output)?;
    let mut tally = Tally::default();
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let row = rows.next()?;
        let ended = row.is_none();
        batch.extend(row);
        if ended || batch.len() == BATCH {
            decide(&mut gate, &rows, &batch, &mut out, &mut tally)?;
            batch.clear();
        }
        if ended {
            break;
        }
    }
    out.finish()?;
    if !json {
        eprintln!("{}", tally.text());
    }
    Ok(if tally.unreadable == 0 { Outcome::Good } else { Outcome::BadInput })
}

fn decide(
    gate: &mut Gate,
    rows: &Rows,
    batch: &[Row],
    out: &mut Output,
    tally: &mut Tally,
) -> Result<()> {
    let mut errors = BTreeMap::new();
    let mut records = Vec::with_capacity(batch.len());
    for row in batch {
        match rows.record(row, gate.reader()) {
            Ok(record) => records.push(record),
            Err(error) => {
                errors.insert(row.line, error);
            }
        }
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    gate.set_clock(now.as_secs_f64() * 1000.0);
    let mut decisions = gate.predict_many(records)?.into_iter();
    for row in batch {
        if let Some(error) = errors.remove(&row.line) {
            tally.unreadable += 1;
            out.json(&Unreadable { line: row.line, error })?;
        } else if let Some(decision) = decisions.next() {
            tally.count(&decision);
            out.json(&decision)?;
        }
    }
    Ok(())
}

/// A key for the identifiers of this run, which nothing outlives; the standard library's hash maps
/// get theirs from the system in the same way.
fn random_key() -> [u8; 32] {
    let mut key = [0; 32];
    for part in key.chunks_exact_mut(8) {
        part.copy_from_slice(&RandomState::new().build_hasher().finish().to_le_bytes());
    }
    key
}

/// Decisions by action.
#[derive(Default)]
struct Tally {
    actions: BTreeMap<&'static str, u64>,
    unreadable: u64,
}

impl Tally {
    fn count(&mut self, decision: &Decision) {
        *self.actions.entry(decision.action.as_str()).or_default() += 1;
    }

    fn text(&self) -> String {
        let of = |a: Action| self.actions.get(a.as_str()).copied().unwrap_or_default();
        let decided: u64 = self.actions.values().sum();
        let parts: Vec<String> =
            Action::ALL.iter().map(|a| format!("{} {}", of(*a), a.as_str())).collect();
        let unreadable = match self.unreadable {
            0 => String::new(),
            n => format!(", {n} not readable"),
        };
        format!("{} rows: {}{unreadable}", decided + self.unreadable, parts.join(", "))
    }
}
