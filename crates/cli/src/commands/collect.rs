//! `driftline collect`: where beacons land.

use super::load;
use crate::Outcome;
use crate::output::{Output, read_file};
use driftline::limits::MAX_DEFINITION_BYTES;
use driftline::{Error, ErrorCode, Result};
use driftline_collector::store::{Fault, Store, restore};
use driftline_collector::{Config, Host, register};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Settings: those of the file, then the environment's, then these.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  driftline collect --data counts --register dist/flights-delay.driftline\n  \
                        driftline collect --data counts --backup monday.sqlite\n  \
                        driftline collect --data counts --export counts.parquet\n\n\
                        Settings and paths: docs/collector.md"
)]
pub struct Args {
    /// Settings in TOML
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address and port; without write keys and tokens only this machine's own
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Folder of the counts
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Days for which a window is taken after it began [default: 8]
    #[arg(long, value_name = "DAYS")]
    accept_days: Option<u32>,
    /// Bundle whose beacons are taken; may be given again
    #[arg(long, value_name = "BUNDLE")]
    register: Vec<PathBuf>,
    /// Segments and metrics that the hosts of those bundles declare, in JSON
    #[arg(long, value_name = "FILE", requires = "register")]
    declared: Option<PathBuf>,
    /// Write a copy of the counts, also while a collector runs, and end
    #[arg(long, value_name = "FILE", conflicts_with_all = ["register", "listen"])]
    backup: Option<PathBuf>,
    /// Write all counts as Parquet, also while a collector runs, and end
    #[arg(long, value_name = "FILE", conflicts_with_all = ["register", "listen", "backup"])]
    export: Option<PathBuf>,
    /// Put a copy that `--backup` wrote in place of the counts, and end; no collector may run
    #[arg(long, value_name = "FILE", conflicts_with_all = ["register", "listen", "backup", "export"])]
    restore: Option<PathBuf>,
    /// Let `--restore` replace counts that are there
    #[arg(long, requires = "restore")]
    force: bool,
}

/// Runs until it is asked to end.
pub fn run(args: &Args, json: bool) -> Result<Outcome> {
    let mut config = settings(args)?;
    if let Some(done) = instead(args, &config)? {
        let mut out = Output::stdout();
        if json {
            out.json(&done)?
        } else {
            out.line(&line(&done))?
        }
        out.finish()?;
        return Ok(Outcome::Good);
    }
    config.deployments.roll_back = Some(super::channel::roll_back);
    let declared = args.declared.as_deref().map(text).transpose()?;
    let mut registrations = Vec::new();
    for path in &args.register {
        let bytes = load::bundle_bytes(path)?;
        let read = register::read(&bytes, declared.as_deref());
        registrations.push(read.map_err(|error| error.in_file(path.display().to_string()))?);
    }
    // the first bytes of randomness may fail; later ones come from the same source
    random().ok_or_else(|| Error::new(ErrorCode::Io, "the system gives no randomness"))?;
    let host = Host { seconds, random: || random().unwrap_or_default() };
    let identities: Vec<String> = registrations.iter().map(|one| one.identity.clone()).collect();
    driftline_collector::run(config, host, registrations, |address| {
        // who started it may have stopped listening
        let _ = announce(address, &identities, json);
    })?;
    Ok(Outcome::Good)
}

/// What is done instead of collecting.
fn instead(args: &Args, config: &Config) -> Result<Option<Value>> {
    let data = &config.data;
    let failed = |fault: Fault| {
        let code = match &fault {
            Fault::Exists(_) | Fault::InUse(_) => ErrorCode::BadUsage,
            Fault::File { .. } => ErrorCode::Io,
            _ => ErrorCode::StoreFailed,
        };
        Error::new(code, fault.to_string())
    };
    let here = |error: Error| error.in_file(data.display().to_string());
    let done = if let Some(to) = &args.backup {
        Store::copy(data, to).map_err(failed).map_err(here)?;
        json!({ "backup": to.display().to_string() })
    } else if let Some(to) = &args.export {
        let exported = driftline_collector::export(config, seconds() / 3_600, to)
            .map_err(failed)
            .map_err(here)?;
        json!({
            "export": to.display().to_string(),
            "models": exported.models,
            "windows": exported.windows,
            "rows": exported.rows,
        })
    } else if let Some(from) = &args.restore {
        let restored = restore(data, from, args.force).map_err(|fault| match fault {
            Fault::Exists(_) => failed(fault).with_help("`--force` replaces it"),
            fault => failed(fault).in_file(from.display().to_string()),
        })?;
        json!({
            "restored": data.display().to_string(),
            "models": restored.models,
            "version": restored.version,
        })
    } else {
        return Ok(None);
    };
    Ok(Some(done))
}

/// The same for people: what was written, then the numbers.
fn line(done: &Value) -> String {
    let Some(done) = done.as_object() else { return String::new() };
    let (numbers, texts): (Vec<_>, Vec<_>) = done.iter().partition(|(_, value)| value.is_number());
    let mut words: Vec<String> =
        texts.iter().filter_map(|(_, value)| value.as_str().map(str::to_owned)).collect();
    words.extend(numbers.iter().map(|(name, value)| format!("{name} {value}")));
    words.join("  ")
}

fn settings(args: &Args) -> Result<Config> {
    let mut config = match &args.config {
        Some(path) => Config::from_toml(&text(path)?)
            .map_err(|error| error.in_file(path.display().to_string()))?,
        None => Config::default(),
    };
    config.take(|name| std::env::var(name).ok())?;
    if let Some(listen) = args.listen {
        config.listen = listen;
    }
    if let Some(data) = &args.data {
        config.data.clone_from(data);
    }
    if let Some(days) = args.accept_days {
        config.accept_days = days;
    }
    Ok(config)
}

fn announce(address: SocketAddr, identities: &[String], json: bool) -> Result<()> {
    let mut out = Output::stdout();
    let url = format!("http://{address}");
    if json {
        out.json(&json!({ "listening": url, "registered": identities }))?;
    } else {
        out.line(&format!("listening on {url}"))?;
        for identity in identities {
            out.line(&format!("registered {identity}"))?;
        }
    }
    out.finish()
}

fn text(path: &Path) -> Result<String> {
    let bytes = read_file(path, MAX_DEFINITION_BYTES)?;
    String::from_utf8(bytes).map_err(|_| {
        Error::new(ErrorCode::BadInput, "the file is not UTF-8").in_file(path.display().to_string())
    })
}

fn seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

fn random() -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes)
}
