//! The outbox: mails that were decided are rendered and kept (or, later, sent).

use crate::Runner;
use tenure_domain::Timestamp;
use tenure_domain::limits::OUTBOX_ATTEMPTS_MAX;
use tenure_domain::time::plus_seconds;
use tenure_service::{Identity, ServiceError, Urgency, work};
use tenure_store::queue::{self, Queue};

/// Seconds before the second try; doubled with every further one.
const BACKOFF_SECONDS: i64 = 5;
/// Seconds between two tries at most.
const BACKOFF_SECONDS_MAX: i64 = 3_600;

/// Performs the effects of one claim.
pub async fn run(runner: &Runner) -> Result<u32, ServiceError> {
    let (times, lease) = (runner.times(), runner.lease());
    let rows = runner
        .engine
        .claim(move |tx| {
            queue::claim(tx, Queue::Outbox, times, lease);
            tx.fetch(queue::claimed_outbox(lease))
        })
        .await?;
    let mut done = 0;
    for row in rows {
        let (id, attempt) = (row.id, row.attempt);
        let performed = runner
            .engine
            .write_at(Urgency::Bulk, Identity::System, lease, move |ctx| work::perform(ctx, &row, lease))
            .await;
        match performed {
            Ok(()) => done += 1,
            Err(away @ (ServiceError::Unavailable(_) | ServiceError::Unknown(_))) => return Err(away),
            Err(error) => {
                tracing::error!(%error, %id, "an effect failed");
                let again = next_try(times.due, attempt);
                let text = error.to_string();
                runner
                    .engine
                    .claim(move |tx| {
                        queue::outbox_failed(tx, id, lease, again, &text);
                        Ok(())
                    })
                    .await?;
            }
        }
    }
    Ok(done)
}

/// When an effect that failed for the `attempt`th time is tried again; never, after the last.
fn next_try(now: Timestamp, attempt: i64) -> Option<Timestamp> {
    if attempt + 1 >= i64::from(OUTBOX_ATTEMPTS_MAX) {
        return None;
    }
    let doublings = u32::try_from(attempt).unwrap_or(0).min(16);
    Some(plus_seconds(now, (BACKOFF_SECONDS << doublings).min(BACKOFF_SECONDS_MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_come_slower_and_end() {
        let t = Timestamp::UNIX_EPOCH;
        let seconds: Vec<Option<i64>> = (0..20).map(|n| next_try(t, n).map(Timestamp::as_second)).collect();
        assert_eq!(seconds.first(), Some(&Some(5)));
        assert_eq!(seconds.get(3), Some(&Some(40)));
        assert_eq!(seconds.get(18), Some(&Some(3_600)));
        assert_eq!(seconds.get(19), Some(&None));
    }
}
