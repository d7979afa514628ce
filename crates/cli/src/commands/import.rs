//! `driftline import`: another library's schema as a contract.

use crate::Outcome;
use crate::definition::Source;
use crate::import::{self, Imported, Left, Origin};
use crate::output::{Output, read_file};
use driftline::contract::Contract;
use driftline::limits::MAX_DEFINITION_BYTES;
use driftline::summary::WindowChecks;
use driftline::{Error, ErrorCode, Result};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What is imported.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    driftline import great-expectations suite.json -o contract.yaml\n\n\
    What a contract cannot carry is listed on standard error and above the contract; the exit \
    status is then 1.")]
pub struct Args {
    /// Library that wrote the schema
    origin: Origin,

    /// Its file
    file: PathBuf,

    /// Environment of a schema of TensorFlow Data Validation; `SERVING` if it has that
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,

    /// Where checks of windows go, JSON: what is about many rows and can be computed of what the
    /// collector counts; for `driftline build --window-checks`
    #[arg(long, value_name = "FILE")]
    window_checks: Option<PathBuf>,

    /// Where the contract goes; `-` is standard output
    #[arg(short, long, default_value = "-", value_name = "FILE")]
    output: PathBuf,
}

/// Converts and lists.
pub fn run(args: &Args, json: bool) -> Result<Outcome> {
    let named = |e: Error| e.in_file(args.file.display().to_string());
    let text = String::from_utf8(read_file(&args.file, MAX_DEFINITION_BYTES)?)
        .map_err(|_| named(Error::new(ErrorCode::BadInput, "the file is not UTF-8")))?;
    let mut imported =
        import::import(args.origin, &text, args.environment.as_deref()).map_err(named)?;
    if args.origin == Origin::Mlflow {
        try_example(&mut imported, &args.file, &text)?;
    }
    match &args.window_checks {
        Some(path) => write_checks(&imported, path)?,
        None => imported.leave_window_checks(),
    }
    let name = args.file.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
    let yaml = import::yaml(&imported, &name)?;
    // what is written must be what was meant
    let back: Contract =
        Source::parse("contract".into(), yaml.clone(), ErrorCode::Internal)?.value()?;
    if back != imported.contract {
        return Err(Error::new(ErrorCode::Internal, "the contract does not come back from YAML"));
    }
    if json {
        let mut out = Output::stdout();
        out.json(&imported)?;
        out.finish()?;
    }
    if !json || args.output != Path::new("-") {
        let mut out = Output::open(&args.output)?;
        out.line(yaml.trim_end())?;
        out.finish()?;
    }
    if !json {
        let inputs = imported.contract.inputs.len();
        let (left, checks) = (imported.not_carried.len(), imported.window_checks.len());
        let windows = if checks > 0 { format!(", {checks} window checks") } else { String::new() };
        eprintln!("{inputs} inputs, {left} clauses not carried{windows}");
        for left in &imported.not_carried {
            eprintln!("  {}: {}", left.path, left.why);
        }
        for note in &imported.notes {
            eprintln!("note: {}: {}", note.path, note.why);
        }
    }
    Ok(if imported.not_carried.is_empty() { Outcome::Good } else { Outcome::CheckFailed })
}

fn write_checks(imported: &Imported, path: &Path) -> Result<()> {
    let format = WindowChecks::FORMAT.to_owned();
    let checks = WindowChecks { format, checks: imported.window_checks.clone() };
    let mut out = Output::open(path)?;
    out.json(&checks)?;
    out.finish()
}

/// Tries the input example that stands beside an MLmodel file on the contract.
fn try_example(imported: &mut Imported, file: &Path, text: &str) -> Result<()> {
    let Some(name) = import::named_example(text) else { return Ok(()) };
    let path = file.with_file_name(&name);
    if matches!(std::fs::metadata(&path), Err(e) if e.kind() == ErrorKind::NotFound) {
        let why = "the input example is not beside the file, and was not tried".to_owned();
        imported.notes.push(Left { path: name.display().to_string(), why });
        return Ok(());
    }
    let in_file = |e: Error| e.in_file(path.display().to_string());
    let text = String::from_utf8(read_file(&path, MAX_DEFINITION_BYTES)?)
        .map_err(|_| in_file(Error::new(ErrorCode::BadInput, "the file is not UTF-8")))?;
    import::compare_example(imported, &name, &text).map_err(in_file)
}
