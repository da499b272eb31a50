//! The server: one connection per thread, every transaction in one round trip, at read committed; statements are planned
//! as the product has them planned.

use crate::failure::{Outcome, While};
use crate::template::{Filling, Transaction};
use bytes::{BufMut, BytesMut};
use futures_util::TryStreamExt;
use futures_util::future::{join_all, join3};
use std::collections::{HashMap, VecDeque};
use std::error::Error;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use tenure_domain::limits;
use tenure_odata::Value;
use tenure_store::driver::PLANNING;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, NoTls, Statement};

#[derive(Debug)]
struct Param<'v>(&'v Value);

impl ToSql for Param<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            Value::Null => return Ok(IsNull::Yes),
            Value::Bool(b) => out.put_u8(u8::from(*b)),
            Value::Int(n) => match *ty {
                Type::INT2 => out.put_i16((*n).try_into()?),
                Type::INT4 => out.put_i32((*n).try_into()?),
                _ => out.put_i64(*n),
            },
            Value::Text(t) => out.put_slice(t.as_bytes()),
            Value::Id(id) => out.put_slice(id.as_bytes()),
            Value::Bytes(b) => out.put_slice(b),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// The bytes of a cell.
struct Raw<'r>(&'r [u8]);

impl<'r> FromSql<'r> for Raw<'r> {
    fn from_sql(_: &Type, raw: &'r [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

type Job = (bool, Vec<(Arc<str>, Vec<Value>)>, oneshot::Sender<bool>);

#[derive(Default)]
struct Line {
    jobs: Mutex<VecDeque<Job>>,
    filled: Condvar,
}

/// The server.
pub struct Server {
    line: Arc<Line>,
}

struct Worker {
    runtime: Runtime,
    client: Client,
    prepared: HashMap<Arc<str>, Statement>,
}

impl Server {
    /// Connects, and starts the threads.
    pub fn open(url: &str) -> Outcome<Self> {
        let line: Arc<Line> = Arc::default();
        for _ in 0..limits::DB_THREADS {
            let (line, mut worker) = (line.clone(), connect(url)?);
            std::thread::spawn(move || {
                loop {
                    let (reads, steps, reply) = line.next();
                    let ran = worker.run(reads, &steps);
                    if let Err(error) = &ran {
                        eprintln!("the ceiling: {error}: {:?}", error.source());
                        let _ = worker.runtime.block_on(worker.client.batch_execute("ROLLBACK"));
                    }
                    let _ = reply.send(ran.is_ok());
                }
            });
        }
        Ok(Self { line })
    }

    /// Runs a transaction.
    pub async fn run(&self, transaction: &Transaction, filling: &Filling) -> Option<()> {
        let (reply, answer) = oneshot::channel();
        let steps = transaction.steps.iter().map(|s| (s.sql.clone(), s.values(filling))).collect();
        self.line.jobs.lock().unwrap_or_else(PoisonError::into_inner).push_back((transaction.reads, steps, reply));
        self.line.filled.notify_one();
        answer.await.ok()?.then_some(())
    }
}

impl Line {
    fn next(&self) -> Job {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(job) = jobs.pop_front() {
                return job;
            }
            jobs = self.filled.wait(jobs).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the ceiling has a driver of its own")]
fn connect(url: &str) -> Outcome<Worker> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().doing("starting")?;
    let client = runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.doing("connecting")?;
        tokio::spawn(connection);
        // Without it the database would choose other plans, and others at every size.
        client.batch_execute(PLANNING).await.doing("connecting")?;
        Ok(client)
    })?;
    Ok(Worker { runtime, client, prepared: HashMap::new() })
}

impl Worker {
    fn run(&mut self, reads: bool, steps: &[(Arc<str>, Vec<Value>)]) -> Result<(), tokio_postgres::Error> {
        for (sql, _) in steps {
            if !self.prepared.contains_key(sql) {
                let prepared = self.runtime.block_on(self.client.prepare(sql))?;
                self.prepared.insert(sql.clone(), prepared);
            }
        }
        let (client, prepared) = (&self.client, &self.prepared);
        let statements = steps.iter().map(|(sql, values)| async move {
            let Some(statement) = prepared.get(sql) else { return Ok(()) };
            let rows = client.query_raw(statement, values.iter().map(Param)).await?;
            futures_util::pin_mut!(rows);
            while let Some(row) = rows.try_next().await? {
                for i in 0..row.len() {
                    std::hint::black_box(row.try_get::<_, Option<Raw<'_>>>(i)?.map(|r| r.0.len()));
                }
            }
            Ok::<_, tokio_postgres::Error>(())
        });
        let begin = if reads { "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY" } else { "BEGIN" };
        let (begun, ran, ended) = self.runtime.block_on(join3(
            client.batch_execute(begin),
            join_all(statements),
            client.batch_execute("COMMIT"),
        ));
        begun?;
        ran.into_iter().collect::<Result<(), _>>()?;
        ended
    }
}
