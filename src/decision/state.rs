//! What a gate remembers between records: switches, the day's escalations, assertions' histories.

use super::terms::{AssertionCheck, Budget};
use super::watch::{Compiled, Track};
use crate::limits::{MAX_TRACKED_IDENTIFIERS, TRACKED_WAYS};

const MINUTES_PER_DAY: i64 = 1440;

/// The memory of one gate. The clock and the key are the host's.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Milliseconds since 1970-01-01T00:00:00Z. Without a clock it stays 0, and all is one day.
    pub(crate) now_ms: f64,
    pub(crate) killed: bool,
    pub(crate) suspended: bool,
    /// For hashes of identifiers; without one, assertions over several records are not checked.
    pub(crate) key: Option<[u8; 32]>,
    /// Day of the budget, and what was escalated on it.
    pub(crate) day: i64,
    pub(crate) used: u32,
    /// One an assertion.
    pub(super) histories: Vec<History>,
}

/// How often an assertion was checked and broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records that it could be checked on.
    pub checked: u64,
    /// Those of them that broke it.
    pub broken: u64,
}

/// The last values of a bounded number of identifiers, those that were seen longest ago making
/// room. Each identifier has [`TRACKED_WAYS`] places, so that no search grows with their number.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    counts: Counts,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: u64,
    last: u64,
    last_time: f64,
    /// The value before `last`, and when it was last seen; NaN if there was none.
    before: u64,
    before_time: f64,
}

const EMPTY: Entry =
    Entry { key: 0, last: 0, last_time: f64::NEG_INFINITY, before: 0, before_time: f64::NAN };

impl State {
    /// Counts of each assertion, in the policy's order.
    pub fn counts(&self) -> Vec<Counts> {
        self.histories.iter().map(|history| history.counts).collect()
    }

    /// The budget's day, in days since 1970 of its own zone.
    pub fn day(&self) -> i64 {
        self.day
    }

    /// Escalations of the budget's day so far.
    pub fn escalated_today(&self) -> u32 {
        self.used
    }

    /// Takes one escalation from the budget; `false` if it is used up. The day never goes back,
    /// so that a clock that does gives no second budget.
    pub(super) fn spend(&mut self, budget: &Budget) -> bool {
        let minutes = (self.now_ms / 60_000.0) as i64 + i64::from(budget.utc_offset_minutes);
        let day = minutes.div_euclid(MINUTES_PER_DAY);
        if day > self.day {
            (self.day, self.used) = (day, 0);
        }
        let left = self.used < budget.per_day;
        self.used += u32::from(left);
        left
    }

    /// Notes that an assertion was checked.
    pub(super) fn count(&mut self, at: usize, broken: bool) {
        if let Some(history) = self.history(at) {
            history.counts.checked += 1;
            history.counts.broken += u64::from(broken);
        }
    }

    /// Compares a record with those before it of the same identifier, and remembers it; whether
    /// it breaks the assertion. `None` if the record does not tell what it takes.
    pub(super) fn track(
        &mut self,
        at: usize,
        assertion: &Compiled,
        track: Track,
        value: u64,
    ) -> Option<bool> {
        let key = track.key?;
        let time = track.time.unwrap_or(self.now_ms / 1000.0);
        let entry = self.history(at)?.entry(key)?;
        if entry.key != key || entry.last_time == f64::NEG_INFINITY {
            *entry = Entry { key, last: value, last_time: time, ..EMPTY };
            return Some(false);
        }
        if entry.last == value {
            entry.last_time = entry.last_time.max(time);
            return Some(false);
        }
        let near = |then: f64| (time - then).abs() <= assertion.within;
        let broken = match assertion.check {
            AssertionCheck::Flicker => entry.before == value && near(entry.before_time),
            _ => near(entry.last_time),
        };
        *entry = Entry {
            key,
            last: value,
            last_time: time,
            before: entry.last,
            before_time: entry.last_time,
        };
        Some(broken)
    }

    fn history(&mut self, at: usize) -> Option<&mut History> {
        if self.histories.len() <= at {
            self.histories.resize(at + 1, History::default());
        }
        self.histories.get_mut(at)
    }
}

impl History {
    /// The identifier's place, or the one that was seen longest ago among those it may have.
    fn entry(&mut self, key: u64) -> Option<&mut Entry> {
        if self.entries.is_empty() {
            self.entries.resize(MAX_TRACKED_IDENTIFIERS, EMPTY);
        }
        let sets = (MAX_TRACKED_IDENTIFIERS / TRACKED_WAYS) as u64;
        let start = (key % sets) as usize * TRACKED_WAYS;
        let places = self.entries.get_mut(start..start + TRACKED_WAYS)?;
        let mut best = 0;
        let mut oldest = f64::INFINITY;
        for (i, entry) in places.iter().enumerate() {
            if entry.key == key && entry.last_time > f64::NEG_INFINITY {
                best = i;
                break;
            }
            if entry.last_time < oldest {
                (best, oldest) = (i, entry.last_time);
            }
        }
        places.get_mut(best)
    }
}
