//! What went wrong, in words for a developer.

use std::fmt;

/// A failure that ends the benchmark.
#[derive(Debug)]
pub struct Failure(pub String);

/// What may fail.
pub type Outcome<T> = Result<T, Failure>;

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Says what was being done.
pub trait While<T> {
    /// `doing: error`
    fn doing(self, what: &str) -> Outcome<T>;
}

impl<T, E: fmt::Display> While<T> for Result<T, E> {
    fn doing(self, what: &str) -> Outcome<T> {
        self.map_err(|error| Failure(format!("{what}: {error}")))
    }
}

impl<T> While<T> for Option<T> {
    fn doing(self, what: &str) -> Outcome<T> {
        self.ok_or_else(|| Failure(format!("{what}: nothing there")))
    }
}
