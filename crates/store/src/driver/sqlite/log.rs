//! The write-ahead log of the embedded database: how long it is, and how it is brought back into the file (decisions.md
//! E5).

use super::{EmbeddedConn, Shared};
use crate::error::StoreError;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, PoisonError};

/// Notes the size of the write-ahead log at every commit, and wakes the checkpointer when it is large.
pub(super) fn watch_log(
    conn: &mut EmbeddedConn,
    shared: &Arc<Shared>,
    signal: SyncSender<()>,
) -> Result<(), StoreError> {
    let page: i64 = conn.connection.pragma_query_value(None, "page_size", |r| r.get(0)).map_err(|e| conn.fault(&e))?;
    let page = u64::try_from(page).unwrap_or(4_096);
    let shared = shared.clone();
    let hook = move |_: &mut rusqlite::hooks::Wal, pages: i32| {
        let bytes = u64::try_from(pages).unwrap_or(0) * page;
        shared.wal_bytes.store(bytes, Ordering::Relaxed);
        if bytes >= shared.bounds.wal_soft_bytes {
            let _ = signal.try_send(());
        }
        Ok(())
    };
    conn.connection.wal_hook(Some(hook)).map_err(|e| conn.fault(&e))
}

pub(super) fn checkpoint_loop(shared: &Shared, wake: &Receiver<()>) {
    let Ok(mut conn) = shared.open(true) else { return };
    while wake.recv().is_ok() {
        if let Err(error) = checkpoint(shared, &mut conn, "PASSIVE") {
            tracing::warn!(%error, "checkpoint failed; it will be tried again");
        }
    }
    // The last one leaves a file without a log behind.
    let _ = checkpoint(shared, &mut conn, "TRUNCATE");
}

fn checkpoint(shared: &Shared, conn: &mut EmbeddedConn, mode: &str) -> Result<(), StoreError> {
    let _turn = shared.checkpointing.lock().unwrap_or_else(PoisonError::into_inner);
    let result = conn.connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()));
    result.map_err(|e| conn.fault(&e))
}

/// Resets a log that has grown too long.
pub(super) fn reset_log(shared: &Shared, conn: &mut EmbeddedConn, reset_at: &mut u64) {
    if reset_is_due(shared.wal_bytes.load(Ordering::Relaxed), shared.bounds.wal_hard_bytes, reset_at)
        && let Err(error) = checkpoint(shared, conn, "RESTART")
    {
        tracing::warn!(%error, "the write-ahead log could not be reset");
    }
}

/// Whether a log of so many bytes is to be reset. Who reads for long, a backup for example, holds it: after one try it
/// may grow by as much again, so that the writer does not wait for that reader before every commit.
const fn reset_is_due(bytes: u64, hard: u64, reset_at: &mut u64) -> bool {
    let is_due = bytes >= *reset_at;
    if bytes < hard {
        *reset_at = hard;
    } else if is_due {
        *reset_at = bytes + hard;
    }
    is_due
}

#[cfg(test)]
mod tests {
    use super::reset_is_due;
    use tenure_domain::limits;

    #[test]
    fn the_writer_waits_once_for_a_reader_that_holds_the_log() {
        const HARD: u64 = limits::WAL_HARD_BYTES;
        let mut reset_at = HARD;
        let asked: Vec<bool> = [HARD - 1, HARD, HARD + 1, 2 * HARD - 1, 2 * HARD, 2 * HARD + 1, 0, HARD - 1, HARD]
            .map(|bytes| reset_is_due(bytes, HARD, &mut reset_at))
            .into();
        assert_eq!(asked, [false, true, false, false, true, false, false, false, true]);
    }
}
