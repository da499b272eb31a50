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

/// An instant, in seconds since 1970, as the API writes it.
pub fn text(seconds: u64) -> String {
    let (day, second) = (seconds / 86_400, seconds % 86_400);
    // Counted from 1 March of the year 0, so that the day that leap years have more is the last one of its year.
    let day = day + 719_468;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second % 3_600 / 60, second % 60);
    format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[expect(clippy::disallowed_methods, reason = "other processes are watched in wall time; no job clock reaches them")]
fn pause() {
    thread::sleep(POLL_INTERVAL);
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn instants_are_written_as_the_api_writes_them() {
        let known = [
            (0, "1970-01-01T00:00:00Z"),
            (1_709_164_799, "2024-02-28T23:59:59Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"),
            (1_709_251_200, "2024-03-01T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_102_444_800, "2100-01-01T00:00:00Z"),
        ];
        for (seconds, written) in known {
            assert_eq!(text(seconds), written);
        }
    }
}
