//! `driftline release`, `canary`, `promote`, `rollback`, `kill`, `resume`, `renew`, `history`.

use crate::Outcome;
use crate::channel::{
    self, Canary, Channel, Editor, Note, Question, Signer, Step, Target, Telemetry,
};
use crate::output::{Output, read_file};
use crate::report;
use crate::signature::{Keypair, PublicKey, time};
use driftline::bundle::{Bundle, sha256_hex};
use driftline::limits::MAX_BUNDLE_BYTES;
use driftline::{Error, ErrorCode, Result};
use serde_json::json;
use std::path::{Path, PathBuf};

/// What every step takes.
#[derive(Debug, clap::Args)]
pub struct Common {
    /// The channel's file
    channel: PathBuf,
    /// Private key that signs the channel
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Public key, beside that one's, that may have signed the channel as it is; may be given again
    #[arg(long, value_name = "FILE")]
    trust: Vec<PathBuf>,
    /// Statement of an older key that names a newer one, so that gates which pin the older one take
    /// the channel; stays in it from here on; may be given again
    #[arg(long, value_name = "FILE")]
    rotation: Vec<PathBuf>,
    /// Leaves the statements of older keys out that the channel has
    #[arg(long)]
    forget_rotations: bool,
    /// When [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Who takes the step; never read from the machine
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// From when on no gate takes the channel: a time, or `never` [default: as before]
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    /// Collector that is told of the step
    #[arg(long, value_name = "URL")]
    collector: Option<String>,
    /// Its admin token; better in DRIFTLINE_ADMIN_TOKEN, where no list of processes shows it
    #[arg(long, value_name = "TOKEN", requires = "collector")]
    token: Option<String>,
}

/// A bundle and where it will lie.
#[derive(Debug, clap::Args)]
pub struct What {
    /// Stand-alone bundle, which lies at its address already
    bundle: PathBuf,
    /// Its address, from which clients load it; a relative one is resolved against the channel's
    #[arg(long, value_name = "URL")]
    url: String,
}

/// Puts a bundle live for all clients, and begins the channel if there is none.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  driftline release stable.json dist/flights-delay.driftline \\\n    \
                  --url bundles/flights-3.driftline --key release.key --expires 2027-06-01T00:00:00Z"
)]
pub struct Release {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    what: What,
    /// Name of a new channel [default: the file's]
    #[arg(long)]
    name: Option<String>,
}

/// Gives a bundle to a share of the clients, or changes that share.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  driftline canary stable.json dist/flights-delay.driftline \\\n    \
                        --url bundles/flights-4.driftline --percent 10 --key release.key\n  \
                        driftline canary stable.json --percent 50 --key release.key"
)]
pub struct CanaryArgs {
    #[command(flatten)]
    common: Common,
    /// Stand-alone bundle, which lies at its address already; without it the share is changed
    #[arg(requires = "url")]
    bundle: Option<PathBuf>,
    /// Its address
    #[arg(long, value_name = "URL", requires = "bundle")]
    url: Option<String>,
    /// Share of the clients
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=99))]
    percent: u8,
}

/// Puts the canary live for all clients.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  driftline promote stable.json --key release.key\n  \
                        driftline promote stable.json --key release.key \\\n    \
                        --shadow https://counts.example --least 0.98")]
pub struct Promote {
    #[command(flatten)]
    common: Common,
    /// Collector whose verdict on the canary, beside what is live, has to be yes
    #[arg(long, value_name = "URL")]
    shadow: Option<String>,
    /// What the verdict is about [default: agreement]
    #[arg(long, value_parser = ["agreement", "accuracy"], requires = "shadow")]
    criterion: Option<String>,
    /// Share of answers like those of what is live that has to be exceeded [default: 0.95]
    #[arg(long, value_name = "SHARE", requires = "shadow")]
    least: Option<f64>,
    /// By how much it may be right less often [default: 0.01]
    #[arg(long, value_name = "SHARE", requires = "shadow")]
    margin: Option<f64>,
    /// Chance of promoting what should not be, over all looks [default: 0.05]
    #[arg(long, value_name = "SHARE", requires = "shadow")]
    level: Option<f64>,
}

/// Withdraws the canary; without one, goes back to the bundle that was live before.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  driftline rollback stable.json --key release.key --reason 'wrong prices'"
)]
pub struct Rollback {
    #[command(flatten)]
    common: Common,
    /// Identity to go back to, of those that were live and not withdrawn
    #[arg(long, value_name = "IDENTITY")]
    to: Option<String>,
}

/// Turns the kill switch on: gates answer with the policy's fallback.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  driftline kill stable.json --key release.key --reason 'wrong prices'"
)]
pub struct Kill {
    #[command(flatten)]
    common: Common,
}

/// Turns the kill switch off.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  driftline resume stable.json --key release.key")]
pub struct Resume {
    #[command(flatten)]
    common: Common,
}

/// Signs the channel anew, with a later expiry or other switches.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  driftline renew stable.json --key release.key --expires 2027-12-01T00:00:00Z\n  \
                        driftline renew stable.json --key release.key --telemetry off"
)]
pub struct Renew {
    #[command(flatten)]
    common: Common,
    /// Oldest version of the package that may run the channel, or `none`
    #[arg(long, value_name = "VERSION")]
    minimum_runtime: Option<String>,
    /// Whether beacons may send
    #[arg(long, value_name = "on|off", value_parser = ["on", "off"])]
    telemetry: Option<String>,
    /// Share of the windows that beacons send at most, in thousandths
    #[arg(long, value_name = "MILLI", value_parser = clap::value_parser!(u16).range(1..=1000))]
    rate_milli: Option<u16>,
}

/// Prints what is live and every step that is remembered.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  driftline history stable.json --trust release.key.pub")]
pub struct History {
    /// The channel's file
    channel: PathBuf,
    /// Public key that may have signed it; may be given again
    #[arg(long, value_name = "FILE", required = true)]
    trust: Vec<PathBuf>,
}

/// Runs `release`.
pub fn release(args: &Release, json: bool) -> Result<Outcome> {
    let step = Step::Release(target(&args.what.bundle, &args.what.url)?);
    take(&args.common, args.name.as_deref(), &step, Note::default(), json)
}

/// Runs `canary`.
pub fn canary(args: &CanaryArgs, json: bool) -> Result<Outcome> {
    let step = match (&args.bundle, &args.url) {
        (Some(bundle), Some(url)) => Step::Canary(target(bundle, url)?, args.percent),
        _ => Step::Share(args.percent),
    };
    take(&args.common, None, &step, Note::default(), json)
}

/// Runs `promote`.
pub fn promote(args: &Promote, json: bool) -> Result<Outcome> {
    let Promote { common, shadow, criterion, least, margin, level } = args;
    let (least, margin, level) = (*least, *margin, *level);
    let question = Question { by: criterion.clone(), least, margin, level };
    let bless = |channel: &Channel| match shadow {
        Some(collector) => channel::bless(collector, token(common).as_deref(), channel, &question),
        None => Ok(()),
    };
    take_if(common, None, &Step::Promote, Note::default(), json, &bless)
}

/// Runs `rollback`.
pub fn rollback(args: &Rollback, json: bool) -> Result<Outcome> {
    take(&args.common, None, &Step::Rollback(args.to.clone()), Note::default(), json)
}

/// Runs `kill`.
pub fn kill(args: &Kill, json: bool) -> Result<Outcome> {
    take(&args.common, None, &Step::Kill, Note::default(), json)
}

/// Runs `resume`.
pub fn resume(args: &Resume, json: bool) -> Result<Outcome> {
    take(&args.common, None, &Step::Resume, Note::default(), json)
}

/// Runs `renew`.
pub fn renew(args: &Renew, json: bool) -> Result<Outcome> {
    let minimum_runtime = args.minimum_runtime.as_deref().map(|text| match text {
        "none" => None,
        version => Some(version.to_owned()),
    });
    let telemetry_off = args.telemetry.as_deref().map(|text| text == "off");
    let note =
        Note { minimum_runtime, telemetry_off, rate_milli: args.rate_milli, ..Note::default() };
    take(&args.common, None, &Step::Renew, note, json)
}

/// Runs `history`.
pub fn history(args: &History, json: bool) -> Result<Outcome> {
    let channel = channel::read(&args.channel, &keys(&args.trust)?)?;
    let mut out = Output::stdout();
    if json {
        out.json(&channel)?;
    } else {
        print(&channel, &mut out)?;
        out.line("")?;
        for entry in &channel.history {
            let share = entry.percent.map_or(String::new(), |percent| format!(" {percent}%"));
            let by = entry.by.as_ref().map_or(String::new(), |by| format!(" by {by}"));
            let why = entry.reason.as_ref().map_or(String::new(), |why| format!(": {why}"));
            out.line(&format!(
                "{:>6}  {}  {:<9}{} {}{share}{by}{why}",
                entry.sequence,
                entry.at,
                entry.action.as_str(),
                entry.bundle.identity,
                entry.bundle.url
            ))?;
        }
    }
    out.finish()?;
    Ok(Outcome::Good)
}

fn token(common: &Common) -> Option<String> {
    common.token.clone().or_else(|| std::env::var("DRIFTLINE_ADMIN_TOKEN").ok())
}

fn take(
    common: &Common,
    name: Option<&str>,
    step: &Step,
    note: Note,
    json: bool,
) -> Result<Outcome> {
    take_if(common, name, step, note, json, &|_| Ok(()))
}

/// Takes a step unless `may` refuses it for the channel as it is; nobody edits it in between.
fn take_if(
    common: &Common,
    name: Option<&str>,
    step: &Step,
    note: Note,
    json: bool,
    may: &dyn Fn(&Channel) -> Result<()>,
) -> Result<Outcome> {
    let at = common.at.as_deref().map_or_else(|| Ok(time::now()), time::given)?;
    let expires = match common.expires.as_deref() {
        None => None,
        Some("never") => Some(None),
        Some(text) => Some(Some(time::given(text)?)),
    };
    let (by, reason) = (common.by.clone(), common.reason.clone());
    let note = Note { at, by, reason, expires, ..note };
    let stem = common.channel.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let name = name.map(str::to_owned).or(stem).unwrap_or_default();
    let pair = Keypair::read(&common.key)?;
    let trust = keys(&common.trust)?;
    let editor = Editor::lock(&common.channel)?;
    if common.channel.exists() {
        may(&channel::read(&common.channel, &[&trust[..], &[pair.public()]].concat())?)?;
    }
    let signer = Signer {
        pair: &pair,
        trust: &trust,
        rotations: &common.rotation,
        forget: common.forget_rotations,
    };
    let (_, after) = editor.take(&name, &signer, step, &note)?;
    drop(editor);
    let mut told = None;
    if let Some(collector) = &common.collector {
        told = Some(channel::post(collector, token(common).as_deref(), &after));
    }
    let mut out = Output::stdout();
    if json {
        let last = after.history.last();
        out.json(&json!({
            "channel": after.name, "sequence": after.sequence, "live": after.live,
            "canary": after.canary, "killed": after.killed, "step": last,
            "collector_told": told.as_ref().map(std::result::Result::is_ok),
        }))?;
    } else {
        print(&after, &mut out)?;
    }
    out.finish()?;
    if let Some(Err(error)) = told {
        report::print(&error, json);
        return Ok(Outcome::CheckFailed);
    }
    Ok(Outcome::Good)
}

fn print(channel: &Channel, out: &mut Output) -> Result<()> {
    let Channel { name, sequence, updated, live, .. } = channel;
    out.line(&format!("{name} {sequence}, {updated}"))?;
    out.line(&format!("  live    {} {}", live.identity, live.url))?;
    if let Some(Canary { bundle, percent }) = &channel.canary {
        out.line(&format!("  canary  {} {} for {percent}%", bundle.identity, bundle.url))?;
    }
    if let Some(previous) = &channel.previous {
        out.line(&format!("  before  {} {}", previous.identity, previous.url))?;
    }
    if let Some(why) = &channel.killed {
        out.line(&format!("  killed  {why}"))?;
    }
    if let Some(version) = &channel.minimum_runtime {
        out.line(&format!("  runtime at least {version}"))?;
    }
    if let Some(expires) = &channel.expires {
        out.line(&format!("  expires {expires}"))?;
    }
    match channel.telemetry {
        Telemetry { off: true, .. } => out.line("  beacons off"),
        Telemetry { rate_milli: Some(rate), .. } => out.line(&format!("  beacons {rate}‰ at most")),
        _ => Ok(()),
    }
}

/// The pointer to a bundle at hand.
fn target(path: &Path, url: &str) -> Result<Target> {
    let bytes = read_file(path, MAX_BUNDLE_BYTES)?;
    let bundle = Bundle::read(&bytes).map_err(|error| {
        let error = error.in_file(path.display().to_string());
        if error.code() == ErrorCode::BundleSyntax {
            return error.with_help("pass the .driftline file: hosts bring their own runtime");
        }
        error
    })?;
    let identity = bundle.identity().to_owned();
    Ok(Target { identity, url: url.into(), bytes: bytes.len() as u64, sha256: sha256_hex(&bytes) })
}

fn keys(paths: &[PathBuf]) -> Result<Vec<PublicKey>> {
    paths.iter().map(|path| PublicKey::read(path)).collect()
}

/// What the collector calls when one of its rules asks for a rollback: only if `identity` is still
/// what is tried there. The answer is the channel's new sequence.
///
/// # Errors
/// Those of the step.
pub fn roll_back(channel: &Path, key: &Path, identity: &str, at: i64, reason: &str) -> Result<i64> {
    let pair = Keypair::read(key)?;
    let editor = Editor::lock(channel)?;
    let before = channel::read(channel, &[pair.public()])?;
    let tried = before.canary.as_ref().map_or(&before.live, |canary| &canary.bundle);
    if tried.identity != identity {
        let message = format!("`{identity}` is neither the canary nor, without one, live");
        return Err(
            Error::new(ErrorCode::ChannelStep, message).in_file(channel.display().to_string())
        );
    }
    let at = time::of_seconds(at)?.max(before.updated);
    let (by, reason) = (Some("rule".to_owned()), Some(reason.to_owned()));
    let note = Note { at, by, reason, ..Note::default() };
    let signer = Signer { pair: &pair, trust: &[], rotations: &[], forget: false };
    let (_, after) = editor.take("", &signer, &Step::Rollback(None), &note)?;
    i64::try_from(after.sequence).map_err(|e| Error::new(ErrorCode::Internal, e.to_string()))
}
