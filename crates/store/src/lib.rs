//! **Room: the store.** Rows and domain values, and the only SQL of the project.
//!
//! [`Store`] runs closures inside transactions: reads on a snapshot, use cases with everything or nothing. Below it one
//! seam ([`driver`]) hides which database it is; above it every statement is written once. Contains no rules ("may this
//! be approved?") and no JSON shapes of the API. May use: domain, odata, the two database drivers.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod audit;
mod decision;
mod directory_apply;
pub mod driver;
mod error;
mod fetch;
pub mod health;
pub mod metrics;
mod migrate;
pub mod queue;
pub mod record;
pub mod rows;
pub mod seal;
mod sql;
mod tx;
pub mod view;

pub use decision::apply;
pub use driver::{ServerConfig, Statement};
pub use error::StoreError;
pub use fetch::{Fetch, First, Query};
pub use sql::Sql;
pub use tx::{Tx, Write};

use driver::{Embedded, Job, Lane, Purpose, Ran, Server};
use metrics::Metrics;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tenure_domain::limits;
use tokio::sync::oneshot;
use uuid::Uuid;

/// How much a read is expected to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Little: it is tried at once, on the thread that asks, within a limit.
    Small,
    /// Unknown: a reader thread does it.
    Unknown,
}

/// Whether somebody waits for the answer of a use case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody does.
    Interactive,
    /// Nobody does: one chunk of a long job.
    Bulk,
}

/// What may wait, take time and pile up. The product has one set; tests have smaller ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Use cases that wait for a thread; where threads do both, reads too.
    pub writer: usize,
    /// Reads, where they have threads of their own.
    pub readers: usize,
    /// For a read that is not tried at once.
    pub read_time: Duration,
    /// Bytes of write-ahead log after which a checkpoint is asked for, where there is one.
    pub wal_soft_bytes: u64,
    /// Bytes of write-ahead log after which the writer waits for a checkpoint.
    pub wal_hard_bytes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            writer: limits::WRITER_QUEUE_MAX,
            readers: limits::READER_QUEUE_MAX,
            read_time: Duration::from_millis(limits::READ_TIME_MAX_MILLIS),
            wal_soft_bytes: limits::WAL_SOFT_BYTES,
            wal_hard_bytes: limits::WAL_HARD_BYTES,
        }
    }
}

enum Backend {
    Embedded(Embedded),
    Server(Server),
}

/// The store: hand it closures.
pub struct Store {
    backend: Backend,
    metrics: Metrics,
}

/// A closure with the line on which its answer goes.
struct UseCase<F, T, E> {
    purpose: Purpose,
    body: F,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Job for UseCase<F, T, E>
where
    F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn purpose(&self) -> Purpose {
        self.purpose
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> Ran {
        record::begin(self.purpose);
        let result = (self.body)(tx);
        let ran = if result.is_ok() { Ran::Commit } else { Ran::RollBack };
        self.result = Some(result);
        ran
    }

    fn is_pointless(&self) -> bool {
        // A use case is run all the same: it was accepted, and its caller may look for what it did.
        self.purpose == Purpose::Read && self.reply.is_closed()
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        let lost = || Err(E::from(StoreError::Internal("the transaction has no result".to_owned())));
        let answer = match outcome {
            Ok(()) => self.result.unwrap_or_else(lost),
            Err(error) => Err(E::from(error)),
        };
        // First the closure goes, and whatever it holds: the caller may own the last other handle of this store, and a
        // database thread must not be the one that closes it.
        drop(self.body);
        // Nobody waits any more: the work is done all the same.
        let _ = self.reply.send(answer);
    }
}

/// The answer of a job that is still to come.
struct Answer<T, E>(oneshot::Receiver<Result<T, E>>);

impl<T, E: From<StoreError>> Answer<T, E> {
    fn lost() -> Result<T, E> {
        Err(E::from(StoreError::Unavailable("the database thread is gone".to_owned())))
    }

    async fn wait(self) -> Result<T, E> {
        self.0.await.unwrap_or_else(|_| Self::lost())
    }

    fn block(self) -> Result<T, E> {
        self.0.blocking_recv().unwrap_or_else(|_| Self::lost())
    }
}

impl Store {
    /// Opens or creates the embedded database in a file.
    pub fn embedded(path: &Path) -> Result<Self, StoreError> {
        Self::embedded_within(path, Bounds::default())
    }

    /// The same within other bounds, for tests.
    pub fn embedded_within(path: &Path, bounds: Bounds) -> Result<Self, StoreError> {
        let metrics = Metrics::default();
        Ok(Self { backend: Backend::Embedded(Embedded::open(path, bounds, &metrics, None)?), metrics })
    }

    /// The same for the simulator, and for nothing that is to be kept: commits are not made durable, and when as many as
    /// `commits_left` says have been made, every further one fails, as if the power were off from that moment.
    pub fn rehearsed(path: &Path, commits_left: Arc<AtomicU64>) -> Result<Self, StoreError> {
        let (metrics, bounds) = (Metrics::default(), Bounds::default());
        let db = Embedded::open(path, bounds, &metrics, Some(commits_left))?;
        Ok(Self { backend: Backend::Embedded(db), metrics })
    }

    /// Connects to a server database.
    pub fn server(config: &ServerConfig) -> Result<Self, StoreError> {
        Self::server_within(config, Bounds::default())
    }

    /// The same within other bounds, for tests.
    pub fn server_within(config: &ServerConfig, bounds: Bounds) -> Result<Self, StoreError> {
        let metrics = Metrics::default();
        Ok(Self { backend: Backend::Server(Server::open(config, bounds, &metrics)?), metrics })
    }

    /// Copies what the embedded database in the file `from` holds at one instant into the file `to`, which is empty or
    /// none. Another process may serve it meanwhile.
    pub fn copy_embedded(from: &Path, to: &Path) -> Result<(), StoreError> {
        driver::snapshot::copy(from, to)
    }

    /// Looks through an embedded database that nobody uses: whether it is whole, and of a schema this program knows.
    pub fn inspect_embedded(path: &Path) -> Result<(), StoreError> {
        driver::snapshot::inspect(path)
    }

    /// How the schema of the embedded database in a file stands to this program. Changes nothing.
    pub fn schema_embedded(path: &Path) -> Result<health::Schema, StoreError> {
        driver::snapshot::schema(path)
    }

    /// How the schema of a server database stands to this program. Changes nothing.
    pub fn schema_server(config: &ServerConfig) -> Result<health::Schema, StoreError> {
        Server::schema(config)
    }

    /// What the store counts, as of now.
    pub fn metrics(&self) -> &Metrics {
        match &self.backend {
            Backend::Embedded(db) => db.look(&self.metrics),
            Backend::Server(db) => db.look(&self.metrics),
        }
        &self.metrics
    }

    fn start<T, E, F>(&self, purpose: Purpose, lane: Lane, caller: Option<Uuid>, cost: Cost, body: F) -> Answer<T, E>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Box<dyn Job> = Box::new(UseCase { purpose, body, result: None, reply });
        let refused = match &self.backend {
            Backend::Embedded(db) => {
                let left = if cost == Cost::Small { db.read_here(job) } else { Some(job) };
                left.and_then(|job| db.submit(lane, caller, job).err())
            }
            Backend::Server(db) => db.submit(lane, caller, job).err(),
        };
        if let Some(job) = refused {
            self.metrics.refused.inc();
            job.finish(Err(StoreError::Busy));
        }
        Answer(answer)
    }

    /// Reads one snapshot. The body may run twice, when it was expected to be cheap and is not.
    pub async fn read<T, E, F>(&self, cost: Cost, caller: Option<Uuid>, body: F) -> Result<T, E>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.start(Purpose::Read, Lane::Interactive, caller, cost, body).wait().await
    }

    /// Runs a use case: everything it writes, or nothing. The body may run several times; only one run counts.
    pub async fn write<T, E, F>(&self, urgency: Urgency, caller: Option<Uuid>, body: F) -> Result<T, E>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let lane = if urgency == Urgency::Bulk { Lane::Bulk } else { Lane::Interactive };
        self.start(Purpose::UseCase, lane, caller, Cost::Unknown, body).wait().await
    }

    /// Claims rows of a queue, or gives them back.
    pub async fn claim<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.start(Purpose::Claim, Lane::Interactive, None, Cost::Unknown, body).wait().await
    }

    /// [`Store::read`] for callers that are not asynchronous.
    pub fn read_blocking<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.start(Purpose::Read, Lane::Interactive, None, Cost::Unknown, body).block()
    }

    /// [`Store::write`] for callers that are not asynchronous.
    pub fn write_blocking<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.start(Purpose::UseCase, Lane::Interactive, None, Cost::Unknown, body).block()
    }

    /// Reads one snapshot for as long as it takes, on this thread and a connection of its own. For tools: a server that
    /// serves people gives no read that much time.
    pub fn read_long<T, E>(&self, mut body: impl FnMut(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        let mut result = None;
        let mut run = |tx: &mut Tx<'_>| result = Some(body(tx));
        match &self.backend {
            Backend::Embedded(db) => db.read_long(&mut run)?,
            Backend::Server(db) => db.read_long(&mut run)?,
        }
        result.unwrap_or_else(|| Err(E::from(StoreError::Internal("the snapshot was not read".to_owned()))))
    }

    /// Every registered statement; tests prepare them all on both databases.
    pub fn statements() -> Vec<&'static Sql> {
        rows::statements()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        match &mut self.backend {
            Backend::Embedded(db) => db.close(),
            Backend::Server(db) => db.close(),
        }
    }
}
