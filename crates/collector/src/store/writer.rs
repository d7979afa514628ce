//! The one thread that writes.

use super::ids::Ids;
use super::merge::Batch;
use super::outbox::{self, Lines};
use super::retain;
use super::{Beside, Contribution, Fault, Into, Job, Kept, Registration, Rolled, Stored, Taken};
use crate::export::Work;
use crate::limits::{MAX_BATCH, MAX_MODELS, MAX_PARKED};
use driftline::summary::BlockKind;
use rusqlite::{Connection, params};
use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::Instant;
use tokio::sync::oneshot;

/// What the writer knows of a model.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub model: i64,
    /// Kind and number of cells of each block.
    pub blocks: Vec<(BlockKind, u32)>,
}

/// The connection, and the models by identity and layout.
pub(crate) struct State {
    connection: Connection,
    models: HashMap<(String, String), Known>,
    ids: Ids,
    into: Into,
    /// Bytes in the outbox.
    waiting: u64,
}

type Waiting = (Box<Contribution>, Option<Vec<u8>>, oneshot::Sender<Stored<Taken>>);

impl State {
    pub(crate) fn read(connection: Connection, into: Into) -> Stored<Self> {
        let mut models = HashMap::new();
        {
            let mut rows =
                connection.prepare("SELECT identity, layout, model, summary FROM models")?;
            let mut rows = rows.query([])?;
            while let Some(row) = rows.next()? {
                let summary: String = row.get(3)?;
                let blocks = blocks(&summary).ok_or(Fault::Damaged("a layout"))?;
                let model = row.get(2)?;
                models.insert((row.get(0)?, row.get(1)?), Known { model, blocks });
            }
        }
        let waiting = outbox::bytes(&connection)?;
        let ids = Ids::read(&connection)?;
        Ok(Self { connection, models, ids, into, waiting })
    }

    pub(crate) fn run(mut self, queue: &Receiver<Job>, work: &Work) {
        let mut next = queue.recv().ok();
        while let Some(job) = next.take() {
            match job {
                Job::Take { beacon, park, reply } => {
                    let mut batch = vec![(beacon, park, reply)];
                    while batch.len() < MAX_BATCH {
                        match queue.try_recv() {
                            Ok(Job::Take { beacon, park, reply }) => {
                                batch.push((beacon, park, reply));
                            }
                            Ok(other) => {
                                next = Some(other);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    let (beacons, begun) = (batch.len(), Instant::now());
                    work.take(beacons);
                    self.commit(batch);
                    work.commit(beacons, begun.elapsed());
                }
                // who asked may have gone; what was asked is done all the same
                Job::Register { model, now, reply } => {
                    let _ = reply.send(self.register(&model, now));
                }
                Job::Annotate { identity, beside, reply } => {
                    let _ = reply.send(self.annotate(&identity, &beside));
                }
                Job::Retain { kept, accepted, now, reply } => {
                    let _ = reply.send(self.retain(kept, accepted, now));
                }
                Job::Change(change) => change(&mut self.connection),
                Job::Backup { to, reply } => {
                    let _ = reply.send(backup(&self.connection, &to));
                }
                Job::Shipped { numbers, reply } => {
                    let _ = reply.send(self.shipped(&numbers));
                }
                Job::Close => return,
            }
            if next.is_none() {
                next = queue.recv().ok();
            }
        }
    }

    /// One transaction for all; every answer is given after it is on the disk.
    fn commit(&mut self, waiting: Vec<Waiting>) {
        let taken = self.merge(&waiting);
        self.ids.ended(taken.is_err());
        match taken {
            Ok(taken) => {
                for ((_, _, reply), taken) in waiting.into_iter().zip(taken) {
                    let _ = reply.send(Ok(taken));
                }
            }
            Err(Fault::Busy) => {
                for (_, _, reply) in waiting {
                    let _ = reply.send(Err(Fault::Busy));
                }
            }
            Err(fault) => {
                let text = fault.to_string();
                say(&text);
                for (_, _, reply) in waiting {
                    let _ = reply.send(Err(Fault::Commit(text.clone())));
                }
            }
        }
    }

    fn merge(&mut self, waiting: &[Waiting]) -> Stored<Vec<Taken>> {
        if matches!(self.into, Into::Outbox(most) if self.waiting >= most) {
            return Err(Fault::Busy);
        }
        let change = self.connection.transaction()?;
        let (mut batch, mut lines) = (Batch::default(), Lines::default());
        let mut taken = Vec::with_capacity(waiting.len());
        {
            let mut park = change.prepare_cached(
                "INSERT OR IGNORE INTO parked (id, identity, layout, hour, body)
                 SELECT ?1, ?2, ?3, ?4, ?5 WHERE (SELECT count(*) FROM parked) < ?6",
            )?;
            for (beacon, bytes, _) in waiting {
                let at = (beacon.identity.clone(), beacon.layout.clone());
                let Some(known) = self.models.get(&at) else {
                    let parked = match bytes {
                        Some(bytes) => {
                            let Contribution { id, identity, layout, hour, .. } = &**beacon;
                            let room = i64::try_from(MAX_PARKED).unwrap_or(i64::MAX);
                            park.execute(params![id, identity, layout, hour, bytes, room])? == 1
                                || is_parked(&change, id)?
                        }
                        None => false,
                    };
                    taken.push(if parked { Taken::Parked } else { Taken::Unknown });
                    continue;
                };
                if !self.ids.take(&change, beacon.hour, &beacon.id)? {
                    taken.push(Taken::Duplicate);
                    continue;
                }
                let fits = match self.into {
                    Into::Sums => batch.add(known, beacon, &change)?,
                    Into::Outbox(_) => lines.add(known, beacon)?,
                };
                if fits {
                    taken.push(Taken::Counted);
                } else {
                    self.ids.untake();
                    taken.push(Taken::Unfit);
                }
            }
        }
        self.ids.write(&change)?;
        batch.write(&change)?;
        let bytes = lines.write(&change)?;
        change.commit()?;
        self.waiting += bytes;
        Ok(taken)
    }

    fn retain(&mut self, kept: Kept, accepted: i64, now: i64) -> Stored<Rolled> {
        // in the tree those of an hour lie together
        let change = self.connection.transaction()?;
        let settled = self.ids.settle(&change).and_then(|()| Ok(change.commit()?));
        self.ids.ended(settled.is_err());
        settled?;
        retain::retain(&mut self.connection, kept, accepted, now)
    }

    fn annotate(&mut self, identity: &str, beside: &Beside) -> Stored<()> {
        self.connection.execute(
            "UPDATE models SET importance = coalesce(?2, importance) WHERE identity = ?1",
            params![identity, beside.importance],
        )?;
        Ok(())
    }

    fn shipped(&mut self, numbers: &[i64]) -> Stored<()> {
        outbox::shipped(&mut self.connection, numbers)?;
        self.waiting = outbox::bytes(&self.connection)?;
        Ok(())
    }

    fn register(&mut self, model: &Registration, now: i64) -> Stored<Vec<Vec<u8>>> {
        let change = self.connection.transaction()?;
        let Registration { identity, layout, name, contract, baseline, summary, blocks } = model;
        let at = (identity.clone(), layout.clone());
        let mut number = None;
        if !self.models.contains_key(&at) {
            if self.models.len() >= MAX_MODELS {
                return Err(Fault::TooMany);
            }
            change.execute(
                "INSERT INTO models
                 (identity, layout, name, registered, contract, baseline, summary)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![identity, layout, name, now, contract, baseline, summary],
            )?;
            number = Some(change.last_insert_rowid());
            change.execute(
                "INSERT INTO audit (at, what, subject) VALUES (?1, 'registered', ?2)",
                params![now, identity],
            )?;
        }
        let parked = {
            let mut rows = change
                .prepare("DELETE FROM parked WHERE identity = ?1 AND layout = ?2 RETURNING body")?;
            let rows = rows.query_map([identity, layout], |row| row.get(0))?;
            rows.collect::<Result<Vec<Vec<u8>>, _>>()?
        };
        change.commit()?;
        if let Some(model) = number {
            self.models.insert(at, Known { model, blocks: blocks.clone() });
        }
        Ok(parked)
    }
}

fn is_parked(connection: &Connection, id: &str) -> Stored<bool> {
    let found = connection.prepare_cached("SELECT 1 FROM parked WHERE id = ?1")?.exists([id])?;
    Ok(found)
}

/// Kind and number of cells of each block, from the layout's JSON.
pub(crate) fn blocks(summary: &str) -> Option<Vec<(BlockKind, u32)>> {
    #[derive(serde::Deserialize)]
    struct Layout {
        blocks: Vec<Block>,
    }
    #[derive(serde::Deserialize)]
    struct Block {
        kind: String,
        cells: Vec<serde::de::IgnoredAny>,
    }
    let layout: Layout = serde_json::from_str(summary).ok()?;
    let one = |block: &Block| {
        let kind = BlockKind::ALL.into_iter().find(|kind| kind.as_str() == block.kind)?;
        Some((kind, u32::try_from(block.cells.len()).ok()?))
    };
    layout.blocks.iter().map(one).collect()
}

pub(super) fn backup(connection: &Connection, to: &Path) -> Stored<()> {
    let path = to.to_str().ok_or(Fault::Damaged("the path of the copy"))?;
    connection.execute("VACUUM INTO ?1", [path])?;
    Ok(())
}

/// The operator's only sign of a full disk.
pub(crate) fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "driftline: {text}");
}
