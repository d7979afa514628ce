//! What was live when, what became of it on clients, and when to go back.

mod bound;
mod rules;
pub(crate) mod store;
mod task;

pub use bound::{evidence, lower_bound};
pub use rules::{Proposal, Seen, judge};
pub use task::look;

use driftline::{Error, ErrorCode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Takes the canary of a channel, or what is live, back if it is still this identity: the channel's
/// file, the key's, the identity, the time in seconds since 1970 and the reason. The answer is the
/// channel's new sequence.
pub type RollBack = fn(&Path, &Path, &str, i64, &str) -> Result<i64, Error>;

/// Settings, under `[deployments]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Deployments {
    /// When a rollback is proposed.
    pub rules: Rules,
    /// Take back what a rule names, in place of proposing it.
    pub apply: bool,
    /// The files that may be edited then.
    pub channels: Vec<ChannelFile>,
    /// Name of the app whose key alone may send counts of candidates; none: any app's.
    pub shadow_app: Option<String>,
    /// How to edit them; the host gives it.
    #[serde(skip)]
    pub roll_back: Option<RollBack>,
}

/// A channel that the collector may edit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelFile {
    /// The channel's.
    pub name: String,
    /// Its file.
    pub file: PathBuf,
    /// The private key that signs it.
    pub key: PathBuf,
}

/// When to go back.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// More than so many percent of a bundle's activations failed; none: never.
    pub activation_failures: Option<f64>,
    /// Activations that are waited for first.
    pub activations_at_least: u64,
    /// More than this share of the accepted answers is wrong, with the confidence below; none: never.
    pub max_error: Option<f64>,
    /// With which confidence, over all looks together.
    pub confidence: f64,
    /// Seconds between two looks.
    pub every_seconds: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            activation_failures: Some(1.0),
            activations_at_least: 100,
            max_error: None,
            confidence: 0.999,
            every_seconds: 60,
        }
    }
}

impl Deployments {
    /// Whether the settings may be run with.
    ///
    /// # Errors
    /// [`ErrorCode::BadUsage`].
    pub fn check(&self) -> Result<(), Error> {
        let fault = |message: &str| Err(Error::new(ErrorCode::BadUsage, message));
        let Rules { activation_failures, max_error, confidence, every_seconds, .. } = self.rules;
        if activation_failures.is_some_and(|percent| !(0.0..100.0).contains(&percent)) {
            return fault("`activation_failures` is a number of percent in [0, 100)");
        }
        if max_error.is_some_and(|error| !(error > 0.0 && error < 1.0)) {
            return fault("`max_error` lies between 0 and 1");
        }
        if !(0.5..1.0).contains(&confidence) {
            return fault("`confidence` lies in [0.5, 1)");
        }
        if every_seconds == 0 {
            return fault("`every_seconds` is at least 1");
        }
        if self.apply && self.channels.is_empty() {
            return fault("`apply` needs the files of `[[deployments.channels]]`");
        }
        Ok(())
    }
}

/// What was done to a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Live for all.
    Release,
    /// For a share.
    Canary,
    /// The canary for all.
    Promote,
    /// The canary away, or back.
    Rollback,
    /// Kill switch on.
    Kill,
    /// Kill switch off.
    Resume,
    /// Signed anew.
    Renew,
    /// A rule asks for a rollback; nothing was done.
    Rule,
}

impl Action {
    const ALL: [Self; 8] = [
        Self::Release,
        Self::Canary,
        Self::Promote,
        Self::Rollback,
        Self::Kill,
        Self::Resume,
        Self::Renew,
        Self::Rule,
    ];

    /// As requests and the store name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Canary => "canary",
            Self::Promote => "promote",
            Self::Rollback => "rollback",
            Self::Kill => "kill",
            Self::Resume => "resume",
            Self::Renew => "renew",
            Self::Rule => "rule",
        }
    }

    fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }
}

/// One step of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Seconds since 1970.
    pub at: i64,
    /// The channel's name.
    pub channel: String,
    /// The channel's after the step.
    pub sequence: Option<i64>,
    /// What.
    pub action: Action,
    /// What it put in place.
    pub identity: String,
    /// What it took away.
    pub previous: Option<String>,
    /// Share of the clients that have it.
    pub percent: u8,
    /// Who.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// What a channel says at an instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// What was live and not withdrawn, with the second from which on, the oldest first; the last one
    /// is live.
    pub stack: Vec<(String, i64)>,
    /// The canary, its share, and since when.
    pub canary: Option<(String, u8, i64)>,
    /// Whether the kill switch is on.
    pub killed: bool,
}

impl Live {
    /// What is tried: the canary, else what is live; with the second from which on, and what it would
    /// be taken back to.
    pub fn tried(&self) -> Option<(&str, i64, &str)> {
        if let Some((identity, _, since)) = &self.canary {
            return Some((identity, *since, &self.stack.last()?.0));
        }
        match self.stack.as_slice() {
            [.., (before, _), (live, since)] => Some((live, *since, before)),
            _ => None,
        }
    }
}

/// What each channel says after steps in their order.
pub fn live(steps: &[Deployment]) -> BTreeMap<String, Live> {
    let mut all: BTreeMap<String, Live> = BTreeMap::new();
    for step in steps {
        let live = all.entry(step.channel.clone()).or_default();
        let Deployment { action, identity, at, percent, .. } = step;
        match action {
            Action::Release | Action::Promote => {
                live.stack.push((identity.clone(), *at));
                live.canary = None;
            }
            Action::Canary => live.canary = Some((identity.clone(), *percent, *at)),
            Action::Rollback => {
                live.canary = None;
                match live.stack.iter().rposition(|(one, _)| one == identity) {
                    // the canary was withdrawn
                    Some(found) if found + 1 == live.stack.len() => {}
                    Some(found) => {
                        live.stack.truncate(found);
                        live.stack.push((identity.clone(), *at));
                    }
                    None => live.stack = vec![(identity.clone(), *at)],
                }
            }
            Action::Kill => live.killed = true,
            Action::Resume => live.killed = false,
            Action::Renew | Action::Rule => {}
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(at: i64, action: Action, identity: &str) -> Deployment {
        Deployment {
            at,
            channel: "stable".into(),
            sequence: None,
            action,
            identity: identity.into(),
            previous: None,
            percent: 10,
            by: None,
            reason: None,
        }
    }

    #[test]
    fn steps_say_what_was_live_when() {
        let steps = [
            step(1, Action::Release, "a"),
            step(2, Action::Canary, "b"),
            step(3, Action::Promote, "b"),
            step(4, Action::Canary, "c"),
            step(5, Action::Rollback, "b"),
            step(6, Action::Kill, "b"),
            step(7, Action::Rollback, "a"),
            step(8, Action::Resume, "a"),
        ];
        let at = |n: usize| live(&steps[..n]).remove("stable").unwrap();
        assert_eq!(at(1).tried(), None);
        assert_eq!(at(2).tried(), Some(("b", 2, "a")));
        assert_eq!(at(3).tried(), Some(("b", 3, "a")));
        assert_eq!(at(4).tried(), Some(("c", 4, "b")));
        assert_eq!(at(5).tried(), Some(("b", 3, "a")));
        assert!(at(6).killed && at(7).killed && !at(8).killed);
        // what was withdrawn is not gone back to
        assert_eq!(at(8).stack, [("a".to_owned(), 7)]);
    }

    #[test]
    fn settings_that_cannot_be_meant_are_refused() {
        let with = |change: &dyn Fn(&mut Deployments)| {
            let mut settings = Deployments::default();
            change(&mut settings);
            settings.check().is_ok()
        };
        assert!(with(&|_| ()));
        assert!(!with(&|d| d.apply = true));
        assert!(!with(&|d| d.rules.activation_failures = Some(100.0)));
        assert!(!with(&|d| d.rules.activation_failures = Some(f64::NAN)));
        assert!(!with(&|d| d.rules.max_error = Some(0.0)));
        assert!(!with(&|d| d.rules.confidence = 1.0));
        assert!(!with(&|d| d.rules.every_seconds = 0));
    }
}
