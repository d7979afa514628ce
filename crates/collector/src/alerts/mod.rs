//! Alerts: rules over what was counted, and telling people and programs.
//!
//! A look (`evaluate`) is a pure function of the alerts so far, of what the rules find, and of the
//! time. What it leads to is written with what is to be told in one transaction; each destination
//! has a thread that takes its notices in order and tries each until it is taken, refused or a day
//! old. Beacons wait for none of this.

mod activations;
mod deliver;
mod destination;
mod evaluate;
mod judge;
mod message;
mod readings;
mod rules;
mod secret;
mod signature;
pub(crate) mod store;
mod task;

pub use destination::{Destination, Mail, Ready, Tls, Way};
pub use evaluate::{Alert, Finding, Holds, Key, MAX_ALERTS, Notice, Stage, State, Step, step};
pub use rules::{Alerts, Per, Rule, Severity, What, default_rules};
pub use secret::{Secret, Source};
pub use task::{Desk, ready};

pub(crate) use deliver::{Tried, agent, post, told};
pub(crate) use destination::check_url;
pub(crate) use judge::upper;
pub(crate) use message::instant;
