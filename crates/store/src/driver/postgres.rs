//! The server database: one connection per thread, statements of a batch in one round trip, serializable use cases that
//! are tried again (decisions.md A12, E1 to E3).

mod value;

pub use value::cell;

use self::value::Param;
use super::dialect::Dialect;
use super::queue::{Job, Lane, Queue, Ran};
use super::{BatchError, Conn, Purpose, Row, Sink, Statement};
use crate::Bounds;
use crate::audit::AuditHead;
use crate::error::StoreError;
use crate::health::Schema;
use crate::metrics::{Metrics, gauge};
use crate::tx::Tx;
use futures_util::TryStreamExt;
use futures_util::future::{join_all, join3};
use std::borrow::Cow;
use std::collections::HashMap;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};
use tenure_domain::ids::SeededEntropy;
use tenure_domain::limits;
use tenure_odata::Value;
use tokio::runtime::Runtime;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// How long a connection may take to be made.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// Time between two requests to stop a query.
const CANCEL_INTERVAL: Duration = Duration::from_millis(20);
/// How long such a request may take.
const CANCEL_TIME_MAX: Duration = Duration::from_millis(200);
/// Such requests after which the connection is given up.
const CANCEL_TRIES_MAX: u32 = 25;
/// How long a commit whose answer was lost is looked for.
const COMMIT_LOOK_TIME_MAX: Duration = Duration::from_secs(20);
/// The number under which nodes take turns at migrating.
const MIGRATION_LOCK: i64 = 0x7465_6e75_7265;

/// Five seconds per statement: [`limits::READ_TIME_MAX_MILLIS`].
const READ_BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 5000";

/// How statements of these connections are planned; nobody else's are, but those of the benchmark's ceiling.
///
/// - Looking up a row costs little more than reading the next one: disks have no arms any more, and the default, four
///   times as much, has a page of twenty rows read whole tables.
/// - Tables are joined by looking up rows. Other joins read a table whole, and are taken because the planner does not
///   know how soon a page is full. Measured at a million assignments (release 15): with them lists by name take up to
///   three times as long (65 to 215 µs). Without them what joins most of a table loses a little: counting 40,000 members
///   takes 66 ms and not 40, a search through all assignments for a part of a name 1.1 s and not 0.9; other counts, of
///   20,000 to 100,000 rows, take the same.
/// - A statement is planned once per connection, for any values: planning costs more than most of these reads, and no
///   value can bring another plan than those that tests hold still.
pub const PLANNING: &str = "SET random_page_cost = 1.1; SET enable_hashjoin = off; SET enable_mergejoin = off; \
    SET plan_cache_mode = force_generic_plan";

/// Where the server database is.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// A connection URL.
    pub url: String,
    /// Connections of this process.
    pub threads: usize,
}

/// How far a transaction got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// There is none.
    Idle,
    /// It has begun.
    Open,
    /// COMMIT was sent: from here on it may be committed.
    Committing,
}

struct ServerConn {
    runtime: Runtime,
    client: Client,
    /// The process of the server that serves this connection.
    backend: i32,
    prepared: HashMap<String, tokio_postgres::Statement>,
    begin: Option<&'static str>,
    phase: Phase,
    /// How long a read may take.
    read_time: Duration,
    /// When the read under way has to end.
    until: Option<Instant>,
    lost_race: bool,
    /// Something that must be unique was there already.
    was_taken: bool,
    lost_connection: bool,
    trips: u32,
}

#[expect(clippy::disallowed_methods, reason = "the seam: connections are opened here, with the right settings")]
fn connect(config: &ServerConfig) -> Result<ServerConn, StoreError> {
    let away = |e: &dyn std::fmt::Display| StoreError::Unavailable(e.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| away(&e))?;
    let client: Result<Client, StoreError> = runtime.block_on(async {
        let connecting = tokio_postgres::connect(&config.url, NoTls);
        let (client, connection) = tokio::time::timeout(CONNECT_TIME_MAX, connecting)
            .await
            .map_err(|_| away(&"the connection takes too long"))?
            .map_err(|e| away(&describe(&e)))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(%error, "a database connection ended");
            }
        });
        let settings = format!(
            "SET TIME ZONE 'UTC'; SET statement_timeout = {}; SET idle_in_transaction_session_timeout = {}; {PLANNING}",
            limits::READ_TIME_MAX_MILLIS * 6,
            limits::REQUEST_TIME_MAX_SECONDS * 1_000
        );
        client.batch_execute(&settings).await.map_err(|e| away(&describe(&e)))?;
        Ok(client)
    });
    let client = client?;
    let backend = runtime
        .block_on(client.query_one("SELECT pg_backend_pid()", &[]))
        .map_err(|e| away(&describe(&e)))?
        .try_get(0)
        .unwrap_or(0);
    Ok(ServerConn {
        runtime,
        client,
        backend,
        prepared: HashMap::new(),
        begin: None,
        phase: Phase::Idle,
        read_time: Duration::from_millis(limits::READ_TIME_MAX_MILLIS),
        until: None,
        lost_race: false,
        was_taken: false,
        lost_connection: false,
        trips: 0,
    })
}

fn describe(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(db), _) => db.message().to_owned(),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}

impl ServerConn {
    fn fault(&mut self, error: &tokio_postgres::Error) -> StoreError {
        let Some(db) = error.as_db_error() else {
            self.lost_connection |= error.is_closed() || error.source().is_some_and(<dyn Error>::is::<std::io::Error>);
            return if self.lost_connection {
                StoreError::Unavailable(describe(error))
            } else {
                StoreError::Internal(describe(error))
            };
        };
        match db.code() {
            &SqlState::UNIQUE_VIOLATION => {
                self.was_taken = true;
                let name = db.constraint().unwrap_or_default();
                let constraint = name.strip_suffix("_pkey").map_or_else(|| name.to_owned(), |t| format!("pk_{t}"));
                StoreError::Conflict { constraint }
            }
            &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => {
                self.lost_race = true;
                StoreError::Contended
            }
            &SqlState::QUERY_CANCELED => StoreError::TooExpensive,
            code if code.code().starts_with("08") || code.code().starts_with("57") => {
                self.lost_connection = true;
                StoreError::Unavailable(db.message().to_owned())
            }
            // Disk full, out of memory, too many connections; a standby that takes no writes.
            code if code.code().starts_with("53") || *code == SqlState::READ_ONLY_SQL_TRANSACTION => {
                StoreError::Unavailable(db.message().to_owned())
            }
            // Class 22, data that does not fit, quotes the data.
            code if code.code().starts_with("22") => {
                StoreError::Internal(format!("{}: data that the database cannot take", code.code()))
            }
            code => StoreError::Internal(format!("{}: {}", code.code(), db.message())),
        }
    }

    /// The text that is sent. One that must change exactly one row fails by a division by zero when it does not: the
    /// commit goes out in the same round trip, so that the database itself must refuse it.
    fn text(statement: &Statement) -> Cow<'_, str> {
        match statement.must_change {
            None => Cow::Borrowed(statement.sql.as_ref()),
            Some(_) => Cow::Owned(format!(
                "WITH changed AS ({} RETURNING 1) SELECT 1 / CASE WHEN count(*) = 1 THEN 1 ELSE 0 END FROM changed",
                statement.sql
            )),
        }
    }

    /// Prepares what is not yet prepared; all of it in one round trip.
    fn prepare_all(&mut self, batch: &[Statement]) -> Result<(), BatchError> {
        let mut missing: Vec<(usize, Cow<'_, str>)> = Vec::new();
        for (index, statement) in batch.iter().enumerate() {
            let text = Self::text(statement);
            if !self.prepared.contains_key(text.as_ref()) && !missing.iter().any(|(_, sql)| *sql == text) {
                missing.push((index, text));
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        if self.prepared.len() + missing.len() > limits::STATEMENTS_CACHED_MAX && !self.prepared.is_empty() {
            self.prepared.clear();
            return self.prepare_all(batch);
        }
        let preparing = join_all(missing.iter().map(|(_, sql)| self.client.prepare(sql)));
        let results = self.runtime.block_on(preparing);
        for ((index, sql), result) in missing.into_iter().zip(results) {
            match result {
                Ok(prepared) => {
                    self.prepared.insert(sql.into_owned(), prepared);
                }
                Err(error) => return Err(BatchError { index, error: self.fault(&error) }),
            }
        }
        Ok(())
    }

    /// Sends BEGIN (if it is still to be sent), the batch, and `last`, all at once.
    fn send(&mut self, batch: &[Statement], last: Option<&str>, sink: Sink<'_>) -> Result<Vec<u64>, BatchError> {
        self.prepare_all(batch)?;
        self.trips += 1;
        let begin = self.begin.take();
        self.phase = if last.is_some() { Phase::Committing } else { Phase::Open };
        let client = &self.client;
        let statements = batch.iter().map(|statement| {
            let prepared = self.prepared.get(Self::text(statement).as_ref()).cloned();
            async move {
                let Some(prepared) = prepared else { return Ok((Vec::new(), 0)) };
                let params: Vec<Param<'_>> = statement.params.iter().map(Param).collect();
                let stream = client.query_raw(&prepared, params).await?;
                futures_util::pin_mut!(stream);
                let mut rows = Vec::new();
                while let Some(row) = stream.try_next().await? {
                    rows.push(row);
                }
                Ok::<_, tokio_postgres::Error>((rows, stream.rows_affected().unwrap_or(0)))
            }
        });
        let all = join3(control(client, begin), join_all(statements), control(client, last));
        let Some((begun, results, ended)) = self.runtime.block_on(within(client, self.until, all)) else {
            self.lost_connection = true;
            return Err(BatchError { index: 0, error: StoreError::TooExpensive });
        };
        self.prepared.retain(|sql, _| sql.len() <= limits::STATEMENT_CACHED_BYTES_MAX);
        if let Err(error) = begun {
            return Err(BatchError { index: 0, error: self.fault(&error) });
        }
        let mut changed = Vec::with_capacity(results.len());
        for (index, result) in results.into_iter().enumerate() {
            let (rows, count) = match result {
                Ok(answer) => answer,
                Err(error) => {
                    let stale = error.code() == Some(&SqlState::DIVISION_BY_ZERO);
                    let table = batch.get(index).and_then(|s| s.must_change).filter(|_| stale);
                    let error = table.map_or_else(|| self.fault(&error), |table| StoreError::Stale { table });
                    return Err(BatchError { index, error });
                }
            };
            for row in &rows {
                sink(index, &Row::Server(row)).map_err(|error| BatchError { index, error })?;
            }
            changed.push(count);
        }
        match ended {
            Ok(()) => self.phase = if last.is_some() { Phase::Idle } else { Phase::Open },
            Err(error) => return Err(BatchError { index: batch.len(), error: self.fault(&error) }),
        }
        Ok(changed)
    }

    fn start(&mut self, purpose: Purpose) {
        self.until = (purpose == Purpose::Read).then(|| Instant::now() + self.read_time);
        self.begin = Some(match purpose {
            Purpose::Read => READ_BEGIN,
            Purpose::LongRead => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Purpose::UseCase => "BEGIN ISOLATION LEVEL SERIALIZABLE",
            Purpose::Claim => "BEGIN ISOLATION LEVEL READ COMMITTED",
        });
        self.phase = Phase::Idle;
        (self.lost_race, self.was_taken) = (false, false);
        self.trips = 0;
    }

    fn roll_back(&mut self) {
        self.begin = None;
        if std::mem::replace(&mut self.phase, Phase::Idle) != Phase::Idle && !self.lost_connection {
            let result = self.runtime.block_on(self.client.batch_execute("ROLLBACK"));
            self.lost_connection |= result.is_err();
        }
    }
}

const _: () = assert!(limits::READ_TIME_MAX_MILLIS == 5_000, "READ_BEGIN says so");

/// Waits for a batch, but for a read not longer than it has time: a limit per statement alone would let a batch of many
/// statements take many times as long. What was asked to stop still answers, with an error; nothing, when nobody does.
async fn within<T>(client: &Client, until: Option<Instant>, batch: impl Future<Output = T>) -> Option<T> {
    let Some(until) = until else { return Some(batch.await) };
    futures_util::pin_mut!(batch);
    // Between two statements there is nothing to stop: asked until one is hit.
    for _ in 0..CANCEL_TRIES_MAX {
        let left = until.saturating_duration_since(Instant::now()).max(CANCEL_INTERVAL);
        if let Ok(answer) = tokio::time::timeout(left, &mut batch).await {
            return Some(answer);
        }
        let cancel = client.cancel_token();
        if !matches!(tokio::time::timeout(CANCEL_TIME_MAX, cancel.cancel_query(NoTls)).await, Ok(Ok(()))) {
            tracing::warn!("a query that takes too long could not be asked to stop");
        }
    }
    None
}

/// A control statement, if there is one.
async fn control(client: &Client, sql: Option<&str>) -> Result<(), tokio_postgres::Error> {
    match sql {
        Some(sql) => client.batch_execute(sql).await,
        None => Ok(()),
    }
}

impl Conn for ServerConn {
    fn dialect(&self) -> Dialect {
        Dialect::Server
    }

    fn run(&mut self, batch: &[Statement], sink: Sink<'_>) -> Result<Vec<u64>, BatchError> {
        self.send(batch, None, sink)
    }

    fn finish(&mut self, batch: &[Statement]) -> Result<Vec<u64>, BatchError> {
        self.send(batch, Some("COMMIT"), &mut |_, _| Ok(()))
    }

    fn prepare(&mut self, sql: &str) -> Result<(), StoreError> {
        let result = self.runtime.block_on(self.client.prepare(sql)).map(|_| ());
        result.map_err(|e| self.fault(&e))
    }

    fn round_trips(&self) -> u32 {
        self.trips
    }
}

/// The server database.
pub struct Server {
    config: ServerConfig,
    queue: Arc<Queue>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Server {
    /// Connects, brings the database to the current schema, and starts the threads.
    pub fn open(config: &ServerConfig, bounds: Bounds, metrics: &Metrics) -> Result<Self, StoreError> {
        let mut first = connect(config)?;
        migrate(&mut first)?;
        drop(first);
        let queue = Arc::new(Queue::new(bounds.writer));
        let mut threads = Vec::new();
        for n in 0..config.threads.max(1) {
            let (queue, config, metrics) = (queue.clone(), config.clone(), metrics.clone());
            let thread = Builder::new()
                .name(format!("db-{n}"))
                .spawn(move || Worker::new(config, bounds.read_time, metrics, n as u64).run(&queue))
                .map_err(|e| StoreError::Unavailable(format!("a database thread could not be started: {e}")))?;
            threads.push(thread);
        }
        Ok(Self { config: config.clone(), queue, threads: Mutex::new(threads) })
    }

    /// Reads one snapshot on this thread, for as long as it takes.
    pub fn read_long(&self, body: &mut dyn FnMut(&mut Tx<'_>)) -> Result<(), StoreError> {
        let mut conn = connect(&self.config)?;
        conn.start(Purpose::LongRead);
        body(&mut Tx::new(&mut conn, &mut AuditHead::detached()));
        conn.roll_back();
        Ok(())
    }

    /// How the schema of the database stands to this program.
    pub fn schema(config: &ServerConfig) -> Result<Schema, StoreError> {
        let mut conn = connect(config)?;
        conn.start(Purpose::Read);
        let mut has_table = false;
        let table = Statement::new("SELECT 1 WHERE to_regclass('schema_version') IS NOT NULL", Vec::new());
        let found = conn.run(&[table], &mut |_, _| {
            has_table = true;
            Ok(())
        });
        found.map_err(|e| e.error)?;
        let applied = if has_table { crate::migrate::applied(&mut conn)? } else { Vec::new() };
        crate::migrate::judge(&applied)
    }

    /// Brings what is measured up to date.
    pub fn look(&self, metrics: &Metrics) {
        metrics.writer_waiting.set(gauge(self.queue.len()));
    }

    /// Queues a job; gives it back when the line is full.
    pub fn submit(&self, lane: Lane, caller: Option<Uuid>, job: Box<dyn Job>) -> Result<(), Box<dyn Job>> {
        self.queue.push(lane, caller, job)
    }

    /// Runs what waits, then stops the threads.
    pub fn close(&mut self) {
        self.queue.close();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            let _ = thread.join();
        }
    }
}

/// Brings the database to the current schema; one node at a time.
fn migrate(conn: &mut ServerConn) -> Result<(), StoreError> {
    conn.start(Purpose::Claim);
    let lock = Statement::new("SELECT pg_advisory_xact_lock($1)", vec![Value::Int(MIGRATION_LOCK)]);
    conn.run(&[lock], &mut |_, _| Ok(())).map_err(|e| e.error)?;
    let result = crate::migrate::run(conn, |conn, script| {
        let ran = conn.runtime.block_on(conn.client.batch_execute(script));
        ran.map_err(|e| conn.fault(&e))
    });
    if result.is_ok() {
        let settling: Vec<Statement> =
            conn.dialect().settle_stamps().map(|sql| Statement::new(sql, Vec::new())).into_iter().collect();
        conn.finish(&settling).map_err(|e| e.error)?;
    } else {
        conn.roll_back();
    }
    result
}

/// One database thread.
struct Worker {
    config: ServerConfig,
    metrics: Metrics,
    read_time: Duration,
    conn: Option<ServerConn>,
    head: AuditHead,
    jitter: SeededEntropy,
}

/// What became of one try at a job.
enum Try {
    /// It has its outcome.
    Done(Result<(), StoreError>),
    /// It lost a race and can be tried again.
    Again,
    /// What it wanted to add is there already. Without an error the body knows its own.
    Taken(Option<StoreError>),
    /// The connection had died, perhaps long ago, and nothing was done. Without an error the body knows its own.
    Stale(Option<StoreError>),
    /// The connection broke while it committed: the row with this id tells whether it did.
    Unknown { audit: Uuid, backend: i32, error: StoreError },
}

impl Worker {
    fn new(config: ServerConfig, read_time: Duration, metrics: Metrics, n: u64) -> Self {
        Self { config, read_time, metrics, conn: None, head: AuditHead::new(), jitter: SeededEntropy::new(n) }
    }

    fn run(mut self, queue: &Queue) {
        while let Some(mut job) = queue.pop() {
            let outcome = self.job(&mut *job);
            job.finish(outcome);
            // A read has its answer before its snapshot is given back.
            if let Some(conn) = &mut self.conn {
                conn.roll_back();
            }
        }
    }

    fn job(&mut self, job: &mut dyn Job) -> Result<(), StoreError> {
        let (mut is_second_connection, mut is_second_look) = (false, false);
        for _ in 0..=limits::TX_RETRIES_MAX {
            match self.attempt(job)? {
                Try::Done(outcome) => return outcome,
                // A database that was away and is back shall not be noticed once per thread.
                Try::Stale(_) if !is_second_connection => is_second_connection = true,
                Try::Again => {
                    self.metrics.retries.inc();
                    self.pause();
                }
                // Who was there first may have come between our looking and our adding: the rules look once more, and say
                // what they have to say about it.
                Try::Taken(_) if !is_second_look => {
                    is_second_look = true;
                    self.metrics.retries.inc();
                }
                Try::Stale(error) | Try::Taken(error) => return error.map_or(Ok(()), Err),
                Try::Unknown { audit, backend, error } => match self.look_for_commit(audit, backend) {
                    Some(true) => return Ok(()),
                    Some(false) if !is_second_connection => is_second_connection = true,
                    Some(false) => return Err(error),
                    // Not "unavailable", which promises that nothing was done.
                    None => return Err(StoreError::Unknown(error.to_string())),
                },
            }
        }
        Err(StoreError::Contended)
    }

    #[expect(clippy::disallowed_methods, reason = "the jitter between two tries; no other thread waits for this one")]
    fn pause(&mut self) {
        std::thread::sleep(Duration::from_millis(1 + self.jitter.next_u64() % limits::TX_RETRY_JITTER_MAX_MILLIS));
    }

    fn attempt(&mut self, job: &mut dyn Job) -> Result<Try, StoreError> {
        if self.conn.as_ref().is_none_or(|c| c.lost_connection || c.client.is_closed()) {
            self.conn = None;
            self.conn = Some(ServerConn { read_time: self.read_time, ..connect(&self.config)? });
        }
        let Some(conn) = &mut self.conn else { return Err(StoreError::Unavailable("no connection".to_owned())) };
        conn.start(job.purpose());
        let before = self.head.clone();
        let ran = catch_unwind(AssertUnwindSafe(|| {
            let mut tx = Tx::new(conn, &mut self.head);
            match job.run(&mut tx) {
                Ran::Commit => (tx.finish().map(|()| Ran::Commit), tx.audit_id()),
                Ran::RollBack => (Ok(Ran::RollBack), None),
            }
        }));
        let panicked = (Err(StoreError::Internal("a use case panicked".to_owned())), None);
        let (ran, audit) = ran.unwrap_or(panicked);
        if matches!(ran, Ok(Ran::Commit)) {
            self.head.committed();
            if job.purpose() == Purpose::UseCase {
                self.metrics.group_sizes.observe(1.0);
            }
            return Ok(Try::Done(Ok(())));
        }
        let (lost_race, was_taken) = (conn.lost_race, conn.was_taken);
        let (lost_connection, backend) = (conn.lost_connection, conn.backend);
        let may_be_committed = lost_connection && conn.phase == Phase::Committing;
        if job.purpose() != Purpose::Read || lost_race {
            conn.roll_back();
        }
        // A commit that may have happened ends this chain (decisions.md F5); a certain rollback does not.
        self.head = if may_be_committed { before.next_writer() } else { before };
        Ok(match (ran, audit) {
            (_, _) if lost_race => Try::Again,
            (ran, _) if was_taken => Try::Taken(ran.err()),
            (Err(error), Some(audit)) if may_be_committed => Try::Unknown { audit, backend, error },
            (ran, _) if lost_connection && !may_be_committed => Try::Stale(ran.err()),
            (Err(error), _) => Try::Done(Err(error)),
            (Ok(_), _) => Try::Done(Ok(())),
        })
    }

    /// The answer to COMMIT was lost: once the old backend is gone, its audit row says whether it committed (E3).
    /// `None` when that could not be found out in time.
    fn look_for_commit(&mut self, audit: Uuid, backend: i32) -> Option<bool> {
        let until = Instant::now() + COMMIT_LOOK_TIME_MAX;
        while Instant::now() < until {
            if let Ok(mut conn) = connect(&self.config) {
                let found = commit_happened(&mut conn, audit, backend);
                self.conn = Some(conn);
                if let Ok(Some(happened)) = found {
                    return Some(happened);
                }
            }
            self.pause();
        }
        None
    }
}

/// `None` while the old backend may still be committing.
fn commit_happened(conn: &mut ServerConn, audit: Uuid, backend: i32) -> Result<Option<bool>, StoreError> {
    conn.start(Purpose::Claim);
    let alive = Statement::new("SELECT 1 FROM pg_stat_activity WHERE pid = $1", vec![Value::from(backend)]);
    let row = Statement::new("SELECT 1 FROM audit WHERE id = $1", vec![Value::Id(audit)]);
    let mut found = [false, false];
    conn.run(&[alive, row], &mut |i, _| {
        if let Some(flag) = found.get_mut(i) {
            *flag = true;
        }
        Ok(())
    })
    .map_err(|e| e.error)?;
    conn.roll_back();
    Ok(match found {
        [_, true] => Some(true),
        [false, false] => Some(false),
        [true, false] => None,
    })
}
