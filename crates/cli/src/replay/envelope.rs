//! Windows into beacons.

use super::{HOUR_MS, usage};
use driftline::beacon::{Header, Host, Mode, encode, pick_feature};
use driftline::limits::{EPSILON_AGGREGATED_MILLI, EPSILON_RANDOMIZED_MILLI};
use driftline::privacy::{Epsilon, Random};
use driftline::summary::Layout;
use driftline::{Error, ErrorCode, Result};
use sha2::{Digest, Sha256};

/// Random bytes of the system.
pub struct Randomness;

impl Random for Randomness {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<()> {
        getrandom::fill(buffer)
            .map_err(|_| Error::new(ErrorCode::NoRandomness, "the system gives no randomness"))
    }
}

/// Makes beacons of one bundle's windows.
pub struct Maker {
    /// What is done to the counts.
    pub mode: Mode,
    identity: String,
    key: Option<String>,
    epsilon: Epsilon,
    hours: i64,
    /// Tells the beacons of one source of rows from another's.
    origin: Option<String>,
    instance: String,
    seq: u32,
}

impl Maker {
    /// `origin`: name of the rows' source, by which plain beacons have the same id when the same
    /// rows are replayed again; `None` if it has none.
    ///
    /// # Errors
    /// [`ErrorCode::BadUsage`] for a key that no beacon can carry; [`ErrorCode::NoRandomness`].
    pub fn new(
        mode: Mode,
        identity: &str,
        key: Option<String>,
        hours: i64,
        origin: Option<String>,
    ) -> Result<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        if key.as_ref().is_some_and(|k| !(1..=128).contains(&k.len()) || !k.chars().all(plain)) {
            return Err(usage("`--key` is 1 to 128 letters, digits, `_`, `.` and `-`"));
        }
        let usual = match mode {
            Mode::Randomized => EPSILON_RANDOMIZED_MILLI,
            _ => EPSILON_AGGREGATED_MILLI,
        };
        Ok(Self {
            mode,
            identity: identity.to_owned(),
            key,
            epsilon: Epsilon::from_milli(usual)?,
            hours,
            origin,
            instance: uuid(random_16()?),
            seq: 0,
        })
    }

    /// The beacon of a window's counts; `None` where its mode lets nothing out. `start`: hours.
    ///
    /// # Errors
    /// Those of [`encode`].
    pub fn beacon(
        &mut self,
        layout: &Layout,
        start: i64,
        counts: &[u64],
    ) -> Result<Option<String>> {
        let randomized = self.mode == Mode::Randomized;
        let id = match (&self.origin, self.mode) {
            (Some(origin), Mode::Pseudonymous) => self.id_of(origin, layout, start, counts),
            _ => random_16()?,
        };
        let start_ms = start as f64 * HOUR_MS;
        let header = Header {
            id: uuid(id),
            mode: self.mode,
            start_ms,
            end_ms: start_ms + self.hours as f64 * HOUR_MS,
            host: Host::Native,
            sdk: env!("CARGO_PKG_VERSION").to_owned(),
            instance: Some(self.instance.clone()),
            seq: Some(self.seq),
            // each row is a client of its own, with one record
            users: counts.first().copied(),
            rate: 1.0,
            feature: if randomized { Some(pick_feature(layout, &mut Randomness)?) } else { None },
            key: self.key.clone(),
            epsilon: self.epsilon,
            bound: 1,
        };
        let beacon = encode(counts, layout, &self.identity, &header, &mut Randomness)?;
        self.seq = self.seq.wrapping_add(u32::from(beacon.is_some()));
        Ok(beacon)
    }

    /// An id that the same counts of the same rows have again, so that they are counted once. Counts
    /// with noise are other ones each time, and have random ids.
    fn id_of(&self, origin: &str, layout: &Layout, start: i64, counts: &[u64]) -> [u8; 16] {
        let mut hash = Sha256::new();
        for part in [origin, &self.identity, &layout.id()] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.update(start.to_le_bytes());
        hash.update(self.hours.to_le_bytes());
        for count in counts {
            hash.update(count.to_le_bytes());
        }
        let hash: [u8; 32] = hash.finalize().into();
        hash.first_chunk().copied().unwrap_or_default()
    }
}

fn random_16() -> Result<[u8; 16]> {
    let mut bytes = [0; 16];
    Randomness.fill(&mut bytes)?;
    Ok(bytes)
}

/// A UUID of version 8, whose bits are the maker's own (RFC 9562).
fn uuid(bytes: [u8; 16]) -> String {
    let number = u128::from_be_bytes(bytes);
    let number = number & !(0xf << 76) & !(0b11 << 62) | (0x8 << 76) | (0b10 << 62);
    let hex = format!("{number:032x}");
    let parts =
        [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| hex.get(range).unwrap_or_default());
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids_of_version_8() {
        assert_eq!(uuid([0; 16]), "00000000-0000-8000-8000-000000000000");
        assert_eq!(uuid([0xff; 16]), "ffffffff-ffff-8fff-bfff-ffffffffffff");
        assert_ne!(random_16().unwrap(), random_16().unwrap());
    }

    #[test]
    fn a_key_that_no_beacon_can_carry_is_refused() {
        let make = |key: &str| {
            Maker::new(Mode::Pseudonymous, "sha256:00", Some(key.to_owned()), 1, None).is_ok()
        };
        assert!(make("pk_shop.1-a"));
        for bad in ["", "a b", "ä", "\"", &"k".repeat(129)] {
            assert!(!make(bad), "{bad}");
        }
    }
}
