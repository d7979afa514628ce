//! Which steps are legal, and what each makes of a channel. Pure: the time is given.

use super::{Action, Canary, Channel, Entry, FORMAT, Target, Telemetry};
use crate::signature::MAX_SEQUENCE;
use driftline::limits::MAX_CHANNEL_STEPS;
use driftline::{Error, ErrorCode, Result};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Live for all.
    Release(Target),
    /// For a share of the clients, in percent.
    Canary(Target, u8),
    /// The canary's share, in percent.
    Share(u8),
    /// The canary for all.
    Promote,
    /// The canary away; or back to the bundle before, or to the one of this identity.
    Rollback(Option<String>),
    /// The kill switch on.
    Kill,
    /// The kill switch off.
    Resume,
    /// Nothing but the note.
    Renew,
}

impl Step {
    /// As the history names it.
    pub const fn action(&self) -> Action {
        match self {
            Self::Release(_) => Action::Release,
            Self::Canary(..) | Self::Share(_) => Action::Canary,
            Self::Promote => Action::Promote,
            Self::Rollback(_) => Action::Rollback,
            Self::Kill => Action::Kill,
            Self::Resume => Action::Resume,
            Self::Renew => Action::Renew,
        }
    }
}

/// What goes with a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// When, such as `2013-06-03T00:00:00Z`.
    pub at: String,
    /// Who.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// A new expiry; `Some(None)`: none any more.
    pub expires: Option<Option<String>>,
    /// A new least version of the package.
    pub minimum_runtime: Option<Option<String>>,
    /// Whether beacons are silent, if that changes.
    pub telemetry_off: Option<bool>,
    /// Share of the windows that is sent at most, in thousandths, if that changes.
    pub rate_milli: Option<u16>,
}

/// The channel after a step. `name` is that of a new channel; `key` the signer's.
///
/// # Errors
/// [`ErrorCode::ChannelStep`] for a step that is not legal, [`ErrorCode::ChannelExpired`] if no
/// gate would take the result, [`ErrorCode::ChannelInvalid`] for what is no channel.
pub fn step(
    channel: Option<&Channel>,
    name: &str,
    key: &str,
    step: &Step,
    note: &Note,
) -> Result<Channel> {
    let mut next = match (channel, step) {
        (Some(channel), _) => {
            advance(channel, step, note).map(|next| Channel { key: key.into(), ..next })?
        }
        (None, Step::Release(target)) => first(name, key, target, note),
        (None, step) => {
            let message = format!("there is no channel yet to {}", verb(step.action()));
            return Err(refused(message).with_help("the first step is `driftline release`"));
        }
    };
    next.updated.clone_from(&note.at);
    if let Some(expires) = &note.expires {
        next.expires.clone_from(expires);
    }
    if let Some(minimum) = &note.minimum_runtime {
        next.minimum_runtime.clone_from(minimum);
    }
    if let Some(off) = note.telemetry_off {
        next.telemetry.off = off;
    }
    if let Some(rate) = note.rate_milli {
        next.telemetry.rate_milli = Some(rate);
    }
    if next.expires.as_ref().is_some_and(|expires| *expires <= note.at) {
        let until = next.expires.unwrap_or_default();
        let message = format!("the channel was good until {until}, and no gate would take it");
        return Err(Error::new(ErrorCode::ChannelExpired, message)
            .with_help("give a later one with `--expires TIME`"));
    }
    next.check()?;
    Ok(next)
}

fn first(name: &str, key: &str, target: &Target, note: &Note) -> Channel {
    Channel {
        format: FORMAT.into(),
        key: key.into(),
        name: name.into(),
        sequence: 1,
        updated: note.at.clone(),
        expires: None,
        live: target.clone(),
        canary: None,
        previous: None,
        minimum_runtime: None,
        telemetry: Telemetry::default(),
        killed: None,
        history: vec![entry(1, Action::Release, target.clone(), None, note)],
    }
}

fn advance(channel: &Channel, step: &Step, note: &Note) -> Result<Channel> {
    if note.at < channel.updated {
        let message = format!("the last step was taken at {}, after {}", channel.updated, note.at);
        return Err(refused(message).with_help("check the clock, or say when with `--at TIME`"));
    }
    if channel.sequence >= MAX_SEQUENCE {
        return Err(refused("the sequence is used up"));
    }
    if channel.killed.is_some()
        && let Step::Release(_) | Step::Canary(..) | Step::Share(_) | Step::Promote = step
    {
        return Err(refused("the kill switch is on")
            .with_help("turn it off with `driftline resume`, or `driftline rollback` first"));
    }
    let mut next = channel.clone();
    next.sequence += 1;
    let (bundle, replaced) = match step {
        Step::Release(target) => {
            if let Some(canary) = &channel.canary {
                return Err(canary_runs(canary));
            }
            other_than_live(channel, target)?;
            next.live = target.clone();
            next.previous = Some(channel.live.clone());
            (target.clone(), Some(channel.live.identity.clone()))
        }
        Step::Canary(target, _) => {
            if let Some(canary) = &channel.canary
                && canary.bundle.identity != target.identity
            {
                return Err(canary_runs(canary));
            }
            other_than_live(channel, target)?;
            (target.clone(), None)
        }
        Step::Share(_) => (canary(channel)?.bundle.clone(), None),
        Step::Promote => {
            let bundle = canary(channel)?.bundle.clone();
            next.live = bundle.clone();
            next.canary = None;
            next.previous = Some(channel.live.clone());
            (bundle, Some(channel.live.identity.clone()))
        }
        Step::Rollback(to) => {
            let (bundle, replaced) = back(channel, to.as_deref())?;
            next.previous = below(channel, &bundle.identity);
            next.live = bundle.clone();
            next.canary = None;
            (bundle, Some(replaced))
        }
        Step::Kill => {
            if channel.killed.is_some() {
                return Err(refused("the kill switch is on already"));
            }
            let why = note.reason.clone();
            next.killed = Some(why.unwrap_or_else(|| "killed by the channel".into()));
            (channel.live.clone(), None)
        }
        Step::Resume => {
            if channel.killed.is_none() {
                return Err(refused("the kill switch is not on"));
            }
            next.killed = None;
            (channel.live.clone(), None)
        }
        Step::Renew => (channel.live.clone(), None),
    };
    let mut entry = entry(next.sequence, step.action(), bundle.clone(), replaced, note);
    if let Step::Canary(_, percent) | Step::Share(percent) = step {
        let same = |canary: &Canary| canary.percent == *percent && canary.bundle == bundle;
        if channel.canary.as_ref().is_some_and(same) {
            return Err(refused(format!("the canary has {percent}% already")));
        }
        next.canary = Some(Canary { bundle, percent: *percent });
        entry.percent = Some(*percent);
    }
    next.history.push(entry);
    let surplus = next.history.len().saturating_sub(MAX_CHANNEL_STEPS);
    next.history.drain(..surplus);
    Ok(next)
}

/// What was live and not withdrawn again, the oldest first; the last one is live.
pub fn stack(channel: &Channel) -> Vec<Target> {
    let mut stack: Vec<Target> = Vec::new();
    for entry in &channel.history {
        match entry.action {
            Action::Release | Action::Promote => stack.push(entry.bundle.clone()),
            Action::Rollback => {
                let found = stack.iter().rposition(|one| one.identity == entry.bundle.identity);
                // what is forgotten lies below all that is remembered
                stack.truncate(found.map_or(0, |at| at + 1));
                if found.is_none() {
                    stack.push(entry.bundle.clone());
                }
            }
            Action::Canary | Action::Kill | Action::Resume | Action::Renew => {}
        }
    }
    if stack.is_empty() {
        stack.push(channel.live.clone());
    }
    // of the steps before the first that is remembered, the last one is
    if stack.len() == 1
        && let Some(previous) = &channel.previous
    {
        stack.insert(0, previous.clone());
    }
    stack
}

/// What lies below a bundle that was live.
fn below(channel: &Channel, identity: &str) -> Option<Target> {
    let stack = stack(channel);
    let at = stack.iter().rposition(|one| one.identity == identity)?;
    stack.get(at.checked_sub(1)?).cloned()
}

/// Where a rollback leads, and the identity that it takes away.
fn back(channel: &Channel, to: Option<&str>) -> Result<(Target, String)> {
    let live = &channel.live;
    if let Some(canary) = &channel.canary
        && to.is_none_or(|to| to == live.identity)
    {
        return Ok((live.clone(), canary.bundle.identity.clone()));
    }
    let stack = stack(channel);
    let mut earlier = stack.iter().rev().skip(1);
    let found = match to {
        None => earlier.next(),
        Some(to) if to == live.identity => return Err(refused(format!("`{to}` is live"))),
        Some(to) => earlier.find(|one| one.identity == to),
    };
    match (found, to) {
        (Some(found), _) => Ok((found.clone(), live.identity.clone())),
        (None, None) => Err(refused("nothing was live before")),
        (None, Some(to)) => {
            let message = format!("`{to}` is none of those that were live before");
            Err(refused(message).with_help("`driftline history CHANNEL` lists them"))
        }
    }
}

fn canary(channel: &Channel) -> Result<&Canary> {
    channel.canary.as_ref().ok_or_else(|| {
        refused("there is no canary").with_help("begin one: `driftline canary CHANNEL BUNDLE`")
    })
}

fn canary_runs(canary: &Canary) -> Error {
    let message = format!("the canary `{}` runs", canary.bundle.identity);
    refused(message).with_help("`driftline promote` or `driftline rollback` it first")
}

fn other_than_live(channel: &Channel, target: &Target) -> Result<()> {
    if target.identity != channel.live.identity {
        return Ok(());
    }
    Err(refused(format!("`{}` is live already", target.identity)))
}

fn entry(
    sequence: u64,
    action: Action,
    bundle: Target,
    replaced: Option<String>,
    note: &Note,
) -> Entry {
    let Note { at, by, reason, .. } = note;
    let (at, by, reason) = (at.clone(), by.clone(), reason.clone());
    Entry { sequence, at, action, bundle, replaced, percent: None, by, reason }
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::Rollback => "roll back",
        other => other.as_str(),
    }
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::ChannelStep, message)
}
