//! Rows of the store, added up in windows of one grain.

use super::model::Grain;
use super::sums::{Key, Sums};
use crate::limits::MAX_REPORT_WINDOWS;
use crate::store::{Fault, Reads, Stored, day_of, mode_number, month_of};
use driftline::beacon::Mode;
use std::collections::BTreeMap;

const DAY: i64 = 24;
const WEEK: i64 = 7 * DAY;

/// Hours since 1970, `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    pub start: i64,
    pub end: i64,
}

/// Windows of one way of noise.
#[derive(Debug)]
pub struct Series {
    pub mode: Mode,
    pub windows: BTreeMap<Span, Sums>,
}

impl Series {
    /// All windows as one, none if there are none; the outer `None` if a sum would leave 64 bits.
    pub fn total(&self) -> Option<Option<(Span, Sums)>> {
        let mut total: Option<(Span, Sums)> = None;
        for (span, sums) in &self.windows {
            total = match total {
                None => Some((*span, sums.clone())),
                Some((all, mut sum)) => {
                    sum.merge(sums)?;
                    let (start, end) = (all.start.min(span.start), all.end.max(span.end));
                    Some((Span { start, end }, sum))
                }
            };
        }
        Some(total)
    }
}

/// The window that a row of the store belongs to: one of the asked grain, or its own if that is
/// coarser, since it cannot be cut.
pub fn window_of(row: &str, start: i64, asked: Grain) -> Span {
    let month = |start: i64| {
        let first = month_of(start);
        // the first day of the next month is at most 31 days on, and that of the next but one more
        Span { start: first, end: month_of(first + 32 * DAY) }
    };
    let day = |start: i64| Span { start: day_of(start), end: day_of(start) + DAY };
    match (row, asked) {
        ("month", _) | (_, Grain::Month) => month(start),
        ("hour", Grain::Hour) => Span { start, end: start + 1 },
        (_, Grain::Hour | Grain::Day) => day(start),
        (_, Grain::Week) => {
            // 1970 began on a Thursday, three days after a Monday
            let monday = start - (start + 3 * DAY).rem_euclid(WEEK);
            Span { start: monday, end: monday + WEEK }
        }
    }
}

/// Adds up what starts in `[from, to)`, in hours, by noise and window.
///
/// # Errors
/// [`Fault`]: also for too many rows or windows.
pub fn read(
    store: &dyn Reads,
    (identity, layout): (&str, &str),
    (from, to): (i64, i64),
    grain: Grain,
) -> Stored<BTreeMap<Key, Series>> {
    let mut all: BTreeMap<Key, Series> = BTreeMap::new();
    let mut windows = 0;
    let mut at = |mode: Mode, epsilon: u32, bound: u32, row: &str, start: i64, with: Change<'_>| {
        let key = Key { mode: mode_number(mode), epsilon, bound };
        let series =
            all.entry(key).or_insert_with(|| Series { mode, windows: BTreeMap::default() });
        let sums = series.windows.entry(window_of(row, start, grain)).or_insert_with(|| {
            windows += 1;
            Sums::default()
        });
        if windows > MAX_REPORT_WINDOWS {
            return Err(Fault::TooManyRows);
        }
        with(sums).ok_or(Fault::Damaged("a sum"))
    };
    for row in store.windows(identity, from, to)? {
        if row.layout == layout {
            let (beacons, records) = (row.beacons, row.records);
            at(row.mode, row.epsilon, row.bound, row.grain, row.start, &mut |sums| {
                sums.add_head(beacons, records)
            })?;
        }
    }
    store.each_count((identity, layout), (from, to), &mut |row| {
        at(row.mode, row.epsilon, row.bound, row.grain, row.start, &mut |sums| {
            sums.add(row.block, row.reports, &row.cells)
        })
    })?;
    Ok(all)
}

type Change<'a> = &'a mut dyn FnMut(&mut Sums) -> Option<()>;

#[cfg(test)]
mod tests {
    use super::*;

    /// Hours since 1970 of a day in UTC.
    fn hour(text: &str) -> i64 {
        let instant: jiff::Timestamp = text.parse().unwrap();
        instant.as_second() / 3_600
    }

    #[test]
    fn rows_fall_into_windows_of_the_calendar() {
        let at = hour("2013-06-05T14:00:00Z");
        for (row, asked, start, end) in [
            ("hour", Grain::Hour, "2013-06-05T14:00:00Z", "2013-06-05T15:00:00Z"),
            ("hour", Grain::Day, "2013-06-05T00:00:00Z", "2013-06-06T00:00:00Z"),
            ("hour", Grain::Week, "2013-06-03T00:00:00Z", "2013-06-10T00:00:00Z"),
            ("hour", Grain::Month, "2013-06-01T00:00:00Z", "2013-07-01T00:00:00Z"),
            ("day", Grain::Hour, "2013-06-05T00:00:00Z", "2013-06-06T00:00:00Z"),
            ("day", Grain::Week, "2013-06-03T00:00:00Z", "2013-06-10T00:00:00Z"),
            ("month", Grain::Week, "2013-06-01T00:00:00Z", "2013-07-01T00:00:00Z"),
        ] {
            let span = Span { start: hour(start), end: hour(end) };
            assert_eq!(window_of(row, at, asked), span, "{row} {asked:?}");
        }
        let february = window_of("hour", hour("2012-02-29T23:00:00Z"), Grain::Month);
        assert_eq!(february.end, hour("2012-03-01T00:00:00Z"));
        let january = window_of("hour", hour("2013-01-31T00:00:00Z"), Grain::Month);
        assert_eq!(january.end, hour("2013-02-01T00:00:00Z"));
        let before = window_of("hour", -1, Grain::Week);
        assert_eq!(before, Span { start: hour("1969-12-29T00:00:00Z"), end: 4 * DAY });
    }
}
