//! A transaction: reads in batches, writes collected and sent with the next read or the commit.
//!
//! A use case reads a snapshot, decides, and writes. Writes wait here until they are needed, so that on the server
//! database a whole use case costs at most three round trips (decisions.md E2): snapshot, dependent snapshot, writes with
//! COMMIT. A write says which constraint means which refusal, and how many rows it must change.

use crate::audit::AuditHead;
use crate::driver::{BatchError, Conn, Row, Statement};
use crate::error::StoreError;
use crate::fetch::Fetch;
use crate::record;
use crate::sql::Sql;
use tenure_domain::Refusal;
use tenure_odata::Value;
use uuid::Uuid;

/// Makes a refusal from a broken constraint.
type OnConflict = Box<dyn Fn() -> Refusal + Send>;

/// A write that waits.
pub struct Write {
    pub(crate) statement: Statement,
    on_conflict: Vec<(&'static str, OnConflict)>,
}

impl Write {
    /// Exactly one row must change; otherwise the row was changed by somebody else meanwhile.
    pub fn exactly_one(&mut self, table: &'static str) -> &mut Self {
        self.statement.must_change = Some(table);
        self
    }

    /// When the constraint `name` is broken, the answer is this refusal.
    pub fn on_constraint(&mut self, name: &'static str, refusal: impl Fn() -> Refusal + Send + 'static) -> &mut Self {
        self.on_conflict.push((name, Box::new(refusal)));
        self
    }

    fn explain(&self, error: StoreError) -> StoreError {
        let StoreError::Conflict { constraint } = &error else { return error };
        match self.on_conflict.iter().find(|(name, _)| name == constraint) {
            Some((_, refusal)) => StoreError::from(refusal()),
            None => error,
        }
    }
}

/// An open transaction.
pub struct Tx<'c> {
    conn: &'c mut dyn Conn,
    pub(crate) head: &'c mut AuditHead,
    pending: Vec<Write>,
    audit_id: Option<Uuid>,
}

impl<'c> Tx<'c> {
    pub(crate) fn new(conn: &'c mut dyn Conn, head: &'c mut AuditHead) -> Self {
        Self { conn, head, pending: Vec::new(), audit_id: None }
    }

    pub(crate) fn dialect(&self) -> crate::driver::dialect::Dialect {
        self.conn.dialect()
    }

    /// Reads everything `wanted` names, in one round trip, after the writes that wait.
    pub fn fetch<F: Fetch>(&mut self, mut wanted: F) -> Result<F::Out, StoreError> {
        let mut statements = Vec::new();
        wanted.statements(&mut statements);
        let writes = self.pending.len();
        self.run(statements, &mut |index, row| wanted.accept(index - writes, row))?;
        wanted.finish()
    }

    /// Reads rows one by one, without keeping them.
    pub(crate) fn stream(
        &mut self,
        statements: Vec<Statement>,
        sink: &mut dyn FnMut(usize, &Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let writes = self.pending.len();
        self.run(statements, &mut |index, row| sink(index - writes, row))
    }

    fn run(
        &mut self,
        reads: Vec<Statement>,
        sink: &mut dyn FnMut(usize, &Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let writes = std::mem::take(&mut self.pending);
        if writes.is_empty() && reads.is_empty() {
            return Ok(());
        }
        let batch: Vec<Statement> = writes.iter().map(|w| w.statement.clone()).chain(reads).collect();
        record::batch(&batch);
        let count = writes.len();
        let _span = tracing::info_span!(target: "otel", "database batch", statements = batch.len()).entered();
        // Rows that a write returns are nobody's.
        let result = self.conn.run(&batch, &mut |index, row| if index < count { Ok(()) } else { sink(index, row) });
        check(&writes, result)
    }

    /// A write that waits for the next read or the commit.
    pub fn write(&mut self, sql: &Sql, params: Vec<Value>) -> &mut Write {
        self.write_text(Statement::new(sql.text, params))
    }

    pub(crate) fn write_text(&mut self, statement: Statement) -> &mut Write {
        self.pending.push(Write { statement, on_conflict: Vec::new() });
        let last = self.pending.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "it was pushed a line above")]
        &mut self.pending[last]
    }

    pub(crate) fn set_audit_id(&mut self, id: Uuid) {
        self.audit_id = Some(id);
    }

    /// The id of an audit row that this transaction writes, if it writes one.
    pub(crate) fn audit_id(&self) -> Option<Uuid> {
        self.audit_id
    }

    /// Sends the writes that wait, as the end of the use case.
    pub(crate) fn finish(&mut self) -> Result<(), StoreError> {
        let writes = std::mem::take(&mut self.pending);
        let batch: Vec<Statement> = writes.iter().map(|w| w.statement.clone()).collect();
        record::batch(&batch);
        let _span = tracing::info_span!(target: "otel", "database batch", statements = batch.len()).entered();
        let result = self.conn.finish(&batch);
        check(&writes, result)
    }

    /// Has the database understand a registered statement without running it; for tests.
    pub fn prepare_only(&mut self, sql: &Sql) -> Result<(), StoreError> {
        self.conn.prepare(sql.text)
    }

    /// Round trips to the database so far, the coming commit not counted.
    pub fn round_trips(&self) -> u32 {
        self.conn.round_trips()
    }
}

/// Gives errors the meaning their write knows, and tests how many rows changed.
fn check(writes: &[Write], result: Result<Vec<u64>, BatchError>) -> Result<(), StoreError> {
    match result {
        Err(BatchError { index, error }) => Err(match writes.get(index) {
            Some(write) => write.explain(error),
            None => error,
        }),
        Ok(changed) => {
            for (write, count) in writes.iter().zip(changed) {
                if let Some(table) = write.statement.must_change.filter(|_| count != 1) {
                    return Err(StoreError::Stale { table });
                }
            }
            Ok(())
        }
    }
}
