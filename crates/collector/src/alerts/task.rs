//! The threads: one that looks at the rules, and one for each destination.

use super::deliver::{self, Tried};
use super::destination::{Ready, To};
use super::evaluate::{Notice, Stage, step};
use super::rules::Alerts;
use super::{readings, store};
use crate::Collector;
use crate::bell::Bell;
use crate::store::{Fault, Stored, say};
use driftline::{Error, ErrorCode};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// How often a destination's queue is looked at if nobody rings.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How often Alertmanager hears of what fires, in seconds: well within what it lets stand.
const STAND_EVERY: i64 = 60;

/// When a notice that nobody took is given up, in seconds.
const GIVE_UP_SECONDS: i64 = 24 * 3_600;

const DAY: i64 = 24 * 3_600;

/// The threads of a collector's alerts, which end when this is dropped.
#[derive(Debug)]
pub struct Desk {
    /// For those that deliver.
    bell: Arc<Bell>,
    /// For the one that looks.
    clock: Arc<Bell>,
    threads: Vec<JoinHandle<()>>,
}

/// The destinations with their secrets.
///
/// # Errors
/// [`ErrorCode::BadUsage`] for a secret that is not there.
pub fn ready(
    settings: &Alerts,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Ready>, Error> {
    let one = |(name, to): (&String, &super::Destination)| to.ready(name, variable);
    settings.to.iter().map(one).collect()
}

impl Desk {
    /// Starts them.
    ///
    /// # Errors
    /// No thread can be had.
    pub fn start(collector: &Arc<Collector>, destinations: Vec<Ready>) -> Result<Self, Error> {
        let (bell, clock) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
        let mut desk = Self { bell, clock, threads: Vec::new() };
        for to in &destinations {
            let (at, bell, to) = (Arc::clone(collector), Arc::clone(&desk.bell), to.clone());
            desk.spawn(move || deliver_all(&at, &bell, &to))?;
        }
        let every = collector.config().alerts.every_seconds;
        if every > 0 {
            let (at, bell, clock) =
                (Arc::clone(collector), Arc::clone(&desk.bell), Arc::clone(&desk.clock));
            let every = Duration::from_secs(every.into());
            desk.spawn(move || look_always(&at, &bell, &clock, &destinations, every))?;
        }
        Ok(desk)
    }

    fn spawn(&mut self, work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
        let thread = std::thread::Builder::new().name("driftline-alerts".to_owned()).spawn(work);
        let thread = thread
            .map_err(|error| Error::new(ErrorCode::Io, format!("no thread for alerts: {error}")))?;
        self.threads.push(thread);
        Ok(())
    }

    /// Has the rules looked at now.
    pub fn look(&self) {
        self.clock.ring(false);
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.clock.ring(true);
        self.bell.ring(true);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn look_always(
    collector: &Collector,
    bell: &Bell,
    clock: &Bell,
    destinations: &[Ready],
    every: Duration,
) {
    let (mut heard, mut forgotten) = (0, i64::MIN);
    let mut seen = readings::Seen::default();
    loop {
        let now = collector.seconds();
        let mut looked = look(collector, destinations, &mut seen, now);
        if looked.is_ok() && now.saturating_sub(forgotten) >= DAY {
            looked = forget(collector, destinations, now);
            forgotten = now;
        }
        match looked {
            Ok(()) => bell.ring(false),
            Err(Fault::Closed) => return,
            Err(fault) => say(&format!("the rules could not be looked at: {fault}")),
        }
        if !clock.wait(&mut heard, every) {
            return;
        }
    }
}

fn forget(collector: &Collector, destinations: &[Ready], now: i64) -> Stored<()> {
    let before = now - i64::from(collector.config().alerts.keep_days) * DAY;
    let names: Vec<String> = destinations.iter().map(|to| to.name.clone()).collect();
    collector.store().change(move |store| store::forget(store, before, &names))
}

/// One look: reads, steps, and writes what changed.
fn look(
    collector: &Collector,
    destinations: &[Ready],
    seen: &mut readings::Seen,
    now: i64,
) -> Stored<()> {
    let rules = &collector.config().alerts.rules;
    let findings = readings::all(collector, rules, seen, now)?;
    collector.see(seen.points());
    let longest = rules.iter().map(|rule| rule.cooldown()).max().unwrap_or(0);
    let before = collector.store().read(|read| store::state(read, now - longest))?;
    let next = step(&before, rules, &findings, now);
    if next.dropped > 0 {
        say(&format!("{} findings were dropped: too many alerts stand", next.dropped));
    }
    if next.state == before && next.notices.is_empty() {
        return Ok(());
    }
    let to: Vec<(Notice, Vec<String>)> = next
        .notices
        .into_iter()
        .map(|notice| {
            let rule = rules.iter().find(|rule| rule.name == notice.alert.rule);
            let named = rule.and_then(|rule| rule.to.as_ref());
            let takes = |to: &&Ready| {
                to.least <= notice.alert.severity
                    && named.is_none_or(|names| names.contains(&to.name))
            };
            let names = destinations.iter().filter(takes).map(|to| to.name.clone()).collect();
            (notice, names)
        })
        .collect();
    collector.store().change(move |store| store::save(store, &before, &next.state, &to, now))
}

fn deliver_all(collector: &Collector, bell: &Bell, to: &Ready) {
    let agent = deliver::agent(deliver::TIMEOUT);
    let (mut heard, mut stood) = (0, i64::MIN);
    loop {
        let now = collector.seconds();
        let told = one(collector, &agent, to, now);
        if let To::Alertmanager(url, token) = &to.to
            && now.saturating_sub(stood) >= STAND_EVERY
        {
            stand(collector, &agent, (url, token.as_ref()), to, now);
            stood = now;
        }
        match told {
            // there may be more
            Ok(true) => {
                if bell.wait(&mut heard, Duration::ZERO) {
                    continue;
                }
                return;
            }
            Ok(false) => {}
            Err(Fault::Closed) => return,
            Err(fault) => say(&format!("notices to `{}`: {fault}", to.name)),
        }
        if !bell.wait(&mut heard, LOOK_EVERY) {
            return;
        }
    }
}

/// Tries the next notice that is due; whether it is done with.
fn one(collector: &Collector, agent: &ureq::Agent, to: &Ready, now: i64) -> Stored<bool> {
    let name = to.name.clone();
    let Some(waiting) = collector.store().read(|read| store::next(read, &name, now))? else {
        return Ok(false);
    };
    let tried = deliver::send(agent, to, &waiting.notice, now);
    let now = collector.seconds();
    let problem = deliver::logged(&tried);
    let due = match &tried {
        Tried::Later(_, asked) if now.saturating_sub(waiting.made) < GIVE_UP_SECONDS => {
            let random = (collector.host.random)();
            let random = random.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
            let tries = waiting.tries.saturating_add(1);
            Some(now.saturating_add(deliver::back_off(tries, *asked, random)))
        }
        _ => None,
    };
    if let (None, Some(problem)) = (due, &problem) {
        say(&format!("a notice to `{name}` was given up: {problem}"));
    }
    collector.meters.tell(problem.is_none());
    collector.store().change(move |store| {
        store::tried(store, &name, &waiting, (now, due), problem.as_deref())
    })?;
    Ok(due.is_none())
}

/// Alertmanager forgets what it does not hear of, and hears it again after its own restart.
fn stand(
    collector: &Collector,
    agent: &ureq::Agent,
    (url, token): (&str, Option<&super::Secret>),
    to: &Ready,
    now: i64,
) {
    let read = collector.store().read(|read| store::list(read, None, Some(Stage::Firing)));
    let Ok(firing) = read else { return };
    let rules = &collector.config().alerts.rules;
    let takes = |alert: &super::Alert| {
        let rule = rules.iter().find(|rule| rule.name == alert.rule);
        let named = rule.and_then(|rule| rule.to.as_ref());
        to.least <= alert.severity
            && alert.notices > 0
            && named.is_none_or(|names| names.contains(&to.name))
    };
    let alerts: Vec<_> = firing.iter().map(|(alert, _)| alert).filter(|a| takes(a)).collect();
    if !alerts.is_empty() {
        let tried = deliver::stand(agent, url, token, alerts, now);
        collector.meters.tell(tried == Tried::Done);
    }
}
