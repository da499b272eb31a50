//! Why the server did not start: a sentence for whoever typed the command.

use std::fmt::Display;
use tenure_service::ServiceError;

/// A sentence that says what is wrong and what to do.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub String);

/// What a step of the start gives.
pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// A failure with this sentence.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        Self(error.to_string())
    }
}

/// Says what was being done when something failed.
pub trait While<T> {
    /// `doing` begins with a verb: "reading /etc/…".
    fn doing(self, doing: impl Display) -> Outcome<T>;
}

impl<T, E: Display> While<T> for Result<T, E> {
    fn doing(self, doing: impl Display) -> Outcome<T> {
        self.map_err(|error| Failure(format!("{doing}: {error}")))
    }
}
