//! The embedded database: one writer thread with group commit, reader threads, reads on the asynchronous workers
//! themselves, and a thread that checkpoints (decisions.md D9, E4, E5).

mod log;

use self::log::{checkpoint_loop, reset_log, watch_log};
use super::dialect::{Dialect, question_marks};
use super::queue::{Job, Lane, Queue, Ran};
use super::{BatchError, Conn, Purpose, Row, Sink, Statement};
use crate::Bounds;
use crate::audit::AuditHead;
use crate::error::StoreError;
use crate::metrics::{Metrics, gauge};
use crate::tx::Tx;
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef as Cell};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql};
use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};
use tenure_domain::limits;
use tenure_odata::{Value, ValueRef};
use uuid::Uuid;

/// How long a connection waits for a lock that another process holds.
const LOCK_WAIT: Duration = Duration::from_secs(2);
/// Kibibytes of page cache per connection.
const CACHE_KIBIBYTES: i64 = 8_192;
/// Bytes of the file that connections map into memory.
const MMAP_BYTES: i64 = 256 << 20;
/// Virtual machine steps between two looks at the clock of a reader thread.
const STEPS_PER_LOOK: i32 = 10_000;
/// Virtual machine steps between two looks at what a read on a worker has left. The database counts them per statement
/// over all of its runs, so that the first look of a run may come early.
const STEPS_PER_INLINE_LOOK: i32 = 1_000;
const INLINE_LOOKS_MAX: u64 = limits::INLINE_READ_STEPS_MAX as u64 / STEPS_PER_INLINE_LOOK as u64;
/// No limit.
const UNLIMITED: u64 = u64::MAX;

struct Param<'v>(&'v Value);

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => Cell::Null,
            Value::Bool(b) => Cell::Integer(i64::from(*b)),
            Value::Int(n) => Cell::Integer(*n),
            Value::Text(t) => Cell::Text(t.as_bytes()),
            Value::Id(id) => Cell::Blob(id.as_bytes()),
            Value::Bytes(b) => Cell::Blob(b),
        }))
    }
}

/// A cell of a row. Sixteen bytes are an id; no other column holds sixteen.
pub fn cell<'r>(row: &'r rusqlite::Row<'_>, i: usize) -> ValueRef<'r> {
    match row.get_ref(i) {
        Ok(Cell::Integer(n)) => ValueRef::Int(n),
        Ok(Cell::Text(bytes)) => std::str::from_utf8(bytes).map_or(ValueRef::Null, ValueRef::Text),
        Ok(Cell::Blob(bytes)) => match Uuid::from_slice(bytes) {
            Ok(id) => ValueRef::Id(id),
            Err(_) => ValueRef::Bytes(bytes),
        },
        Ok(Cell::Null | Cell::Real(_)) | Err(_) => ValueRef::Null,
    }
}

/// The names of unique constraints by the columns that the database reports for them.
type Constraints = HashMap<String, String>;

struct EmbeddedConn {
    connection: Connection,
    constraints: Arc<Constraints>,
    was_interrupted: bool,
    trips: u32,
    /// What the read under way may still use; what is counted is up to who set it.
    left: Arc<AtomicU64>,
}

impl EmbeddedConn {
    fn run_one(&mut self, index: usize, statement: &Statement, sink: Sink<'_>) -> Result<u64, StoreError> {
        let sql = question_marks(&statement.sql);
        let result = (|| {
            let (mut kept, mut once);
            // A long one was made from somebody's query: kept, a few hundred of them would fill the memory.
            let prepared: &mut rusqlite::Statement<'_> = if sql.len() <= limits::STATEMENT_CACHED_BYTES_MAX {
                kept = self.connection.prepare_cached(&sql)?;
                &mut kept
            } else {
                once = self.connection.prepare(&sql)?;
                &mut once
            };
            for (i, value) in statement.params.iter().enumerate() {
                prepared.raw_bind_parameter(i + 1, Param(value))?;
            }
            if prepared.column_count() == 0 {
                return prepared.raw_execute().map(|n| Ok(n as u64));
            }
            let mut rows = prepared.raw_query();
            while let Some(row) = rows.next()? {
                if let Err(error) = sink(index, &Row::Embedded(row)) {
                    return Ok(Err(error));
                }
            }
            drop(rows);
            Ok(Ok(self.connection.changes()))
        })();
        result.unwrap_or_else(|error| Err(self.fault(&error)))
    }

    fn fault(&mut self, error: &rusqlite::Error) -> StoreError {
        let rusqlite::Error::SqliteFailure(code, message) = error else {
            return StoreError::Internal(error.to_string());
        };
        let message = message.clone().unwrap_or_else(|| code.to_string());
        match code.code {
            ErrorCode::ConstraintViolation => {
                let columns = message.rsplit("failed: ").next().unwrap_or_default();
                let constraint = self.constraints.get(columns).cloned().unwrap_or(message);
                StoreError::Conflict { constraint }
            }
            ErrorCode::OperationInterrupted => {
                self.was_interrupted = true;
                StoreError::TooExpensive
            }
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::FileLockingProtocolFailed => StoreError::Unavailable(message),
            _ => StoreError::Internal(message),
        }
    }

    fn control(&mut self, sql: &str) -> Result<(), StoreError> {
        let result = self.connection.prepare_cached(sql).and_then(|mut s| s.raw_execute()).map(|_| ());
        result.map_err(|error| self.fault(&error))
    }
}

impl Conn for EmbeddedConn {
    fn dialect(&self) -> Dialect {
        Dialect::Embedded
    }

    fn run(&mut self, batch: &[Statement], sink: Sink<'_>) -> Result<Vec<u64>, BatchError> {
        self.trips += 1;
        let mut changed = Vec::with_capacity(batch.len());
        for (index, statement) in batch.iter().enumerate() {
            changed.push(self.run_one(index, statement, sink).map_err(|error| BatchError { index, error })?);
        }
        Ok(changed)
    }

    fn finish(&mut self, batch: &[Statement]) -> Result<Vec<u64>, BatchError> {
        self.run(batch, &mut |_, _| Ok(()))
    }

    fn prepare(&mut self, sql: &str) -> Result<(), StoreError> {
        let result = self.connection.prepare(&question_marks(sql)).map(|_| ());
        result.map_err(|e| self.fault(&e))
    }

    fn round_trips(&self) -> u32 {
        self.trips
    }
}

/// What every connection to one file shares.
struct Shared {
    /// Tells thread-local connections of different stores apart.
    id: u64,
    path: PathBuf,
    constraints: Mutex<Arc<Constraints>>,
    writer: Queue,
    readers: Queue,
    wal_bytes: AtomicU64,
    metrics: Metrics,
    /// Held during a checkpoint: one that finds another under way does nothing, and the writer must not think it did.
    checkpointing: Mutex<()>,
    bounds: Bounds,
    /// Only in a simulation: how many commits will still be made. Nothing is made durable there.
    commits_left: Option<Arc<AtomicU64>>,
}

impl Shared {
    #[expect(clippy::disallowed_methods, reason = "the seam: connections are opened here, with the right pragmas")]
    fn open(&self, writes: bool) -> Result<EmbeddedConn, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(&self.path, flags).and_then(|connection| {
            connection.set_prepared_statement_cache_capacity(limits::STATEMENTS_CACHED_MAX);
            connection.busy_timeout(LOCK_WAIT)?;
            // Plans do not depend on values: without this every new value of an analysed column plans anew, which costs
            // ten times what the statement does.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            let synchronous = if self.commits_left.is_some() { "OFF" } else { "FULL" };
            connection.pragma_update(None, "synchronous", synchronous)?;
            connection.pragma_update(None, "temp_store", "MEMORY")?;
            connection.pragma_update(None, "cache_size", -CACHE_KIBIBYTES)?;
            connection.pragma_update(None, "mmap_size", MMAP_BYTES)?;
            connection.pragma_update(None, "wal_autocheckpoint", 0)?;
            if !writes {
                connection.pragma_update(None, "query_only", true)?;
            }
            Ok(connection)
        });
        let connection = opened.map_err(|e| StoreError::Unavailable(format!("{}: {e}", self.path.display())))?;
        let constraints = self.constraints.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let left = Arc::new(AtomicU64::new(UNLIMITED));
        Ok(EmbeddedConn { connection, constraints, was_interrupted: false, trips: 0, left })
    }
}

/// Unique indexes and primary keys by the text that a violation names them with.
fn read_constraints(connection: &Connection) -> rusqlite::Result<Constraints> {
    let mut all = HashMap::new();
    let mut tables = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table'")?;
    let tables: Vec<String> = tables.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
    for table in tables {
        let mut indexes = connection.prepare("SELECT name, origin FROM pragma_index_list(?1) WHERE \"unique\" = 1")?;
        let indexes: Vec<(String, String)> =
            indexes.query_map([&table], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?;
        for (index, origin) in indexes {
            let mut columns = connection.prepare("SELECT name FROM pragma_index_info(?1) ORDER BY seqno")?;
            let columns: Vec<String> = columns
                .query_map([&index], |r| Ok(format!("{table}.{}", r.get::<_, String>(0)?)))?
                .collect::<Result<_, _>>()?;
            let name = if origin == "pk" { format!("pk_{table}") } else { index };
            all.insert(columns.join(", "), name);
        }
    }
    Ok(all)
}

/// The embedded database.
pub struct Embedded {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    checkpoint: Option<SyncSender<()>>,
}

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

impl Embedded {
    /// Opens or creates the file, brings it to the current schema, and starts the threads.
    pub fn open(
        path: &Path,
        bounds: Bounds,
        metrics: &Metrics,
        commits_left: Option<Arc<AtomicU64>>,
    ) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            path: path.to_owned(),
            constraints: Mutex::default(),
            writer: Queue::new(bounds.writer),
            readers: Queue::new(bounds.readers),
            wal_bytes: AtomicU64::new(0),
            metrics: metrics.clone(),
            checkpointing: Mutex::default(),
            bounds,
            commits_left,
        });
        let mut writer = shared.open(true)?;
        migrate(&mut writer)?;
        let constraints = read_constraints(&writer.connection).map_err(|e| StoreError::Internal(e.to_string()))?;
        writer.constraints = Arc::new(constraints);
        *shared.constraints.lock().unwrap_or_else(PoisonError::into_inner) = writer.constraints.clone();
        // The signal holds one wake-up at most: more would say nothing new.
        let (signal, wake) = sync_channel(1);
        watch_log(&mut writer, &shared, signal.clone())?;
        let mut threads = vec![spawn("db-writer", {
            let shared = shared.clone();
            move || write_loop(&shared, writer)
        })?];
        for n in 0..limits::READER_THREADS {
            let reader = shared.open(false)?;
            let shared = shared.clone();
            threads.push(spawn(&format!("db-reader-{n}"), move || read_loop(&shared, reader))?);
        }
        let checkpointer = shared.clone();
        threads.push(spawn("db-checkpoint", move || checkpoint_loop(&checkpointer, &wake))?);
        Ok(Self { shared, threads: Mutex::new(threads), checkpoint: Some(signal) })
    }

    /// Brings what is measured up to date.
    pub fn look(&self, metrics: &Metrics) {
        metrics.writer_waiting.set(gauge(self.shared.writer.len()));
        metrics.reader_waiting.set(gauge(self.shared.readers.len()));
        metrics.log_bytes.set(i64::try_from(self.shared.wal_bytes.load(Ordering::Relaxed)).unwrap_or(i64::MAX));
    }

    /// Queues a job; gives it back when the line is full.
    pub fn submit(&self, lane: Lane, caller: Option<Uuid>, job: Box<dyn Job>) -> Result<(), Box<dyn Job>> {
        if job.purpose() == Purpose::Read {
            self.shared.readers.push(lane, caller, job)
        } else {
            self.shared.writer.push(lane, caller, job)
        }
    }

    /// Runs a read on this very thread within the step limit; gives it back when it needs more.
    pub fn read_here(&self, mut job: Box<dyn Job>) -> Option<Box<dyn Job>> {
        thread_local! {
            static CONNECTIONS: RefCell<HashMap<u64, EmbeddedConn>> = RefCell::default();
        }
        CONNECTIONS.with_borrow_mut(|connections| {
            let conn = match connections.entry(self.shared.id) {
                std::collections::hash_map::Entry::Occupied(e) => e.into_mut(),
                std::collections::hash_map::Entry::Vacant(e) => match open_limited(&self.shared) {
                    Ok(conn) => e.insert(conn),
                    Err(_) => return Some(job),
                },
            };
            conn.was_interrupted = false;
            conn.left.store(INLINE_LOOKS_MAX, Ordering::Relaxed);
            let outcome = read_once(conn, &mut *job);
            if conn.was_interrupted {
                return Some(job);
            }
            job.finish(outcome);
            None
        })
    }

    /// Reads one snapshot on this thread, for as long as it takes.
    pub fn read_long(&self, body: &mut dyn FnMut(&mut Tx<'_>)) -> Result<(), StoreError> {
        let mut conn = self.shared.open(false)?;
        conn.control("BEGIN DEFERRED")?;
        body(&mut Tx::new(&mut conn, &mut AuditHead::detached()));
        conn.control("COMMIT")
    }

    /// Runs what waits, then stops the threads.
    pub fn close(&mut self) {
        self.shared.writer.close();
        self.shared.readers.close();
        self.checkpoint = None;
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            let _ = thread.join();
        }
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(|e| StoreError::Unavailable(format!("a database thread could not be started: {e}")))
}

fn open_limited(shared: &Shared) -> Result<EmbeddedConn, StoreError> {
    let mut conn = shared.open(false)?;
    let left = conn.left.clone();
    let is_used_up = move || match left.load(Ordering::Relaxed) {
        UNLIMITED => false,
        0 => true,
        n => {
            left.store(n - 1, Ordering::Relaxed);
            false
        }
    };
    let watching = conn.connection.progress_handler(STEPS_PER_INLINE_LOOK, Some(is_used_up));
    watching.map_err(|e| StoreError::Internal(e.to_string()))?;
    Ok(conn)
}

/// Brings the file to the current schema; one process at a time.
fn migrate(conn: &mut EmbeddedConn) -> Result<(), StoreError> {
    conn.control("BEGIN IMMEDIATE")?;
    let result =
        crate::migrate::run(conn, |conn, script| conn.connection.execute_batch(script).map_err(|e| conn.fault(&e)));
    let end = if result.is_ok() { "COMMIT" } else { "ROLLBACK" };
    conn.control(end)?;
    result
}

/// Runs the body of a read in one snapshot. The outcome is a failure only when the body could not be given one.
fn read_once(conn: &mut EmbeddedConn, job: &mut dyn Job) -> Result<(), StoreError> {
    conn.trips = 0;
    conn.control("BEGIN DEFERRED")?;
    let ran = guarded(conn, job, &mut AuditHead::detached());
    // The end must not be interrupted: the next read could not begin.
    conn.left.store(UNLIMITED, Ordering::Relaxed);
    let ended = conn.control("COMMIT").inspect_err(|_| {
        let _ = conn.control("ROLLBACK");
    });
    ran.and(ended)
}

/// Runs the body of a job; a panic becomes a failure of that job alone.
fn guarded(conn: &mut dyn Conn, job: &mut dyn Job, head: &mut AuditHead) -> Result<(), StoreError> {
    let mut tx = Tx::new(conn, head);
    let ran = catch_unwind(AssertUnwindSafe(|| job.run(&mut tx)));
    ran.map(|_| ()).map_err(|_| StoreError::Internal("a read panicked".to_owned()))
}

fn read_loop(shared: &Shared, mut conn: EmbeddedConn) {
    let deadline = conn.left.clone();
    let origin = Instant::now();
    let millis = move || u64::try_from(origin.elapsed().as_millis()).unwrap_or(u64::MAX);
    let watched = deadline.clone();
    let _ = conn.connection.progress_handler(STEPS_PER_LOOK, Some(move || millis() > watched.load(Ordering::Relaxed)));
    let time = u64::try_from(shared.bounds.read_time.as_millis()).unwrap_or(u64::MAX);
    while let Some(mut job) = shared.readers.pop() {
        deadline.store(millis().saturating_add(time), Ordering::Relaxed);
        let outcome = read_once(&mut conn, &mut *job);
        job.finish(outcome);
    }
}

/// One writer, one chain of audit rows, one commit for many use cases.
fn write_loop(shared: &Shared, mut conn: EmbeddedConn) {
    let mut head = AuditHead::new();
    let mut reset_at = shared.bounds.wal_hard_bytes;
    while let Some(first) = shared.writer.pop() {
        reset_log(shared, &mut conn, &mut reset_at);
        let time = Duration::from_micros(limits::GROUP_COMMIT_TIME_MAX_MICROS);
        commit_group(shared, &mut conn, &mut head, first, time);
    }
}

/// Commits `first` and what waits behind it, up to so many use cases and so much time.
fn commit_group(shared: &Shared, conn: &mut EmbeddedConn, head: &mut AuditHead, first: Box<dyn Job>, time: Duration) {
    if let Err(error) = has_power(shared).and_then(|()| conn.control("BEGIN IMMEDIATE")) {
        first.finish(Err(error));
        return;
    }
    let started = Instant::now();
    let mut committed: Vec<Box<dyn Job>> = Vec::new();
    let before = head.clone();
    let mut next = Some(first);
    let mut is_undone = false;
    while let Some(mut job) = next.take() {
        match in_savepoint(conn, head, &mut *job) {
            Ok(Ran::Commit) => committed.push(job),
            Ok(Ran::RollBack) => job.finish(Ok(())),
            Err(error) => job.finish(Err(error)),
        }
        // A full disk undoes everything since BEGIN, the use cases before this one with it; another savepoint now would
        // be a transaction of its own.
        is_undone = conn.connection.is_autocommit();
        if is_undone {
            break;
        }
        if committed.len() < limits::GROUP_COMMIT_USE_CASES_MAX && started.elapsed() < time {
            next = shared.writer.pop_more();
        }
    }
    let outcome = if is_undone {
        Err(StoreError::Unavailable("the database has undone the transaction".to_owned()))
    } else {
        count_commit(shared, &committed);
        conn.control("COMMIT").inspect_err(|_| {
            let _ = conn.control("ROLLBACK");
        })
    };
    match outcome {
        Ok(()) => {
            head.committed();
            #[expect(clippy::cast_precision_loss, reason = "a group is small")]
            shared.metrics.group_sizes.observe(committed.len() as f64);
        }
        // A failed commit ends this writer's chain; the next row opens another (decisions.md F5).
        Err(_) => *head = before.next_writer(),
    }
    for job in committed {
        job.finish(outcome.clone());
    }
}

/// Whether another commit may be made; always, but in a simulation that has lost its power.
fn has_power(shared: &Shared) -> Result<(), StoreError> {
    match &shared.commits_left {
        Some(left) if left.load(Ordering::SeqCst) == 0 => {
            Err(StoreError::Unavailable("the simulated power is off".to_owned()))
        }
        Some(_) | None => Ok(()),
    }
}

/// Counts a commit of a simulation. One that keeps nothing does not count: whether a use case that was refused had a commit
/// of its own, or shares that of the next, depends on the machine.
fn count_commit(shared: &Shared, committed: &[Box<dyn Job>]) {
    if let Some(left) = shared.commits_left.as_ref().filter(|_| !committed.is_empty()) {
        let _ = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
    }
}

fn in_savepoint(conn: &mut EmbeddedConn, head: &mut AuditHead, job: &mut dyn Job) -> Result<Ran, StoreError> {
    conn.trips = 0;
    conn.control("SAVEPOINT use_case")?;
    let before = head.clone();
    let ran = catch_unwind(AssertUnwindSafe(|| {
        let mut tx = Tx::new(conn, head);
        match job.run(&mut tx) {
            Ran::Commit => tx.finish().map(|()| Ran::Commit),
            Ran::RollBack => Ok(Ran::RollBack),
        }
    }));
    let ran = ran.unwrap_or_else(|_| Err(StoreError::Internal("a use case panicked".to_owned())));
    if !matches!(ran, Ok(Ran::Commit)) {
        *head = before;
        if conn.connection.is_autocommit() {
            return ran;
        }
        conn.control("ROLLBACK TO use_case")?;
    }
    conn.control("RELEASE use_case")?;
    ran
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Sender, channel};

    /// Tells its number when it is finished.
    struct Told(usize, Sender<usize>);

    impl Job for Told {
        fn purpose(&self) -> Purpose {
            Purpose::UseCase
        }
        fn run(&mut self, _: &mut Tx<'_>) -> Ran {
            Ran::Commit
        }
        fn is_pointless(&self) -> bool {
            false
        }
        fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
            assert!(outcome.is_ok());
            let _ = self.1.send(self.0);
        }
    }

    /// How many of many waiting use cases one commit takes.
    fn group(waiting: usize, time: Duration) -> Result<usize, StoreError> {
        let shared = Shared {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            path: PathBuf::from(":memory:"),
            constraints: Mutex::default(),
            writer: Queue::new(waiting),
            readers: Queue::new(1),
            wal_bytes: AtomicU64::new(0),
            checkpointing: Mutex::default(),
            bounds: Bounds::default(),
            metrics: Metrics::default(),
            commits_left: None,
        };
        let (tell, told) = channel();
        for n in 0..waiting {
            assert!(shared.writer.push(Lane::Interactive, None, Box::new(Told(n, tell.clone()))).is_ok());
        }
        let mut conn = shared.open(true)?;
        let first = shared.writer.pop().ok_or(StoreError::Busy)?;
        commit_group(&shared, &mut conn, &mut AuditHead::new(), first, time);
        Ok(told.try_iter().count())
    }

    #[test]
    fn a_commit_takes_so_many_use_cases_and_so_much_time() {
        let most = limits::GROUP_COMMIT_USE_CASES_MAX;
        assert_eq!(group(most - 1, Duration::MAX).ok(), Some(most - 1));
        assert_eq!(group(most, Duration::MAX).ok(), Some(most));
        assert_eq!(group(most + 1, Duration::MAX).ok(), Some(most), "one is left for the next commit");
        assert_eq!(group(most, Duration::ZERO).ok(), Some(1), "no time, no company");
    }
}
