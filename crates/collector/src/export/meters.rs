//! What the process has done since it began.

use super::points::Point;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What the store's writer has done, and has to do.
#[derive(Debug, Default)]
pub struct Work {
    commits: AtomicU64,
    nanoseconds: AtomicU64,
    beacons: AtomicU64,
    waiting: AtomicU64,
}

impl Work {
    /// A beacon waits for the writer.
    pub fn wait(&self) {
        self.waiting.fetch_add(1, Relaxed);
    }

    /// Beacons wait no more.
    pub fn take(&self, beacons: usize) {
        let _ = self
            .waiting
            .fetch_update(Relaxed, Relaxed, |waiting| Some(waiting.saturating_sub(beacons as u64)));
    }

    /// So many beacons were committed together, in this time.
    pub fn commit(&self, beacons: usize, time: Duration) {
        self.commits.fetch_add(1, Relaxed);
        self.beacons.fetch_add(beacons as u64, Relaxed);
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Relaxed);
    }
}

/// Counters, which only rise.
#[derive(Debug, Default)]
pub struct Meters {
    /// The writer's.
    work: Arc<Work>,
    answers: Mutex<BTreeMap<&'static str, u64>>,
    records: AtomicU64,
    told: AtomicU64,
    untold: AtomicU64,
}

impl Meters {
    /// Of a process whose store is this one's.
    pub fn of(work: Arc<Work>) -> Self {
        Self { work, ..Self::default() }
    }

    /// A beacon was answered, with a code of ours or a word of our own.
    pub fn answer(&self, answer: &'static str) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry(answer).or_default() += 1;
    }

    /// A counted beacon says that it holds so many; with noise it may say less than none.
    pub fn records(&self, records: i64) {
        self.records.fetch_add(u64::try_from(records).unwrap_or(0), Relaxed);
    }

    /// A try to tell a destination ended.
    pub fn tell(&self, taken: bool) {
        let counter = if taken { &self.told } else { &self.untold };
        counter.fetch_add(1, Relaxed);
    }

    /// All of them.
    pub fn points(&self) -> Vec<Point> {
        let read = |counter: &AtomicU64| counter.load(Relaxed) as f64;
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut points: Vec<Point> = answers
            .iter()
            .map(|(answer, count)| {
                Point::of("driftline_beacons_total", &[("answer", answer)], *count as f64)
            })
            .collect();
        let work = &self.work;
        for (name, value) in [
            ("driftline_records_total", read(&self.records)),
            ("driftline_commits_total", read(&work.commits)),
            ("driftline_commit_beacons_total", read(&work.beacons)),
            ("driftline_commit_seconds_total", read(&work.nanoseconds) / 1e9),
            ("driftline_queue_beacons", read(&work.waiting)),
        ] {
            points.push(Point::of(name, &[], value));
        }
        for (outcome, counter) in [("taken", &self.told), ("failed", &self.untold)] {
            let labels = [("outcome", outcome)];
            points.push(Point::of("driftline_deliveries_total", &labels, read(counter)));
        }
        points
    }
}
