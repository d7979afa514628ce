//! What each sender has moved in this hour, in memory only.
//!
//! A sender is an address under a random key that lives for an hour; no address is stored, and after
//! the hour nothing tells that the same one came again.

use crate::config::Caps;
use crate::limits::MAX_SENDERS;
use driftline::beacon::Mode;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::IpAddr;

#[derive(Clone, Copy, Debug, Default)]
struct Used {
    randomized: u32,
    other: u32,
    records: u64,
}

/// Why a sender is told to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Beacons.
    Beacons,
    /// Records in them.
    Records,
}

/// The allowances of one hour.
#[derive(Debug)]
pub struct Senders {
    caps: Caps,
    hour: i64,
    key: [u8; 32],
    used: HashMap<u64, Used>,
    /// Of senders that came when the table was full.
    rest: Used,
}

impl Senders {
    /// Nobody has sent.
    pub fn new(caps: Caps) -> Self {
        Self { caps, hour: i64::MIN, key: [0; 32], used: HashMap::new(), rest: Used::default() }
    }

    /// Takes a beacon out of a sender's allowance. `random` makes a new hour's key.
    ///
    /// # Errors
    /// [`Refused`], with nothing taken.
    pub fn allow(
        &mut self,
        sender: IpAddr,
        hour: i64,
        mode: Mode,
        records: u64,
        random: impl FnOnce() -> [u8; 32],
    ) -> Result<(), Refused> {
        if hour != self.hour {
            (self.hour, self.key) = (hour, random());
            self.used.clear();
            self.rest = Used::default();
        }
        let hash = self.hash(sender);
        let full = self.used.len() >= MAX_SENDERS && !self.used.contains_key(&hash);
        let used = if full { &mut self.rest } else { self.used.entry(hash).or_default() };
        let (beacons, cap) = match mode {
            Mode::Randomized => (&mut used.randomized, self.caps.randomized_beacons),
            Mode::Aggregated | Mode::Pseudonymous => (&mut used.other, self.caps.other_beacons),
        };
        if *beacons >= cap {
            return Err(Refused::Beacons);
        }
        if mode != Mode::Randomized {
            let records = used.records.saturating_add(records);
            if records > self.caps.records {
                return Err(Refused::Records);
            }
            used.records = records;
        }
        *beacons += 1;
        Ok(())
    }

    fn hash(&self, sender: IpAddr) -> u64 {
        let mut hash = Sha256::new().chain_update(self.key);
        match sender {
            IpAddr::V4(v4) => hash.update(v4.octets()),
            // one customer's network: its lower half is the client's to choose
            IpAddr::V6(v6) => hash.update(v6.octets().get(..8).unwrap_or_default()),
        }
        let hash: [u8; 32] = hash.finalize().into();
        hash.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const TWO: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn senders() -> Senders {
        Senders::new(Caps { randomized_beacons: 2, other_beacons: 3, records: 100 })
    }

    #[test]
    fn a_sender_past_its_beacons_waits_and_others_do_not() {
        let mut senders = senders();
        let mut send = |who, hour| senders.allow(who, hour, Mode::Randomized, 1, || [1; 32]);
        assert_eq!([send(ONE, 5), send(ONE, 5)], [Ok(()), Ok(())]);
        assert_eq!(send(ONE, 5), Err(Refused::Beacons));
        assert_eq!(send(TWO, 5), Ok(()));
        assert_eq!(send(ONE, 6), Ok(()));
    }

    #[test]
    fn records_beyond_the_cap_are_refused_and_cost_nothing() {
        let mut senders = senders();
        let mut send = |records| senders.allow(ONE, 5, Mode::Aggregated, records, || [1; 32]);
        assert_eq!(send(u64::MAX), Err(Refused::Records));
        assert_eq!(send(90), Ok(()));
        assert_eq!(send(11), Err(Refused::Records));
        assert_eq!(send(10), Ok(()));
        assert_eq!(senders.used.len(), 1);
    }

    #[test]
    fn addresses_of_one_network_share_an_allowance() {
        let mut senders = senders();
        let mut send =
            |ip: &str| senders.allow(ip.parse().unwrap(), 5, Mode::Randomized, 1, || [1; 32]);
        assert_eq!(send("2001:db8::1"), Ok(()));
        assert_eq!(send("2001:db8::2"), Ok(()));
        assert_eq!(send("2001:db8::3"), Err(Refused::Beacons));
        assert_eq!(send("2001:db8:0:1::3"), Ok(()));
    }
}
