//! The one place in this tool that waits, and looks at the clock.

use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::failure::Outcome;

const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Asks `probe` until it has an answer; `None` when `limit` passed first.
pub fn poll<T>(limit: Duration, mut probe: impl FnMut() -> Outcome<Option<T>>) -> Outcome<Option<T>> {
    let started = Instant::now();
    loop {
        if let Some(answer) = probe()? {
            return Ok(Some(answer));
        }
        if started.elapsed() >= limit {
            return Ok(None);
        }
        pause();
    }
}

/// Seconds since 1970, by the wall clock.
#[expect(clippy::disallowed_methods, reason = "the end of a token that a server of then has given")]
pub fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[expect(clippy::disallowed_methods, reason = "other processes are watched in wall time; no job clock reaches them")]
fn pause() {
    thread::sleep(POLL_INTERVAL);
}
