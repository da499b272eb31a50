//! Turns at work that is dear: so many at once, so many waiting, and a no for everybody else.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A counter with a short line before it.
#[derive(Debug)]
pub struct Turns {
    line: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

/// A turn; it ends when this is dropped. It goes along with the work: a caller who leaves does not end what runs.
#[derive(Debug)]
pub struct Turn {
    _running: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

impl Turns {
    /// `at_once` running, `waiting` behind them.
    pub fn new(at_once: usize, waiting: usize) -> Self {
        let of = |permits| Arc::new(Semaphore::new(permits));
        Self { line: of(at_once + waiting), running: of(at_once) }
    }

    /// Waits for a turn; nothing when the line is full.
    pub async fn take(&self) -> Option<Turn> {
        let place = self.line.clone().try_acquire_owned().ok()?;
        // The semaphore is never closed.
        let running = self.running.clone().acquire_owned().await.ok()?;
        Some(Turn { _running: running, _place: place })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn so_many_run_so_many_wait_and_the_next_is_turned_away() {
        let turns = Turns::new(2, 1);
        let first = turns.take().now_or_never().flatten();
        let second = turns.take().now_or_never().flatten();
        assert!(first.is_some() && second.is_some());
        let mut third = Box::pin(turns.take());
        assert!(third.as_mut().now_or_never().is_none(), "it waits");
        assert!(matches!(turns.take().now_or_never(), Some(None)), "one more is turned away at once");
        drop(first);
        let third = third.now_or_never().flatten();
        assert!(third.is_some(), "the one that waited has its turn");
        drop((second, third));
        assert!(turns.take().now_or_never().flatten().is_some());
    }
}
