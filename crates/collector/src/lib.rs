//! Where beacons land: merged counts in one SQLite file, behind HTTP.
//!
//! A beacon is answered only after it is on the disk, and counted once however often it comes. What
//! is kept are sums over all senders; no address, user agent or time of arrival is stored.

pub mod alerts;
mod beacon;
mod bell;
pub mod config;
pub mod deployments;
pub mod export;
pub mod limits;
mod parquet_file;
mod problem;
mod process;
pub mod register;
pub mod report;
mod routes;
mod senders;
mod serve;
pub mod shadow;
pub mod sink;
pub mod store;
mod trust;

pub use config::Config;
pub use parquet_file::{Exported, export};
pub use process::run;
pub use serve::serve;

use driftline::Error;
use driftline::beacon::Mode;
use senders::{Refused, Senders};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use store::{Into, Reads, Registration, Rolled, Store, Stored, Taken};

pub(crate) const MS_PER_HOUR: i64 = 3_600_000;
const SECONDS_PER_HOUR: i64 = 3_600;

/// The clock and the source of randomness, which the host gives.
#[derive(Clone, Copy, Debug)]
pub struct Host {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: fn() -> i64,
    /// Random bytes for the hour's key of senders.
    pub random: fn() -> [u8; 32],
}

/// A store, its settings, and what is remembered of this hour's senders.
#[derive(Debug)]
pub struct Collector {
    config: Config,
    store: Store,
    sink: Option<sink::Client>,
    senders: Mutex<Senders>,
    pages: routes::Pages,
    host: Host,
    meters: export::Meters,
    started: i64,
    /// Figures of the models at the last look.
    seen: Mutex<Arc<Vec<export::Point>>>,
}

impl Collector {
    /// Opens the store of `config.data`.
    ///
    /// # Errors
    /// Settings that [`Config::check`] refuses; a store that cannot be used.
    pub fn open(config: Config, host: Host) -> Result<Arc<Self>, Error> {
        config.check()?;
        let pages = routes::Pages::find(config.dashboard.as_deref())?;
        let into =
            config.clickhouse.as_ref().map_or(Into::Sums, |at| Into::Outbox(at.outbox_bytes));
        let store = Store::open_into(&config.data, into)
            .map_err(|fault| Error::new(driftline::ErrorCode::StoreFailed, fault.to_string()))?;
        let senders = Mutex::new(Senders::new(config.caps));
        let meters = export::Meters::of(store.work());
        let started = (host.seconds)();
        let seen = Mutex::default();
        let sink = config.clickhouse.clone().map(sink::Client::new);
        Ok(Arc::new(Self { config, store, sink, senders, pages, host, meters, started, seen }))
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn pages(&self) -> &routes::Pages {
        &self.pages
    }

    /// The counts.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The ClickHouse that has the sums, if it is not the store.
    pub fn sink(&self) -> Option<&sink::Client> {
        self.sink.as_ref()
    }

    /// Asks for counts where they are; blocks, so call it off the runtime's threads.
    ///
    /// # Errors
    /// [`store::Fault`].
    pub fn read<T>(&self, work: impl FnOnce(&dyn Reads) -> Stored<T>) -> Stored<T> {
        match &self.sink {
            Some(client) => work(&sink::Reader::new(client, self.ends())),
            None => self.store.read(|store| work(store)),
        }
    }

    /// Makes an identity known, and counts what was parked for it: how many did, and how many came.
    ///
    /// # Errors
    /// [`store::Fault`].
    pub async fn register(&self, registration: Registration) -> Stored<(usize, usize)> {
        let parked = self.store.register(registration, self.seconds()).await?;
        let mut counted = 0;
        for bytes in &parked {
            counted += usize::from(self.take_parked(bytes).await);
        }
        Ok((counted, parked.len()))
    }

    /// Puts days of which no beacon can come any more into ClickHouse's sums, if that has the counts, and
    /// forgets sums that are past their time; which days. What they were summed from is forgotten
    /// `grace` seconds later, by another call. Blocks.
    ///
    /// # Errors
    /// [`store::Fault`].
    pub fn settle(&self, grace: u64) -> Stored<Vec<i64>> {
        let Some(client) = &self.sink else { return Ok(Vec::new()) };
        // a day for clocks that differ and for what is on its way
        let settled = sink::settle(client, self.ships_from() - 24, grace)?;
        if let Some(end) = self.ends().months {
            sink::forget(client, end)?;
        }
        Ok(settled)
    }

    /// Rolls up and forgets what the settings say.
    ///
    /// # Errors
    /// [`store::Fault`].
    pub async fn retain(&self) -> Stored<Rolled> {
        let accepted = self.config.accepted_hours();
        self.store.retain(self.config.retention, accepted, self.hour()).await
    }

    pub(crate) fn seen(&self) -> Arc<Vec<export::Point>> {
        Arc::clone(&self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn see(&self, points: Vec<export::Point>) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(points);
    }

    /// Up to when what is merged and forgotten by now.
    fn ends(&self) -> store::Ends {
        self.config.retention.ends(self.config.accepted_hours(), self.hour())
    }

    /// The oldest hour of which beacons are shipped to ClickHouse: a batch may wait as long as ids are
    /// remembered beyond the last copy.
    pub(crate) fn ships_from(&self) -> i64 {
        self.hour() - self.config.accepted_hours() - limits::ID_GRACE_HOURS
    }

    pub(crate) fn seconds(&self) -> i64 {
        (self.host.seconds)()
    }

    pub(crate) fn hour(&self) -> i64 {
        self.seconds().div_euclid(SECONDS_PER_HOUR)
    }

    pub(crate) fn seconds_to_hour(&self) -> u64 {
        (SECONDS_PER_HOUR - self.seconds().rem_euclid(SECONDS_PER_HOUR)).unsigned_abs()
    }

    pub(crate) fn allow(
        &self,
        sender: IpAddr,
        hour: i64,
        mode: Mode,
        records: u64,
    ) -> Result<(), Refused> {
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        senders.allow(sender, hour, mode, records, self.host.random)
    }

    /// Counts a beacon that waited for its identity; whether it was new and fitted.
    async fn take_parked(&self, bytes: &[u8]) -> bool {
        let Ok(beacon) = beacon::read(bytes) else { return false };
        matches!(self.store.take(beacon.counts, None).await, Ok(Taken::Counted))
    }
}
