//! The file: reads on the asynchronous workers, one writer thread with group commit, a thread that checkpoints, and a log
//! that is reset where the product resets it.

use crate::failure::{Outcome, While};
use crate::template::{Filling, Transaction};
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tenure_domain::limits;
use tenure_odata::Value;
use tokio::sync::oneshot;

struct Param<'v>(&'v Value);

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Bool(b) => ValueRef::Integer(i64::from(*b)),
            Value::Int(n) => ValueRef::Integer(*n),
            Value::Text(t) => ValueRef::Text(t.as_bytes()),
            Value::Id(id) => ValueRef::Blob(id.as_bytes()),
            Value::Bytes(b) => ValueRef::Blob(b),
        }))
    }
}

/// `BEGIN`, statements, `COMMIT` with their values.
type Job = (Vec<(Arc<str>, Vec<Value>)>, oneshot::Sender<bool>);

/// The file.
pub struct Embedded {
    path: PathBuf,
    jobs: Sender<Job>,
}

/// The write-ahead log.
#[derive(Default)]
struct Log {
    bytes: AtomicU64,
    /// Held during a checkpoint: one that finds another under way does nothing.
    checkpointing: Mutex<()>,
}

thread_local! {
    static READER: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

/// With the settings of the product's own connections.
#[expect(clippy::disallowed_methods, reason = "the ceiling has a driver of its own, with the same settings")]
fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(limits::STATEMENTS_CACHED_MAX);
    connection.busy_timeout(Duration::from_secs(2))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -8_192)?;
    connection.pragma_update(None, "mmap_size", 256 << 20)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(connection)
}

/// To this database `$1` is a name; `?1` is the first value.
pub fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

fn control(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.raw_execute().map(drop)
}

/// Runs a statement and looks at every cell.
fn step(connection: &Connection, sql: &str, values: &[Value]) -> rusqlite::Result<()> {
    let mut prepared = connection.prepare_cached(sql)?;
    for (i, value) in values.iter().enumerate() {
        prepared.raw_bind_parameter(i + 1, Param(value))?;
    }
    let columns = prepared.column_count();
    if columns == 0 {
        return prepared.raw_execute().map(drop);
    }
    let mut rows = prepared.raw_query();
    while let Some(row) = rows.next()? {
        for i in 0..columns {
            std::hint::black_box(row.get_ref(i)?);
        }
    }
    Ok(())
}

impl Embedded {
    /// Opens the file and starts the threads.
    pub fn open(path: &Path) -> Outcome<Self> {
        let mut writer = open(path).doing("opening the file")?;
        let (signal, wake) = sync_channel(1);
        let log: Arc<Log> = Arc::default();
        watch_log(&mut writer, &log, signal).doing("watching the log")?;
        let checkpointer = open(path).doing("opening the file")?;
        let shared = log.clone();
        std::thread::spawn(move || checkpoint_loop(&checkpointer, &shared, &wake));
        let (jobs, waiting) = channel();
        std::thread::spawn(move || write_loop(&writer, &log, &waiting));
        Ok(Self { path: path.to_owned(), jobs })
    }

    /// Reads, on this very thread.
    pub fn read(&self, transaction: &Transaction, filling: &Filling) -> Option<()> {
        READER.with_borrow_mut(|reader| {
            if reader.is_none() {
                *reader = open(&self.path).ok();
            }
            let connection = reader.as_ref()?;
            control(connection, "BEGIN DEFERRED").ok()?;
            for one in &transaction.steps {
                step(connection, &one.sql, &one.values(filling)).ok()?;
            }
            control(connection, "COMMIT").ok()
        })
    }

    /// Writes, committed together with others.
    pub async fn write(&self, transaction: &Transaction, filling: &Filling) -> Option<()> {
        let (reply, answer) = oneshot::channel();
        let steps = transaction.steps.iter().map(|s| (s.sql.clone(), s.values(filling))).collect();
        self.jobs.send((steps, reply)).ok()?;
        answer.await.ok()?.then_some(())
    }
}

fn watch_log(writer: &mut Connection, log: &Arc<Log>, signal: SyncSender<()>) -> rusqlite::Result<()> {
    let page: i64 = writer.pragma_query_value(None, "page_size", |r| r.get(0))?;
    let page = u64::try_from(page).unwrap_or(4_096);
    let log = log.clone();
    writer.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages: i32| {
        let bytes = u64::try_from(pages).unwrap_or(0) * page;
        log.bytes.store(bytes, Ordering::Relaxed);
        if bytes >= limits::WAL_SOFT_BYTES {
            let _ = signal.try_send(());
        }
        Ok(())
    }))
}

fn checkpoint_loop(connection: &Connection, log: &Log, wake: &Receiver<()>) {
    while wake.recv().is_ok() {
        checkpoint(connection, log, "PASSIVE");
    }
}

fn checkpoint(connection: &Connection, log: &Log, mode: &str) {
    let _turn = log.checkpointing.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()));
}

fn write_loop(connection: &Connection, log: &Log, waiting: &Receiver<Job>) {
    let time = Duration::from_micros(limits::GROUP_COMMIT_TIME_MAX_MICROS);
    while let Ok(first) = waiting.recv() {
        // Nobody reads for long here: it is reset at once.
        if log.bytes.load(Ordering::Relaxed) >= limits::WAL_HARD_BYTES {
            checkpoint(connection, log, "RESTART");
        }
        let started = Instant::now();
        let mut done = Vec::new();
        let mut next = Some(first);
        let begun = control(connection, "BEGIN IMMEDIATE").is_ok();
        while let Some((steps, reply)) = next.take() {
            let ran = begun && in_savepoint(connection, &steps).inspect_err(report).is_ok();
            done.push((reply, ran));
            if done.len() < limits::GROUP_COMMIT_USE_CASES_MAX && started.elapsed() < time {
                next = waiting.try_recv().ok();
            }
        }
        let committed = control(connection, "COMMIT").is_ok();
        for (reply, ran) in done {
            let _ = reply.send(ran && committed);
        }
    }
}

fn report(error: &rusqlite::Error) {
    eprintln!("the ceiling: {error}");
}

fn in_savepoint(connection: &Connection, steps: &[(Arc<str>, Vec<Value>)]) -> rusqlite::Result<()> {
    control(connection, "SAVEPOINT use_case")?;
    let ran = steps.iter().try_for_each(|(sql, values)| step(connection, sql, values));
    if ran.is_err() {
        control(connection, "ROLLBACK TO use_case")?;
    }
    control(connection, "RELEASE use_case")?;
    ran
}
