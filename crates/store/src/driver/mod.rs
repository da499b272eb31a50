//! **Room: the seam between databases.** The only place that knows that there are two. Above it every statement is
//! written once, with `$1` to `$n`; below it a connection runs batches of statements.

pub mod dialect;
pub(crate) mod plan;
mod postgres;
mod queue;
pub(crate) mod snapshot;
mod sqlite;

pub(crate) use postgres::Server;
pub use postgres::{PLANNING, ServerConfig};
pub(crate) use queue::{Job, Lane, Ran};
pub(crate) use sqlite::Embedded;

use crate::error::StoreError;
use dialect::Dialect;
use std::borrow::Cow;
use tenure_odata::{Cells, Value, ValueRef};

/// A statement with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The text, with `$1` to `$n`.
    pub sql: Cow<'static, str>,
    /// The parameters.
    pub params: Vec<Value>,
    /// The table of which it must change exactly one row; otherwise the whole transaction fails.
    pub must_change: Option<&'static str>,
}

impl Statement {
    /// A statement.
    pub fn new(sql: impl Into<Cow<'static, str>>, params: Vec<Value>) -> Self {
        Self { sql: sql.into(), params, must_change: None }
    }
}

/// One row of an answer.
pub enum Row<'r> {
    /// Of the embedded database.
    Embedded(&'r rusqlite::Row<'r>),
    /// Of the server database.
    Server(&'r tokio_postgres::Row),
}

impl Cells for Row<'_> {
    fn cell(&self, i: usize) -> ValueRef<'_> {
        match self {
            Self::Embedded(row) => sqlite::cell(row, i),
            Self::Server(row) => postgres::cell(row, i),
        }
    }
}

/// What went wrong, and at which statement of the batch.
#[derive(Debug)]
pub struct BatchError {
    /// The position of the statement.
    pub index: usize,
    /// What went wrong.
    pub error: StoreError,
}

/// Receives the rows: the position of the statement, and the row.
pub type Sink<'s> = &'s mut dyn FnMut(usize, &Row<'_>) -> Result<(), StoreError>;

/// A connection inside a transaction.
pub trait Conn {
    /// Which database it is.
    fn dialect(&self) -> Dialect;

    /// Runs the statements in order, in one round trip where the database allows it, and gives the rows each changed.
    fn run(&mut self, batch: &[Statement], sink: Sink<'_>) -> Result<Vec<u64>, BatchError>;

    /// Runs the statements as the last ones of the transaction and commits with them, where a transaction is one use
    /// case; where several share a commit, it only runs them.
    fn finish(&mut self, batch: &[Statement]) -> Result<Vec<u64>, BatchError>;

    /// Has the database understand a statement without running it.
    fn prepare(&mut self, sql: &str) -> Result<(), StoreError>;

    /// Round trips of this transaction so far.
    fn round_trips(&self) -> u32;
}

/// What a transaction is for; decides its isolation where that is a choice (decisions.md E1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Reads one snapshot.
    Read,
    /// The same, for as long as it takes.
    LongRead,
    /// A use case: serializable, tried again on conflict.
    UseCase,
    /// Claims rows of a queue: read committed, skips locked rows.
    Claim,
}
