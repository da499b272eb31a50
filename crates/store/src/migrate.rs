//! Brings a database to the current schema: one script per version, run once, in order, inside one transaction.

use crate::driver::{Conn, Statement};
use crate::error::StoreError;
use crate::health::Schema;
use aws_lc_rs::digest;
use std::fmt::Write;
use tenure_odata::{Cells, Value};

/// The scripts by version. A script that was released is never changed.
const SCRIPTS: [(i64, &str); 3] = [
    (1, include_str!("../migrations/0001_init.sql")),
    (2, include_str!("../migrations/0002_rules.sql")),
    (3, include_str!("../migrations/0003_surface.sql")),
];

const VERSION_TABLE: &str =
    "CREATE TABLE IF NOT EXISTS schema_version (version {{int}} PRIMARY KEY, checksum {{text}} NOT NULL){{table}};";

/// Runs what is missing. `script` runs several statements of one text.
pub(crate) fn run<C: Conn>(
    conn: &mut C,
    mut script: impl FnMut(&mut C, &str) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let dialect = conn.dialect();
    script(conn, &dialect.expand(VERSION_TABLE))?;
    let applied = applied(conn)?;
    refuse_strangers(&applied)?;
    for (version, text) in SCRIPTS.iter().filter(|(version, _)| !applied.iter().any(|(v, _)| v == version)) {
        script(conn, &dialect.expand(text))?;
        let row = Statement::new(
            "INSERT INTO schema_version (version, checksum) VALUES ($1, $2)",
            vec![Value::Int(*version), Value::Text(checksum(text))],
        );
        conn.run(&[row], &mut |_, _| Ok(())).map_err(|e| e.error)?;
        tracing::info!(version, "schema migrated");
    }
    Ok(())
}

pub(crate) fn applied(conn: &mut dyn Conn) -> Result<Vec<(i64, String)>, StoreError> {
    let mut applied = Vec::new();
    let statement = Statement::new("SELECT version, checksum FROM schema_version ORDER BY version", Vec::new());
    conn.run(&[statement], &mut |_, row| {
        let version = row.cell(0).int().unwrap_or_default();
        applied.push((version, row.cell(1).text().unwrap_or_default().to_owned()));
        Ok(())
    })
    .map_err(|e| e.error)?;
    Ok(applied)
}

/// How what was applied stands to this program; a database of strangers is an error.
pub(crate) fn judge(applied: &[(i64, String)]) -> Result<Schema, StoreError> {
    refuse_strangers(applied)?;
    let newest = SCRIPTS.last().map_or(0, |(version, _)| *version);
    Ok(match applied.last() {
        None => Schema::Empty,
        Some((version, _)) if *version == newest => Schema::Current { version: *version },
        Some((version, _)) => Schema::Older { version: *version },
    })
}

/// A database that a newer program migrated, or whose scripts were other ones, is not touched.
fn refuse_strangers(applied: &[(i64, String)]) -> Result<(), StoreError> {
    for (version, sum) in applied {
        let Some((_, text)) = SCRIPTS.iter().find(|(v, _)| v == version) else {
            let newest = SCRIPTS.last().map_or(0, |(v, _)| *v);
            let message =
                format!("the database has schema version {version}, this program knows {newest}; use a newer program");
            return Err(StoreError::Internal(message));
        };
        if *sum != checksum(text) {
            let message =
                format!("schema version {version} of the database was made by another script than this program's");
            return Err(StoreError::Internal(message));
        }
    }
    Ok(())
}

fn checksum(text: &str) -> String {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    hash.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
