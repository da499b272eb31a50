//! What can be asked about a database besides what is in it: its clock, its room for connections, its schema.

use crate::Statement;
use crate::error::StoreError;
use crate::tx::Tx;
use tenure_domain::Timestamp;
use tenure_domain::time::from_micros;
use tenure_odata::Cells;

/// How the schema of a database stands to this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// There is none yet.
    Empty,
    /// Of an earlier program: the next start brings it up to date.
    Older {
        /// Its version.
        version: i64,
    },
    /// As this program wants it.
    Current {
        /// Its version.
        version: i64,
    },
}

/// The connections of a database server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// It takes so many from ordinary users.
    pub max: i64,
    /// So many are open, this one included.
    pub open: i64,
}

/// The clock of the database.
pub fn clock(tx: &mut Tx<'_>) -> Result<Timestamp, StoreError> {
    let sql = tx.dialect().clock();
    let mut micros = None;
    tx.stream(vec![Statement::new(sql, Vec::new())], &mut |_, row| {
        micros = row.cell(0).int();
        Ok(())
    })?;
    micros.map(from_micros).ok_or_else(|| StoreError::Internal("the database does not tell the time".to_owned()))
}

/// The connections of the server; nothing for an embedded database.
pub fn connections(tx: &mut Tx<'_>) -> Result<Option<Connections>, StoreError> {
    let Some(sql) = tx.dialect().connections() else { return Ok(None) };
    let mut found = None;
    tx.stream(vec![Statement::new(sql, Vec::new())], &mut |_, row| {
        found = row.cell(0).int().zip(row.cell(1).int()).map(|(max, open)| Connections { max, open });
        Ok(())
    })?;
    Ok(found)
}
