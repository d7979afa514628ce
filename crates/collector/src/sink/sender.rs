//! The thread that ships the outbox.

use super::{Client, reads, sql};
use crate::limits::{
    DRAIN_TIMEOUT, SHARE_MODELS_EVERY, SHIP_AGAIN_MOST, SHIP_EVERY, SHIPPED_BYTES,
};
use crate::store::{Batch, Fault, Reads, Stored, say, waiting};
use crate::{Collector, store};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender as Channel, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Ships until it is ended.
#[derive(Debug)]
pub struct Sender {
    end: Channel<()>,
    thread: JoinHandle<()>,
}

impl Sender {
    /// Starts the thread, if the collector has a ClickHouse.
    pub fn start(collector: &Arc<Collector>) -> Option<Self> {
        collector.sink()?;
        let (end, ended) = channel();
        let collector = Arc::clone(collector);
        let ship = move || {
            // what waits for the store's writer wants a runtime; this thread may block
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else {
                say("beacons cannot be shipped: no runtime");
                return;
            };
            let mut shipping = Shipping::new(&collector, runtime);
            let mut wait = Duration::ZERO;
            loop {
                match ended.recv_timeout(wait) {
                    Err(RecvTimeoutError::Timeout) => wait = shipping.turn(),
                    _ => return shipping.drain(),
                }
            }
        };
        let thread = std::thread::Builder::new().name("driftline-sender".to_owned()).spawn(ship);
        match thread {
            Ok(thread) => Some(Self { end, thread }),
            Err(error) => {
                say(&format!("beacons cannot be shipped: {error}"));
                None
            }
        }
    }

    /// Ships what waits, for a while, and ends. What is left goes at the next start.
    pub fn end(self) {
        // a thread that has ended needs no telling
        let _ = self.end.send(());
        let _ = self.thread.join();
    }

    /// The same without holding up who asks: a ClickHouse that does not answer is left behind.
    pub async fn end_soon(self) {
        let _ = self.end.send(());
        let begun = Instant::now();
        while !self.thread.is_finished() && begun.elapsed() < DRAIN_TIMEOUT {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// What the thread remembers.
struct Shipping<'c> {
    collector: &'c Collector,
    runtime: tokio::runtime::Runtime,
    prepared: bool,
    shared: Option<Instant>,
    /// What was sent and perhaps arrived: it is sent again as it was, so that its token holds.
    open: Option<(Batch, String)>,
    again: Duration,
    held: i64,
}

impl<'c> Shipping<'c> {
    fn new(collector: &'c Collector, runtime: tokio::runtime::Runtime) -> Self {
        let again = SHIP_EVERY;
        Self { collector, runtime, prepared: false, shared: None, open: None, again, held: 0 }
    }

    /// One turn; how long to wait for the next.
    fn turn(&mut self) -> Duration {
        match self.work() {
            Ok(more) => {
                self.again = SHIP_EVERY;
                if more { Duration::ZERO } else { SHIP_EVERY }
            }
            Err(fault) => {
                say(&format!("beacons wait: {fault}"));
                let wait = self.again;
                self.again = (wait * 2).min(SHIP_AGAIN_MOST);
                wait
            }
        }
    }

    /// Whether there is more to ship at once.
    fn work(&mut self) -> Stored<bool> {
        let Some(client) = self.collector.sink() else { return Ok(false) };
        if !self.prepared {
            client.prepare()?;
            self.prepared = true;
        }
        if self.shared.is_none_or(|last| last.elapsed() >= SHARE_MODELS_EVERY) {
            self.share(client)?;
            self.shared = Some(Instant::now());
        }
        self.ship(client)
    }

    fn ship(&mut self, client: &Client) -> Stored<bool> {
        let collector = self.collector;
        if self.open.is_none() {
            let from = collector.ships_from();
            let (batch, held) = collector.store().read(|store| {
                Ok((waiting(store, from, SHIPPED_BYTES)?, store::held(store, from)?))
            })?;
            if held > self.held {
                say(&format!(
                    "{held} beacons waited too long for ClickHouse; they stay in the store"
                ));
            }
            self.held = held;
            let (Some(first), Some(last)) = (batch.numbers.first(), batch.numbers.last()) else {
                return Ok(false);
            };
            // a store that was restored counts on from an older number: the bytes tell apart
            let hash: [u8; 32] = Sha256::digest(&batch.rows).into();
            let hash: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            let token = format!("{}/{first}-{last}/{hash}", collector.store().instance());
            self.open = Some((batch, token));
        }
        let Some((batch, token)) = &self.open else { return Ok(false) };
        client.insert("beacons", &batch.rows, token)?;
        self.runtime.block_on(collector.store().shipped(batch.numbers.clone()))?;
        let full = batch.rows.len() >= SHIPPED_BYTES;
        self.open = None;
        Ok(full)
    }

    /// Tells ClickHouse of this store's bundles, and this store of others'.
    fn share(&self, client: &Client) -> Stored<()> {
        #[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
        struct Known {
            identity: String,
            layout: String,
        }
        let mut there = BTreeSet::new();
        client.ask(sql::KNOWN, &[], |known: Known| {
            there.insert(known);
            Ok(())
        })?;
        let store = self.collector.store();
        let here = store.read(|store| store.models())?;
        for model in &here {
            let known = Known { identity: model.identity.clone(), layout: model.layout.clone() };
            if !there.remove(&known) {
                self.tell(client, model)?;
            }
        }
        if there.is_empty() {
            return Ok(());
        }
        for (registration, _) in reads::registrations(client, "")? {
            let (identity, layout) = (registration.identity.clone(), registration.layout.clone());
            if there.contains(&Known { identity, layout }) {
                self.runtime.block_on(self.collector.register(registration))?;
            }
        }
        Ok(())
    }

    fn tell(&self, client: &Client, model: &store::Model) -> Stored<()> {
        #[derive(Serialize)]
        struct Row<'a> {
            identity: &'a str,
            layout: &'a str,
            name: &'a str,
            registered: i64,
            contract: &'a str,
            baseline: Option<&'a str>,
            summary: &'a str,
            importance: Option<&'a str>,
        }
        let found = self.collector.store().read(|store| store.definitions(&model.identity))?;
        for one in found.iter().filter(|one| one.layout == model.layout) {
            let row = Row {
                identity: &model.identity,
                layout: &model.layout,
                name: &model.name,
                registered: model.registered,
                contract: &one.contract,
                baseline: one.baseline.as_deref(),
                summary: &one.summary,
                importance: one.importance.as_deref(),
            };
            let row = serde_json::to_vec(&row).map_err(|_| Fault::Damaged("a registration"))?;
            let token = format!("model/{}/{}/{}", model.identity, model.layout, model.registered);
            client.insert("models", &row, &token)?;
        }
        Ok(())
    }

    /// The last turns.
    fn drain(&mut self) {
        let begun = Instant::now();
        while begun.elapsed() < DRAIN_TIMEOUT {
            match self.work() {
                // an empty outbox, or what was read was all there was
                Ok(false) => return,
                Ok(true) => {}
                Err(fault) => return say(&format!("beacons wait for the next start: {fault}")),
            }
        }
    }
}
