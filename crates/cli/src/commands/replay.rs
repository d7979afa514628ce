//! `driftline replay`: rows of yesterday as the beacons that they would have made.

use super::load;
use crate::Outcome;
use crate::calibrate::Labels;
use crate::output::Output;
use crate::replay::{
    self, Collector, Grain, Maker, Randomness, Report, Source, Stream, beside, check_column,
};
use crate::rows::{Input, Rows};
use driftline::beacon::Mode;
use driftline::contract::OutputKind;
use driftline::gate::Gate;
use driftline::privacy::Random;
use driftline::{Error, ErrorCode, Result};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// What is replayed, and where to.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    driftline collect --data counts --register flights-delay.driftline --accept-days 36525\n  \
    driftline replay flights-delay.driftline --input production.csv.gz --ignore row_id,p_late \\\n    \
    --time scheduled_departure --window day --label late --to http://127.0.0.1:8787\n\n\
    The rows go through the bundle's gate, its counts are cut into windows by the time column and \
    sent as beacons. A collector takes windows of the last 8 days; `accept_days` in its settings \
    lets it take older ones. Each row counts as a client of its own. Plain beacons \
    (--mode pseudonymous) of the same rows have the same ids again, so that a second replay of a \
    file changes nothing.\n\n\
    Exit status 1 if the collector refused a beacon, 2 if a row could not be read.")]
pub struct Args {
    /// Bundle, or a WebAssembly file that carries one
    bundle: PathBuf,

    #[command(flatten)]
    input: Input,

    /// Address of the collector, such as http://127.0.0.1:8787
    #[arg(long, value_name = "URL")]
    to: String,

    /// Column of each row's time, in RFC 3339 with an offset [default: all rows are of this hour]
    #[arg(long, value_name = "COLUMN")]
    time: Option<String>,

    /// Length of a window [default: hour; in mode randomized always a day]
    #[arg(long, value_name = "LENGTH")]
    window: Option<Grain>,

    /// What is done to the counts before they leave
    #[arg(long, value_name = "MODE", default_value = "pseudonymous")]
    mode: ModeName,

    /// Write key of the app
    #[arg(long, value_name = "KEY")]
    key: Option<String>,

    /// Column of the truth, for outcomes: a label of the contract, or 0 and 1 of two labels, or a
    /// number; of several labels at once one column each
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    label: Vec<String>,

    /// Segments and metrics in JSON, as the collector was told; their values are read from the
    /// columns of their names
    #[arg(long, value_name = "FILE")]
    declared: Option<PathBuf>,

    /// So many times as fast as the rows came [default: as fast as the collector answers]
    #[arg(long, value_name = "FACTOR", requires = "time")]
    speed: Option<f64>,
}

/// The modes of beacons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ModeName {
    /// Plain counts
    Pseudonymous,
    /// Counts of at least 100 rows, with noise
    Aggregated,
    /// One randomized answer a row
    Randomized,
}

impl From<ModeName> for Mode {
    fn from(name: ModeName) -> Self {
        match name {
            ModeName::Pseudonymous => Self::Pseudonymous,
            ModeName::Aggregated => Self::Aggregated,
            ModeName::Randomized => Self::Randomized,
        }
    }
}

/// Replays.
pub fn run(args: &Args, json: bool) -> Result<Outcome> {
    let collector = Collector::new(&args.to)?;
    if args.speed.is_some_and(|speed| !(speed.is_finite() && speed > 0.0)) {
        return Err(Error::new(ErrorCode::BadUsage, "`--speed` is a number above 0"));
    }
    let mode = Mode::from(args.mode);
    let grain = match (mode, args.window) {
        (Mode::Randomized, Some(Grain::Hour)) => {
            let message = "in mode randomized a window is a day";
            return Err(Error::new(ErrorCode::BadUsage, message));
        }
        (Mode::Randomized, None) => Grain::Day,
        (_, window) => window.unwrap_or(Grain::Hour),
    };
    let mut source = source(args, grain, json)?;
    let path = &args.input.path;
    let origin = (path != Path::new("-")).then(|| path.display().to_string());
    let identity = source.gate.identity().to_owned();
    let mut maker = Maker::new(mode, &identity, args.key.clone(), grain.hours(), origin)?;
    let mut stream = Stream::new(&collector, args.speed);
    let report = replay::replay(&mut source, &mut maker, &mut stream)?;
    let mut out = Output::stdout();
    if json {
        out.json(&report)?;
    } else {
        out.line(&text(&report))?;
        if let Some(error) = &report.refusal {
            out.line(&format!("first refusal: {}: {error}; {}", error.code(), error.help()))?;
        }
    }
    out.finish()?;
    Ok(match (report.read.unreadable, report.refused.is_empty()) {
        (1.., _) => Outcome::BadInput,
        (0, false) => Outcome::CheckFailed,
        (0, true) => Outcome::Good,
    })
}

fn source<'a>(args: &'a Args, grain: Grain, json: bool) -> Result<Source<'a>> {
    let named = |e: Error| e.in_file(args.bundle.display().to_string());
    let bytes = load::bundle_bytes(&args.bundle)?;
    let contract = load::contract_of(&bytes).map_err(named)?;
    let mut gate = Gate::from_bundle(&bytes).map_err(named)?;
    let mut key = [0; 32];
    Randomness.fill(&mut key)?;
    gate.set_key(key);
    let declared = args.declared.as_deref().map(load::declared).transpose()?.unwrap_or_default();
    gate.declare(declared.clone())?;
    let outputs = contract.outputs.clone().ok_or_else(|| {
        named(Error::new(ErrorCode::ContractInvalid, "the contract has no outputs"))
    })?;
    let wanted = if outputs.kind == OutputKind::Multilabel { outputs.labels.len() } else { 1 };
    if !args.label.is_empty() && args.label.len() != wanted {
        let message = format!("`--label` names {} columns, not {wanted}", args.label.len());
        return Err(Error::new(ErrorCode::BadUsage, message));
    }
    let segments: Vec<String> = declared.segments.iter().map(|(key, _)| key.clone()).collect();
    let columns = args.time.iter().chain(&args.label).chain(&segments).chain(&declared.metrics);
    let mut ignore = beside(&contract, columns);
    ignore.extend(args.input.ignore.iter().cloned());
    let input = Input { path: args.input.path.clone(), format: args.input.format, ignore };
    let rows = Rows::open(&input, &contract)?;
    for (names, option) in [
        (args.time.as_slice(), "--time"),
        (args.label.as_slice(), "--label"),
        (segments.as_slice(), "--declared"),
        (declared.metrics.as_slice(), "--declared"),
    ] {
        for name in names {
            check_column(&rows, name, option)?;
        }
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Source {
        gate,
        outputs,
        rows,
        time: args.time.as_deref(),
        now: i64::try_from(since.as_secs() / 3_600).unwrap_or_default(),
        labels: (!args.label.is_empty()).then(|| Labels { columns: args.label.clone() }),
        grain,
        declared,
        json,
    })
}

fn text(report: &Report) -> String {
    let read = report.read;
    let refused: u64 = report.refused.values().sum();
    let mut parts = vec![format!("{} rows", read.rows)];
    let mut add = |n: u64, what: &str| {
        if n > 0 {
            parts.push(format!("{n} {what}"));
        }
    };
    add(read.unreadable, "not readable");
    add(read.outcomes, "with outcomes");
    add(report.windows, "windows");
    add(report.held_back, "held back by the mode");
    let first = parts.join(", ");
    let mut parts = vec![format!("{} beacons sent", report.sent)];
    let mut add = |n: u64, what: &str| {
        if n > 0 {
            parts.push(format!("{n} {what}"));
        }
    };
    add(report.counted, "counted");
    add(report.parked, "parked");
    add(refused, "refused");
    for (code, n) in &report.refused {
        add(*n, &format!("of them {code}"));
    }
    format!("{first}; {} to {}", parts.join(", "), report.to)
}
