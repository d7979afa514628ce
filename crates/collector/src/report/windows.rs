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

/// Windows by the way of noise of what is in them.
pub type All = BTreeMap<Key, Series>;

/// Adds up what starts in `[from, to)`, in hours, by noise and window.
///
/// # Errors
/// [`Fault`]: also for too many rows or windows.
pub fn read(store: &dyn Reads, of: (&str, &str), span: (i64, i64), grain: Grain) -> Stored<All> {
    let mut all = All::new();
    refresh(store, of, span, grain, &mut all)?;
    Ok(all)
}

/// Makes of what was read before what [`read`] would give now. Counts are read of those windows alone
/// of which the number of beacons or records is another one: every beacon changes it, and no merging
/// of hours into days does.
///
/// # Errors
/// As [`read`]; what was read before is then of no use.
pub fn refresh(
    store: &dyn Reads,
    (identity, layout): (&str, &str),
    (from, to): (i64, i64),
    grain: Grain,
    all: &mut All,
) -> Stored<()> {
    let mut heads: BTreeMap<Span, BTreeMap<Key, (Mode, Sums)>> = BTreeMap::new();
    let mut windows = 0;
    for row in store.windows(identity, from, to)? {
        if row.layout != layout {
            continue;
        }
        let key = Key { mode: mode_number(row.mode), epsilon: row.epsilon, bound: row.bound };
        let of_span = heads.entry(window_of(row.grain, row.start, grain)).or_default();
        let (_, sums) = of_span.entry(key).or_insert_with(|| {
            windows += 1;
            (row.mode, Sums::default())
        });
        sums.add_head(row.beacons, row.records).ok_or(Fault::Damaged("a sum"))?;
        if windows > MAX_REPORT_WINDOWS {
            return Err(Fault::TooManyRows);
        }
    }
    // what lies before the span now, or was forgotten
    for series in all.values_mut() {
        series.windows.retain(|span, _| heads.contains_key(span));
    }
    let known = heads.len();
    heads.retain(|span, heads| {
        let same = |(key, (_, head)): (&Key, &(Mode, Sums))| {
            let kept = all.get(key).and_then(|series| series.windows.get(span));
            kept.is_some_and(|kept| (kept.beacons, kept.records) == (head.beacons, head.records))
        };
        let there = all.values().filter(|series| series.windows.contains_key(span)).count();
        let changed = there != heads.len() || !heads.iter().all(same);
        if changed {
            for series in all.values_mut() {
                series.windows.remove(span);
            }
        }
        changed
    });
    let mut spans = ranges(heads.keys().copied());
    if heads.len() > known / 2 {
        spans = vec![Span { start: from, end: to }];
    }
    for span in spans {
        let span = (span.start.max(from), span.end.min(to));
        store.each_count((identity, layout), span, &mut |row| {
            let key = Key { mode: mode_number(row.mode), epsilon: row.epsilon, bound: row.bound };
            let window = window_of(row.grain, row.start, grain);
            // others did not change, or only just
            let Some((_, sums)) = heads.get_mut(&window).and_then(|of| of.get_mut(&key)) else {
                return Ok(());
            };
            sums.add(row.block, row.reports, &row.cells).ok_or(Fault::Damaged("a sum"))
        })?;
    }
    for (span, heads) in heads {
        for (key, (mode, sums)) in heads {
            let series =
                all.entry(key).or_insert_with(|| Series { mode, windows: BTreeMap::default() });
            series.windows.insert(span, sums);
        }
    }
    all.retain(|_, series| !series.windows.is_empty());
    Ok(())
}

/// Spans in rising order as few that do not touch.
fn ranges(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut all: Vec<Span> = Vec::new();
    for span in spans {
        match all.last_mut().filter(|last| span.start <= last.end) {
            Some(last) => last.end = last.end.max(span.end),
            None => all.push(span),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Counts;

    /// Hours since 1970 of a day in UTC.
    fn hour(text: &str) -> i64 {
        let instant: jiff::Timestamp = text.parse().unwrap();
        instant.as_second() / 3_600
    }

    /// A store whose rows a test changes, and which remembers what was asked of it.
    #[derive(Default)]
    struct Rows {
        /// Grain, start in hours, mode, beacons.
        heads: Vec<(&'static str, i64, Mode, i64)>,
        asked: std::cell::RefCell<Vec<(i64, i64)>>,
    }

    impl Rows {
        fn within(
            &self,
            from: i64,
            to: i64,
        ) -> impl Iterator<Item = &(&'static str, i64, Mode, i64)> {
            self.heads.iter().filter(move |head| (from..to).contains(&head.1))
        }
    }

    impl Reads for Rows {
        fn models(&self) -> Stored<Vec<crate::store::Model>> {
            Ok(Vec::new())
        }

        fn definitions(&self, _: &str) -> Stored<Vec<crate::store::Definitions>> {
            Ok(Vec::new())
        }

        fn windows(&self, _: &str, from: i64, to: i64) -> Stored<Vec<crate::store::Window>> {
            let one = |(grain, start, mode, beacons): &(&'static str, i64, Mode, i64)| {
                crate::store::Window {
                    layout: "l".to_owned(),
                    grain,
                    start: *start,
                    mode: *mode,
                    epsilon: 0,
                    bound: 0,
                    beacons: *beacons,
                    records: 10 * beacons,
                }
            };
            Ok(self.within(from, to).map(one).collect())
        }

        fn counts(&self, _: &str, _: i64, _: i64, _: Option<u32>) -> Stored<Vec<Counts>> {
            Ok(Vec::new())
        }

        fn each_count(
            &self,
            _: (&str, &str),
            (from, to): (i64, i64),
            take: &mut dyn FnMut(Counts) -> Stored<()>,
        ) -> Stored<()> {
            self.asked.borrow_mut().push((from, to));
            for (grain, start, mode, beacons) in self.within(from, to) {
                take(Counts {
                    layout: "l".to_owned(),
                    grain,
                    start: *start,
                    mode: *mode,
                    epsilon: 0,
                    bound: 0,
                    block: 0,
                    reports: *beacons,
                    cells: vec![*beacons, 1],
                })?;
            }
            Ok(())
        }
    }

    #[test]
    fn only_days_in_which_something_came_are_read_again() {
        let mut rows = Rows::default();
        for day in 0..100 {
            rows.heads.push(("day", day * DAY, Mode::Pseudonymous, 5));
        }
        let mut kept = All::new();
        let mut looked = |rows: &Rows, from: i64, to: i64| {
            rows.asked.borrow_mut().clear();
            refresh(rows, ("i", "l"), (from, to), Grain::Day, &mut kept).unwrap();
            let asked = rows.asked.borrow().clone();
            let whole = read(rows, ("i", "l"), (from, to), Grain::Day).unwrap();
            assert_eq!(format!("{kept:?}"), format!("{whole:?}"));
            asked
        };
        assert_eq!(looked(&rows, 0, 100 * DAY), [(0, 100 * DAY)]);
        assert_eq!(looked(&rows, 0, 100 * DAY), []);
        // another beacon on one day, and one that was late by two
        rows.heads[99].3 += 1;
        rows.heads[97].3 += 1;
        let days = [(97 * DAY, 98 * DAY), (99 * DAY, 100 * DAY)];
        assert_eq!(looked(&rows, 0, 100 * DAY), days);
        // another mode on a day that was there, and a day that was not
        rows.heads.push(("hour", 50 * DAY + 3, Mode::Randomized, 1));
        rows.heads.push(("hour", 100 * DAY, Mode::Randomized, 1));
        let days = [(50 * DAY, 51 * DAY), (100 * DAY, 100 * DAY + 1)];
        assert_eq!(looked(&rows, 0, 100 * DAY + 1), days);
        // the first days fall out; that hours became a day changes nothing
        rows.heads[100].0 = "day";
        rows.heads[100].1 = 50 * DAY;
        assert_eq!(looked(&rows, 3 * DAY, 100 * DAY + 1), []);
        // what was forgotten is gone
        rows.heads.drain(10..20);
        assert_eq!(looked(&rows, 3 * DAY, 100 * DAY + 1), []);
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
