//! What a clock and a calendar show.

use crate::contract::CalendarPart;

const DAY: i64 = 86_400;

/// Local time as seconds since 1970-01-01T00:00:00 on the clock of a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    local: i64,
    offset: i64,
}

impl Clock {
    /// The clock at an instant, where the zone's offset is `offset` seconds east.
    pub fn new(instant: i64, offset: i64) -> Self {
        Self { local: instant + offset, offset }
    }

    pub fn part(self, part: CalendarPart) -> i64 {
        let days = self.local.div_euclid(DAY);
        let second = self.local.rem_euclid(DAY);
        match part {
            CalendarPart::Hour => second / 3_600,
            CalendarPart::Minute => second / 60 % 60,
            CalendarPart::Second => second % 60,
            CalendarPart::MinuteOfDay => second / 60,
            CalendarPart::SecondOfDay => second,
            CalendarPart::Weekday => weekday(days),
            CalendarPart::Weekend => i64::from(weekday(days) >= 5),
            CalendarPart::Year => civil(days).0,
            CalendarPart::Quarter => (civil(days).1 - 1) / 3 + 1,
            CalendarPart::Month => civil(days).1,
            CalendarPart::Day => civil(days).2,
            CalendarPart::DayOfYear => day_of_year(days),
            CalendarPart::IsoWeek => iso_week(days),
            CalendarPart::UtcOffset => self.offset.div_euclid(60),
        }
    }
}

/// Monday 0 to Sunday 6; 1970-01-01 was a Thursday.
pub(super) fn weekday(days: i64) -> i64 {
    (days + 3).rem_euclid(7)
}

/// Year, month and day of so many days after 1970-01-01, proleptic Gregorian. H. Hinnant,
/// *chrono-compatible low-level date algorithms*, `civil_from_days`.
pub(super) fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

pub(super) fn is_leap(year: i64) -> bool {
    year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0)
}

/// 1 to 366.
fn day_of_year(days: i64) -> i64 {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let (year, month, day) = civil(days);
    let before = usize::try_from(month - 1).ok().and_then(|m| BEFORE.get(m)).copied().unwrap_or(0);
    before + day + i64::from(is_leap(year) && month > 2)
}

/// Week of ISO 8601: weeks begin on Monday, and week 1 holds the year's first Thursday.
fn iso_week(days: i64) -> i64 {
    let thursday = days - weekday(days) + 3;
    (day_of_year(thursday) - 1) / 7 + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{Weekday, date};

    #[test]
    fn every_day_of_400_years_agrees_with_jiff() {
        for days in -150_000..150_000 {
            let clock = Clock::new(days * DAY + 3_725, 0);
            let theirs = date(1970, 1, 1) + jiff::Span::new().days(days);
            let part = |p| clock.part(p);
            assert_eq!(part(CalendarPart::Year), i64::from(theirs.year()));
            assert_eq!(part(CalendarPart::Month), i64::from(theirs.month()));
            assert_eq!(part(CalendarPart::Day), i64::from(theirs.day()));
            assert_eq!(part(CalendarPart::DayOfYear), i64::from(theirs.day_of_year()));
            assert_eq!(part(CalendarPart::IsoWeek), i64::from(theirs.iso_week_date().week()));
            assert_eq!(
                part(CalendarPart::Weekday),
                i64::from(theirs.weekday().to_monday_zero_offset())
            );
            let weekend = matches!(theirs.weekday(), Weekday::Saturday | Weekday::Sunday);
            assert_eq!(part(CalendarPart::Weekend), i64::from(weekend));
        }
        let clock = Clock::new(3_725, -18_000);
        assert_eq!(clock.part(CalendarPart::MinuteOfDay), 20 * 60 + 2);
        assert_eq!(clock.part(CalendarPart::SecondOfDay), 20 * 3_600 + 125);
        assert_eq!(clock.part(CalendarPart::UtcOffset), -300);
        assert_eq!(clock.part(CalendarPart::Second), 5);
        assert_eq!(clock.part(CalendarPart::Quarter), 4);
    }
}
