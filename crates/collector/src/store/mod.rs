//! Merged counts in one SQLite file.
//!
//! One thread writes. It takes the beacons that wait, merges them in memory, and commits them
//! together; each is answered only after that commit is on the disk. A beacon's id is kept for longer
//! than any copy of it would be taken, so that a copy changes nothing.

pub(crate) mod cells;
mod ids;
mod merge;
mod outbox;
mod read;
mod restore;
mod retain;
mod schema;
mod writer;

pub(crate) use ids::uuid as id_of;
pub(crate) use outbox::{Batch, held, waiting};
pub(crate) use read::grain;
pub use read::{
    Counts, Definitions, Model, Reads, Window, counts as read_counts,
    definitions as read_definitions, each_count, is_whole, models as read_models,
    windows as read_windows,
};
pub use restore::{Restored, restore};
pub(crate) use retain::Ends;
pub use retain::{Kept, Rolled};
pub(crate) use retain::{day_of, month_of};
pub(crate) use writer::{blocks, say};

use crate::export::Work;
use crate::limits::{MAX_MODELS, MAX_QUEUE};
use driftline::beacon::{Body, Mode};
use driftline::summary::BlockKind;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// What can go wrong with the file.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// SQLite's own.
    #[error("the store cannot be used: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// Written by a newer driftline.
    #[error("the store is of version {version}, this driftline knows {known}")]
    Newer {
        /// The file's.
        version: i64,
        /// This program's.
        known: i64,
    },
    /// A blob that no driftline wrote.
    #[error("the store is damaged: {0}")]
    Damaged(&'static str),
    /// A file or a folder.
    #[error("`{path}`: {error}")]
    File {
        /// Where.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The beacons of the store go elsewhere than is asked.
    #[error("the store cannot be used so: {0}")]
    Elsewhere(&'static str),
    /// ClickHouse did not do what it was asked.
    #[error("ClickHouse: {0}")]
    Sink(String),
    /// A store is there already.
    #[error("`{0}` is there already")]
    Exists(PathBuf),
    /// A collector has the file open.
    #[error("`{0}` is in use; end its collector first")]
    InUse(PathBuf),
    /// The columns of an export.
    #[error("the export failed: {0}")]
    Parquet(String),
    /// The beacons that waited could not be committed together; none of them is counted.
    #[error("{0}")]
    Commit(String),
    /// The writer has more to do than it may hold.
    #[error("the writer is behind")]
    Busy,
    /// The writer has ended.
    #[error("the store is closed")]
    Closed,
    /// More rows than one answer may have, or windows.
    #[error("there are too many rows")]
    TooManyRows,
    /// More models than may be registered.
    #[error("there are {MAX_MODELS} models already")]
    TooMany,
}

/// The store's file in its folder.
const FILE: &str = "driftline.sqlite";

/// What the store answers.
pub type Stored<T> = Result<T, Fault>;

/// One beacon, read and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// Told apart by it.
    pub id: String,
    /// The bundle's.
    pub identity: String,
    /// Of its counts: bundle and host's declarations give it.
    pub layout: String,
    /// Start of its window, in hours since 1970.
    pub hour: i64,
    /// What it counts.
    pub body: Body,
}

impl Contribution {
    /// How it was made private: what was made otherwise is not merged.
    pub(crate) fn noise(&self) -> Noise {
        match &self.body {
            Body::Randomized { epsilon, .. } => (Mode::Randomized, epsilon.milli(), 0),
            Body::Aggregated { epsilon, bound, .. } => (Mode::Aggregated, epsilon.milli(), *bound),
            Body::Pseudonymous { .. } => (Mode::Pseudonymous, 0, 0),
        }
    }

    /// Records that it says it counted: with noise in `aggregated` mode, one in `randomized` mode.
    pub fn records(&self) -> i64 {
        match &self.body {
            Body::Randomized { .. } => 1,
            Body::Aggregated { counts, .. } | Body::Pseudonymous { counts } => {
                counts.first().copied().unwrap_or(0)
            }
        }
    }
}

/// Mode, ε in thousandths, bound on a client's records; 0 where there is none.
pub(crate) type Noise = (Mode, u32, u32);

const MODES: [Mode; 3] = [Mode::Randomized, Mode::Aggregated, Mode::Pseudonymous];

pub(crate) fn mode_number(mode: Mode) -> i64 {
    match mode {
        Mode::Randomized => 0,
        Mode::Aggregated => 1,
        Mode::Pseudonymous => 2,
    }
}

pub(crate) fn mode_of(number: i64) -> Option<Mode> {
    MODES.into_iter().find(|mode| mode_number(*mode) == number)
}

/// What became of a beacon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is counted, and on the disk.
    Counted,
    /// It was counted before.
    Duplicate,
    /// It waits for its identity.
    Parked,
    /// Nobody knows its identity with its layout, and there is no room to park it.
    Unknown,
    /// Its blocks are not those of the layout, or its sums leave the range.
    Unfit,
}

/// A bundle as it is registered, with what its hosts declare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The bundle's.
    pub identity: String,
    /// Of its counts.
    pub layout: String,
    /// The bundle's name.
    pub name: String,
    /// The contract's JSON.
    pub contract: String,
    /// The baseline's JSON.
    pub baseline: Option<String>,
    /// The layout's JSON, for people and pages.
    pub summary: String,
    /// Kind and number of cells of each block, in order.
    pub blocks: Vec<(BlockKind, u32)>,
}

/// What goes with an identity and is in no bundle, as JSON that was checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// Weight of each input to the model.
    pub importance: Option<String>,
}

pub(crate) enum Job {
    Take {
        beacon: Box<Contribution>,
        park: Option<Vec<u8>>,
        reply: oneshot::Sender<Stored<Taken>>,
    },
    Register {
        model: Box<Registration>,
        now: i64,
        reply: oneshot::Sender<Stored<Vec<Vec<u8>>>>,
    },
    Annotate {
        identity: String,
        beside: Beside,
        reply: oneshot::Sender<Stored<()>>,
    },
    Retain {
        kept: Kept,
        accepted: i64,
        now: i64,
        reply: oneshot::Sender<Stored<Rolled>>,
    },
    /// Whatever else is written, in a transaction of its own.
    Change(Box<dyn FnOnce(&mut Connection) + Send>),
    Backup {
        to: PathBuf,
        reply: oneshot::Sender<Stored<()>>,
    },
    Shipped {
        numbers: Vec<i64>,
        reply: oneshot::Sender<Stored<()>>,
    },
    /// Ends the writer once what came before is done.
    Close,
}

/// Where a beacon's counts go with the commit of its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Into {
    /// Into the store's own sums.
    Sums,
    /// Into the outbox, which may hold so many bytes.
    Outbox(u64),
}

/// The file, its writer, and a few connections that read.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    remembers_since: i64,
    instance: String,
    jobs: SyncSender<Job>,
    work: Arc<Work>,
    readers: Mutex<Vec<Connection>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Store {
    /// Opens `driftline.sqlite` in a folder, which is made if it is missing.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn open(folder: &Path) -> Stored<Self> {
        Self::open_into(folder, Into::Sums)
    }

    /// Opens it with the place where counts go.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::Elsewhere`] if they went to another place before.
    pub fn open_into(folder: &Path, into: Into) -> Stored<Self> {
        std::fs::create_dir_all(folder)
            .map_err(|error| Fault::File { path: folder.to_owned(), error })?;
        let path = folder.join(FILE);
        let mut connection = Connection::open(&path)?;
        schema::prepare(&mut connection)?;
        let remembers_since = retain::remembers_since(&connection)?;
        outbox::check(&connection, into != Into::Sums)?;
        let instance = outbox::instance(&connection)?;
        let state = writer::State::read(connection, into)?;
        let (jobs, queue) = sync_channel(MAX_QUEUE);
        let work = Arc::new(Work::default());
        let at = Arc::clone(&work);
        let writer = std::thread::Builder::new()
            .name("driftline-writer".to_owned())
            .spawn(move || state.run(&queue, &at))
            .map_err(|error| Fault::File { path: path.clone(), error })?;
        let writer = Mutex::new(Some(writer));
        let readers = Mutex::new(Vec::new());
        Ok(Self { path, remembers_since, instance, jobs, work, readers, writer })
    }

    /// Counts a beacon. `park`: its bytes, if one of an unknown identity may wait.
    ///
    /// # Errors
    /// [`Fault::Busy`] at once if too many wait; otherwise after the commit.
    pub async fn take(&self, beacon: Contribution, park: Option<Vec<u8>>) -> Stored<Taken> {
        let (reply, answer) = oneshot::channel();
        self.work.wait();
        self.push(Job::Take { beacon: Box::new(beacon), park, reply })
            .inspect_err(|_| self.work.take(1))?;
        answer.await.map_err(|_| Fault::Closed)?
    }

    /// Makes an identity known with a layout; what was parked for it comes back, to be taken again.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn register(&self, model: Registration, now: i64) -> Stored<Vec<Vec<u8>>> {
        let (reply, answer) = oneshot::channel();
        self.push(Job::Register { model: Box::new(model), now, reply })?;
        answer.await.map_err(|_| Fault::Closed)?
    }

    /// Keeps what goes with a registered identity; what is not given stays as it is.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn annotate(&self, identity: String, beside: Beside) -> Stored<()> {
        let (reply, answer) = oneshot::channel();
        self.push(Job::Annotate { identity, beside, reply })?;
        answer.await.map_err(|_| Fault::Closed)?
    }

    /// Merges old windows into longer ones and forgets what is past its time. `accepted`: hours for
    /// which windows are taken; `now`: hours since 1970.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn retain(&self, kept: Kept, accepted: i64, now: i64) -> Stored<Rolled> {
        let (reply, answer) = oneshot::channel();
        self.push(Job::Retain { kept, accepted, now, reply })?;
        answer.await.map_err(|_| Fault::Closed)?
    }

    /// Has the writer do something; blocks, so call it off the runtime's threads.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::Busy`] at once if too many wait.
    pub fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Stored<T> + Send + 'static,
    ) -> Stored<T> {
        let (reply, answer) = sync_channel(1);
        self.push(Job::Change(Box::new(move |connection| {
            // who asked may have gone; what was asked is done all the same
            let _ = reply.send(work(connection));
        })))?;
        answer.recv().map_err(|_| Fault::Closed)?
    }

    /// Tells this store from others; it stays the same.
    pub(crate) fn instance(&self) -> &str {
        &self.instance
    }

    /// Forgets rows of the outbox, which have arrived.
    pub(crate) async fn shipped(&self, numbers: Vec<i64>) -> Stored<()> {
        let (reply, answer) = oneshot::channel();
        self.push(Job::Shipped { numbers, reply })?;
        answer.await.map_err(|_| Fault::Closed)?
    }

    /// Writes a copy of the file, whole and of one instant, while the collector runs.
    ///
    /// # Errors
    /// [`Fault`]; a file that exists is not written over.
    pub async fn backup(&self, to: PathBuf) -> Stored<()> {
        let (reply, answer) = oneshot::channel();
        self.push(Job::Backup { to, reply })?;
        answer.await.map_err(|_| Fault::Closed)?
    }

    /// Writes a copy of a folder's file, whole and of one instant, also while a collector uses it.
    ///
    /// # Errors
    /// [`Fault`]; a file that exists is not written over.
    pub fn copy(folder: &Path, to: &Path) -> Stored<()> {
        writer::backup(&open_to_read(folder)?, to)
    }

    /// Reads with a connection of its own; blocks, so call it off the runtime's threads.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> Stored<T>) -> Stored<T> {
        let free = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match free {
            Some(connection) => connection,
            None => Connection::open_with_flags(
                &self.path,
                OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
            )?,
        };
        let found = work(&connection);
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        found
    }

    /// The hour from which on the store remembered, when it was opened, which beacons it has
    /// counted. One of an earlier window may be a copy of what is counted, if windows were taken for
    /// less long then.
    pub fn remembers_since(&self) -> i64 {
        self.remembers_since
    }

    /// What the writer has done.
    pub(crate) fn work(&self) -> Arc<Work> {
        Arc::clone(&self.work)
    }

    /// Bytes of the file, and of its journal.
    pub(crate) fn bytes(&self) -> [(&'static str, u64); 2] {
        let mut journal = self.path.clone().into_os_string();
        journal.push("-wal");
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
        [("main", size(&self.path)), ("wal", size(Path::new(&journal)))]
    }

    /// Whether the writer takes beacons.
    pub fn is_open(&self) -> bool {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Ends the writer after all that was pushed before.
    pub fn close(&self) {
        // a writer that has ended already needs no telling
        let _ = self.jobs.send(Job::Close);
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = writer {
            let _ = thread.join();
        }
    }

    fn push(&self, job: Job) -> Stored<()> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Fault::Busy,
            TrySendError::Disconnected(_) => Fault::Closed,
        })
    }
}

/// A connection to a folder's store that cannot change it.
///
/// # Errors
/// [`Fault`].
pub(crate) fn open_to_read(folder: &Path) -> Stored<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(folder.join(FILE), flags)?)
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}
