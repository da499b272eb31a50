//! Copies of an embedded database: made from one snapshot while another process serves it, and looked through before
//! they are trusted.

use crate::error::StoreError;
use crate::health::Schema;
use crate::migrate;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// How long a copy waits for a lock that the server holds for a moment.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// Writes what the database at `from` holds at one instant into `to`, which is an empty file or none. Writers go on
/// meanwhile: their changes stay in the log until the copy is done. What was deleted is not copied, not even its remains.
pub fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let connection = open(from)?;
    known(&connection)?;
    let to = to.to_str().ok_or_else(|| StoreError::Internal(format!("{} is not text", to.display())))?;
    connection.execute("VACUUM INTO ?1", [to]).map(drop).map_err(|e| StoreError::Unavailable(e.to_string()))
}

/// Looks through a database that nobody uses: every page and index, and whether this program knows its schema.
pub fn inspect(path: &Path) -> Result<(), StoreError> {
    let connection = open(path)?;
    let verdict: String = connection
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(|e| StoreError::Internal(e.to_string()))?;
    if verdict != "ok" {
        return Err(StoreError::Internal(format!("the database is damaged: {verdict}")));
    }
    known(&connection).map(drop)
}

/// How the schema of the database stands to this program.
pub fn schema(path: &Path) -> Result<Schema, StoreError> {
    let connection = open(path)?;
    let has_table = connection.table_exists(None, "schema_version");
    if !has_table.map_err(|e| StoreError::Unavailable(e.to_string()))? {
        return Ok(Schema::Empty);
    }
    known(&connection)
}

#[expect(clippy::disallowed_methods, reason = "the seam: connections are opened in this folder")]
fn open(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, flags).and_then(|connection| {
        connection.busy_timeout(LOCK_WAIT)?;
        Ok(connection)
    });
    opened.map_err(|e| StoreError::Unavailable(format!("{}: {e}", path.display())))
}

/// Refuses what is no database of ours, or one that this program does not know.
fn known(connection: &Connection) -> Result<Schema, StoreError> {
    let read = || -> rusqlite::Result<Vec<(i64, String)>> {
        let mut versions = connection.prepare("SELECT version, checksum FROM schema_version ORDER BY version")?;
        versions.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    };
    let applied = read().map_err(|e| StoreError::Internal(format!("this is no database of Tenure: {e}")))?;
    migrate::judge(&applied)
}
