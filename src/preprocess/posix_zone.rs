//! The rule that ends a TZif file: a `TZ` text of POSIX with the extensions of RFC 9636.

use super::clock::{civil, is_leap, weekday};
use crate::contract::days_from_civil;

const DAY: i64 = 86_400;

/// Standard time, and when summer time holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PosixZone {
    /// Seconds east of UTC.
    standard: i64,
    summer: Option<Summer>,
}

#[derive(Clone, Debug, PartialEq)]
struct Summer {
    /// Seconds east of UTC.
    offset: i64,
    start: Turn,
    end: Turn,
}

/// A moment of every year, on the clock that it ends.
#[derive(Clone, Debug, PartialEq)]
struct Turn {
    day: Day,
    /// Seconds after midnight; may lie on another day.
    time: i64,
}

#[derive(Clone, Debug, PartialEq)]
enum Day {
    /// 1 to 365; there is no 29 February.
    Julian(i64),
    /// 0 to 365; 29 February counts.
    Zero(i64),
    /// Month 1 to 12, week 1 to 5 (5 is the last), weekday with Sunday as 0.
    Week(i64, i64, i64),
}

impl PosixZone {
    /// Reads the text; `None` if it is none.
    pub fn read(text: &[u8]) -> Option<Self> {
        let mut parser = Parser(text);
        parser.name()?;
        // POSIX counts west of Greenwich
        let standard = -parser.time(24)?;
        if parser.0.is_empty() {
            return Some(Self { standard, summer: None });
        }
        parser.name()?;
        let offset = if parser.at(b",") { standard + 3_600 } else { -parser.time(24)? };
        let (start, end) = (parser.turn()?, parser.turn()?);
        let summer = Some(Summer { offset, start, end });
        parser.0.is_empty().then_some(Self { standard, summer })
    }

    /// Seconds east of UTC at an instant, in seconds since 1970-01-01T00:00:00Z.
    pub fn offset(&self, at: i64) -> i64 {
        let Some(summer) = &self.summer else { return self.standard };
        let year = civil(at.div_euclid(DAY)).0;
        let whole = days_from_civil(year, 1, 1) * DAY..days_from_civil(year + 1, 1, 1) * DAY;
        let turn = |turn: &Turn, offset| {
            let day = turn.day.in_year(year).map(|day| day * DAY + turn.time - offset);
            day.map_or(whole.end, |at: i64| at.clamp(whole.start, whole.end))
        };
        let start = turn(&summer.start, self.standard);
        let mut end = turn(&summer.end, summer.offset);
        // summer time that begins with the year, and ends with it on its own clock, never ends
        if start == whole.start && !whole.contains(&(end + self.standard)) {
            end = whole.end;
        }
        let summery =
            if start <= end { start <= at && at < end } else { !(end <= at && at < start) };
        if summery { summer.offset } else { self.standard }
    }
}

impl Day {
    /// Days since 1970-01-01; `None` for day 366 of a year that has 365.
    fn in_year(&self, year: i64) -> Option<i64> {
        let first = days_from_civil(year, 1, 1);
        match *self {
            Self::Julian(day) => Some(first + day - 1 + i64::from(day > 59 && is_leap(year))),
            Self::Zero(day) => (day < 365 || is_leap(year)).then_some(first + day),
            Self::Week(month, week, wanted) => {
                let first = days_from_civil(year, month, 1);
                // Monday is 0 in `weekday`, Sunday is 0 here
                let to = (wanted - weekday(first) - 1).rem_euclid(7);
                let day = first + to + (week - 1) * 7;
                let month_again = civil(day).1;
                Some(if month_again == month { day } else { day - 7 })
            }
        }
    }
}

struct Parser<'a>(&'a [u8]);

impl Parser<'_> {
    fn at(&self, prefix: &[u8]) -> bool {
        self.0.starts_with(prefix)
    }

    fn take(&mut self, byte: u8) -> bool {
        match self.0.split_first() {
            Some((first, rest)) if *first == byte => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    /// Three letters or more; any of `<+-09AZaz>` within angles.
    fn name(&mut self) -> Option<()> {
        let quoted = self.take(b'<');
        let within = |b: &&u8| match b {
            b'+' | b'-' | b'0'..=b'9' => quoted,
            b => b.is_ascii_alphabetic(),
        };
        let n = self.0.iter().take_while(within).count();
        self.0 = self.0.get(n..)?;
        ((3..=30).contains(&n) && (!quoted || self.take(b'>'))).then_some(())
    }

    /// A number of at most three digits in `low..=high`.
    fn number(&mut self, low: i64, high: i64) -> Option<i64> {
        let n = self.0.iter().take(3).take_while(|b| b.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at_checked(n).filter(|_| n > 0)?;
        self.0 = rest;
        let value = digits.iter().fold(0, |v, d| v * 10 + i64::from(d - b'0'));
        (low..=high).contains(&value).then_some(value)
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    fn time(&mut self, hours: i64) -> Option<i64> {
        let sign = if self.take(b'-') { -1 } else { 1 };
        if sign == 1 {
            self.take(b'+');
        }
        let mut seconds = self.number(0, hours)? * 3_600;
        for unit in [60, 1] {
            if !self.take(b':') {
                break;
            }
            seconds += self.number(0, 59)? * unit;
        }
        Some(sign * seconds)
    }

    /// `,date[/time]`; two o'clock if no time is given.
    fn turn(&mut self) -> Option<Turn> {
        if !self.take(b',') {
            return None;
        }
        let day = if self.take(b'J') {
            Day::Julian(self.number(1, 365)?)
        } else if self.take(b'M') {
            let month = self.number(1, 12)?;
            let week = self.take(b'.').then(|| self.number(1, 5))??;
            Day::Week(month, week, self.take(b'.').then(|| self.number(0, 6))??)
        } else {
            Day::Zero(self.number(0, 365)?)
        };
        let time = if self.take(b'/') { self.time(167)? } else { 7_200 };
        Some(Turn { day, time })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    #[test]
    fn texts_agree_with_jiff_over_the_years() {
        for text in [
            "EST5EDT,M3.2.0,M11.1.0",
            "AEST-10AEDT,M10.1.0,M4.1.0/3",
            "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
            "IST-1GMT0,M10.5.0,M3.5.0/1",
            "EET-2EEST,M3.4.4/50,M10.4.4/50",
            "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
            "XXX-2<+01>-1,0/0,J365/23",
            "AAA3BBB,J60,J300/4:30:15",
            "AAA3BBB,59/0,365/1",
            "JST-9",
        ] {
            let (own, theirs) = (PosixZone::read(text.as_bytes()), TimeZone::posix(text));
            let (own, theirs) = (own.unwrap(), theirs.unwrap());
            for step in 0..40_000i64 {
                // 5 h 59 min 59 s, so that every part of a day is met
                let at = 1_560_000_000 + step * 21_599;
                let expected = theirs.to_offset(Timestamp::from_second(at).unwrap()).seconds();
                assert_eq!(own.offset(at), i64::from(expected), "{text} at {at}");
            }
        }
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for text in [
            "",
            "EST",
            "5",
            "E5",
            "EST5EDT",
            "EST25",
            "EST5EDT,",
            "EST5EDT,M3.2.0",
            "EST5,",
            "EST5EDT,M13.2.0,M11.1.0",
            "EST5EDT,M3.6.0,M11.1.0",
            "EST5EDT,M3.2.7,M11.1.0",
            "EST5EDT,J0,J365",
            "EST5EDT,J1,J366",
            "EST5EDT,0,366",
            "EST5EDT,M3.2.0,M11.1.0x",
            "<EST5",
            "EST5:60",
            "EST5EDT,M3.2.0/168,M11.1.0",
            "EST5EDT,M3.2,M11.1.0",
        ] {
            assert_eq!(PosixZone::read(text.as_bytes()), None, "{text}");
        }
    }
}
