//! What is watched, from when on it is an alert, and who is told: `[alerts]` in the settings.

use super::destination::Destination;
use driftline::{Error, ErrorCode};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

const MINUTE: i64 = 60;

/// Rules at once: each is evaluated for every model.
const MAX_RULES: usize = 200;

/// Destinations: each has a thread of its own.
const MAX_DESTINATIONS: usize = 16;

/// Longest span that a rule looks at, in hours: ten years.
const MAX_HOURS: u32 = 10 * 366 * 24;

/// Settings of alerts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Alerts {
    /// How often the rules are looked at, in seconds; 0: never.
    pub every_seconds: u32,
    /// How long resolved alerts are kept, in days.
    pub keep_days: u32,
    /// The rules; those of [`default_rules`] if none are given.
    pub rules: Vec<Rule>,
    /// Who is told, by name.
    pub to: BTreeMap<String, Destination>,
}

impl Default for Alerts {
    fn default() -> Self {
        Self { every_seconds: 60, keep_days: 400, rules: default_rules(), to: BTreeMap::new() }
    }
}

/// How bad it is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Somebody should look.
    #[default]
    Warning,
    /// Somebody must look now.
    Critical,
}

impl Severity {
    /// All, rising.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Critical];

    /// The stable string.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// What a rule looks at. The unit of its threshold, and what it is without one, stand with each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// An input whose verdict is `drifted`, with at least this effect (0.025).
    InputDrift,
    /// An input whose e-detector alarms, with at least this effect (0.025).
    DriftAlarm,
    /// An input's share without a value, above the baseline's share by more than this (0.05).
    Missing,
    /// An input's share of unknown categories, above the baseline's by more than this (0.05).
    Unseen,
    /// An input's share of invalid values, above the baseline's by more than this (0.05).
    Invalid,
    /// Broken clauses a record, more than this (0.05).
    Violations,
    /// Share of decisions that are escalated, more than this (0.5).
    Escalated,
    /// Share of decisions that fall back to a default, more than this (0.5).
    Defaulted,
    /// Share of decisions that are rejected, more than this (0.5).
    Rejected,
    /// Accuracy as estimated without labels, below this by more than two standard errors.
    EstimatedAccuracy,
    /// Accuracy that came true, below this by more than two standard errors.
    RealisedAccuracy,
    /// |z| of calibration, more than this (4).
    Calibration,
    /// A quantile of the latency in milliseconds, more than this.
    Latency,
    /// Errors and traps a record, more than this (0.001).
    Faults,
    /// A check of windows that fails in the newest window that another one followed; it has no
    /// threshold of its own.
    WindowCheck,
    /// Share of activations on clients that failed, more than this (0.01).
    ActivationFailures,
    /// Hours since the end of the newest window, at least this (24).
    Silence,
}

impl What {
    /// The stable string.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InputDrift => "input_drift",
            Self::DriftAlarm => "drift_alarm",
            Self::Missing => "missing",
            Self::Unseen => "unseen",
            Self::Invalid => "invalid",
            Self::Violations => "violations",
            Self::Escalated => "escalated",
            Self::Defaulted => "defaulted",
            Self::Rejected => "rejected",
            Self::EstimatedAccuracy => "estimated_accuracy",
            Self::RealisedAccuracy => "realised_accuracy",
            Self::Calibration => "calibration",
            Self::Latency => "latency",
            Self::Faults => "faults",
            Self::WindowCheck => "window_check",
            Self::ActivationFailures => "activation_failures",
            Self::Silence => "silence",
        }
    }

    /// The threshold of a rule that gives none.
    const fn usual(self) -> Option<f64> {
        Some(match self {
            Self::InputDrift | Self::DriftAlarm => 0.025,
            Self::Missing | Self::Unseen | Self::Invalid | Self::Violations => 0.05,
            Self::Escalated | Self::Defaulted | Self::Rejected => 0.5,
            Self::Calibration => 4.0,
            Self::Faults => 0.001,
            Self::WindowCheck => 0.0,
            Self::ActivationFailures => 0.01,
            Self::Silence => 24.0,
            Self::EstimatedAccuracy | Self::RealisedAccuracy | Self::Latency => return None,
        })
    }
}

/// Which findings of a rule are one alert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// Those of one model: however many inputs moved, one alert.
    #[default]
    Identity,
    /// Those of one input of one model.
    Subject,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Told in alerts, and no other rule's.
    pub name: String,
    /// What is looked at.
    pub what: What,
    /// From when on; see [`What`].
    #[serde(default)]
    pub threshold: Option<f64>,
    /// The quantile that `latency` looks at, in (0, 1).
    #[serde(default = "quantile")]
    pub quantile: f64,
    /// How bad it is.
    #[serde(default)]
    pub severity: Severity,
    /// Names or identities of the models that are looked at; empty: all.
    #[serde(default)]
    pub models: BTreeSet<String>,
    /// Inputs that are looked at; empty: all.
    #[serde(default)]
    pub inputs: BTreeSet<String>,
    /// The span that is looked at: this many hours before the end of the newest window.
    #[serde(default = "hours")]
    pub hours: u32,
    /// Records in the span, or activations, below which shares say nothing.
    #[serde(default = "least_records")]
    pub least_records: u32,
    /// How long it must have been so at every look.
    #[serde(default)]
    pub hold_minutes: u32,
    /// How long nothing more is said of the same after it was told.
    #[serde(default = "cooldown")]
    pub cooldown_minutes: u32,
    /// After how long it is told again while it lasts; 0: never.
    #[serde(default)]
    pub repeat_minutes: u32,
    /// What is one alert.
    #[serde(default)]
    pub per: Per,
    /// Whether the end is told too.
    #[serde(default = "yes")]
    pub resolve_notice: bool,
    /// Whether gates that ask are told to suspend the model's thresholds while it lasts.
    #[serde(default)]
    pub suspend: bool,
    /// Names of who is told; absent: everybody.
    #[serde(default)]
    pub to: Option<BTreeSet<String>>,
}

const fn quantile() -> f64 {
    0.99
}
const fn hours() -> u32 {
    24
}
const fn least_records() -> u32 {
    500
}
const fn cooldown() -> u32 {
    24 * 60
}
const fn yes() -> bool {
    true
}

impl Rule {
    /// A rule with the usual settings.
    pub fn new(name: &str, what: What, severity: Severity) -> Self {
        Self {
            name: name.to_owned(),
            what,
            threshold: None,
            quantile: quantile(),
            severity,
            models: BTreeSet::new(),
            inputs: BTreeSet::new(),
            hours: hours(),
            least_records: least_records(),
            hold_minutes: 0,
            cooldown_minutes: cooldown(),
            repeat_minutes: 0,
            per: Per::default(),
            resolve_notice: true,
            suspend: false,
            to: None,
        }
    }

    /// The threshold that holds.
    pub fn limit(&self) -> f64 {
        // `check` lets no rule pass without one
        self.threshold.or(self.what.usual()).unwrap_or(f64::INFINITY)
    }

    /// Whether it is about a model.
    pub fn is_about(&self, identity: &str, name: &str) -> bool {
        self.models.is_empty() || self.models.contains(identity) || self.models.contains(name)
    }

    /// Whether it is about an input.
    pub fn takes(&self, input: &str) -> bool {
        self.inputs.is_empty() || self.inputs.contains(input)
    }

    pub(super) fn hold(&self) -> i64 {
        i64::from(self.hold_minutes) * MINUTE
    }

    pub(super) fn cooldown(&self) -> i64 {
        i64::from(self.cooldown_minutes) * MINUTE
    }

    pub(super) fn repeat(&self) -> Option<i64> {
        (self.repeat_minutes > 0).then(|| i64::from(self.repeat_minutes) * MINUTE)
    }
}

/// What is watched if the settings name no rule.
pub fn default_rules() -> Vec<Rule> {
    let rule = Rule::new;
    vec![
        Rule { suspend: true, ..rule("drift alarm", What::DriftAlarm, Severity::Critical) },
        Rule { hold_minutes: 60, ..rule("input drift", What::InputDrift, Severity::Warning) },
        rule("missing values", What::Missing, Severity::Warning),
        rule("unseen categories", What::Unseen, Severity::Warning),
        rule("invalid values", What::Invalid, Severity::Warning),
        rule("escalations", What::Escalated, Severity::Warning),
        rule("calibration", What::Calibration, Severity::Warning),
        rule("faults", What::Faults, Severity::Critical),
        // as the rule that proposes a rollback (`[deployments.rules]`)
        Rule {
            least_records: 100,
            ..rule("activations", What::ActivationFailures, Severity::Warning)
        },
        rule("silence", What::Silence, Severity::Info),
    ]
}

impl Alerts {
    /// Whether the settings may be run with.
    ///
    /// # Errors
    /// [`ErrorCode::BadUsage`].
    pub fn check(&self) -> Result<(), Error> {
        if self.rules.len() > MAX_RULES || self.to.len() > MAX_DESTINATIONS {
            return Err(usage(format!(
                "there may be at most {MAX_RULES} rules and {MAX_DESTINATIONS} destinations"
            )));
        }
        let mut names = BTreeSet::new();
        for rule in &self.rules {
            let name = &rule.name;
            if name.is_empty() || name.chars().any(char::is_control) || !names.insert(name) {
                return Err(usage(format!("the rule `{name}` has no name of its own")));
            }
            let bad = |what: &str| Err(usage(format!("the rule `{name}` {what}")));
            match rule.threshold.or(rule.what.usual()) {
                None => return bad("needs a `threshold`"),
                Some(limit) if !limit.is_finite() || limit < 0.0 => {
                    return bad("has a `threshold` that is below 0 or no number");
                }
                Some(_) => {}
            }
            if !(rule.quantile > 0.0 && rule.quantile < 1.0) {
                return bad("has a `quantile` that is not between 0 and 1");
            }
            if rule.hours == 0 || rule.hours > MAX_HOURS {
                return bad("looks at no hours, or at more than ten years");
            }
            if rule.repeat_minutes > 0 && rule.repeat_minutes < rule.cooldown_minutes {
                return bad("repeats within its cooldown");
            }
            if let Some(to) = rule.to.iter().flatten().find(|to| !self.to.contains_key(*to)) {
                return bad(&format!("tells `{to}`, which is no destination"));
            }
        }
        for (name, to) in &self.to {
            to.check()
                .map_err(|error| usage(format!("the destination `{name}`: {}", error.message())))?;
        }
        Ok(())
    }
}

pub(super) fn usage(message: String) -> Error {
    Error::new(ErrorCode::BadUsage, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(), Error> {
        toml::from_str::<Alerts>(text).map_err(|e| usage(e.to_string()))?.check()
    }

    #[test]
    fn the_usual_settings_may_be_run_with() {
        assert!(Alerts::default().check().is_ok());
        assert!(read("[[rules]]\nname = \"a\"\nwhat = \"input_drift\"\n").is_ok());
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let rule = "[[rules]]\nname = \"a\"\n";
        for (fault, more) in [
            ("no threshold", "what = \"latency\""),
            ("an unknown setting", "what = \"silence\"\nholdminutes = 3"),
            ("an unknown thing", "what = \"noise\""),
            ("a negative threshold", "what = \"silence\"\nthreshold = -1"),
            ("not a number", "what = \"silence\"\nthreshold = nan"),
            ("repeats within the cooldown", "what = \"silence\"\nrepeat_minutes = 5"),
            ("an unknown destination", "what = \"silence\"\nto = [\"ops\"]"),
            ("a quantile of 1", "what = \"latency\"\nthreshold = 5\nquantile = 1.0"),
            ("no span", "what = \"missing\"\nhours = 0"),
            ("two of a name", "what = \"missing\"\n[[rules]]\nname = \"a\"\nwhat = \"silence\""),
        ] {
            assert!(read(&format!("{rule}{more}\n")).is_err(), "{fault}");
        }
    }
}
