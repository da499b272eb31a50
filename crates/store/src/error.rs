//! What can go wrong with the machine. "The rules say no" is a [`Refusal`]; "there is none" is `Ok(None)`.

use tenure_domain::Refusal;
use uuid::Uuid;

/// A failure of the store.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// A rule that the database holds was broken; the statement said which refusal that is.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// A unique constraint was broken that no statement expected.
    #[error("the constraint `{constraint}` was broken")]
    Conflict {
        /// Its name.
        constraint: String,
    },
    /// A row changed since it was read.
    #[error("a row of `{table}` changed meanwhile")]
    Stale {
        /// Its table.
        table: &'static str,
    },
    /// Too much is waiting; nothing was done.
    #[error("too many requests are waiting")]
    Busy,
    /// The database cannot be reached or cannot write; nothing was done.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The database went away while it committed and did not come back in time: whether it was done is not known.
    #[error("whether the transaction was committed is not known: {0}")]
    Unknown(String),
    /// The transaction lost against another one too often; nothing was done.
    #[error("the transaction lost against others too often")]
    Contended,
    /// A read took too long.
    #[error("the query takes too long")]
    TooExpensive,
    /// A row cannot be understood.
    #[error("{table}.{column} of `{id}` cannot be read")]
    Corrupt {
        /// Its table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row.
        id: Uuid,
    },
    /// A fault of ours.
    #[error("{0}")]
    Internal(String),
}

impl StoreError {
    /// A column that cannot be understood.
    pub const fn corrupt(table: &'static str, column: &'static str, id: Uuid) -> Self {
        Self::Corrupt { table, column, id }
    }
}

impl From<Refusal> for StoreError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}
