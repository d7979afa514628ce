//! A calendar part of a timestamp, for those who count it.

use super::clock::Clock;
use super::features::Features;
use super::pipeline::Pipeline;
use super::tzif::Zone;
use super::zone::{ZoneRules, offset_at};
use crate::contract::{CalendarPart, Instant};
use crate::error::Result;

/// Reads one calendar part in one zone.
#[derive(Clone, Debug)]
pub struct CalendarReader {
    part: CalendarPart,
    zone: Zone,
    /// The pipeline's clock of the same input and zone.
    clock: Option<usize>,
}

impl CalendarReader {
    /// A reader for the input at this place.
    ///
    /// # Errors
    /// [`crate::ErrorCode::UnknownZone`] for a zone without rules.
    pub fn new(
        pipeline: &Pipeline,
        zones: &ZoneRules,
        input: usize,
        part: CalendarPart,
        zone: &str,
    ) -> Result<Self> {
        Ok(Self { part, zone: zones.get(zone)?, clock: pipeline.clock(input, zone) })
    }

    /// The part; `None` at an instant that the zone does not have. `features` may hold the clock of
    /// this record and must not hold that of another.
    pub fn read(&self, instant: Instant, features: &Features) -> Option<i64> {
        let seen = self.clock.and_then(|at| features.clocks.get(at).copied().flatten());
        let clock = match seen {
            Some(clock) => clock,
            None => Clock::new(instant.seconds, offset_at(&self.zone, instant)?),
        };
        Some(clock.part(self.part))
    }
}
