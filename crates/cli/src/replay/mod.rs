//! Rows from a file as the beacons that a gate in front of them would have sent.
//!
//! Rows go through the native gate into windows (`count`), windows become beacons (`envelope`), and
//! beacons are posted (`post`). The library does the counting and the privacy; this brings files,
//! time, randomness and the network.

mod count;
mod envelope;
mod moment;
mod post;

pub use count::{Grain, Read, Source, beside, check_column};
pub use envelope::{Maker, Randomness};
pub use post::{Answer, Collector};

use driftline::beacon::Mode;
use driftline::{Error, ErrorCode, Result};
use serde::Serialize;
use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

/// Milliseconds of an hour.
const HOUR_MS: f64 = 3_600_000.0;

/// What became of a replay.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Where the beacons went.
    pub to: String,
    /// Of the bundle that decided.
    pub identity: String,
    /// Rows of the file.
    #[serde(flatten)]
    pub read: Read,
    /// Windows that had a row.
    pub windows: u64,
    /// Windows, or in `randomized` mode rows, that the mode lets nothing out of.
    pub held_back: u64,
    /// Beacons that were sent.
    pub sent: u64,
    /// Beacons that the collector counted, or had counted before.
    pub counted: u64,
    /// Beacons that wait there for their bundle.
    pub parked: u64,
    /// Beacons that it refused, by code.
    pub refused: BTreeMap<ErrorCode, u64>,
    /// Why the first of them was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Error>,
}

/// Sends beacons in the order of their windows, at the pace that was asked for.
pub struct Stream<'a> {
    collector: &'a Collector,
    /// Hours of the windows' time in a second; `None`: as fast as the collector answers.
    pace: Option<f64>,
    last: Option<i64>,
}

impl<'a> Stream<'a> {
    /// `speed`: seconds of the windows' time in one second.
    pub fn new(collector: &'a Collector, speed: Option<f64>) -> Self {
        Self { collector, pace: speed.map(|speed| speed / 3_600.0), last: None }
    }

    /// Sends one beacon, or holds it back where there is none; `start`: the window's, in hours.
    ///
    /// # Errors
    /// A collector that does not answer, or that would refuse every other beacon as well.
    pub fn send(&mut self, start: i64, beacon: Option<String>, report: &mut Report) -> Result<()> {
        if let (Some(pace), Some(last)) = (self.pace, self.last) {
            let wait = (start - last).max(0) as f64 / pace;
            // more than a year a window is no pace
            thread::sleep(Duration::from_secs_f64(wait.min(3.2e7)));
        }
        self.last = Some(self.last.map_or(start, |last| last.max(start)));
        let Some(beacon) = beacon else {
            report.held_back += 1;
            return Ok(());
        };
        report.sent += 1;
        match self.collector.send(&beacon)? {
            Answer::Counted => report.counted += 1,
            Answer::Parked => report.parked += 1,
            Answer::Refused(error) => {
                *report.refused.entry(error.code()).or_default() += 1;
                report.refusal.get_or_insert(error);
            }
            Answer::RefusesAll(error) => return Err(error),
        }
        Ok(())
    }
}

/// Counts the rows and sends what they make.
///
/// # Errors
/// Those of the bundle, the file and the collector.
pub fn replay(
    source: &mut Source<'_>,
    maker: &mut Maker,
    stream: &mut Stream<'_>,
) -> Result<Report> {
    let mut report = Report {
        to: stream.collector.address().to_owned(),
        identity: source.gate.identity().to_owned(),
        ..Report::default()
    };
    if maker.mode == Mode::Randomized {
        // each row is a client of its own, which answers once
        let mut days = std::collections::BTreeSet::new();
        let each = |layout: &_, start: i64, counts: &[u64]| {
            days.insert(start);
            let beacon = maker.beacon(layout, start, counts)?;
            stream.send(start, beacon, &mut report)
        };
        let read = source.one_by_one(each)?;
        report.windows = days.len() as u64;
        report.read = read;
        return Ok(report);
    }
    let (read, windows) = source.windows()?;
    report.read = read;
    report.windows = windows.len() as u64;
    for (start, summary) in windows {
        let beacon = maker.beacon(source.gate.window().layout(), start, summary.counts())?;
        stream.send(start, beacon, &mut report)?;
    }
    Ok(report)
}

fn usage(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::BadUsage, message)
}
