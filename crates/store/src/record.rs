//! What a request asks of the database, written down: for the benchmark, whose ceiling runs the same statements without
//! any rules. Off unless somebody starts it, and then a look at one flag per batch. Nothing of a recording leaves the
//! process.

use crate::driver::{Purpose, Statement};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// One transaction as it was run.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Whether it only reads.
    pub reads: bool,
    /// Whether it claims rows of a queue.
    pub claims: bool,
    /// Its statements, by round trip.
    pub batches: Vec<Vec<Statement>>,
}

static IS_ON: AtomicBool = AtomicBool::new(false);
static RECORDED: Mutex<Vec<Recorded>> = Mutex::new(Vec::new());

/// Starts anew.
pub fn start() {
    RECORDED.lock().unwrap_or_else(PoisonError::into_inner).clear();
    IS_ON.store(true, Ordering::SeqCst);
}

/// Stops, and gives what was run since the start.
pub fn stop() -> Vec<Recorded> {
    IS_ON.store(false, Ordering::SeqCst);
    std::mem::take(&mut *RECORDED.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A transaction begins.
pub(crate) fn begin(purpose: Purpose) {
    if IS_ON.load(Ordering::Relaxed) {
        let (reads, claims) = (purpose == Purpose::Read, purpose == Purpose::Claim);
        let recorded = Recorded { reads, claims, batches: Vec::new() };
        RECORDED.lock().unwrap_or_else(PoisonError::into_inner).push(recorded);
    }
}

/// A batch goes to the database.
pub(crate) fn batch(statements: &[Statement]) {
    if IS_ON.load(Ordering::Relaxed)
        && !statements.is_empty()
        && let Some(last) = RECORDED.lock().unwrap_or_else(PoisonError::into_inner).last_mut()
    {
        last.batches.push(statements.to_vec());
    }
}
