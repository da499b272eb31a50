//! How a use case can fail. One `match` in the API turns it into an answer.

use tenure_auth::CryptoError;
use tenure_domain::Refusal;
use tenure_domain::refusal::Code;
use tenure_store::StoreError;

/// A failed use case. Nothing of it was kept, but where it says otherwise.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ServiceError {
    /// The rules say no; missing and invisible things too.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// The caller is not, or no longer, who the token says.
    #[error("{0}")]
    Unauthenticated(String),
    /// Not now; nothing was done, and it may be tried again.
    #[error("{0}")]
    Unavailable(String),
    /// Whether it was done is not known; the same call may be made again under the id it had (decisions.md E3, E7).
    #[error("{0}")]
    Unknown(String),
    /// A read would take too long.
    #[error("the query takes too long; narrow it by an indexed property")]
    TooExpensive,
    /// A fault of ours.
    #[error("{0}")]
    Internal(String),
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refusal) => Self::Refused(refusal),
            StoreError::Conflict { .. } | StoreError::Stale { .. } => Refusal::new(
                Code::Conflict,
                "somebody else changed the same thing at the same time; read it and try again",
            )
            .into(),
            StoreError::Busy | StoreError::Unavailable(_) | StoreError::Contended => {
                Self::Unavailable(error.to_string())
            }
            StoreError::Unknown(_) => Self::Unknown(error.to_string()),
            StoreError::TooExpensive => Self::TooExpensive,
            StoreError::Corrupt { .. } | StoreError::Internal(_) => Self::Internal(error.to_string()),
        }
    }
}

impl From<CryptoError> for ServiceError {
    fn from(error: CryptoError) -> Self {
        Self::Internal(error.to_string())
    }
}
