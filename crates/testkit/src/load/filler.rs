//! Rows in bulk: into a file by one prepared statement per table, into a server by COPY; indexes are made afterwards.

use super::Target;
use super::mass::TABLES;
use bytes::Bytes;
use futures_util::SinkExt;
use rusqlite::types::{ToSqlOutput, ValueRef as Cell};
use rusqlite::{Connection, ToSql};
use std::fmt::Write;
use tenure_odata::Value;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};
use uuid::Uuid;

const INSERT: &str = include_str!("insert.sql");
const COPY: &str = include_str!("copy.sql");
const EMBEDDED_INDEXES: &str = include_str!("indexes_embedded.sql");
const SERVER_INDEXES: &str = include_str!("indexes_server.sql");
const STILL: &str = include_str!("still.sql");
const FORGET: &str = include_str!("forget.sql");
/// Bytes that are sent to a server at once.
const CHUNK_BYTES: usize = 1 << 20;
/// What an embedded database may do while nobody else has it: nothing of this is safe when the machine stops.
const EMBEDDED_BEFORE: &str = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; \
    PRAGMA temp_store = MEMORY; BEGIN";
const EMBEDDED_AFTER: &str = "COMMIT; ANALYZE; PRAGMA journal_mode = WAL";
/// The statistics of a server are drawn from so many rows times 300 of each table: all rows of the small size.
/// The commit is a synchronous one: after another, VACUUM would not take rows for visible to all before it is on the disk.
const SERVER_BEFORE: &str = "SET synchronous_commit = on; SET maintenance_work_mem = '256MB'; BEGIN";
const SERVER_AFTER: [&str; 3] = ["COMMIT", "SET default_statistics_target = 100", "VACUUM (ANALYZE)"];

/// A table and the columns that are written; the others are null.
pub struct Table {
    pub name: &'static str,
    pub columns: &'static [&'static str],
}

/// A database that takes rows in bulk.
pub struct Filler {
    place: Place,
    /// What makes the indexes anew.
    indexes: Vec<String>,
}

enum Place {
    Embedded(Connection),
    Server { client: Client, runtime: Runtime },
}

impl Filler {
    /// Opens it, and takes the indexes away.
    pub fn open(target: &Target) -> Self {
        let mut filler = Self { place: Self::place(target), indexes: Vec::new() };
        if matches!(filler.place, Place::Embedded(_)) {
            filler.run(EMBEDDED_BEFORE);
        } else {
            filler.run(STILL);
            filler.run(SERVER_BEFORE);
        }
        for table in TABLES {
            for (name, text) in filler.indexes_of(table.name) {
                filler.run(&format!("DROP INDEX {name}"));
                filler.indexes.push(text);
            }
        }
        filler
    }

    fn place(target: &Target) -> Place {
        match target {
            Target::File(path) => Place::Embedded(Connection::open(path).expect("the file opens")),
            Target::Url(url) => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                let client = runtime.block_on(connect(url));
                Place::Server { client, runtime }
            }
        }
    }

    fn run(&mut self, script: &str) {
        match &mut self.place {
            Place::Embedded(connection) => connection.execute_batch(script).expect(script),
            Place::Server { client, runtime } => runtime.block_on(client.batch_execute(script)).expect(script),
        }
    }

    fn indexes_of(&mut self, table: &str) -> Vec<(String, String)> {
        match &mut self.place {
            Place::Embedded(connection) => {
                let mut statement = connection.prepare(EMBEDDED_INDEXES).expect("a statement");
                let rows = statement.query_map([table], |r| Ok((r.get(0)?, r.get(1)?))).expect("indexes");
                rows.collect::<Result<_, _>>().expect("indexes")
            }
            Place::Server { client, runtime } => {
                let rows = runtime.block_on(client.query(SERVER_INDEXES, &[&table])).expect("indexes");
                rows.iter().map(|r| (r.get(0), r.get(1))).collect()
            }
        }
    }

    /// Opens it as it is, to ask it something.
    pub fn ask(target: &Target, statement: &str) -> Vec<String> {
        match Self::place(target) {
            Place::Embedded(connection) => {
                let mut statement = connection.prepare(statement).expect(statement);
                let rows = statement.query_map([], |r| r.get::<_, rusqlite::types::Value>(0)).expect("rows");
                rows.map(|value| embedded_text(value.expect("a row"))).collect()
            }
            Place::Server { client, runtime } => {
                let answer = runtime.block_on(client.simple_query(statement)).expect(statement);
                let rows = answer.iter().filter_map(|m| match m {
                    SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
                    _ => None,
                });
                rows.collect()
            }
        }
    }

    /// Takes away the statistics.
    pub fn forget_statistics(target: &Target) {
        match Self::place(target) {
            Place::Embedded(connection) => connection.execute_batch(FORGET).expect(FORGET),
            Place::Server { .. } => panic!("a server counts by itself"),
        }
    }

    /// Writes rows.
    pub fn fill(&mut self, table: &Table, rows: &mut dyn Iterator<Item = Vec<Value>>) {
        let text = |template: &str| {
            let values = (1..=table.columns.len()).map(|n| format!("?{n}")).collect::<Vec<_>>().join(", ");
            let columns = table.columns.join(", ");
            template.replace("{table}", table.name).replace("{columns}", &columns).replace("{values}", &values)
        };
        match &mut self.place {
            Place::Embedded(connection) => {
                let mut statement = connection.prepare(&text(INSERT)).expect(table.name);
                for row in rows {
                    statement.execute(rusqlite::params_from_iter(row.iter().map(Param))).expect(table.name);
                }
            }
            Place::Server { client, runtime } => {
                runtime.block_on(copy(client, &text(COPY), rows)).expect(table.name);
            }
        }
    }

    /// Makes the indexes, commits, and counts what there is for the planner.
    pub fn finish(mut self) {
        for index in std::mem::take(&mut self.indexes) {
            self.run(&index);
        }
        if matches!(self.place, Place::Embedded(_)) {
            self.run(EMBEDDED_AFTER);
        } else {
            for step in SERVER_AFTER {
                self.run(step);
            }
        }
    }
}

fn embedded_text(value: rusqlite::types::Value) -> String {
    use rusqlite::types::Value as V;
    match value {
        V::Null => String::new(),
        V::Integer(n) => n.to_string(),
        V::Real(n) => n.to_string(),
        V::Text(text) => text,
        V::Blob(bytes) => Uuid::from_slice(&bytes).map_or_else(|_| format!("{bytes:?}"), |id| id.to_string()),
    }
}

#[expect(clippy::disallowed_methods, reason = "the test kit fills databases in bulk; the store never does")]
async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the server answers");
    tokio::spawn(connection);
    client
}

async fn copy(
    client: &Client,
    text: &str,
    rows: &mut dyn Iterator<Item = Vec<Value>>,
) -> Result<(), tokio_postgres::Error> {
    let sink = client.copy_in::<_, Bytes>(text).await?;
    let mut sink = std::pin::pin!(sink);
    let mut chunk = String::with_capacity(CHUNK_BYTES + 4_096);
    for row in rows {
        for (n, value) in row.iter().enumerate() {
            chunk.push_str(if n == 0 { "" } else { "\t" });
            copied(value, &mut chunk);
        }
        chunk.push('\n');
        if chunk.len() >= CHUNK_BYTES {
            let full = std::mem::replace(&mut chunk, String::with_capacity(CHUNK_BYTES + 4_096));
            sink.send(Bytes::from(full)).await?;
        }
    }
    sink.send(Bytes::from(chunk)).await?;
    sink.finish().await.map(|_| ())
}

/// A value as the text format of COPY has it.
fn copied(value: &Value, to: &mut String) {
    match value {
        Value::Null => to.push_str("\\N"),
        Value::Bool(yes) => to.push(if *yes { 't' } else { 'f' }),
        Value::Int(n) => {
            let _ = write!(to, "{n}");
        }
        Value::Id(id) => {
            let _ = write!(to, "{id}");
        }
        Value::Text(text) => {
            for c in text.chars() {
                match c {
                    '\\' => to.push_str("\\\\"),
                    '\n' => to.push_str("\\n"),
                    '\t' => to.push_str("\\t"),
                    '\r' => to.push_str("\\r"),
                    c => to.push(c),
                }
            }
        }
        Value::Bytes(bytes) => {
            to.push_str("\\\\x");
            for byte in bytes {
                let _ = write!(to, "{byte:02x}");
            }
        }
    }
}

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
